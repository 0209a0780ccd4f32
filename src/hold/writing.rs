//! Entries put into the file's text, taken out of it, or given another value, and proved by reading the result; this module must
//! not change a byte of anything else.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Entry, Hold, read, wrong};
use crate::edit;
use crate::policies::PolicyError;

/// What becomes of the entries, which are meant by their numbers.
#[derive(Debug, Default)]
pub(super) struct Edits {
    pub(super) removed: BTreeSet<usize>,
    /// Entries that get another place and value.
    pub(super) revised: BTreeMap<usize, (String, String)>,
    pub(super) added: Vec<Hold>,
}

impl Edits {
    pub(super) fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.revised.is_empty() && self.added.is_empty()
    }
}

/// The text with the edits; none where no entry is left, since then the file goes.
pub(super) fn apply(text: &str, entries: &[Entry], edits: &Edits) -> Result<Option<String>, PolicyError> {
    let wanted = wanted(entries, edits);
    if wanted.is_empty() {
        return Ok(None);
    }
    let mut splices: Vec<(Range<usize>, String)> = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        if edits.removed.contains(&number) {
            splices.push((entry.lines.clone().ok_or_else(|| unsure(entry.line))?, String::new()));
        } else if let Some((place, value)) = edits.revised.get(&number) {
            for (at, before, after) in
                [(&entry.place_at, &entry.hold.place, place), (&entry.value_at, &entry.hold.value, value)]
            {
                if before != after {
                    splices.push((at.clone(), edit::quoted(after)));
                }
            }
        }
    }
    splices.sort_by_key(|(range, _)| range.start);
    let mut result = text.to_owned();
    for (range, new) in splices.into_iter().rev() {
        if result.get(range.clone()).is_none() {
            return Err(unsure(1));
        }
        result.replace_range(range, &new);
    }
    append(&mut result, indent(text, entries), &edits.added);
    match read(&result) {
        Ok(found) if found.iter().map(|entry| &entry.hold).eq(&wanted) => Ok(Some(result)),
        _ => Err(unsure(entries.first().map_or(1, |entry| entry.line))),
    }
}

/// The entries as they are to be.
fn wanted(entries: &[Entry], edits: &Edits) -> Vec<Hold> {
    let kept = entries.iter().enumerate().filter(|(number, _)| !edits.removed.contains(number));
    let kept = kept.map(|(number, entry)| match edits.revised.get(&number) {
        Some((place, value)) => Hold { place: place.clone(), value: value.clone(), ..entry.hold.clone() },
        None => entry.hold.clone(),
    });
    kept.chain(edits.added.iter().cloned()).collect()
}

fn unsure(line: usize) -> PolicyError {
    wrong(Some(line), "its entries can't be changed one by one: each entry must begin with a hyphen on its own line")
}

/// What stands before the hyphen of the entries.
fn indent<'t>(text: &'t str, entries: &[Entry]) -> &'t str {
    let lines = entries.last().and_then(|entry| entry.lines.clone()).and_then(|lines| text.get(lines));
    lines.map_or("", |line| line.get(..line.len() - line.trim_start_matches(' ').len()).unwrap_or_default())
}

