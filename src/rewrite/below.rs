//! Which entries of a kustomization can have an effect, worked out before it is edited; this module must not edit, nor know
//! where an entry is written.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use super::address::is_entry;
use super::deciding::{called, decides, is_of, remedy};
use super::sources::GivenImages;
use super::trees::Trees;
use crate::edit::{Below, Dead, Inline, Kind, Pin, Wanted};
use crate::image::Repository;
use crate::kustomize::{self, Entry, Image, Model, Step, Tree, replaced_by, shadowed_by};
use crate::plan::Target;

/// Stands for a digest that is not known yet: it decides about the same images.
const ANY_DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// A kustomization with what is wanted of it.
struct Question<'q> {
    tree: &'q Tree,
    /// The path of the kustomization's file.
    file: &'q str,
    /// The targets that it is.
    targets: &'q [&'q Target],
    wanted: &'q [Wanted],
    /// The wanted images that another file of its directory gives.
    given: &'q BTreeSet<usize>,
}

/// An entry that `--create` would add.
struct Added<'q> {
    image: usize,
    /// The name that the user gave.
    asked: Option<&'q str>,
    entry: Entry,
}

/// What is known of the images below a file of these targets; nothing where it is no kustomization of theirs.
pub(super) fn of_file(path: &str, targets: &[&Target], trees: &Trees, wanted: &[Wanted], given: GivenImages) -> Below {
    let file = &kustomize::normal(path);
    let mut grown = targets.iter().filter_map(|target| trees.of(target)).map(|(_, grown)| grown);
    match grown.find(|grown| grown.tree.file() == Some(file)) {
        Some(grown) => {
            let is_given = |inline: &Inline| matches!(inline, Inline::Lines(_));
            let by_text = given.inline.iter().filter(|(_, inline)| is_given(inline)).map(|(image, _)| *image);
            let images = given.images.iter().copied().chain(by_text).collect();
            let question = Question { tree: &grown.tree, file, targets, wanted, given: &images };
            Below { inline: given.inline, ..below(&question) }
        }
        None => Below::default(),
    }
}

fn below(question: &Question<'_>) -> Below {
    let entries = question.tree.entries(question.file);
    let selected = question.selected(entries);
    let mut below = Below { given: question.given.clone(), ..Below::default() };
    if !selected.is_empty() {
        let mut changed = entries.to_vec();
        for (number, (image, adds_name)) in &selected {
            if let (Some(own), Some(wanted)) = (changed.get_mut(*number), question.wanted.get(*image)) {
                question.write(own, wanted, *adds_name);
            }
        }
        let model = question.tree.model_with(question.file, &changed);
        let dead = selected.keys().filter_map(|number| Some((*number, question.dead(&model, &changed, *number)?)));
        below.dead = dead.collect();
    }
    if question.targets.iter().any(|target| target.rules.create) {
        let is_alive = |number: &usize| selected.contains_key(number) && !below.dead.contains_key(number);
        let alive: BTreeSet<usize> = (0..entries.len()).filter(is_alive).collect();
        question.add(entries, &alive, &mut below);
    }
    below
}

