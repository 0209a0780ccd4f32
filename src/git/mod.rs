//! The exchange with a Git server; this module must not know what is in the files.

mod url;

pub use self::url::{GitUrl, UrlError};
