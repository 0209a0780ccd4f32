//! Why a file can't be edited, where, and what to do about it; this module must not decide any of that.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use super::below::Dead;
use super::bounds::{Bomb, DEEPEST_TEXT};
use super::tag_source::TagSource;

/// How much of a file's own text an error shows.
const SHOWN: usize = 80;

/// A file that is not edited, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1, where one can be named.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// Why.
    pub reason: Reason,
}

/// Why a file is not edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Not text.
    #[error("the file is not UTF-8")]
    NotUtf8,
    /// The parser's own words.
    #[error("invalid YAML: {0}")]
    InvalidYaml(String),
    /// A file that would cost too much to read.
    #[error("{0}")]
    Bomb(Bomb),
    /// Nothing is at the path.
    #[error("the path {path} does not exist: {there}")]
    PathMissing {
        /// The path that was asked for.
        path: String,
        /// The deepest part of it that exists, and the keys there, the most similar first.
        there: String,
        /// Where a tag can come from, when it is all that is missing.
        from: TagSource,
    },
    /// A key that is there twice.
    #[error("the key {key:?} is defined twice (first on line {first})")]
    Duplicated {
        /// The key.
        key: String,
        /// The line of its first appearance.
        first: usize,
    },
    /// A key that only a merge key brings.
    #[error("{key:?} comes only from a merge key (its value is on line {line})")]
    Merged {
        /// The key.
        key: String,
        /// The line on which the value is written.
        line: usize,
    },
    /// A path that several documents have.
    #[error("{path} is in several documents (lines {}){}", numbers(.lines), listed(.names))]
    SeveralDocuments {
        /// The path.
        path: String,
        /// The line of each.
        lines: Box<[usize]>,
        /// The kind and name of those that have them.
        names: Box<[String]>,
    },
    /// Filters at the beginning of a path that pick no document.
    #[error("no document has {filter}{}", listed(.names))]
    NoDocument {
        /// The filters.
        filter: String,
        /// The kind and name of those documents that have them.
        names: Vec<String>,
    },
    /// A filter that picks several items.
    #[error("{filter} matches several items (lines {})", numbers(.lines))]
    SeveralItems {
        /// The filter.
        filter: String,
        /// The line of each.
        lines: Vec<usize>,
    },
    /// The target is an alias.
    #[error("{name} is an alias (its anchor is on line {line})")]
    Alias {
        /// The alias with its asterisk.
        name: String,
        /// The line of the anchored node.
        line: usize,
    },
    /// A mapping or a list stands where text is needed.
    #[error("a {0} is here, not text")]
    NotScalar(&'static str),
    /// Text or a list stands where a mapping is needed.
    #[error("a {found} is here, not a {needed}")]
    NotCollection {
        /// What is here.
        found: &'static str,
        /// What is needed.
        needed: &'static str,
    },
    /// A template expression.
    #[error("a template expression `{{{{ … }}}}` is here, not a value")]
    Template,
    /// A variable that is substituted later.
    #[error("the version is the variable {0}, not a value")]
    Substitution(String),
    /// An expression of a Flux `ResourceSet`.
    #[error("an expression `<< … >>` of a ResourceSet is here, not a value")]
    Inputs,
    /// Text that means no image.
    #[error("{0} is neither a tag nor an image reference")]
    NoVersion(String),
    /// Several references in one text.
    #[error("this text contains several image references: {}", .0.join(", "))]
    SeveralReferences(Vec<String>),
    /// A literal, folded or multi-line scalar.
    #[error("the value is a literal, folded or multi-line text")]
    MultiLine,
    /// A value that SOPS has encrypted, or one that it would take for such.
    #[error("the value is encrypted by SOPS (ENC[…])")]
    Encrypted,
    /// A document that SOPS has signed as a whole.
    #[error(
        "SOPS has signed every value of this document (sops.mac on line {line}), so it can't be decrypted after an edit"
    )]
    Sealed {
        /// The line of the signature.
        line: usize,
    },
    /// A part of the file that only describes versions.
    #[error("{0} says which versions to look for or to allow, not which image runs")]
    Foreign(String),
    /// An artifact whose version Flux looks for itself.
    #[error("Flux ignores ref.tag and deploys the newest version that ref.semver allows")]
    Semver,
    /// Helm values as text inside an Argo CD Application.
    #[error("the Helm values are a text, and the path ends before that text")]
    ValuesText,
    /// Another layer of Helm values wins over the place.
    #[error("a value here has no effect: {place} on line {line} overrides it")]
    Overridden {
        /// The path of what wins.
        place: String,
        /// Its line.
        line: usize,
    },
    /// A digest in another layer of Helm values wins over the tag.
    #[error("a tag here has no effect: the digest at {place} on line {line} overrides it")]
    DigestWins {
        /// The digest's path.
        place: String,
        /// Its line.
        line: usize,
    },
    /// A text in a style whose lines are not those of the file.
    #[error("the text is not a literal block (|); the path can't continue inside it")]
    TextStyle,
    /// A literal text that other readers split into other lines.
    #[error(
        "the text contains a character that only some YAML parsers read as a line break (U+0085, U+2028, U+2029 or CR)"
    )]
    TextLines,
    /// A literal text that holds no YAML.
    #[error("the text is not valid YAML: {0}")]
    TextNotYaml(String),
    /// A text inside a text inside a text.
    #[error("the text is nested in {DEEPEST_TEXT} other texts; the path can't continue inside it")]
    TextDepth,
    /// An explicit tag that makes the value something else than a string.
    #[error("the value has the YAML tag {0}, so it is not a string")]
    Typed(String),
    /// An anchor that other parsers end before its last character, and read the rest as the value.
    #[error(
        "the name of the anchor {0} has characters other than letters, digits, - and _, so Helm and Kustomize read it differently"
    )]
    OddAnchor(String),
    /// A mapping that has nothing to write to.
    #[error("this mapping has no tag")]
    NoPlace,
    /// The place names another repository.
    #[error("this place names {found}, not {wanted}")]
    OtherRepository {
        /// What the file names.
        found: String,
        /// What was to be written.
        wanted: String,
    },
    /// The repository is named without a tag.
    #[error("{name} is named here without a tag")]
    NoTag {
        /// The repository.
        name: String,
        /// Where a tag can come from.
        from: TagSource,
    },
    /// The place names no repository and several images could be meant.
    #[error("the run has several images, and this place does not say which one it holds")]
    WhichImage,
    /// The image is named by its digest alone, and the place holds a tag.
    #[error("this place needs a tag, but {name} is given with a digest alone")]
    DigestAlone {
        /// The image's repository.
        name: String,
    },
    /// A digest has to be written and is not known.
    #[error("this place needs a digest, but the digest of {name} is not known")]
    UnknownDigest {
        /// The image's repository and tag.
        name: String,
    },
    /// Two targets want different things of one place.
    #[error("two targets want different values here: {first:?} and {second:?}")]
    Conflict {
        /// One value.
        first: String,
        /// The other.
        second: String,
    },
    /// An anchor that another image uses too.
    #[error("{repository} on line {line} uses the same value and would change too")]
    Shared {
        /// The other image's repository.
        repository: String,
        /// The line of the other image's place.
        line: usize,
    },
    /// A Kustomize entry with a `tagSuffix`.
    #[error("the entry has a tagSuffix")]
    TagSuffix,
    /// A file of another kind.
    #[error("this is not a kustomization: {0}")]
    NotKustomization(String),
    /// No `images:` entry of that name.
    #[error("no images entry is named {name:?}: {}", entries_words(.names))]
    NameMissing {
        /// The name.
        name: String,
        /// The names that are there.
        names: Vec<String>,
    },
    /// An `images:` entry that can have no effect.
    #[error("this entry can have no effect: {}", .0.why)]
    Dead(Dead),
    /// An `images:` entry that would be added and can have no effect.
    #[error("an images entry for {name} would have no effect: {}", .why.why)]
    DeadNew {
        /// The image or the entry's name.
        name: String,
        /// Why.
        why: Box<Dead>,
    },
    /// A name that Kustomize matches images with, or gives them.
    #[error("this is an image name for Kustomize to match or to set, not a version")]
    Matcher,
    /// A literal or folded text that a line behind it would lengthen by a line break.
    #[error("the file ends in a block scalar without a final line break, and adding a line would change that value")]
    NoFinalNewline,
    /// The result was not what it had to be.
    #[error("the check of the edited text failed, so the file was not changed")]
    Unproved,
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for EditError {}

