//! What the attestations of an image must say, and whether a statement says it. This module must not find attestations, nor
//! check who signed them.

mod bill;
mod finding;
mod hearing;
mod list;
mod origin;
mod provenance;
mod rule;
mod scan;
mod severity;
mod statement;
#[cfg(test)]
mod tests;

pub use self::hearing::{Heard, Hearing};
pub use self::rule::Rule;
pub use self::statement::Statement;
