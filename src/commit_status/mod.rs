//! The statuses that others report on a commit (Flux, or anybody): what they are, and what they come to for those that are waited
//! for. This module must not ask a server.

#![deny(clippy::disallowed_methods)]

mod error;
mod verdict;

use serde_json::Value;

pub use self::error::StatusError;
pub use self::verdict::{CommitStatuses, Verdict};
use crate::glob;
use crate::http::Login;
use crate::links;
use crate::secret::{Bound, SecretString};
use crate::words;

/// One status, as it is at one moment. Its texts are on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Its name, such as `kustomization/shop/cafefa91`.
    pub name: String,
    /// What it says.
    pub state: State,
    /// The server's own word for that.
    pub word: String,
    /// What whoever reported it says beside, maybe nothing.
    pub description: String,
    /// The page that it leads to.
    pub page: Option<String>,
    /// Its number; later ones have higher numbers.
    id: u64,
}

/// What a status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// What it is about has failed.
    Failed,
    /// It has not ended, or ended otherwise.
    Open,
    /// What it is about is done.
    Success,
}

/// Which statuses are waited for: a name with `*` for any text and `?` for any character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern(String);

/// Where a forge has the statuses of a repository's commits, and how it puts them.
pub(crate) struct StatusSource {
    /// Each base that its API may have, the likeliest first, and the path of the commits below it.
    pub(crate) commits: Vec<(String, String)>,
    /// How much is asked for at once.
    pub(crate) page: &'static str,
    pub(crate) fields: Fields,
    /// How a token is shown.
    pub(crate) login: fn(Bound<SecretString>) -> Login,
}

/// The fields of a status that each forge calls otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    pub(crate) name: &'static str,
    pub(crate) state: &'static str,
}

impl NamePattern {
    /// Takes a pattern; none when nothing is in it.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// Whether a status has such a name.
    pub fn fits(&self, name: &str) -> bool {
        glob::fits(&self.0, name)
    }

    /// The pattern as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Status {
    /// Reads what a server says of one; none where it has no name.
    pub(crate) fn read(value: &Value, fields: Fields) -> Option<Self> {
        let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
        let word = text(fields.state);
        let state = match word {
            "success" => State::Success,
            "failed" | "failure" | "error" | "canceled" | "cancelled" => State::Failed,
            _ => State::Open,
        };
        let name = words::short(text(fields.name));
        (!name.is_empty()).then(|| Self {
            name,
            state,
            word: words::short(word),
            description: words::short(text("description")),
            page: links::web(text("target_url")),
            id: value.get("id").and_then(Value::as_u64).unwrap_or_default(),
        })
    }
}

/// The newest of each name: some servers list the earlier ones, too, the newest first.
pub(crate) fn newest(statuses: impl IntoIterator<Item = Status>) -> Vec<Status> {
    let mut newest: Vec<Status> = Vec::new();
    for status in statuses {
        match newest.iter_mut().find(|known| known.name == status.name) {
            Some(known) if status.id > known.id => *known = status,
            Some(_) => {}
            None => newest.push(status),
        }
    }
    newest
}

impl std::fmt::Display for Status {
    /// `NAME is WORD (DESCRIPTION) PAGE`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is {}", self.name, self.word)?;
        if !self.description.is_empty() {
            write!(f, " ({})", self.description)?;
        }
        self.page.as_ref().map_or(Ok(()), |page| write!(f, " {page}"))
    }
}

impl std::fmt::Display for NamePattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const FIELDS: Fields = Fields { name: "context", state: "state" };

    fn read(value: &Value) -> Status {
        Status::read(value, FIELDS).unwrap()
    }

    #[test]
    fn the_newest_of_each_name_counts() {
        let status = |id: u64, name: &str, state: &str| read(&json!({ "id": id, "context": name, "state": state }));
        let listed = [status(3, "a", "success"), status(1, "a", "failure"), status(2, "b", "pending")];
        let names = |listed: &[Status]| -> Vec<(u64, State)> {
            newest(listed.to_vec()).iter().map(|status| (status.id, status.state)).collect()
        };
        assert_eq!(names(&listed), [(3, State::Success), (2, State::Open)]);
        let backwards: Vec<Status> = listed.iter().rev().cloned().collect();
        assert_eq!(names(&backwards), [(2, State::Open), (3, State::Success)]);
        // Where no number tells, the first one listed is the newest.
        let unnumbered =
            [read(&json!({ "context": "a", "state": "success" })), read(&json!({ "context": "a", "state": "error" }))];
        assert_eq!(names(&unnumbered), [(0, State::Success)]);
    }

    #[test]
    fn what_others_wrote_is_on_one_line() {
        let status = read(&json!({
            "context": "a\u{1b}[31m\nb", "state": "canceled", "description": "x\r\ny", "target_url": "javascript:x",
        }));
        assert_eq!(status.state, State::Failed);
        assert!(!status.to_string().contains(['\n', '\r', '\u{1b}']), "{status}");
        assert_eq!(status.page, None);
        assert!(Status::read(&json!({ "state": "success" }), FIELDS).is_none());
    }
}
