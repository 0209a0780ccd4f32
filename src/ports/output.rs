//! The files that a run writes: reports, the page of `status`, the proposal of `init`. This module must not know what is in them.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use crate::error::Error;
use crate::local;

/// Writes a report; `what` names it and its flag.
pub fn write_report(what: &str, file: &str, text: &str) -> Result<(), Error> {
    fs::write(file, text).map_err(|source| Error::File { what: what.to_owned(), source })
}

/// Writes the file of `--output` as a whole or not at all; one that is there is replaced.
pub fn write_output(file: &str, text: &str) -> Result<(), Error> {
    let what = format!("--output {file}");
    local::write(file, text.as_bytes()).map_err(|error| Error::File { what, source: error.source })
}

/// An error when something is there already where a file is to be made.
pub fn require_absent(file: &str) -> Result<(), Error> {
    if Path::new(file).symlink_metadata().is_ok() { Err(exists(file)) } else { Ok(()) }
}

/// Writes a file that must not be there yet.
pub fn write_new(file: &str, text: &str) -> Result<(), Error> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AlreadyExists => exists(file),
        _ => Error::File { what: name(file), source },
    };
    let mut opened = File::create_new(file).map_err(failed)?;
    opened.write_all(text.as_bytes()).map_err(failed)
}

fn exists(file: &str) -> Error {
    Error::Exists { what: name(file) }
}

fn name(file: &str) -> String {
    format!("--output {file}")
}
