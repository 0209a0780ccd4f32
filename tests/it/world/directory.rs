//! Files in a test's scratch directory; knows nothing of Git.

use std::fs;
use std::path::{Path, PathBuf};

/// Writes a file and the directories above it.
pub(crate) fn write(directory: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = directory.join(name);
    let parent = path.parent().expect("a file has a directory");
    fs::create_dir_all(parent).expect("the scratch directory is writable");
    fs::write(&path, content).expect("the scratch directory is writable");
    path
}

/// Reads a file that must be there and be text.
pub(crate) fn read(directory: &Path, name: &str) -> String {
    let path = directory.join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
