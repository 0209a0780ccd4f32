//! Entries of `images:` that keep others of their list from having an effect, whatever lies below; this module must not build
//! anything.

#![deny(clippy::disallowed_methods)]

use super::images::Matcher;
use super::layer::Entry;

/// The entry that keeps another one of the same list from ever having an effect, whatever lies below: one of the same name
/// before it that renames the image to what the other does not match.
pub fn shadowed_by(entries: &[Entry], number: usize) -> Option<usize> {
    let own = entries.get(number)?;
    let matcher = Matcher::new(own).ok()?;
    let before = entries.get(..number)?;
    let renames = |entry: &Entry| entry.new_name.as_deref().is_some_and(|name| !matcher.matches(name));
    let at = before.iter().position(|entry| entry.name == own.name && renames(entry))?;
    let is_back = before.iter().skip(at + 1).any(|entry| entry.new_name.as_deref().is_some_and(|n| matcher.matches(n)));
    (!is_back).then_some(at)
}

/// The entry that decides in place of another one of the same list, whatever lies below: the last one of the same name, unless
/// an entry from the other one on gives new names.
pub fn replaced_by(entries: &[Entry], number: usize) -> Option<usize> {
    let own = entries.get(number)?;
    let decides = |entry: &Entry| entry.name == own.name && (entry.new_tag.is_some() || entry.digest.is_some());
    let at = entries.iter().rposition(decides).filter(|at| *at > number)?;
    let renames = |entry: &Entry| entry.new_name.is_some();
    let is_renamed = entries.get(number..at)?.iter().any(renames);
    (!is_renamed && Matcher::new(own).is_ok()).then_some(at)
}
