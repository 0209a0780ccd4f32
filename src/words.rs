//! What a server says, made fit to be shown: one line, bounded, without anything that a terminal obeys. This module must not
//! judge the words, nor know how they came.

#![deny(clippy::disallowed_methods)]

use crate::text::{CUT, without_unsafe};

/// The most bytes of a server's talk that are kept.
const MOST: usize = 4096;

/// The most characters of one value or of one error's words that are shown.
const LONGEST: usize = 400;

/// Collects what a server says beside its answer, up to a bound.
#[derive(Debug, Default)]
pub(crate) struct Words {
    bytes: Vec<u8>,
}

impl Words {
    /// Adds what the server said, and tells whether there is room for more; what goes beyond the bound is dropped.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> bool {
        // One byte more than is shown tells that there was more.
        let room = (MOST + 1).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.bytes.len() <= MOST
    }

    /// The words as one line of clean text.
    pub(crate) fn text(&self) -> String {
        clean(&self.bytes)
    }
}

/// Turns bytes from outside into one line without control characters; lines are joined by `; `.
pub(crate) fn clean(bytes: impl AsRef<[u8]>) -> String {
    let bytes = bytes.as_ref();
    let (text, is_cut) = match bytes.get(..MOST) {
        Some(head) => (String::from_utf8_lossy(head), bytes.len() > MOST),
        None => (String::from_utf8_lossy(bytes), false),
    };
    let text = if is_cut { whole_words(&text) } else { &text };
    let lines = text.split(['\n', '\r']).map(strip).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("; ")
}

/// The same, cut to what a person reads.
pub(crate) fn short(text: impl AsRef<[u8]>) -> String {
    let line = clean(text);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}{CUT}", whole_words(line.get(..end).unwrap_or_default())),
        None => line,
    }
}

/// A text that was cut, without the word that the cut went through: a part of a secret could not be told from an ordinary
/// word any more.
fn whole_words(text: &str) -> &str {
    text.rfind(char::is_whitespace).and_then(|end| text.get(..end)).unwrap_or_default()
}

/// Drops terminal sequences with their parameters and what nobody sees; a run of blanks becomes one.
fn strip(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut rest = line.chars().peekable();
    while let Some(character) = rest.next() {
        if character == '\u{1b}' && rest.next_if_eq(&'[').is_some() {
            let ends = |c: &char| ('\u{40}'..='\u{7e}').contains(c);
            while rest.next_if(|c| !ends(c)).is_some() {}
            rest.next();
        } else {
            kept.push(character);
        }
    }
    without_unsafe(&kept).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans_a_servers_talk() {
        let talk = b"\x1b[31mGitLab:\x1b[0m You are not\tallowed \n\r\n\x07to  push\xff\xe2\x80\xae\n";
        assert_eq!(clean(talk), "GitLab: You are not allowed; to push\u{fffd}");
    }

    #[test]
    fn is_bounded() {
        let mut words = Words::default();
        for _ in 0..100 {
            words.add("é x".repeat(250).as_bytes());
        }
        let text = words.text();
        assert!(text.len() <= MOST && text.len() > MOST - 10, "{}", text.len());
        assert!(short(&text).chars().count() <= LONGEST);
        assert_eq!(short("a\u{202e}b"), "ab");
    }

    #[test]
    fn a_word_is_shown_whole_or_not_at_all() {
        let talk = |padding: usize| format!("{} s3cret-word end", "x".repeat(padding));
        let pieces = |talk: &str| {
            let mut words = Words::default();
            talk.as_bytes().chunks(7).for_each(|piece| {
                words.add(piece);
            });
            words.text()
        };
        let is_whole_or_gone = |most: usize, shown: &dyn Fn(&str) -> String| {
            let shown: Vec<String> = (most - 20..most + 20).map(|padding| shown(&talk(padding))).collect();
            let whole = shown.iter().filter(|shown| shown.contains("s3cret-word")).count();
            let part = shown.iter().filter(|shown| shown.contains('s') && !shown.contains("s3cret-word")).count();
            assert!(whole > 0 && whole < shown.len() && part == 0, "{most}: {whole} whole, {part} in part");
        };
        is_whole_or_gone(MOST, &|talk| clean(talk.as_bytes()));
        is_whole_or_gone(MOST, &pieces);
        is_whole_or_gone(LONGEST, &|talk| short(talk.as_bytes()));
    }
}
