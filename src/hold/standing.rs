//! Which places the entries of a file hold now. This module must not decide what follows from it.
//!
//! An entry names its place by its path, and says what the place held. Where a list has got or lost an item before the place, or
//! the file a document, the path is another one; the value tells.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::Hold;

/// A place of a file as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CurrentPlace {
    /// The document of the file, from 1.
    pub document: usize,
    /// The path in the document.
    pub path: String,
    /// What it holds.
    pub value: String,
    /// Whether the run looks at it: then it is known to be the same place.
    pub is_of_run: bool,
}

/// What an entry means now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It holds these places, by their numbers.
    At(Vec<usize>),
    /// Its place holds another value.
    Void,
    /// None of the places is its place.
    Elsewhere,
}

/// What the entries of one file mean, of which these places are known.
pub fn standing(holds: &[&Hold], spots: &[CurrentPlace]) -> Vec<Standing> {
    let mut by_path: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_bare: HashMap<String, Vec<usize>> = HashMap::new();
    for (number, spot) in spots.iter().enumerate() {
        by_path.entry(&spot.path).or_default().push(number);
        by_bare.entry(bare(&spot.path)).or_default().push(number);
    }
    let spot_at = |number: &usize| spots.get(*number);
    let has_value = |hold: &Hold, number: &usize| spot_at(number).is_some_and(|spot| spot.value == hold.value);
    let exactly = |hold: &Hold| -> Vec<usize> {
        let (document, path) = located(&hold.place);
        let is_its = |number: &usize| document.is_none() || spot_at(number).map(|spot| spot.document) == document;
        by_path.get(path).into_iter().flatten().copied().filter(is_its).collect()
    };
    let mut claimed = vec![false; spots.len()];
    let mut found: Vec<Standing> = Vec::with_capacity(holds.len());
    for hold in holds {
        let at: Vec<usize> = exactly(hold).into_iter().filter(|number| has_value(hold, number)).collect();
        for number in &at {
            claimed[*number] = true;
        }
        found.push(if at.is_empty() { Standing::Elsewhere } else { Standing::At(at) });
    }
    for (hold, standing) in holds.iter().zip(&mut found).filter(|(_, standing)| **standing == Standing::Elsewhere) {
        let there = exactly(hold);
        let is_known = there.iter().any(|number| spot_at(number).is_some_and(|spot| spot.is_of_run));
        let moved = by_bare.get(&bare(located(&hold.place).1)).into_iter().flatten().copied();
        let moved: Vec<usize> = moved.filter(|number| has_value(hold, number) && !claimed[*number]).collect();
        *standing = match (is_known, moved.is_empty(), there.is_empty()) {
            // Of an item that was moved and one that was changed by hand nobody can tell: the hold stays.
            (_, false, _) => Standing::At(moved),
            (true, ..) | (_, _, false) => Standing::Void,
            _ => Standing::Elsewhere,
        };
    }
    found
}

/// What an entry calls a place of these.
pub(super) fn name(spots: &[CurrentPlace], number: usize) -> String {
    let Some(spot) = spots.get(number) else { return String::new() };
    let is_like = |other: &CurrentPlace| other.path == spot.path && other.document != spot.document;
    if spots.iter().any(is_like) { format!("document {}: {}", spot.document, spot.path) } else { spot.path.clone() }
}

/// The document and the path that an entry's place names.
pub(super) fn located(place: &str) -> (Option<usize>, &str) {
    let numbered = place.strip_prefix("document ").and_then(|rest| rest.split_once(": "));
    let numbered = numbered.and_then(|(number, path)| Some((number.parse().ok()?, path)));
    numbered.map_or((None, place), |(number, path)| (Some(number), path))
}

/// A path without the numbers of its lists' items.
fn bare(path: &str) -> String {
    let mut result = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((before, behind)) = rest.split_once('[') {
        result.push_str(before);
        result.push('[');
        rest = behind.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(document: usize, path: &str, value: &str) -> CurrentPlace {
        CurrentPlace { document, path: path.into(), value: value.into(), is_of_run: false }
    }

    fn of_run(path: &str, value: &str) -> CurrentPlace {
        CurrentPlace { is_of_run: true, ..spot(1, path, value) }
    }

    fn hold(place: &str, value: &str) -> Hold {
        let text = String::new;
        Hold { file: text(), place: place.into(), value: value.into(), reason: text(), by: text(), at: text() }
    }

    fn check(holds: &[(&str, &str)], spots: &[CurrentPlace], expected: &[Standing]) {
        let holds: Vec<Hold> = holds.iter().map(|(place, value)| hold(place, value)).collect();
        let holds: Vec<&Hold> = holds.iter().collect();
        assert_eq!(standing(&holds, spots), expected, "{holds:?} {spots:?}");
    }

    #[test]
    fn an_entry_stands_while_its_place_has_its_value() {
        let at = |number| Standing::At(vec![number]);
        check(&[("a.tag", "1")], &[spot(1, "a.tag", "1")], &[at(0)]);
        check(&[("a.tag", "1")], &[spot(1, "a.tag", "2")], &[Standing::Void]);
        check(&[("a.tag", "1")], &[spot(1, "b.tag", "1")], &[Standing::Elsewhere]);
        check(&[("a.tag", "1"), ("a.tag", "2")], &[of_run("a.tag", "2")], &[Standing::Void, at(0)]);
    }

    #[test]
    fn an_item_before_it_does_not_lose_an_entry() {
        let at = |number| Standing::At(vec![number]);
        let moved = [spot(1, "images[0].newTag", "7"), of_run("images[1].newTag", "1")];
        check(&[("images[0].newTag", "1")], &moved, &[at(1)]);
        check(&[("images[5].newTag", "1")], &moved, &[at(1)]);
        // Two places of one value: each entry has its own.
        let same = [of_run("images[0].newTag", "1"), of_run("images[1].newTag", "1")];
        check(&[("images[0].newTag", "1"), ("images[1].newTag", "1")], &same, &[at(0), at(1)]);
        // Changed by hand, or moved by an item before it, which the run writes, too: the hold stays.
        let by_hand = [of_run("images[0].newTag", "2"), of_run("images[1].newTag", "1")];
        check(&[("images[0].newTag", "1")], &by_hand, &[at(1)]);
        check(&[("images[0].newTag", "1"), ("images[1].newTag", "1")], &by_hand, &[Standing::Void, at(1)]);
        let neighbour = [spot(1, "images[0].newTag", "2"), of_run("images[1].newTag", "1")];
        check(&[("images[0].newTag", "1"), ("images[1].newTag", "1")], &neighbour, &[Standing::Void, at(1)]);
    }

    #[test]
    fn documents_are_told_apart_and_may_move() {
        let at = |number| Standing::At(vec![number]);
        let spots = [spot(1, "image", "1"), spot(2, "image", "1"), spot(3, "other", "1")];
        assert_eq!(name(&spots, 1), "document 2: image");
        assert_eq!(name(&spots, 2), "other");
        check(&[("document 2: image", "1")], &spots, &[at(1)]);
        check(&[("image", "1")], &spots, &[Standing::At(vec![0, 1])]);
        check(&[("document 2: image", "1")], &[spot(1, "image", "2"), spot(3, "image", "1")], &[at(1)]);
        check(&[("document 1: image", "1")], &[spot(1, "image", "2")], &[Standing::Void]);
        assert_eq!(located("document x: image"), (None, "document x: image"));
        assert_eq!(bare("a[0].b[12].c"), "a[].b[].c");
    }
}
