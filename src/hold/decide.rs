//! What the holds of a repository mean for a run's edit: it is kept away, or goes on, and the file changes with it. This module must
//! not read a clock, nor know how a commit is made.

#![deny(clippy::disallowed_methods)]

use super::standing::{located, name};
use super::writing::{Edits, apply};
use super::{CurrentPlace, Entry, Hold, Standing, read, standing};
use crate::edit::{self, Kind, Path};
use crate::policies::PolicyError;
use crate::rewrite::FileRewrite;
use crate::settings::HoldWish;

/// What a run does where a hold is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// It is kept away.
    Stops,
    /// It goes on, and the hold goes along to what it writes.
    Passes,
}

/// What counts beside the repository's files.
#[derive(Clone, Copy, Debug)]
pub struct RunFacts<'a> {
    /// What the run does about holds.
    pub wish: &'a HoldWish,
    /// Whether holds keep it away.
    pub passage: Passage,
    /// Who holds.
    pub by: &'a str,
    /// The time, RFC 3339 in UTC.
    pub at: &'a str,
}

/// What the holds mean for a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// The run would change these places, which are held.
    OnHold(Vec<Hold>),
    /// The run goes on; the file stays as it is.
    Stays,
    /// The run goes on, and the file gets this text; none where it goes.
    Changes {
        /// The text.
        text: Option<String>,
        /// What is done on purpose, for the commit's message; none where an entry only follows its place or is void.
        deed: Option<Deed>,
    },
}

/// Holds that are set, or that end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Why, where they are set; none where they end.
    pub reason: Option<String>,
    /// The places.
    pub places: Vec<PlannedPlace>,
}

/// A place of a run, as it will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedPlace {
    /// Its image among those of the run.
    pub image: usize,
    /// The file.
    pub file: String,
    /// What an entry calls it.
    pub name: String,
    /// What it will hold.
    pub value: String,
    /// Whether that is another value.
    is_changed: bool,
    /// The entries that hold it, by their numbers.
    holders: Vec<usize>,
}

/// Decides for the edit of these files. `text` is the file with the holds, where it is there.
pub fn decide(text: Option<&str>, files: &[FileRewrite], run: &RunFacts<'_>) -> Result<Decided, PolicyError> {
    let entries = text.map(read).transpose()?.unwrap_or_default();
    if entries.is_empty() && !matches!(run.wish, HoldWish::Hold { .. }) {
        return Ok(Decided::Stays);
    }
    let (mut places, mut void) = (Vec::new(), Vec::new());
    for file in files {
        match_entries(file, &entries, &mut places, &mut void);
    }
    let held: Vec<Hold> =
        places.iter().filter(|place| place.is_changed).flat_map(|place| held(place, &entries)).collect();
    if !held.is_empty() && run.passage == Passage::Stops && *run.wish != HoldWish::Release {
        return Ok(Decided::OnHold(held));
    }
    let (mut edits, deed) = edits(&entries, &places, run);
    if edits.is_empty() && !files.iter().any(FileRewrite::is_changed) {
        return Ok(Decided::Stays);
    }
    edits.removed.extend(void.iter().filter(|number| !edits.revised.contains_key(number)));
    if edits.is_empty() {
        return Ok(Decided::Stays);
    }
    Ok(Decided::Changes { text: apply(text.unwrap_or_default(), &entries, &edits)?, deed })
}

/// Finds the run's places of one file with the entries that hold them, and the entries that are void.
fn match_entries(file: &FileRewrite, entries: &[Entry], places: &mut Vec<PlannedPlace>, void: &mut Vec<usize>) {
    let own: Vec<(usize, &Hold)> = entries
        .iter()
        .enumerate()
        .map(|(number, entry)| (number, &entry.hold))
        .filter(|(_, hold)| hold.file == file.path)
        .collect();
    let (spots, is_listed) = spots(file);
    let holds: Vec<&Hold> = own.iter().map(|(_, hold)| *hold).collect();
    let first = places.len();
    for (at, place) in file.places.iter().enumerate() {
        let name = name(&spots, at);
        if places.iter().skip(first).any(|known| known.name == name) {
            continue;
        }
        places.push(PlannedPlace {
            image: place.image,
            file: file.path.clone(),
            value: place.new.to_string(),
            is_changed: place.changed && place.old != place.new,
            holders: Vec::new(),
            name,
        });
    }
    for ((number, hold), standing) in own.iter().zip(standing(&holds, &spots)) {
        match standing {
            Standing::At(at) => {
                for at in at.into_iter().filter(|at| *at < file.places.len()) {
                    let name = name(&spots, at);
                    let place = places.iter_mut().skip(first).find(|place| place.name == name);
                    if let Some(place) = place {
                        place.holders.push(*number);
                    }
                }
            }
            Standing::Void => void.push(*number),
            Standing::Elsewhere if is_listed && is_gone(file, hold) => void.push(*number),
            Standing::Elsewhere => {}
        }
    }
}

