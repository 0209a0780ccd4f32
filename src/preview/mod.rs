//! A preview: the copy of a directory, with other images and values. Bytes in, bytes out; this module must not know where the
//! files are, nor how an image is written in one of them.
//!
//! `template` is what is looked into of the directory that is copied, as if the copy were at its place already; `copy` works
//! out the edit, `marker` is the file by which a copy is known.

#![deny(clippy::disallowed_methods)]

mod copy;
mod error;
mod marker;
mod template;

pub use self::copy::rewrite;
pub use self::error::PreviewError;
pub use self::marker::{MARKER, Marker};
pub use self::template::{Link, Template, is_candidate};
