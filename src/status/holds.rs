//! Which places a repository's people keep as they are; this module must not ask a server.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::model::Held;
use crate::hold::{CurrentPlace, Entry, Hold, Standing, read, standing};
use crate::places::EnvironmentPlace;
use crate::policies::{HOLDS, PolicyError};
use crate::text::one_line;

/// Marks the places that are held, and returns what is to be said about entries that hold nothing any more.
pub(super) fn mark(text: &str, places: &mut [EnvironmentPlace]) -> Result<Vec<String>, PolicyError> {
    let entries = read(text)?;
    let mut problems = Vec::new();
    let mut by_file: HashMap<&str, Vec<&Entry>> = HashMap::new();
    for entry in &entries {
        by_file.entry(&entry.hold.file).or_default().push(entry);
    }
    let mut files: Vec<_> = by_file.into_iter().collect();
    files.sort_by_key(|(_, entries)| entries.first().map(|entry| entry.line));
    for (file, entries) in files {
        mark_file(file, &entries, places, &mut problems);
    }
    Ok(problems)
}

fn mark_file(file: &str, entries: &[&Entry], places: &mut [EnvironmentPlace], problems: &mut Vec<String>) {
    // A place can be seen in several environments.
    let mut spots: Vec<CurrentPlace> = Vec::new();
    let mut seen_at: Vec<Vec<usize>> = Vec::new();
    let mut known: HashMap<CurrentPlace, usize> = HashMap::new();
    for (number, seen) in places.iter().enumerate().filter(|(_, seen)| seen.file == file) {
        let holding = &seen.holding;
        let (path, value) = (holding.path.clone(), holding.written.to_string());
        let spot = CurrentPlace { document: holding.document, path, value, is_of_run: false };
        let at = *known.entry(spot.clone()).or_insert_with(|| {
            spots.push(spot);
            seen_at.push(Vec::new());
            spots.len() - 1
        });
        if let Some(numbers) = seen_at.get_mut(at) {
            numbers.push(number);
        }
    }
    let holds: Vec<&Hold> = entries.iter().map(|entry| &entry.hold).collect();
    for (entry, standing) in entries.iter().zip(standing(&holds, &spots)) {
        match standing {
            Standing::At(at) => {
                for number in at.iter().filter_map(|at| seen_at.get(*at)).flatten() {
                    if let Some(seen) = places.get_mut(*number) {
                        seen.hold.get_or_insert_with(|| Entry::clone(entry));
                    }
                }
            }
            Standing::Void => problems.push(format!(
                "{HOLDS}:{}: the hold is void, because {} of {} now has another value than {}",
                entry.line,
                one_line(&entry.hold.place),
                one_line(file),
                one_line(&entry.hold.value)
            )),
            Standing::Elsewhere => {}
        }
    }
}

/// What is said of a hold.
pub(super) fn held(entry: &Entry) -> Held {
    Held {
        reason: one_line(&entry.hold.reason),
        by: one_line(&entry.hold.by),
        at: one_line(&entry.hold.at),
        seconds: i64::try_from(entry.seconds).unwrap_or(i64::MAX),
    }
}
