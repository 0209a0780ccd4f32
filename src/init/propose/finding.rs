//! Where the images can be written, as far as a file and what lies around it say; this module must not decide between places.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;

use super::{Item, Maker, Section, TargetOptions, is_base, is_within};
use crate::edit::{Form, Kind, Path, Rules, Sighting};
use crate::environment_names::{environment_in, is_telling};
use crate::image::Repository;
use crate::init::collect::{Find, SurveyedFile, WritablePlace};
use crate::kustomize::directory;

/// Which image a tag alone belongs to.
enum Whose {
    /// A proposed one, and what says so.
    Image(usize, String),
    /// One that is not proposed.
    Another,
    /// Nothing says it.
    Unknown,
}

/// How a sentence begins about what a tag belongs to.
const REPOSITORY: &str = "this place holds only a tag; its repository is set by";

impl Maker<'_> {
    /// Every image in every file that names it.
    pub(super) fn find(&mut self) {
        for (number, file) in self.collected.files.iter().enumerate() {
            let has_environment = self.environment(number).is_some();
            for image in 0..self.images.len() {
                let own = self.images[image].clone();
                if has_environment && !own.copies.is_empty() {
                    self.find_copies(number, image);
                } else if let Some(found) = file.find(&own.repository) {
                    self.add(number, image, found, Rules::default(), Vec::new());
                }
            }
        }
    }

    /// An image that environments take from registries of their own: at its place, whatever the host.
    fn find_copies(&mut self, number: usize, image: usize) {
        let (file, own) = (self.seen(number), self.images[image].clone());
        for seen in &file.survey.sightings {
            let Some(named) = seen.repository.as_ref().filter(|named| own.is_of(named)) else { continue };
            let Some(kind) = addressed(file, seen) else { continue };
            let rules = Rules { any_repository: true, ..Rules::default() };
            let note = format!("each environment has its own registry, here {}", named.host());
            if let Some(found) = file.find_at(&own.repository, kind, rules) {
                self.add(number, image, found, rules, vec![note]);
            }
        }
    }

    fn add(&mut self, file: usize, image: usize, found: Find, rules: Rules, notes: Vec<String>) {
        let (rules, spots) = match found.places {
            Ok(spots) => (rules, spots),
            Err(refused) if refused.needs_create => {
                let rules = Rules { create: true, ..rules };
                let repository = &self.images[image].repository;
                (rules, self.seen(file).tried(repository, &found.kind, rules).unwrap_or_default())
            }
            Err(refused) => {
                self.remarks.push(format!("{} ({})", refused.text, refused.hint));
                return;
            }
        };
        let how = TargetOptions::of(&found.kind, rules);
        if how.path.is_none() && how.section != Section::Kustomize && self.environment(file).is_none() {
            let inside = Self::by_environment(&spots);
            if !inside.is_empty() {
                for (environment, spot) in inside {
                    let kind = Kind::Helm { path: Path::parse(&spot.path).ok() };
                    let (how, spots) = (TargetOptions::of(&kind, rules), vec![spot]);
                    self.items.push(Item {
                        file,
                        inside: environment,
                        how,
                        image,
                        spots,
                        notes: notes.clone(),
                        but: None,
                    });
                }
                return;
            }
        }
        let but = if how.path.is_none() && how.name.is_none() { differ(&spots) } else { None };
        self.items.push(Item { file, inside: None, how, image, spots, notes, but });
    }

    /// Places of one file that lie below the names of several environments, each with its own; none where they don't.
    fn by_environment(spots: &[WritablePlace]) -> Vec<(Option<String>, WritablePlace)> {
        let named = spots.iter().map(|spot| (environment_key(&spot.path), spot.clone()));
        let named: Vec<(Option<String>, WritablePlace)> = named.collect();
        let names: BTreeSet<&String> = named.iter().filter_map(|(name, _)| name.as_ref()).collect();
        let is_written = named.iter().all(|(_, spot)| Path::parse(&spot.path).is_ok());
        if names.len() > 1 && is_written { named } else { Vec::new() }
    }

    /// Tags without a repository, which something else names.
    pub(super) fn overlays(&mut self) {
        for (number, file) in self.collected.files.iter().enumerate() {
            for lone in file.survey.sightings.iter().filter(|seen| seen.form == Form::OnlyTag) {
                let tag = format!("{}.tag", lone.path);
                let Ok(path) = Path::parse(&tag) else { continue };
                match self.whose(number, lone) {
                    Whose::Image(image, note) => {
                        let (kind, rules) = (Kind::Helm { path: Some(path) }, Rules::default());
                        if let Some(found) = file.find_at(&self.images[image].repository, kind, rules) {
                            self.add(number, image, found, rules, vec![note]);
                        }
                    }
                    Whose::Another => {}
                    Whose::Unknown => self.remarks.push(format!(
                        "{}:{}: {tag} is a tag without a repository, and no values file of its chart names the \
                         repository: if the tag belongs to one of your images, add a target with file, path and \
                         image",
                        file.path, lone.line
                    )),
                }
            }
        }
    }

    fn whose(&self, overlay: usize, lone: &Sighting) -> Whose {
        let marked = self.marked(overlay, lone);
        if let Some((repository, policy)) = &marked {
            return self.proposed([(*repository, format!("{REPOSITORY} the image policy {policy}"))].into_iter());
        }
        let around = self.beside(overlay, &lone.path);
        let found = if around.is_empty() { self.charts(overlay, &lone.path) } else { around };
        self.proposed(found.into_iter().map(|(file, named)| (named, format!("{REPOSITORY} {}", self.path(file)))))
    }

    /// The one image that all of these are.
    fn proposed<'r>(&self, found: impl Iterator<Item = (&'r Repository, String)>) -> Whose {
        let mut images: BTreeSet<usize> = BTreeSet::new();
        let (mut note, mut others) = (String::new(), false);
        for (repository, words) in found {
            match self.images.iter().position(|image| image.is_of(repository)) {
                Some(image) => {
                    images.insert(image);
                    note = words;
                }
                None => others = true,
            }
        }
        match (images.iter().collect::<Vec<_>>().as_slice(), others) {
            ([image], false) => Whose::Image(**image, note),
            ([], true) => Whose::Another,
            _ => Whose::Unknown,
        }
    }

    /// What Flux's marker on the tag's line says.
    fn marked(&self, overlay: usize, lone: &Sighting) -> Option<(&Repository, String)> {
        let file = self.seen(overlay);
        let kind = Kind::Helm { path: Some(Path::parse(&format!("{}.tag", lone.path)).ok()?) };
        let held = crate::edit::list(&file.path, &file.bytes, &kind).ok()?;
        self.policies.of_line(file.line(held.first()?.line))
    }

    /// What the nearest values files beside or above name at this path.
    fn beside(&self, overlay: usize, path: &str) -> Vec<(usize, &Repository)> {
        let mut found: Vec<(usize, &Repository)> = Vec::new();
        for (number, file) in self.collected.files.iter().enumerate() {
            let is_around = number != overlay && is_within(self.path(overlay), directory(&file.path));
            if is_around && is_base(file) {
                found.extend(named_at(file, path).into_iter().map(|named| (number, named)));
            }
        }
        let nearest = found.iter().map(|(base, _)| directory(self.path(*base)).len()).max();
        found.retain(|(base, _)| Some(directory(self.path(*base)).len()) == nearest);
        found
    }

    /// What the values of a chart elsewhere name at this path: of one that the overlay's path or the first key names, else of
    /// the only one that there is.
    fn charts(&self, overlay: usize, path: &str) -> Vec<(usize, &Repository)> {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let (mut below, mut called, mut any) = (Vec::new(), Vec::new(), Vec::new());
        let charts = self.collected.charts.len();
        for (number, file) in self.collected.files.iter().enumerate().filter(|(_, file)| is_base(file)) {
            let chart = directory(&file.path);
            if !self.collected.charts.contains_key(chart) || number == overlay {
                continue;
            }
            let name = chart.rsplit('/').next().unwrap_or_default();
            if name == first && !rest.is_empty() {
                below.extend(named_at(file, rest).into_iter().map(|named| (number, named)));
            }
            let here = named_at(file, path).into_iter().map(|named| (number, named));
            let is_called = !name.is_empty() && self.path(overlay).split(['/', '-', '.', '_']).any(|part| part == name);
            if is_called {
                called.extend(here);
            } else if charts == 1 {
                any.extend(here);
            }
        }
        [below, called, any].into_iter().find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// Takes out what the rewrite refuses, and what would have no effect.
    pub(super) fn try_each(&mut self) {
        let mut targets: Vec<_> =
            self.items.iter().map(|item| self.target_of(item.file, item.image, &item.how)).collect();
        let how = TargetOptions::of(&Kind::Kustomize { name: None }, Rules::default());
        targets.extend(self.reach.tops().iter().map(|top| self.target_of(*top, 0, &how)));
        self.trees = self.files.trees(&targets);
        let items = std::mem::take(&mut self.items);
        for item in items {
            match self.refusal(&item) {
                None => self.items.push(item),
                Some(reason) => self.remarks.push(reason),
            }
        }
    }

    /// Why a place can't be written, or why that would have no effect.
    pub(super) fn refusal(&self, item: &Item) -> Option<String> {
        if item.but.is_some() {
            return None;
        }
        let target = self.target_of(item.file, item.image, &item.how);
        let error = self.files.rewrite(&[target], &self.trees, &self.wanted).err()?;
        Some(format!("{error} ({})", error.hint()))
    }
}

