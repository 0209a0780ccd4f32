//! World tests.

mod edit_cases;
