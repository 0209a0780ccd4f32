//! What gave a value, so that an error names it; this module must not judge a value.
//!
//! A flag stands for its variables, too: whoever shows an error knows from which of them the value came (`cli::Sources`).

#![deny(clippy::disallowed_methods)]

use std::fmt;

/// What gave a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Giver {
    /// A flag, or one of its variables; the name is without the dashes.
    Flag(&'static str),
    /// A key of the config file, with the keys that it stands below.
    Key(&'static str),
    /// A variable that is no flag's.
    Variable(&'static str),
}

impl fmt::Display for Giver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "--{name}"),
            Self::Key(name) => write!(f, "config key {name}"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// A value with what gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given<T> {
    /// The value.
    pub value: T,
    /// What gave it.
    pub by: Giver,
}

impl<T> Given<T> {
    /// Another value by the same giver.
    pub(super) fn map<U>(self, change: impl FnOnce(T) -> U) -> Given<U> {
        Given { value: change(self.value), by: self.by }
    }
}

/// A flag's value, else that of the config file's key.
pub(super) fn either<T>(
    (flag, given): (&'static str, Option<T>),
    (key, configured): (&'static str, Option<T>),
) -> Option<Given<T>> {
    let given = given.map(|value| Given { value, by: Giver::Flag(flag) });
    given.or_else(|| configured.map(|value| Given { value, by: Giver::Key(key) }))
}

/// A flag's list, else that of the config file's key.
pub(super) fn either_list<'l>(
    (flag, given): (&'static str, &'l [String]),
    (key, configured): (&'static str, &'l [String]),
) -> Given<&'l [String]> {
    if given.is_empty() {
        Given { value: configured, by: Giver::Key(key) }
    } else {
        Given { value: given, by: Giver::Flag(flag) }
    }
}
