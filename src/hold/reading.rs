//! The text of the holds file as entries, each with the bytes it stands on; this module must not guess what a text could mean:
//! whoever may be kept away by an entry needs it to be read right.

#![deny(clippy::disallowed_methods)]

use std::collections::HashSet;
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span};

use super::{Hold, wrong};
use crate::edit;
use crate::policies::{MAX_BYTES, PolicyError};
use crate::text::{is_one_line, one_line};

/// The keys of an entry.
const KEYS: [&str; 6] = ["file", "place", "value", "reason", "by", "at"];

/// How many entries a file may have.
const MOST: usize = 10_000;

/// How long a value may be, in bytes.
const LONGEST: usize = 4096;

/// An entry of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it says.
    pub hold: Hold,
    /// Its first line, from 1.
    pub line: usize,
    /// When it was made, in seconds since 1970.
    pub seconds: u64,
    /// Its whole lines; none where it is written so that it has no lines of its own.
    pub(super) lines: Option<Range<usize>>,
    /// The bytes of its place and of its value.
    pub(super) place_at: Range<usize>,
    pub(super) value_at: Range<usize>,
}

/// Reads the whole text. A text without an entry holds nothing.
pub fn read(text: &str) -> Result<Vec<Entry>, PolicyError> {
    if text.len() > MAX_BYTES {
        return Err(wrong(None, format!("it is larger than {} MiB", MAX_BYTES >> 20)));
    }
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.block_scalar_eof_without_line_feed = true;
    let mut reader = Reader { state: State::Top, entries: Vec::new(), known: HashSet::new(), has_document: false };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            wrong(Some(error.marker().line()), format!("invalid YAML: {}", one_line(&error.info())))
        })?;
        reader.take(&event, span)?;
    }
    let mut entries = reader.entries;
    set_lines(text, &mut entries);
    Ok(entries)
}

/// Where the reader is.
enum State {
    /// Before the list.
    Top,
    /// Between two entries.
    List,
    /// In an entry, between two keys.
    Entry(Open),
    /// Behind a key of an entry.
    Value(Open, usize),
    /// Behind the list.
    End,
}

/// An entry that is being read.
#[derive(Default)]
struct Open {
    line: usize,
    /// The values in the order of [`KEYS`].
    values: [Option<(String, Range<usize>)>; KEYS.len()],
}

struct Reader {
    state: State,
    entries: Vec<Entry>,
    /// The places that have an entry.
    known: HashSet<(String, String)>,
    has_document: bool,
}

impl Reader {
    fn take(&mut self, event: &Event<'_>, span: Span) -> Result<(), PolicyError> {
        let line = span.start.line();
        let fails = |reason: &str| Err(wrong(Some(line), reason));
        let state = std::mem::replace(&mut self.state, State::End);
        self.state = match (state, event) {
            (_, Event::DocumentStart(..)) if self.has_document => return fails("a second YAML document begins"),
            (state, Event::DocumentStart(..)) => {
                self.has_document = true;
                state
            }
            (State::Top, Event::SequenceStart(..)) => State::List,
            (State::Top, Event::Scalar(..)) if is_empty(event, span) => State::End,
            (State::List, Event::MappingStart(..)) if self.entries.len() >= MOST => {
                return fails("it has more than 10000 entries");
            }
            (State::List, Event::MappingStart(..)) => State::Entry(Open { line, ..Open::default() }),
            (State::List, Event::SequenceEnd) => State::End,
            (State::Entry(open), Event::MappingEnd) => {
                self.add(open)?;
                State::List
            }
            (State::Entry(open), Event::Scalar(key, ..)) => {
                let at = key_of(key, &open).map_err(|reason| wrong(Some(line), reason))?;
                State::Value(open, at)
            }
            (State::Value(mut open, at), Event::Scalar(text, style, _, tag)) => {
                let is_string =
                    *style != ScalarStyle::Plain || tag.as_ref().is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                let key = KEYS.get(at).copied().unwrap_or_default();
                require(key, text, is_string && !is_empty(event, span)).map_err(|reason| wrong(Some(line), reason))?;
                if let Some(value) = open.values.get_mut(at) {
                    *value = Some((text.to_string(), span.byte_range().unwrap_or_default()));
                }
                State::Entry(open)
            }
            (State::Top, Event::MappingStart(..) | Event::Alias(_) | Event::Scalar(..)) => {
                return fails("a list is expected");
            }
            (State::List, Event::Scalar(..) | Event::SequenceStart(..) | Event::Alias(_)) => {
                return fails("each entry of the list must be a mapping");
            }
            (State::Entry(_), Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_)) => {
                return fails("a key must be a string");
            }
            (State::Value(_, at), Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_)) => {
                let key = KEYS.get(at).copied().unwrap_or_default();
                return fails(&format!("{key}: a string is expected"));
            }
            (state, _) => state,
        };
        Ok(())
    }

    /// Ends an entry.
    fn add(&mut self, open: Open) -> Result<(), PolicyError> {
        let line = open.line;
        let mut values = Vec::with_capacity(KEYS.len());
        for (key, value) in KEYS.iter().zip(open.values) {
            values.push(value.ok_or_else(|| wrong(Some(line), format!("the key {key} is missing")))?);
        }
        let at = |number: usize| values.get(number).map(|(_, at)| at.clone()).unwrap_or_default();
        let (place_at, value_at) = (at(1), at(2));
        let mut texts = values.into_iter().map(|(text, _)| text);
        let mut next = || texts.next().unwrap_or_default();
        let hold = Hold { file: next(), place: next(), value: next(), reason: next(), by: next(), at: next() };
        let since = humantime::parse_rfc3339(&hold.at)
            .map_err(|_| wrong(Some(line), "at: a time in UTC is expected, such as \"2026-11-26T07:00:00Z\""))?;
        if !self.known.insert((hold.file.clone(), hold.place.clone())) {
            let (file, place) = (one_line(&hold.file), one_line(&hold.place));
            return Err(wrong(Some(line), format!("a second entry for {place} of {file}")));
        }
        let seconds = since.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
        self.entries.push(Entry { hold, line, seconds, lines: None, place_at, value_at });
        Ok(())
    }
}

