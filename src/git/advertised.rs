//! What is kept of the refs that a server of protocol version 0 or 1 lists before anything is asked (gitprotocol-pack,
//! "Reference Discovery"); this module must not read a line itself.
//!
//! A server may list a hundred thousand refs. They pass by one at a time: kept are the branch that is looked for, what
//! tells which branch is the default one, and a few names for an error.

#![deny(clippy::disallowed_methods)]

use git2::Oid;

use super::capabilities::{Capabilities, object_id};
use super::error::GitError;
use super::refs::{MOST_NAMED, Tip, is_name};

/// The names of a default branch by custom, which go first where the server does not say which branch it is.
const BY_CUSTOM: [&str; 2] = ["main", "master"];

/// How many branches that may be the default one are kept: two are too many to choose from.
const MOST_GUESSES: usize = 2;

/// A branch that is looked for among the refs that a server lists.
#[derive(Debug)]
pub struct Advertised {
    /// The branch that the server says is the default one, in full.
    default: Option<String>,
    /// The branch that is looked for, in full: the default one, unless another is wanted.
    wanted: Option<String>,
    /// Where the wanted branch stands.
    tip: Option<Oid>,
    /// Where `HEAD` stands.
    head: Option<Oid>,
    /// Branches that stand there, too, where the server does not say which of them `HEAD` is.
    guesses: Vec<String>,
    existing: Vec<String>,
    is_tag: bool,
    taken: usize,
}

impl Advertised {
    /// Begins with the first line, `ID NAME\0CAPABILITIES`, and looks for a branch by its full name; none means the
    /// default branch.
    pub fn new(first: &str, wanted: Option<&str>) -> Result<Self, GitError> {
        let (first, capabilities) = Capabilities::of_first_ref(first)?;
        // A name from the server is shown and asked for again, so it must be one.
        let default = capabilities.head().filter(|name| is_name(name)).map(str::to_owned);
        let wanted = wanted.map(str::to_owned).or_else(|| default.clone());
        let mut advertised = Self { default, ..Self::of_nothing(wanted) };
        advertised.line(first.as_bytes())?;
        Ok(advertised)
    }

    /// What a server says that lists nothing at all.
    pub(super) fn of_nothing(wanted: Option<String>) -> Self {
        Self {
            default: None,
            wanted,
            tip: None,
            head: None,
            guesses: Vec::new(),
            existing: Vec::new(),
            is_tag: false,
            taken: 0,
        }
    }

    /// Reads a further line, `ID NAME`. The commits at which the server's own history ends may follow the refs.
    pub fn line(&mut self, line: &[u8]) -> Result<(), GitError> {
        self.taken += line.len();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        if line.starts_with(b"shallow ") {
            return Ok(());
        }
        let (id, name) = parse(line).ok_or_else(|| GitError::protocol("a line in the list of refs"))?;
        if let Ok(name) = std::str::from_utf8(name) {
            self.see(id, name);
        }
        Ok(())
    }

    /// Whether nothing that follows can change what is known of the branch.
    pub(super) fn is_decided(&self) -> bool {
        self.default.is_some() && self.id().is_some()
    }

    /// How many bytes the lines had so far.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// The branch and where it stands, when all lines were read or it is decided.
    pub(super) fn tip(self) -> Result<Tip, GitError> {
        let guessed = if self.wanted.is_none() { self.guess() } else { None };
        match (self.short_name().or(guessed), self.id()) {
            (Some(branch), Some(id)) => Ok(Tip { branch: branch.to_owned(), id }),
            (None, Some(_)) if self.existing.is_empty() => Err(GitError::EmptyRepository),
            (None, Some(_)) => Err(GitError::DefaultBranchUnknown { existing: self.existing }),
            _ => Err(self.missing()),
        }
    }

    /// Where a work branch stands; none when there is no such branch. What may be the default branch is an error.
    pub(super) fn work_branch(self) -> Result<Option<Oid>, GitError> {
        let branch = self.short_name().unwrap_or_default();
        let is_default = match (&self.default, self.guess()) {
            (Some(default), _) => self.wanted.as_ref() == Some(default),
            (None, Some(guess)) => guess == branch,
            (None, None) => self.tip.is_some() && self.tip == self.head,
        };
        if is_default { Err(GitError::DefaultBranch { branch: branch.to_owned() }) } else { Ok(self.tip) }
    }

    fn see(&mut self, id: Oid, name: &str) {
        if name == "HEAD" {
            self.head = self.head.or(Some(id));
        }
        if self.wanted.as_deref() == Some(name) {
            self.tip = self.tip.or(Some(id));
        }
        self.is_tag |= name.strip_prefix("refs/tags/").is_some_and(|tag| self.short_name() == Some(tag));
        let Some(branch) = name.strip_prefix("refs/heads/") else { return };
        if self.existing.len() < MOST_NAMED && is_name(name) {
            self.existing.push(branch.to_owned());
        }
        let is_guess = self.default.is_none() && self.head == Some(id);
        let is_kept = self.guesses.len() < MOST_GUESSES || BY_CUSTOM.contains(&branch);
        if is_guess && is_kept && is_name(name) && !self.guesses.iter().any(|guess| guess == branch) {
            self.guesses.push(branch.to_owned());
        }
    }

    fn id(&self) -> Option<Oid> {
        let is_default = self.wanted == self.default;
        self.tip.or_else(|| self.head.filter(|_| is_default))
    }

    /// The branch that `HEAD` must be, where the server does not say it.
    fn guess(&self) -> Option<&str> {
        let by_custom = BY_CUSTOM.into_iter().find(|name| self.guesses.iter().any(|guess| guess == name));
        by_custom.or(match self.guesses.as_slice() {
            [one] => Some(one.as_str()),
            _ => None,
        })
    }

    fn short_name(&self) -> Option<&str> {
        self.wanted.as_deref().and_then(|name| name.strip_prefix("refs/heads/"))
    }

    fn missing(self) -> GitError {
        if self.existing.is_empty() && !self.is_tag {
            return GitError::EmptyRepository;
        }
        match self.short_name() {
            Some(branch) => {
                let branch = branch.to_owned();
                GitError::BranchMissing { branch, existing: self.existing, is_tag: self.is_tag }
            }
            None => GitError::DefaultBranchUnknown { existing: self.existing },
        }
    }
}

/// `ID NAME`.
fn parse(line: &[u8]) -> Option<(Oid, &[u8])> {
    let (id, name) = line.split_at_checked(40)?;
    let name = name.strip_prefix(b" ").filter(|name| !name.is_empty())?;
    Some((object_id(std::str::from_utf8(id).ok()?)?, name))
}
