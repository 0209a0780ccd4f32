//! What an edit or a listing came to, as values; this module must not work it out.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use super::leftover::Leftover;
use crate::image::Repository;

/// A tag, a digest, both or (where nothing is written yet) neither.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The tag.
    pub tag: Option<String>,
    /// The digest.
    pub digest: Option<String>,
}

impl Written {
    /// It behind a repository.
    pub(super) fn of(&self, repository: &Repository) -> String {
        let colon = if self.tag.is_some() { ":" } else { "" };
        format!("{repository}{colon}{self}")
    }

    /// Whether it is this tag and this digest, either of them empty where it is not written.
    pub(super) fn is(&self, tag: &str, digest: &str) -> bool {
        self.tag.as_deref().unwrap_or_default() == tag && self.digest.as_deref().unwrap_or_default() == digest
    }
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.tag.as_deref().unwrap_or_default())?;
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

/// A place that holds an image, right already or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which of the wanted images is written.
    pub image: usize,
    /// The jobs that asked for it.
    pub jobs: Vec<usize>,
    /// The document of the file that it stands in, from 1.
    pub document: usize,
    /// The path of the tag or reference.
    pub path: String,
    /// The line before the edit, from 1.
    pub line: usize,
    /// The column before the edit in characters, from 1.
    pub column: usize,
    /// What the place held.
    pub old: Written,
    /// What it holds now.
    pub new: Written,
    /// Whether any byte changes; also true when only quotes are added.
    pub changed: bool,
}

/// A place that names an image, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The image's repository; none where only a version is written, as in an environment's overlay.
    pub repository: Option<Repository>,
    /// The tag and digest; neither where a template or another file gives them.
    pub written: Written,
    /// The document of the file that it stands in, from 1.
    pub document: usize,
    /// The path of the tag or reference, in that document.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
}

/// A file after its edit.
#[derive(Clone, Debug)]
pub struct Rewritten {
    /// The whole text; the same as before when nothing had to change.
    pub text: String,
    /// Every place that holds one of the images, in the order of the file.
    pub places: Vec<Place>,
    /// Some of the images that the file names, for messages.
    pub held: Vec<String>,
    /// Whether a document of the file is a Kubernetes object.
    pub has_objects: bool,
    /// What the user may not expect, a sentence each.
    pub notes: Vec<String>,
    /// What names an image and was passed over, a sentence each, for the message when nothing else names it.
    pub passed: Vec<String>,
    /// Where the file names the images and nothing is written, some of them.
    pub leftovers: Vec<Leftover>,
}
