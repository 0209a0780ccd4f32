//! What a commit's object says of itself; this module must not read an object.

#![deny(clippy::disallowed_methods)]

/// What a commit's own lines say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) tree: String,
    pub(super) parents: Vec<String>,
    /// `NAME <EMAIL>`.
    pub(super) committer: String,
    /// The author's name alone.
    pub(super) author: String,
    /// When it was committed, in seconds since 1970.
    pub(super) time: i64,
}

impl Header {
    /// Reads a commit's object.
    pub(super) fn parse(commit: &[u8]) -> Self {
        let mut header = Self::default();
        for line in commit.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty()) {
            let line = String::from_utf8_lossy(line);
            match line.split_once(' ') {
                Some(("tree", id)) => id.clone_into(&mut header.tree),
                Some(("parent", id)) => header.parents.push(id.to_owned()),
                // The time and its zone stand behind the address.
                Some(("committer", who)) => {
                    let (who, when) = who.rsplit_once('>').unwrap_or_default();
                    header.committer = who.to_owned() + ">";
                    header.time = when.split_whitespace().next().and_then(|time| time.parse().ok()).unwrap_or_default();
                }
                Some(("author", who)) => {
                    who.split('<').next().unwrap_or_default().trim().clone_into(&mut header.author);
                }
                _ => {}
            }
        }
        header
    }
}