/// An error that does not know its file yet: a byte offset and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReasonAt {
    pub(super) offset: Option<usize>,
    pub(super) reason: Reason,
}

/// What the inner parts of the edit return.
pub(super) type Outcome<T> = Result<T, ReasonAt>;

impl Reason {
    /// Whether another program works the value out later.
    pub fn is_expression(&self) -> bool {
        matches!(self, Self::Template | Self::Substitution(_) | Self::Inputs)
    }

    /// Refuses at a byte offset.
    pub(super) fn at(self, offset: usize) -> ReasonAt {
        ReasonAt { offset: Some(offset), reason: self }
    }

    /// Refuses the file as a whole.
    pub(super) fn of_file(self) -> ReasonAt {
        ReasonAt { offset: None, reason: self }
    }
}

/// A file's own text for an error: quoted, escaped and not too long.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// A name from a file for an error: as it is, unless it is long or would disturb a terminal.
pub(super) fn named(text: &str) -> String {
    if text.len() > SHOWN || text.chars().any(char::is_control) { shown(text) } else { text.to_owned() }
}

fn entries_words(names: &[String]) -> String {
    if names.is_empty() {
        "the file has no entries".to_owned()
    } else {
        format!("the entries are {}", names.join(", "))
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("; the documents are {}", names.join(", ")) }
}

fn numbers(lines: &[usize]) -> String {
    lines.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