/// The places of a file: first those of the run, in their order, then the others that name an image; and whether all could be listed.
fn spots(file: &FileRewrite) -> (Vec<CurrentPlace>, bool) {
    let own = file.places.iter().map(|place| CurrentPlace {
        document: place.document,
        path: place.path.clone(),
        value: place.old.to_string(),
        is_of_run: true,
    });
    let mut spots: Vec<CurrentPlace> = own.collect();
    let listed = edit::list(&file.path, file.old.as_bytes(), &Kind::Helm { path: None });
    let is_listed = listed.is_ok();
    for holding in listed.unwrap_or_default() {
        let (document, path) = (holding.document, holding.path);
        if !spots.iter().any(|spot| spot.document == document && spot.path == path) {
            spots.push(CurrentPlace { document, path, value: holding.written.to_string(), is_of_run: false });
        }
    }
    (spots, is_listed)
}

/// Whether a place that is not listed is not there, or holds another value: a PATH leads also to what names no image.
fn is_gone(file: &FileRewrite, hold: &Hold) -> bool {
    let (None, path) = located(&hold.place) else { return false };
    let Ok(path) = Path::parse(path) else { return true };
    let listed = edit::list(&file.path, file.old.as_bytes(), &Kind::Helm { path: Some(path) });
    listed.map_or(true, |found| found.iter().all(|holding| holding.written.to_string() != hold.value))
}

/// The holds of a place, by the name that it has now.
fn held(place: &PlannedPlace, entries: &[Entry]) -> Vec<Hold> {
    let holds = place.holders.iter().filter_map(|number| entries.get(*number));
    holds.map(|entry| Hold { place: place.name.clone(), ..entry.hold.clone() }).collect()
}

/// What becomes of the entries.
fn edits(entries: &[Entry], places: &[PlannedPlace], run: &RunFacts<'_>) -> (Edits, Option<Deed>) {
    let mut edits = Edits::default();
    let mut concerned: Vec<PlannedPlace> = Vec::new();
    for place in places {
        match run.wish {
            HoldWish::Nothing if place.is_changed => {
                let revised = || (place.name.clone(), place.value.clone());
                if let Some(number) = place.holders.first() {
                    edits.revised.entry(*number).or_insert_with(revised);
                }
                edits.removed.extend(place.holders.iter().skip(1));
            }
            HoldWish::Nothing => {}
            HoldWish::Release if place.holders.is_empty() => {}
            HoldWish::Release => {
                edits.removed.extend(&place.holders);
                concerned.push(place.clone());
            }
            HoldWish::Hold { reason } => {
                let is_so =
                    |hold: &Hold| (&hold.place, &hold.value, &hold.reason) == (&place.name, &place.value, reason);
                if place.holders.iter().any(|number| entries.get(*number).is_some_and(|entry| is_so(&entry.hold))) {
                    continue;
                }
                let is_its = |entry: &Entry| entry.hold.file == place.file && entry.hold.place == place.name;
                let same = entries.iter().enumerate().filter(|(_, entry)| is_its(entry)).map(|(number, _)| number);
                edits.removed.extend(place.holders.iter().copied().chain(same));
                edits.added.push(new(place, reason, run));
                concerned.push(place.clone());
            }
        }
    }
    edits.revised.retain(|number, _| !edits.removed.contains(number));
    let reason = match run.wish {
        HoldWish::Hold { reason } => Some(reason.clone()),
        HoldWish::Release | HoldWish::Nothing => None,
    };
    let deed = (!concerned.is_empty()).then_some(Deed { reason, places: concerned });
    (edits, deed)
}

fn new(place: &PlannedPlace, reason: &str, run: &RunFacts<'_>) -> Hold {
    Hold {
        file: place.file.clone(),
        place: place.name.clone(),
        value: place.value.clone(),
        reason: reason.to_owned(),
        by: run.by.to_owned(),
        at: run.at.to_owned(),
    }
}

#[cfg(test)]
mod tests;
