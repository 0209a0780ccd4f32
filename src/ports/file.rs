//! A file that somebody names, read whole. This module must not wait for one: what is no regular file is refused, and
//! what is too large is not read.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// A file that is always empty, and no regular one.
const NOTHING: &str = "/dev/null";

/// Reads a regular file of at most this many bytes. `/dev/null` is taken for an empty one.
///
/// A named pipe, a device and a directory are errors at once, also when they take the place of a regular file between
/// the look at it and its opening.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    if is_nothing(&metadata) {
        return Ok(Vec::new());
    }
    require_regular(&metadata)?;
    let file = open(path)?;
    let metadata = file.metadata()?;
    require_regular(&metadata)?;
    let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {most} bytes"));
    if metadata.len() > most {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

/// The same as text.
pub(super) fn read_text(path: &Path, most: u64) -> io::Result<String> {
    let no_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not text");
    String::from_utf8(read(path, most)?).map_err(no_text)
}

/// Whether a path leads to `/dev/null`.
pub(super) fn leads_nowhere(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| is_nothing(&metadata))
}

/// Opens without waiting for somebody at the other end of a pipe.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

fn is_nothing(metadata: &Metadata) -> bool {
    let is_same = |nothing: Metadata| nothing.rdev() == metadata.rdev();
    metadata.file_type().is_char_device() && fs::metadata(NOTHING).is_ok_and(is_same)
}

fn require_regular(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("it is {}, not a regular file", name(kind))))
}

fn name(kind: FileType) -> &'static str {
    match () {
        () if kind.is_dir() => "a directory",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () => "a device",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_regular_file_of_its_size_is_read() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |name: &str| scratch.path().join(name);
        fs::write(at("file"), "text").unwrap();
        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        std::os::unix::fs::symlink(NOTHING, at("nothing")).unwrap();
        let pipe = std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap();
        assert!(pipe.success());
        assert_eq!(read_text(&at("link"), 4).unwrap(), "text");
        assert_eq!(read_text(&at("nothing"), 4).unwrap(), "");
        assert!(leads_nowhere(&at("nothing")) && !leads_nowhere(&at("file")));
        for (path, words) in [
            (at("file"), "larger than 3 bytes"),
            (at("pipe"), "a named pipe"),
            (scratch.path().to_owned(), "a directory"),
            ("/dev/zero".into(), "a device"),
        ] {
            let error = read(&path, 3).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        fs::write(at("file"), [0xff]).unwrap();
        assert!(read_text(&at("file"), 4).is_err());
    }
}
