//! What stands at a path, in a Git tree or on a disk alike; this module must not know which of the two it was.

#![deny(clippy::disallowed_methods)]

/// The biggest file that is read, in bytes: none that is edited is bigger.
pub const FILE_LIMIT: usize = 16 << 20;

/// What a wanted path turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A regular file's bytes, executable or not.
    File(Vec<u8>),
    /// A file that was found before, under another spelling of its path.
    Again {
        /// The path under which it was found first.
        path: String,
    },
    /// A directory's own entries that were asked for, sorted by name.
    Directory(Vec<Entry>),
    /// Nothing is there: `parent` is the deepest directory on the path that exists (empty: the top of a repository), `names` some
    /// of what it holds.
    Missing {
        /// The deepest existing directory, without a trailing slash.
        parent: String,
        /// Up to 20 names in it.
        names: Vec<String>,
    },
    /// A file that is larger than any that is edited; its bytes were not read.
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// The path, or a directory on it (`at`), is a symbolic link.
    Symlink {
        /// The part of the path that is the link.
        at: String,
    },
    /// The path, or a directory on it (`at`), is a submodule.
    Submodule {
        /// The part of the path that is the submodule.
        at: String,
    },
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The entry's own name, without the directory.
    pub name: String,
    /// What it is: anything but a directory.
    pub found: Found,
}

/// A path to look up, and which entries are wanted when it is a directory.
#[derive(Clone, Copy, Debug)]
pub struct Want<'a> {
    /// A relative path with `/` between its components; empty or `.` for the top directory.
    pub path: &'a str,
    /// Picks a directory's entries by name.
    pub pick: fn(&str) -> bool,
}

/// The path of a directory's entry.
pub fn join(directory: &str, name: &str) -> String {
    match directory.trim_end_matches('/') {
        "" if directory.is_empty() => name.to_owned(),
        trimmed => format!("{trimmed}/{name}"),
    }
}