/// Whether nothing is written where the parser has a scalar.
fn is_empty(event: &Event<'_>, span: Span) -> bool {
    matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..)) && span.byte_range().is_none_or(|range| range.is_empty())
}

/// The number of a key that the entry has not yet.
fn key_of(key: &str, open: &Open) -> Result<usize, String> {
    let shown = one_line(&crate::text::cut(key, 60));
    let at = KEYS.iter().position(|known| *known == key);
    let at = at.ok_or_else(|| format!("unknown key {shown}, expected {}", KEYS.join(", ")))?;
    match open.values.get(at) {
        Some(None) => Ok(at),
        _ => Err(format!("the key {key} is defined twice")),
    }
}

/// Requires that a value is a text to every reader of YAML, and one that can be shown as it is.
fn require(key: &str, text: &str, is_string: bool) -> Result<(), String> {
    let is_time = || key == "at" && humantime::parse_rfc3339(text).is_ok();
    if !is_string && !edit::is_string(text) && !is_time() {
        return Err(format!(
            "{key}: a string is expected; a value that looks like a number, a date or a boolean needs quotes"
        ));
    }
    if text.trim().is_empty() {
        return Err(format!("{key}: it is empty"));
    }
    if text.len() > LONGEST {
        return Err(format!("{key}: it is longer than {LONGEST} bytes"));
    }
    if !is_one_line(text) {
        return Err(format!("{key}: it has more than one line, or invisible characters"));
    }
    Ok(())
}

