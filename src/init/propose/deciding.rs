//! Which of the places that can be written decide, and for which environments; this module must not look for places.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;

use super::{Item, Maker, Section, TargetOptions, is_base, is_within};
use crate::edit::{Kind, Rules};
use crate::image::Repository;
use crate::init::collect::WritablePlace;
use crate::kustomize::directory;

impl Maker<'_> {
    /// Puts out of force what something else wins over, and what would be written for several environments at once.
    pub(super) fn decide(&mut self) {
        self.add_entries();
        self.leave_overridden();
        self.leave_shared();
        self.hold_what_creates();
        self.hold_guesses();
    }

    /// Entries for kustomizations that have none: where an environment is made of a place that others are made of, too, and
    /// where no file names the image.
    fn add_entries(&mut self) {
        let mut added = Vec::new();
        for image in 0..self.images.len() {
            let own: Vec<&Item> = self.items.iter().filter(|item| item.image == image && item.but.is_none()).collect();
            let is_nowhere = !self.items.iter().any(|item| item.image == image);
            let holds = |top: usize| own.iter().any(|item| self.is_above(top, item.file));
            let holders: Vec<usize> = self.reach.tops().iter().copied().filter(|top| holds(*top)).collect();
            let environments: BTreeSet<&str> = holders.iter().filter_map(|top| self.environment(*top)).collect();
            for top in self.reach.tops().iter().copied() {
                let environment = self.environment(top);
                let has_own = own.iter().any(|item| {
                    item.file == top
                        || (environment.is_some()
                            && self.environment_of(item) == environment
                            && self.is_above(top, item.file))
                });
                let is_shared = environments.len() > 1 && environment.is_some() && holders.contains(&top);
                if !has_own && (is_shared || is_nowhere) {
                    added.push((top, image));
                }
            }
        }
        let rules = Rules { create: true, ..Rules::default() };
        let kind = Kind::Kustomize { name: None };
        for (file, image) in added {
            let spots = self.seen(file).tried(&self.images[image].repository, &kind, rules).unwrap_or_default();
            let how = TargetOptions::of(&kind, rules);
            let item = Item { file, inside: None, how, image, spots, notes: Vec::new(), but: None };
            if !item.spots.is_empty() && self.refusal(&item).is_none() {
                self.items.push(item);
            }
        }
    }

    fn is_above(&self, kustomization: usize, file: usize) -> bool {
        self.reach.above(file).any(|above| above == kustomization)
    }

    /// Places whose value an environment's own file, or a kustomization, replaces.
    fn leave_overridden(&mut self) {
        let overridden: Vec<Option<String>> = self.items.iter().map(|item| self.overridden(item)).collect();
        for (item, but) in self.items.iter_mut().zip(overridden) {
            item.but = item.but.take().or(but);
        }
    }

    fn overridden(&self, item: &Item) -> Option<String> {
        let is_other = |other: &&Item| other.image == item.image && other.file != item.file && other.but.is_none();
        let others = || self.items.iter().filter(is_other);
        let own = self.environment_of(item);
        let decides = |other: &&Item| {
            let is_ours =
                own.is_none() || self.environment_of(other).is_none_or(|environment| own == Some(environment));
            other.how.section == Section::Kustomize && is_ours && self.is_above(other.file, item.file)
        };
        if let Some(other) = others().find(decides) {
            return Some(format!("the tag comes from {}", self.path(other.file)));
        }
        if item.how.section != Section::Helm || !is_base(self.seen(item.file)) {
            return None;
        }
        let wins = |spot: &WritablePlace| {
            others().find(|other| {
                let is_below = || {
                    let of_chart = format!(".{}", spot.path);
                    self.is_told(other.file, item.file)
                        && other.spots.iter().any(|there| there.path.ends_with(&of_chart))
                };
                let is_same = other.spots.iter().any(|there| there.path == spot.path);
                (is_same && self.is_overlay(other.file, item.file)) || is_below()
            })
        };
        let replaced: Option<Vec<&Item>> = item.spots.iter().map(wins).collect();
        let other = *replaced?.first()?;
        Some(format!("{} sets its own tag, which overrides this one", self.path(other.file)))
    }

    /// Whether a values file is an environment's, and is laid over another one: it lies beside or below it, or what it holds
    /// was found there.
    fn is_overlay(&self, overlay: usize, base: usize) -> bool {
        let (path, top) = (self.path(overlay), directory(self.path(base)));
        let is_beside = directory(path) == top && self.seen(overlay).name().starts_with("values");
        let is_around = is_within(path, top) && (is_beside || self.environment(overlay).is_some());
        self.seen(overlay).is_values() && (is_around || self.is_told(overlay, base))
    }

    /// Whether the repository of a tag alone was found in a file.
    fn is_told(&self, overlay: usize, base: usize) -> bool {
        let base = self.path(base);
        self.items.iter().any(|item| item.file == overlay && item.notes.iter().any(|note| note.ends_with(base)))
    }

    /// Places that several environments are made of: they belong to none of them alone.
    fn leave_shared(&mut self) {
        for number in 0..self.items.len() {
            let item = &self.items[number];
            let own = self.environment_of(item);
            let mut environments = self.environments_above(item.file);
            environments.extend(own);
            if item.but.is_some() || environments.len() < 2 {
                continue;
            }
            let others: Vec<&str> = environments.iter().copied().filter(|name| own != Some(name)).collect();
            let others = others.join(", ");
            if own.is_some() {
                self.items[number].but = Some(format!("it is also used by {others}"));
            } else {
                self.items[number].notes.push(format!("one run writes for all of these environments: {others}"));
            }
        }
    }

    /// What has to be created is proposed only for an image that has no other place there.
    fn hold_what_creates(&mut self) {
        let ready = self.items.iter().filter(|item| !item.how.create && item.but.is_none());
        let ready: BTreeSet<(usize, Option<String>)> =
            ready.map(|item| (item.image, self.environment_of(item).map(str::to_owned))).collect();
        let is_ready = |item: &Item| {
            let own = self.environment_of(item);
            let is_own =
                |environment: &Option<String>| own.is_none() || environment.is_none() || environment.as_deref() == own;
            ready.iter().any(|(image, environment)| *image == item.image && is_own(environment))
        };
        let held: Vec<bool> = self.items.iter().map(|item| item.how.create && is_ready(item)).collect();
        for (item, _) in self.items.iter_mut().zip(held).filter(|(item, held)| *held && item.but.is_none()) {
            item.but = Some("this place has no tag yet, and the image has another place".to_owned());
        }
    }

    /// A new entry for an image that no file names could go into one kustomization, or into that of each environment; among
    /// others nobody can choose.
    fn hold_guesses(&mut self) {
        for image in 0..self.images.len() {
            let is_guess = |item: &Item| {
                item.image == image && item.how.section == Section::Kustomize && item.how.create && item.but.is_none()
            };
            let places: BTreeSet<&str> = self
                .items
                .iter()
                .filter(|item| is_guess(item))
                .map(|item| match self.environments.of_file(self.path(item.file)) {
                    Some(member) => member.pattern.as_str(),
                    None => self.path(item.file),
                })
                .collect();
            let is_named = self.items.iter().any(|item| item.image == image && !item.how.create);
            if places.len() > 1 && !is_named {
                for item in self.items.iter_mut().filter(|item| is_guess(item)) {
                    item.but = Some("no file shows which kustomization has the image".to_owned());
                }
            }
        }
    }

    /// The same image on another host: a mirror, or a mistake.
    pub(super) fn elsewhere(&mut self, renamed: &[Repository]) {
        for image in &self.images {
            let (path, host) = (image.repository.path(), image.repository.host());
            let last = path.rsplit('/').next().unwrap_or_default();
            for file in &self.collected.files {
                for seen in &file.survey.sightings {
                    let other =
                        seen.repository.as_ref().filter(|other| other.as_str().rsplit('/').next() == Some(last));
                    let is_other = |other: &&Repository| {
                        let is_renamed = renamed.iter().any(|known| known.is_same_as(other));
                        !is_renamed && !self.images.iter().any(|image| image.is_of(other)) && other.host() != host
                    };
                    if let Some(other) = other.filter(is_other) {
                        self.remarks.push(format!(
                            "{}:{}: {} names {other}: if that is a mirror of {}, add a target with file, path, \
                             image and any_repository: true",
                            file.path, seen.line, seen.path, image.repository
                        ));
                    }
                }
            }
        }
    }
}