impl Question<'_> {
    /// The entries that the targets may write, with the image and whether they get its name, too.
    fn selected(&self, entries: &[Entry]) -> BTreeMap<usize, (usize, bool)> {
        let mut selected = BTreeMap::new();
        for target in self.targets {
            for (number, entry) in entries.iter().enumerate() {
                let own = effective(entry);
                let is_own = |image: &&usize| {
                    let wanted = self.wanted.get(**image);
                    own.as_ref().zip(wanted).is_some_and(|(own, wanted)| own.is_same_as(&wanted.repository))
                };
                let image = target.images.iter().find(is_own);
                let picked = match &target.kind {
                    Kind::Kustomize { name: Some(name) } if *name != entry.name => None,
                    Kind::Kustomize { name: Some(_) } => image.or(target.images.first()),
                    _ => image,
                };
                if let Some(picked) = picked {
                    let adds_name = target.rules.create && !target.rules.any_repository && entry.new_name.is_none();
                    selected.insert(number, (*picked, adds_name && image.is_none()));
                }
            }
        }
        selected
    }

    /// What an entry becomes, as far as it decides about images.
    fn write(&self, entry: &mut Entry, wanted: &Wanted, adds_name: bool) {
        // An image without a tag is refused at an entry with one, when it comes to be written.
        if let Some(tag) = &wanted.tag
            && (entry.new_tag.is_some() || entry.digest.is_none())
        {
            entry.new_tag = Some(tag.to_string());
        }
        if entry.digest.is_some() || self.targets.iter().any(|target| target.rules.pin == Pin::Digest) {
            let digest = wanted.digest.digest().map(ToString::to_string);
            entry.digest = Some(digest.unwrap_or_else(|| ANY_DIGEST.to_owned()));
        }
        if adds_name {
            entry.new_name = Some(wanted.repository.to_string());
        }
    }

    /// Why an entry decides about no image, and what to do; none when it does, or may.
    fn dead(&self, model: &Model, entries: &[Entry], number: usize) -> Option<Dead> {
        let is_own = |step: &Step| is_entry(step, self.file, number);
        if model.images.iter().any(|image| image.decided_by().is_some_and(is_own)) {
            return None;
        }
        if !model.is_complete() || self.tree.is_partial() {
            let line = |at: usize| entries.get(at).map_or(0, |entry| entry.line);
            let renamed = shadowed_by(entries, number)
                .map(|at| format!("the entry of this name on line {} renames the image first", line(at)));
            let replaced = || {
                replaced_by(entries, number)
                    .map(|at| format!("only the last entry of this name has an effect, on line {}", line(at)))
            };
            let remedy = "write the entry on that line, and remove this one";
            return renamed.or_else(replaced).map(|why| Dead { why, remedy: remedy.to_owned() });
        }
        Some(match model.images.iter().find(|image| image.steps.iter().any(is_own)).and_then(Image::decided_by) {
            Some(step) => Dead { why: decides(step), remedy: remedy(step) },
            None => Dead { why: called(model, self.file), remedy: self.elsewhere(model, entries.get(number)) },
        })
    }

    /// What to do about an entry that matches nothing: its image may be built all the same, by what another file says.
    fn elsewhere(&self, model: &Model, entry: Option<&Entry>) -> String {
        let own = entry.and_then(effective);
        let is_own = |image: &&Image| own.as_ref().is_some_and(|own| is_of(image.text(), own));
        match model.images.iter().find(is_own).and_then(Image::decided_by) {
            Some(step) if step.place().0 != self.file => {
                format!("{}, or add an entry for the name that the image has here with --create", remedy(step))
            }
            Some(_) => "set the name of the entry to the name that the image has below it".to_owned(),
            None => "correct the entry's name, or remove the entry".to_owned(),
        }
    }

    /// What `--create` adds where no entry that is there has an effect.
    fn add(&self, entries: &[Entry], alive: &BTreeSet<usize>, below: &mut Below) {
        let model = self.tree.model_with(self.file, entries);
        let is_complete = model.is_complete() && !self.tree.is_partial();
        let mut added: Vec<Added<'_>> = Vec::new();
        for target in self.targets.iter().filter(|target| target.rules.create) {
            match &target.kind {
                Kind::Kustomize { name: Some(name) } if entries.iter().all(|entry| entry.name != *name) => {
                    let [image] = target.images.as_slice() else { continue };
                    let takes_any = target.rules.any_repository;
                    added.extend(self.added(*image, name, Some((name.as_str(), takes_any))));
                }
                Kind::Kustomize { name: None } => {
                    for image in &target.images {
                        let Some(wanted) = self.wanted.get(*image) else { continue };
                        let is_own = |number: &usize| {
                            let own = entries.get(*number).and_then(effective);
                            own.is_some_and(|own| own.is_same_as(&wanted.repository))
                        };
                        if !self.given.contains(image) && !alive.iter().any(is_own) {
                            let mut names = spellings(&model, self.file, &wanted.repository);
                            if names.is_empty() {
                                names.insert(wanted.repository.to_string());
                            }
                            added.extend(names.iter().filter_map(|name| self.added(*image, name, None)));
                        }
                    }
                }
                _ => {}
            }
        }
        if added.is_empty() {
            return;
        }
        let all: Vec<Entry> = entries.iter().cloned().chain(added.iter().map(|added| added.entry.clone())).collect();
        let model = self.tree.model_with(self.file, &all);
        for (number, new) in (entries.len()..).zip(&added) {
            // What was pinned stays pinned.
            let is_pinned = |image: &Image| {
                let is_reached = image.steps.iter().any(|step| is_entry(step, self.file, number));
                is_reached
                    && !image.before(self.file, number).is_none_or(|text| kustomize::split(text).digest.is_empty())
            };
            if model.images.iter().any(is_pinned) {
                below.pinned.insert(new.image);
            }
            let dead =
                if is_complete || shadowed_by(&all, number).is_some() { self.dead(&model, &all, number) } else { None };
            match (new.asked, dead) {
                (Some(name), Some(why)) => {
                    below.refused.insert(name.to_owned(), why);
                }
                (Some(_), None) => {}
                (None, Some(why)) => {
                    below.added.entry(new.image).or_insert(Err(why));
                }
                (None, None) => match below.added.entry(new.image).or_insert_with(|| Ok(Vec::new())) {
                    Ok(names) => names.push(new.entry.name.clone()),
                    refused => *refused = Ok(vec![new.entry.name.clone()]),
                },
            }
        }
    }

    /// `asked` is the name that the user gave, and whether the target takes any repository.
    fn added<'n>(&self, image: usize, name: &str, asked: Option<(&'n str, bool)>) -> Option<Added<'n>> {
        let wanted = self.wanted.get(image)?;
        let mut entry = Entry { name: name.to_owned(), ..Entry::default() };
        let is_own = Repository::parse(name).is_ok_and(|named| named.is_same_as(&wanted.repository));
        self.write(&mut entry, wanted, asked.is_some_and(|(_, takes_any)| !takes_any) && !is_own);
        Some(Added { image, asked: asked.map(|(name, _)| name), entry })
    }
}

/// The repository that an entry gives its images.
fn effective(entry: &Entry) -> Option<Repository> {
    let name = entry.new_name.as_deref().unwrap_or_else(|| kustomize::split(&entry.name).name);
    Repository::parse(name).ok()
}

/// The names under which the images of a repository are called behind a layer's entries.
fn spellings(model: &Model, layer: &str, repository: &Repository) -> BTreeSet<String> {
    let names = model.images.iter().filter_map(|image| image.behind(layer)).map(|text| kustomize::split(text).name);
    let is_same = |name: &&str| Repository::parse(name).is_ok_and(|named| named.is_same_as(repository));
    names.filter(is_same).map(str::to_owned).collect()
}
