//! The `images:` entries of a kustomization; this module must not know any other place.

#![deny(clippy::disallowed_methods)]

use super::document::Node;
use super::error::{Outcome, Reason, shown};
use super::inline;
use super::note::Note;
use super::place::Placing;
use super::plan::{self, IMAGES, Insertion};
use super::recognise::kustomization::{Kustomization, List, numbers};
use super::recognise::{Fields, Key, Name};
use super::{Job, Pin, Written};
use crate::image::Repository;

/// How many names an error names.
const NAMES: usize = 20;

/// Edits the entries of that name, or without one those that name a wanted image in the end.
pub(super) fn edit(placing: &mut Placing<'_, '_>, job: &Job, name: Option<&str>) -> Outcome<()> {
    let Kustomization { lists, others } = Kustomization::of(placing.document)?;
    let entries: Vec<_> = Kustomization::entries(placing.document, &lists).collect();
    for (root, why) in others {
        placing.ledger.remark(root, Note::NotKustomization(why));
    }
    match name {
        Some(name) => by_name(placing, job, &lists, &entries, name),
        None => by_image(placing, job, &lists, &entries),
    }
}

fn by_name(
    placing: &mut Placing<'_, '_>,
    job: &Job,
    lists: &[List],
    entries: &[(Node, Fields<'_, '_>)],
    name: &str,
) -> Outcome<()> {
    let named: Vec<_> = entries.iter().filter(|(_, fields)| fields.text(Key::Name) == Some(name)).collect();
    let alive = alive(placing, &named);
    for (item, fields) in &alive {
        placing.document.refuse_alias(*item)?;
        entry(placing, job, fields)?;
    }
    match named.first() {
        Some(_) if !alive.is_empty() => return Ok(()),
        Some((_, fields)) => return placing.view.refuse_dead(fields.mapping),
        None => {}
    }
    if !placing.view.rules.create {
        let mut names: Vec<_> = entries.iter().filter_map(|(_, fields)| fields.text(Key::Name)).map(shown).collect();
        names.truncate(NAMES);
        let name = name.to_owned();
        return Err(Reason::NameMissing { name, names }.of_file());
    }
    let images = placing.view.images(job);
    let [(image, wanted)] = images.as_slice() else {
        return Err(Reason::WhichImage.of_file());
    };
    if let Some(why) = placing.view.below.refused.get(name) {
        return Err(Reason::DeadNew { name: shown(name), why: Box::new(why.clone()) }.of_file());
    }
    let is_own = Repository::parse(name).is_ok_and(|named| named.is_same_as(&wanted.repository));
    let new_name = (!is_own && !placing.view.rules.any_repository).then(|| wanted.repository.to_string());
    add(placing, lists, *image, name, new_name)
}

fn by_image(
    placing: &mut Placing<'_, '_>,
    job: &Job,
    lists: &[List],
    entries: &[(Node, Fields<'_, '_>)],
) -> Outcome<()> {
    for (image, wanted) in placing.view.images(job) {
        let own: Vec<_> = entries.iter().filter(|(_, fields)| fields.is_of(&wanted.repository)).collect();
        let alive = alive(placing, &own);
        for (item, fields) in &alive {
            placing.document.refuse_alias(*item)?;
            fields.refuse_suffix()?;
            placing.pair(fields, image)?;
        }
        let rules = placing.view.rules;
        let is_given =
            inline::send(placing, job, (image, wanted), !alive.is_empty()) || placing.view.below.given.contains(&image);
        match (own.first(), placing.view.below.added.get(&image)) {
            _ if !alive.is_empty() || is_given => {}
            (_, Some(Ok(names))) if rules.create => {
                for name in names {
                    add(placing, lists, image, name, None)?;
                }
            }
            (None, Some(Err(why))) if rules.create => {
                let name = wanted.repository.to_string();
                return Err(Reason::DeadNew { name, why: Box::new(why.clone()) }.of_file());
            }
            (None, None) if rules.create => add(placing, lists, image, wanted.repository.as_str(), None)?,
            (Some((_, fields)), _) => return placing.view.refuse_dead(fields.mapping),
            (None, _) => {}
        }
    }
    Ok(())
}

/// The entries that can have an effect, as far as anybody knows. Beside them, the others are said.
fn alive<'e, 'd, 't>(
    placing: &mut Placing<'_, '_>,
    entries: &[&'e (Node, Fields<'d, 't>)],
) -> Vec<&'e (Node, Fields<'d, 't>)> {
    let dead = &placing.view.below.dead;
    if dead.is_empty() {
        return entries.to_vec();
    }
    let numbers = numbers(placing.document);
    let why = |fields: &Fields<'_, '_>| numbers.get(&fields.mapping).and_then(|number| dead.get(number));
    let (alive, others): (Vec<_>, Vec<_>) = entries.iter().copied().partition(|(_, fields)| why(fields).is_none());
    if !alive.is_empty() {
        for (item, fields) in others {
            placing.ledger.remark(*item, Note::Dead(why(fields).map(|dead| dead.why.clone()).unwrap_or_default()));
        }
    }
    alive
}

/// Edits an entry that was asked for by its name.
fn entry(placing: &mut Placing<'_, '_>, job: &Job, fields: &Fields<'_, '_>) -> Outcome<()> {
    fields.refuse_duplicates()?;
    fields.refuse_suffix()?;
    let images = placing.view.images(job);
    let named = fields.names().next();
    let adds_name =
        placing.view.rules.create && !placing.view.rules.any_repository && fields.text(Key::NewName).is_none();
    let image = match images.as_slice() {
        [(image, wanted)] if adds_name && !fields.is_of(&wanted.repository) => {
            let name = wanted.repository.to_string();
            match fields.own(Key::NewName) {
                Some(blank) => placing.put(blank, name)?,
                None => placing.add(fields.mapping, fields.own(Key::Name), Key::NewName.as_str(), name)?,
            };
            *image
        }
        _ => placing.view.choose(job, fields.mapping, named.as_ref().map(Name::shown))?,
    };
    placing.pair(fields, image)
}

/// Adds an entry where the entries are, or with the key `images:`.
fn add(
    placing: &mut Placing<'_, '_>,
    lists: &[List],
    image: usize,
    name: &str,
    new_name: Option<String>,
) -> Outcome<()> {
    let [list] = lists else {
        return Err(Reason::NotKustomization(format!("it has {} documents", lists.len())).of_file());
    };
    let spot = match list {
        List::Items(items) => Insertion::Items(*items),
        List::None(spot) => *spot,
    };
    let (Insertion::Items(node) | Insertion::Blank(node) | Insertion::Under(node)) = spot;
    let is_pinned = placing.view.rules.pin == Pin::Digest || placing.view.below.pinned.contains(&image);
    let new = placing.view.new_text(image, &Written::default(), is_pinned, node)?;
    let mut entry: plan::Entry = vec![(Key::Name.as_str(), name.to_owned())];
    entry.extend(new_name.map(|name| (Key::NewName.as_str(), name)));
    entry.extend(new.tag.clone().map(|tag| (Key::NewTag.as_str(), tag)));
    entry.extend(new.digest.clone().map(|digest| (Key::Digest.as_str(), digest)));
    placing.plan.entry(placing.document, spot, entry)?;
    let key = matches!(spot, Insertion::Under(_)).then_some(IMAGES);
    placing.ledger.place(image, (node, key), Written::default(), new, true)
}
