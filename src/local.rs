//! Files on the local disk for `set`: looked up, and written all or none; what else is written as a whole or not at all.
//! This module must not edit them.

use std::collections::{HashMap, hash_map};
use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::edit::MAX_BYTES;
use crate::tree::{Entry, Found, Want, join};

/// The directory in which the run was started.
const HERE: &str = ".";

/// How many names of a directory are looked at, only to say something of it.
const MOST_NAMES: usize = 10_000;
/// How the name of a file begins that is not whole yet.
const PREFIX: &str = ".gitops-bump-";

/// A file to be replaced.
#[derive(Clone, Copy, Debug)]
pub struct FileReplacement<'a> {
    /// Its path.
    pub path: &'a str,
    /// What it holds now.
    pub old: &'a [u8],
    /// What it will hold.
    pub new: &'a [u8],
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{action} {path}: {source}")]
pub struct LocalError {
    /// What was being done.
    pub action: Action,
    /// The file.
    pub path: String,
    /// What happened.
    pub source: io::Error,
}

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It is looked up and read.
    Read,
    /// It is replaced.
    Write,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
        })
    }
}

impl LocalError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match (self.action, self.source.kind()) {
            (Action::Write, io::ErrorKind::PermissionDenied) => {
                "make the file writable for the user who runs gitops-bump (chmod, chown), then run the command again"
            }
            (Action::Read, io::ErrorKind::PermissionDenied) => {
                "make the file and the directories on its path readable for the user who runs gitops-bump"
            }
            (Action::Write, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => {
                "free some space on the disk, then run the command again"
            }
            (_, io::ErrorKind::InvalidInput) => "name a regular file",
            _ => "check the file and its disk, then run the command again",
        }
    }

    fn read(path: &str, source: io::Error) -> Self {
        Self { action: Action::Read, path: path.to_owned(), source }
    }

    fn write(path: &str, source: io::Error) -> Self {
        Self { action: Action::Write, path: path.to_owned(), source }
    }
}

/// The disk as a run looks at it: a file that has several paths is one file.
#[derive(Debug, Default)]
pub struct Disk {
    /// The files found so far, by device and inode, with the path under which each was found first.
    known: HashMap<(u64, u64), String>,
}

impl Disk {
    /// What stands at a path.
    pub fn find(&mut self, want: Want<'_>) -> Result<Found, LocalError> {
        let found = match fs::symlink_metadata(want.path) {
            Ok(metadata) if metadata.is_dir() => self.directory(want),
            Ok(metadata) => self.file(want.path, &metadata),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                missing(Path::new(want.path))
            }
            Err(error) => Err(error),
        };
        found.map_err(|source| LocalError::read(want.path, source))
    }

    fn directory(&mut self, want: Want<'_>) -> io::Result<Found> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(want.path)? {
            let entry = entry?;
            let metadata = fs::symlink_metadata(entry.path())?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if (want.pick)(&name) && !metadata.is_dir() {
                entries.push((name, metadata));
            }
        }
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        let entry = |(name, metadata): (String, fs::Metadata)| {
            let found = self.file(&join(want.path, &name), &metadata)?;
            Ok(Entry { name, found })
        };
        entries.into_iter().map(entry).collect::<io::Result<_>>().map(Found::Directory)
    }

    fn file(&mut self, path: &str, metadata: &fs::Metadata) -> io::Result<Found> {
        if metadata.is_symlink() {
            return Ok(Found::Symlink { at: path.to_owned() });
        }
        if !metadata.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is not a regular file"));
        }
        if metadata.len() > MAX_BYTES as u64 {
            return Ok(Found::TooLarge { bytes: metadata.len() });
        }
        match self.known.entry((metadata.dev(), metadata.ino())) {
            hash_map::Entry::Occupied(known) => Ok(Found::Again { path: known.get().clone() }),
            hash_map::Entry::Vacant(unknown) => {
                let bytes = fs::read(path)?;
                unknown.insert(path.to_owned());
                Ok(Found::File(bytes))
            }
        }
    }
}

/// The names in a directory, its files and its subdirectories; none when it can't be read. Of a huge one, some.
pub fn names(directory: &str) -> Option<(Vec<String>, Vec<String>)> {
    let directory = if directory.is_empty() { HERE } else { directory };
    let (mut files, mut directories) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(directory).ok()?.flatten().take(MOST_NAMES) {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_directory { directories.push(name) } else { files.push(name) }
    }
    directories.sort();
    Some((files, directories))
}

