//! Which versions the places of environments name, and what two environments have in common: the base of the commands that find
//! themselves what they write. This module must not read a file, nor ask a server.

#![deny(clippy::disallowed_methods)]

mod common;
mod error;
mod naming;
#[cfg(test)]
mod tests;
mod version;

pub(crate) use self::common::{PlacesOf, common, require_named};
pub use self::error::VersionsError;
pub(crate) use self::naming::{Image, Named, Naming};
pub(crate) use self::version::{Version, groups, version};