/// Finds the lines of the entries: from the hyphen to the last line that is neither blank nor a comment.
fn set_lines(text: &str, entries: &mut [Entry]) {
    let mut starts: Vec<usize> = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    let line = |number: usize| -> &str {
        let end = starts.get(number + 1).copied().unwrap_or(text.len());
        starts.get(number).and_then(|start| text.get(*start..end)).unwrap_or_default()
    };
    let has_hyphen = |number: &usize| {
        line(*number)
            .trim_start_matches(' ')
            .strip_prefix('-')
            .is_some_and(|rest| rest.starts_with([' ', '\t', '\r', '\n']))
    };
    let mut next = starts.len();
    for entry in entries.iter_mut().rev() {
        let first = (0..entry.line).rev().take_while(|number| *number < next).find(has_hyphen);
        let Some(first) = first else { return };
        let is_content = |number: &usize| {
            let text = line(*number).trim();
            !text.is_empty() && !text.starts_with('#') && text != "..."
        };
        let last = (first..next).rev().find(is_content).unwrap_or(first);
        let end = starts.get(last + 1).copied().unwrap_or(text.len());
        entry.lines = starts.get(first).map(|start| *start..end);
        next = first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = "- file: a.yaml\n  place: image.tag\n  value: v1\n  reason: broken\n  by: Ada\n  at: \"2026-11-26T07:00:00Z\"\n";

    #[test]
    fn an_entry_is_read_with_its_lines() {
        let text =
            format!("# ours\n\n{ENTRY}# next\n{}\n# end\n", ENTRY.replace("a.yaml", "b.yaml").replace("v1", "'1.10'"));
        let entries = read(&text).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(&text[entries[0].lines.clone().unwrap()], ENTRY);
        assert_eq!(&text[entries[1].value_at.clone()], "'1.10'");
        assert_eq!((entries[0].line, entries[0].seconds), (3, 1_795_676_400));
        let hold = &entries[1].hold;
        assert_eq!((hold.file.as_str(), hold.value.as_str(), hold.by.as_str()), ("b.yaml", "1.10", "Ada"));
    }

    #[test]
    fn every_way_to_write_a_list_is_read() {
        let flow = "[{file: a, place: b, value: v1, reason: r, by: c, at: 2026-11-26T07:00:00Z}]";
        let spread = "---\n  -\n    # here\n    file: a\n    place: b\n    value: v1\n    reason: >-\n      r\n    by: c\n    at: 2026-11-26T07:00:00Z\n...\n";
        for text in [flow, spread, &spread.replace('\n', "\r\n")] {
            let entries = read(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
            assert_eq!((entries.len(), entries[0].hold.reason.as_str()), (1, "r"));
        }
        assert_eq!(read(flow).unwrap()[0].lines, None);
        assert_eq!(&spread[read(spread).unwrap()[0].lines.clone().unwrap()], &spread[4..spread.len() - 4]);
        for text in ["", "# nothing\n", "---\n", "[]\n", "---\n# nothing\n...\n"] {
            assert_eq!(read(text), Ok(Vec::new()), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_right_is_refused_with_its_line() {
        let with = |from: &str, to: &str| ENTRY.replace(from, to);
        for (text, words) in [
            ("holds: []\n".to_owned(), ":1: a list is expected"),
            ("nothing\n".to_owned(), ":1: a list is expected"),
            ("- a\n".to_owned(), ":1: each entry"),
            ("- [a]\n".to_owned(), ":1: each entry"),
            (with("  by: Ada\n", ""), ":1: the key by is missing"),
            (with("by: Ada", "who: Ada"), ":5: unknown key who"),
            (with("by: Ada", "by: Ada\n  by: Bob"), ":6: the key by is defined twice"),
            (with("v1", "1.10"), ":3: value: a string is expected"),
            (with("v1", "yes"), ":3: value: a string"),
            (with("v1", "2026-11-26"), ":3: value: a string"),
            (with("v1", "[v1]"), ":3: value: a string"),
            (with("v1", "{a: b}"), ":3: value: a string"),
            (with("v1", ""), ":3: value: a string"),
            (with("v1", "''"), ":3: value: it is empty"),
            (with("v1", "!!int 7"), ":3: value: a string"),
            (with("broken", "\"a\\nb\""), ":4: reason: it has more than one line"),
            (with("broken", "\"a\\x1b[31m\""), ":4: reason: it has more than one line"),
            (with("broken", &"x".repeat(LONGEST + 1)), ":4: reason: it is longer"),
            (with("\"2026-11-26T07:00:00Z\"", "yesterday"), "at: a time in UTC"),
            (format!("{ENTRY}{ENTRY}"), ":7: a second entry for image.tag of a.yaml"),
            (format!("{ENTRY}---\n{ENTRY}"), ":7: a second YAML document"),
            (with("v1", "*x"), ":3: invalid YAML"),
            (format!("- &x\n{}- *x\n", ENTRY.replace("- ", "  ")), ":8: each entry"),
            (with("  by", " by"), ":1: the key by is missing"),
            ("[".repeat(100_000), ":1: "),
            ("#".repeat(MAX_BYTES + 1), "larger than 1 MiB"),
        ] {
            let error = read(&text).map(|_| ()).unwrap_err();
            let shown: String = text.chars().take(200).collect();
            assert!(error.to_string().contains(words), "{error}\n{shown}");
            assert!(error.hint.contains("correct .gitops-bump-holds"), "{}", error.hint);
        }
    }
}
