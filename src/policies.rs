//! The files at the top of an infra repository with which its people say what may not be written for now. This module must not
//! know what they say.

#![deny(clippy::disallowed_methods)]

use crate::tree::{Found, Want};

/// The file with the windows in which nothing is changed.
pub(crate) const FREEZE: &str = ".gitops-bump-freeze";

/// The file with the places that are kept as they are.
pub(crate) const HOLDS: &str = ".gitops-bump-holds";

/// Both, in the order in which they are looked up.
const FILES: [&str; 2] = [FREEZE, HOLDS];

/// The largest file of them that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 20;

/// What a repository has of these files.
#[derive(Clone, Debug)]
pub struct Policies {
    freeze: Found,
    holds: Found,
}

/// A file that can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {reason}", line.map(|line| format!(":{line}")).unwrap_or_default())]
pub struct PolicyError {
    /// Which of the files.
    pub file: &'static str,
    /// Where, from 1, as far as it has a line.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

/// How many paths [`wants`] has.
pub(crate) const COUNT: usize = FILES.len();

/// What to look up: two entries of the top tree, which is read anyway.
pub(crate) fn wants() -> [Want<'static>; COUNT] {
    FILES.map(|path| Want { path, pick: |_| false })
}

/// Whether a path of the repository is one of these files.
pub(crate) fn is_policy(path: &str) -> bool {
    FILES.contains(&path)
}

/// That a file is so large that it was not even fetched.
pub(crate) fn too_large(path: &str) -> Option<PolicyError> {
    FILES.iter().find(|file| **file == path).map(|file| larger(file))
}

/// What is wrong with the text of a file: `LINE: reason`, or the reason alone.
pub(crate) fn unreadable(file: &'static str, words: &str) -> PolicyError {
    let (line, reason) = match words.split_once(": ").map(|(line, reason)| (line.parse(), reason)) {
        Some((Ok(line), reason)) => (Some(line), reason),
        _ => (None, words),
    };
    PolicyError { line, ..wrong(file, reason.to_owned()) }
}

impl Policies {
    /// Takes what was found at the paths of [`wants`].
    pub(crate) fn of(found: Vec<Found>) -> Self {
        let mut found = found.into_iter();
        let mut next = || found.next().unwrap_or(Found::Missing { parent: String::new(), names: Vec::new() });
        Self { freeze: next(), holds: next() }
    }

    /// The text of the file with the windows; none where it isn't there.
    pub fn freeze(&self) -> Result<Option<&str>, PolicyError> {
        text(FREEZE, &self.freeze)
    }

    /// The text of the file with the held places; none where it isn't there.
    pub fn holds(&self) -> Result<Option<&str>, PolicyError> {
        text(HOLDS, &self.holds)
    }
}

fn text<'f>(file: &'static str, found: &'f Found) -> Result<Option<&'f str>, PolicyError> {
    let what = match found {
        Found::Missing { .. } => return Ok(None),
        Found::File(bytes) if bytes.len() > MAX_BYTES => return Err(larger(file)),
        Found::File(bytes) => {
            let invalid = |error: std::str::Utf8Error| {
                let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = before.split(|byte| *byte == b'\n').count();
                PolicyError { line: Some(line), ..wrong(file, "it is not UTF-8".to_owned()) }
            };
            return std::str::from_utf8(bytes).map(Some).map_err(invalid);
        }
        Found::TooLarge { .. } => return Err(larger(file)),
        Found::Directory(_) => "a directory",
        Found::Symlink { .. } => "a symbolic link",
        Found::Submodule { .. } => "a submodule",
        Found::Again { .. } => "a second path of another file",
    };
    Err(wrong(file, format!("it is {what} instead of a file")))
}

fn larger(file: &'static str) -> PolicyError {
    wrong(file, format!("it is larger than {} MiB", MAX_BYTES >> 20))
}

fn wrong(file: &'static str, reason: String) -> PolicyError {
    let hint = format!("correct {file} in the repository: nothing is written while this file can't be read");
    PolicyError { file, line: None, reason, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(freeze: Found) -> Result<Option<String>, String> {
        let policies = Policies::of(vec![freeze, Found::File(b"[]\n".to_vec())]);
        assert_eq!(policies.holds(), Ok(Some("[]\n")));
        policies.freeze().map(|text| text.map(str::to_owned)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_is_read_whole_or_refused() {
        let file = |text: &str| Found::File(text.as_bytes().to_vec());
        let at = || FREEZE.to_owned();
        assert_eq!(read(Found::Missing { parent: String::new(), names: Vec::new() }), Ok(None));
        assert_eq!(read(file("")), Ok(Some(String::new())));
        assert_eq!(read(file(&"#".repeat(MAX_BYTES))), Ok(Some("#".repeat(MAX_BYTES))));
        for (found, words) in [
            (file(&"#".repeat(MAX_BYTES + 1)), "larger than 1 MiB"),
            (Found::TooLarge { bytes: 1 << 40 }, "larger than 1 MiB"),
            (Found::File(b"a\nb\xff".to_vec()), ":2: it is not UTF-8"),
            (Found::Directory(Vec::new()), "a directory"),
            (Found::Symlink { at: at() }, "a symbolic link"),
            (Found::Submodule { at: at() }, "a submodule"),
        ] {
            let error = read(found).unwrap_err();
            assert!(error.starts_with(FREEZE) && error.contains(words), "{error}");
        }
        assert_eq!(too_large(HOLDS).map(|error| error.file), Some(HOLDS));
        assert_eq!(too_large("values.yaml"), None);
    }
}
