//! A server's own words, made fit to be shown; this module must not judge them.

#![deny(clippy::disallowed_methods)]

/// More than this much of a server's talk helps nobody.
const MOST: usize = 4096;

/// Collects what a server says beside its answer, up to a bound.
#[derive(Debug, Default)]
pub(super) struct Words {
    bytes: Vec<u8>,
}

impl Words {
    /// Adds what the server said, and tells whether there is room for more; what goes beyond the bound is dropped.
    pub(super) fn add(&mut self, bytes: &[u8]) -> bool {
        let room = MOST.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.bytes.len() < MOST
    }

    /// The words as one line of clean text.
    pub(super) fn text(&self) -> String {
        clean(&self.bytes)
    }
}

/// Turns bytes from outside into one line without control characters; lines are joined by `; `.
pub(super) fn clean(bytes: &[u8]) -> String {
    let bytes = bytes.get(..MOST).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let lines = text.split(['\n', '\r']).map(strip).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("; ")
}

/// Drops control characters, terminal sequences with their parameters, and marks that turn text around.
fn strip(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' && rest.next_if_eq(&'[').is_some() {
            let ends = |c: &char| ('\u{40}'..='\u{7e}').contains(c);
            while rest.next_if(|c| !ends(c)).is_some() {}
            rest.next();
        } else if character == '\t' {
            kept.push(' ');
        } else if !character.is_control() && !matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            kept.push(character);
        }
    }
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans_a_servers_talk() {
        let talk = b"\x1b[31mGitLab:\x1b[0m You are not\tallowed \n\r\n\x07to push\xff\xe2\x80\xae\n";
        assert_eq!(clean(talk), "GitLab: You are not allowed; to push\u{fffd}");
    }

    #[test]
    fn is_bounded() {
        let mut words = Words::default();
        for _ in 0..100 {
            words.add(&[b'x'; 1000]);
        }
        assert_eq!(words.text().len(), MOST);
    }
}