fn append(text: &mut String, indent: &str, added: &[Hold]) {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    if !added.is_empty() && !text.is_empty() && !text.ends_with('\n') {
        text.push_str(end);
    }
    for Hold { file, place, value, reason, by, at } in added {
        let pairs = [("file", file), ("place", place), ("value", value), ("reason", reason), ("by", by), ("at", at)];
        for (key, value) in pairs {
            let mark = if key == "file" { "- " } else { "  " };
            text.extend([indent, mark, key, ": ", &edit::written(value), end]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(file: &str, value: &str, reason: &str) -> Hold {
        Hold {
            file: file.into(),
            place: "image.tag".into(),
            value: value.into(),
            reason: reason.into(),
            by: "Ada".into(),
            at: "2026-11-26T07:00:00Z".into(),
        }
    }

    fn edited(text: &str, edits: &Edits) -> Result<Option<String>, PolicyError> {
        apply(text, &read(text).unwrap(), edits)
    }

    fn adding(holds: &[Hold]) -> Edits {
        Edits { added: holds.to_vec(), ..Edits::default() }
    }

    fn removing(numbers: &[usize]) -> Edits {
        Edits { removed: numbers.iter().copied().collect(), ..Edits::default() }
    }

    #[test]
    fn every_text_survives_being_written() {
        let reasons = [
            "broken",
            "yes",
            "no",
            "null",
            "~",
            "1.10",
            "0x1f",
            "1:30",
            "2026-11-26",
            "- a",
            "a: b",
            "a #b",
            "'a' \"b\"",
            "\\n",
            "{a}",
            "[a]",
            "&a *b",
            "!x",
            "%a",
            "@a",
            "`a`",
            "? a",
            "|",
            ">",
            "é 👩‍💻",
            "=",
            "<<",
            "a:",
            "#",
        ];
        let holds: Vec<Hold> =
            reasons.iter().enumerate().map(|(at, reason)| hold(&format!("{at}.yaml"), reason, reason)).collect();
        let text = edited("", &adding(&holds)).unwrap().unwrap();
        let read: Vec<Hold> = read(&text).unwrap().into_iter().map(|entry| entry.hold).collect();
        assert_eq!(read, holds);
        let other: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        for (at, reason) in reasons.iter().enumerate() {
            assert_eq!(other[at]["value"], *reason, "another reader of YAML");
        }
    }

    #[test]
    fn everything_else_stays_byte_for_byte() {
        let whole =
            edited("", &adding(&[hold("a", "v1", "r"), hold("b", "v2", "r"), hold("c", "v3", "r")])).unwrap().unwrap();
        let part = |number: usize| &whole[whole.len() / 3 * number..whole.len() / 3 * (number + 1)];
        assert!(part(1).starts_with("- file: b\n"), "{whole}");
        let text = format!("# top\n\n{}# of b\n{}\n  # behind b\n\n{}# end", part(0), part(1), part(2));
        let without_b = text.replace(part(1), "");
        let without_c = text.replace(part(2), "");
        let both = format!("{without_b}\n{}", part(1));
        for (text, edits, result) in [
            (&text, removing(&[1]), &without_b),
            (&text, removing(&[2]), &without_c),
            (&without_b, adding(&[hold("b", "v2", "r")]), &both),
        ] {
            assert_eq!(edited(text, &edits).unwrap().as_ref(), Some(result));
            let (text, result) = (text.replace('\n', "\r\n"), result.replace('\n', "\r\n"));
            assert_eq!(edited(&text, &edits).unwrap(), Some(result));
        }
        assert_eq!(edited(&text, &removing(&[0, 1, 2])), Ok(None));
        let indented = format!("  {}", part(0).replace("\n ", "\n   ").trim_end()) + "\n";
        let added = edited(&indented, &adding(&[hold("b", "v2", "r")])).unwrap().unwrap();
        assert!(added.starts_with(&indented) && added.contains("\n  - file: b\n    place: "), "{added}");
    }

    #[test]
    fn a_value_changes_alone() {
        let text = "- file: a # file\n  value:   'v1'  # value\n  place: list[0].tag\n  reason: r\n  by: b\n  at: \"2026-11-26T07:00:00Z\"\n";
        let revised = BTreeMap::from([(0, ("list[1].tag".to_owned(), "v\"2".to_owned()))]);
        let result = edited(text, &Edits { revised, ..Edits::default() }).unwrap().unwrap();
        assert_eq!(result, text.replace("'v1'", "\"v\\\"2\"").replace("list[0].tag", "\"list[1].tag\""));
    }

    #[test]
    fn what_can_not_be_changed_for_sure_is_refused() {
        let flow = "[{file: a, place: b, value: v1, reason: r, by: c, at: 2026-11-26T07:00:00Z}]\n";
        let anchored = "- file: &f a\n  place: b\n  value: v1\n  reason: r\n  by: c\n  at: 2026-11-26T07:00:00Z\n...\n";
        for (text, edits) in [
            (flow, adding(&[hold("x", "v1", "r")])),
            ("[]\n", adding(&[hold("x", "v1", "r")])),
            (anchored, adding(&[hold("x", "v1", "r")])),
        ] {
            let error = edited(text, &edits).unwrap_err().to_string();
            assert!(error.contains(".gitops-bump-holds:1: its entries can't be changed"), "{error}");
        }
    }
}