/// A file that is ready to be replaced.
enum Ready {
    /// By a rename of the whole new file, which nobody ever sees half written.
    Rename(tempfile::NamedTempFile),
    /// In place, where a rename would lose something: the owner, or the file's other names.
    InPlace(fs::File),
}

/// Replaces the files, in two passes: what can fail early fails before the first is touched. When one fails later,
/// all get their old text back.
pub fn replace(replacements: &[FileReplacement<'_>]) -> Result<(), LocalError> {
    let mut ready = Vec::new();
    for replacement in replacements {
        ready.push(prepare(replacement.path, replacement.new)?);
    }
    for (index, (file, replacement)) in ready.into_iter().zip(replacements).enumerate() {
        let Err(error) = commit(file, replacement.path, replacement.new) else {
            continue;
        };
        // The one that failed may be half written.
        for done in replacements.iter().take(index + 1) {
            restore(done);
        }
        return Err(error);
    }
    Ok(())
}

/// Writes one file, which nobody ever sees half written. One that is there is replaced and keeps its mode and owner; what
/// is no regular file, a symbolic link among it, is an error.
pub fn write(path: &str, bytes: &[u8]) -> Result<(), LocalError> {
    let failed = |source| LocalError::write(path, source);
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            let old = fs::read(path).map_err(failed)?;
            replace(&[FileReplacement { path, old: &old, new: bytes }])
        }
        Ok(_) => Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "this is not a regular file"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(path, bytes).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

/// A new file, with the mode that the umask leaves.
fn create(path: &str, bytes: &[u8]) -> io::Result<()> {
    let mode = fs::Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().prefix(PREFIX).permissions(mode).tempfile_in(directory(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Gives a file its old text back. When that fails too, the others still get theirs.
fn restore(done: &FileReplacement<'_>) {
    if fs::read(done.path).is_ok_and(|bytes| bytes == done.old) {
        return;
    }
    let restored = prepare(done.path, done.old).and_then(|file| commit(file, done.path, done.old));
    if let Err(error) = restored {
        tracing::error!("could not restore the old text of {}: {}", error.path, error.source);
    }
}

fn prepare(path: &str, bytes: &[u8]) -> Result<Ready, LocalError> {
    let ready = || {
        let metadata = fs::symlink_metadata(path)?;
        if metadata.permissions().readonly() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is read-only"));
        }
        // A rename needs no right to write the file itself.
        let in_place = fs::OpenOptions::new().write(true).open(path)?;
        if metadata.nlink() > 1 {
            return Ok(Ready::InPlace(in_place));
        }
        match beside(path, &metadata, bytes) {
            Ok(file) => Ok(Ready::Rename(file)),
            // The directory can't be written, or the owner can't be kept.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(Ready::InPlace(in_place)),
            Err(error) => Err(error),
        }
    };
    ready().map_err(|source| LocalError::write(path, source))
}

/// A temporary file beside `path` with its mode and owner.
fn beside(path: &str, metadata: &fs::Metadata, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::Builder::new().prefix(PREFIX).tempfile_in(directory(path))?;
    let ours = file.as_file().metadata()?;
    if (ours.uid(), ours.gid()) != (metadata.uid(), metadata.gid()) {
        std::os::unix::fs::chown(file.path(), Some(metadata.uid()), Some(metadata.gid()))?;
    }
    file.write_all(bytes)?;
    file.as_file().set_permissions(metadata.permissions())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// The directory that a file is in.
fn directory(path: &str) -> &Path {
    Path::new(path).parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(HERE.as_ref())
}

fn commit(file: Ready, path: &str, bytes: &[u8]) -> Result<(), LocalError> {
    let done = match file {
        Ready::Rename(file) => file.persist(path).map(drop).map_err(|error| error.error),
        Ready::InPlace(mut file) => overwrite(&mut file, bytes),
    };
    done.map_err(|source| LocalError::write(path, source))
}

/// Writes before it cuts, so that a full disk takes nothing away.
fn overwrite(file: &mut fs::File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)?;
    file.sync_all()
}

fn missing(path: &Path) -> io::Result<Found> {
    let parents =
        path.ancestors().skip(1).map(|parent| if parent.as_os_str().is_empty() { HERE.as_ref() } else { parent });
    let parent = parents.into_iter().find(|parent| parent.is_dir()).unwrap_or(HERE.as_ref());
    let mut names: Vec<String> = Vec::new();
    for entry in fs::read_dir(parent)?.take(1000) {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    names.truncate(20);
    Ok(Found::Missing { parent: parent.display().to_string(), names })
}