fn named_at<'s>(file: &'s SurveyedFile, path: &str) -> Vec<&'s Repository> {
    let there = file.survey.sightings.iter().filter(|seen| seen.path == path);
    there.filter_map(|seen| seen.repository.as_ref()).collect()
}

/// The key of a path that is an environment's name.
fn environment_key(path: &str) -> Option<String> {
    let is_name = |key: &&str| environment_in(key) == Some(0..key.len()) && is_telling(key);
    path.split(['.', '[', ']']).find(is_name).map(str::to_owned)
}

/// The way to one place of a file.
fn addressed(file: &SurveyedFile, seen: &Sighting) -> Option<Kind> {
    match seen.form {
        Form::Entry => Some(Kind::Kustomize { name: Some(entry_name(&file.bytes, &seen.path)?) }),
        Form::Scalar => Some(Kind::Helm { path: Path::parse(&seen.path).ok() }).filter(Kind::is_addressed),
        _ => Some(Kind::Helm { path: Path::parse(&format!("{}.tag", seen.path)).ok() }).filter(Kind::is_addressed),
    }
}

/// The `name:` of the entry at `images[2]`.
fn entry_name(bytes: &[u8], path: &str) -> Option<String> {
    let index: usize = path.strip_prefix("images[")?.strip_suffix(']')?.parse().ok()?;
    let document: serde_yaml::Value = serde_yaml::from_slice(bytes).ok()?;
    document.get("images")?.get(index)?.get("name")?.as_str().map(str::to_owned)
}

/// Why places that match are no target: they hold different tags, and `update` refuses them.
fn differ(spots: &[WritablePlace]) -> Option<String> {
    let tag = |spot: &'_ WritablePlace| spot.old.split('@').next().unwrap_or_default().to_owned();
    let tags: BTreeSet<String> = spots.iter().map(tag).filter(|tag| !tag.is_empty()).collect();
    let tags: Vec<String> = tags.into_iter().take(4).collect();
    let words = "to write one tag to all, set any_tag: true; otherwise write one target with a path: for each place";
    (tags.len() > 1).then(|| format!("its places hold different tags now ({}); {words}", tags.join(", ")))
}
