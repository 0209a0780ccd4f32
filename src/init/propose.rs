//! What is proposed for what was seen; this module must not know how a config file is written.
//!
//! Only what an edit was tried with is proposed. What needs a decision stays beside it, not in force.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;

mod targets;

use super::Context;
use super::collect::{Collected, Find, Seen, Spot};
use super::environments::{self, directory};
use super::images::{self, Image};
use super::kustomizations::Reach;
use crate::edit::{Form, Kind, Path};

/// What is proposed.
#[derive(Debug, Default)]
pub(super) struct Proposal {
    pub(super) images: Vec<Image>,
    /// Whether a target adds what is missing.
    pub(super) creates: bool,
    /// The targets, those that are not in force among them.
    pub(super) items: Vec<Target>,
    /// What could not be decided, a sentence each.
    pub(super) remarks: Vec<String>,
    /// What `<env>` was seen to be.
    pub(super) environments: BTreeSet<String>,
}

/// A target of the config file.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) section: Section,
    /// File or directory, maybe with `<env>`.
    pub(super) file: String,
    pub(super) path: Option<String>,
    /// The one image; none means every image.
    pub(super) image: Option<usize>,
    /// What was seen there, a sentence each.
    pub(super) why: Vec<String>,
    /// Why it is not in force; none when it is.
    pub(super) but: Option<String>,
}

/// A section of the config file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Helm,
    Kustomize,
    Manifest,
}

/// One image in one file.
#[derive(Clone, Debug)]
struct Item {
    file: usize,
    section: Section,
    path: Option<String>,
    image: usize,
    needs: Needs,
    spots: Vec<Spot>,
    /// Where the repository stands, when the file doesn't name it.
    base: Option<usize>,
    but: Option<String>,
}

/// What a place needs to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    Nothing,
    Create,
}

type Key<'i> = (Section, Option<&'i str>, usize, Needs);

impl Item {
    fn key(&self) -> Key<'_> {
        (self.section, self.path.as_deref(), self.image, self.needs)
    }
}

impl Proposal {
    /// The targets that are in force.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Target> {
        self.items.iter().filter(|target| target.but.is_none())
    }
}

/// Decides what to make of the files.
pub(super) fn propose(collected: &Collected, context: &Context) -> Proposal {
    let (images, remarks) = images::images(collected, context);
    let reach = Reach::new(collected);
    let mut maker = Maker { collected, images, reach, items: Vec::new(), remarks };
    maker.find();
    maker.overlays();
    maker.leave_overridden();
    maker.kustomizations_without_entry();
    maker.elsewhere();
    maker.hold_what_creates();
    maker.finish()
}

struct Maker<'c> {
    collected: &'c Collected,
    images: Vec<Image>,
    reach: Reach,
    items: Vec<Item>,
    remarks: Vec<String>,
}

impl<'c> Maker<'c> {
    /// Every image in every file that names it.
    fn find(&mut self) {
        for (number, file) in self.collected.files.iter().enumerate() {
            for image in 0..self.images.len() {
                if let Some(found) = file.find(&self.images[image].repository) {
                    self.add(number, image, found, None);
                }
            }
        }
    }

    fn add(&mut self, file: usize, image: usize, found: Find, base: Option<usize>) {
        let repository = &self.images[image].repository;
        let (section, path) = match &found.kind {
            Kind::Helm { path } => (Section::Helm, path.as_ref().map(Path::to_string)),
            Kind::Kustomize { .. } => (Section::Kustomize, None),
            Kind::Manifest => (Section::Manifest, None),
        };
        let (needs, spots) = match found.places {
            Ok(spots) => (Needs::Nothing, spots),
            Err(refused) if refused.needs_create => {
                (Needs::Create, self.seen(file).tried(repository, &found.kind, true).unwrap_or_default())
            }
            Err(refused) => {
                self.remarks.push(format!("{} ({})", refused.text, refused.hint));
                return;
            }
        };
        let but = if path.is_none() { differ(&spots) } else { None };
        self.items.push(Item { file, section, path, image, needs, spots, base, but });
    }

    fn seen(&self, file: usize) -> &'c Seen {
        &self.collected.files[file]
    }

    fn path(&self, file: usize) -> &'c str {
        &self.seen(file).path
    }

    /// Tags without a repository, whose repository a `values.yaml` has at the same path.
    fn overlays(&mut self) {
        for (number, file) in self.collected.files.iter().enumerate().filter(|(_, file)| file.is_values()) {
            for lone in file.survey.sightings.iter().filter(|seen| seen.form == Form::OnlyTag) {
                let bases = self.bases(number, &lone.path);
                let tag = format!("{}.tag", lone.path);
                let images: BTreeSet<usize> = bases.iter().filter_map(|(_, image)| *image).collect();
                match (images.iter().copied().collect::<Vec<_>>().as_slice(), Path::parse(&tag)) {
                    ([image], Ok(path)) => {
                        let base = bases.iter().find(|(_, found)| found == &Some(*image)).map(|(base, _)| *base);
                        let kind = Kind::Helm { path: Some(path) };
                        if let Some(found) = file.find_at(&self.images[*image].repository, kind) {
                            self.add(number, *image, found, base);
                        }
                    }
                    ([], _) if !bases.is_empty() => {}
                    (_, _) => {
                        let place = format!("{}:{}: {tag}", file.path, lone.line);
                        self.remarks.push(format!(
                            "{place} is a tag alone, and no values.yaml beside or above it has the repository there: \
                             give file, path and image if it is one of yours"
                        ));
                    }
                }
            }
        }
    }

    /// The `values.yaml` beside or above a file that name a repository at this path, and which image it is.
    fn bases(&self, overlay: usize, path: &str) -> Vec<(usize, Option<usize>)> {
        let mut bases: Vec<(usize, Option<usize>)> = Vec::new();
        for (number, file) in self.collected.files.iter().enumerate() {
            if !is_base(file) || number == overlay || !is_within(self.path(overlay), directory(&file.path)) {
                continue;
            }
            let named = file.survey.sightings.iter().filter(|seen| seen.path == path);
            for repository in named.filter_map(|seen| seen.repository.as_ref()) {
                bases.push((number, self.images.iter().position(|image| image.repository.is_same_as(repository))));
            }
        }
        let nearest = bases.iter().map(|(base, _)| directory(self.path(*base)).len()).max();
        bases.retain(|(base, _)| Some(directory(self.path(*base)).len()) == nearest);
        bases
    }

    /// Places whose value an environment's own file, or a kustomization, replaces.
    fn leave_overridden(&mut self) {
        let overridden: Vec<Option<String>> = self.items.iter().map(|item| self.overridden(item)).collect();
        for (item, but) in self.items.iter_mut().zip(overridden) {
            item.but = item.but.take().or(but);
        }
    }

    fn overridden(&self, item: &Item) -> Option<String> {
        let others = || self.items.iter().filter(|other| other.image == item.image && other.file != item.file);
        let above: BTreeSet<usize> = self.reach.above(item.file).collect();
        let kustomization = others().find(|other| other.section == Section::Kustomize && above.contains(&other.file));
        if let Some(other) = kustomization {
            return Some(format!("the tag comes from {}", self.path(other.file)));
        }
        if item.section != Section::Helm || !is_base(self.seen(item.file)) {
            return None;
        }
        let is_replaced = |spot: &Spot| {
            others().find(|other| {
                self.is_overlay(other.file, item.file) && other.spots.iter().any(|there| there.path == spot.path)
            })
        };
        let replaced: Option<Vec<&Item>> = item.spots.iter().map(is_replaced).collect();
        let other = *replaced?.first()?;
        Some(format!("{} has a tag of its own there, which wins", self.path(other.file)))
    }

    /// Whether a values file is an environment's, and lies beside or below a `values.yaml`.
    fn is_overlay(&self, overlay: usize, base: usize) -> bool {
        let (path, top) = (self.path(overlay), directory(self.path(base)));
        let is_beside = directory(path) == top && self.seen(overlay).name().starts_with("values");
        self.seen(overlay).is_values()
            && is_within(path, top)
            && (is_beside || environments::is_of_an_environment(path))
    }

    /// Kustomizations that are made of a manifest with the image, or could be of one elsewhere, and have no entry.
    fn kustomizations_without_entry(&mut self) {
        let tops: Vec<usize> = self.reach.tops().collect();
        let mut added = Vec::new();
        for image in 0..self.images.len() {
            let of = |section| move |item: &&Item| item.image == image && item.section == section;
            let manifests: Vec<usize> = self.items.iter().filter(of(Section::Manifest)).map(|item| item.file).collect();
            let has_entry: BTreeSet<usize> =
                self.items.iter().filter(of(Section::Kustomize)).map(|item| item.file).collect();
            let is_nowhere = !self.items.iter().any(|item| item.image == image);
            for top in tops.iter().copied().filter(|top| !has_entry.contains(top)) {
                let holds = manifests.iter().any(|file| self.reach.above(*file).any(|above| above == top));
                if holds || is_nowhere {
                    added.push((top, image));
                }
            }
        }
        for (file, image) in added {
            let kind = Kind::Kustomize { name: None };
            let spots = self.seen(file).tried(&self.images[image].repository, &kind, true).unwrap_or_default();
            if !spots.is_empty() {
                let (section, needs) = (Section::Kustomize, Needs::Create);
                self.items.push(Item { file, section, path: None, image, needs, spots, base: None, but: None });
            }
        }
    }

    /// The same image on another host: a mirror, or a mistake.
    fn elsewhere(&mut self) {
        for image in &self.images {
            let (path, host) = (image.repository.path(), image.repository.host());
            let last = path.rsplit('/').next().unwrap_or_default();
            for file in &self.collected.files {
                for seen in &file.survey.sightings {
                    let other =
                        seen.repository.as_ref().filter(|other| other.as_str().rsplit('/').next() == Some(last));
                    let other = other.filter(|other| {
                        let is_other = !self.images.iter().any(|image| image.repository.is_same_as(other));
                        is_other && other.host() != host
                    });
                    if let Some(other) = other {
                        self.remarks.push(format!(
                            "{}:{}: {} names {other}: if that is a mirror of {}, give file, path and image, and \
                             any_repository: true",
                            file.path, seen.line, seen.path, image.repository
                        ));
                    }
                }
            }
        }
    }

    /// What has to be created is proposed only for an image that has no other place.
    fn hold_what_creates(&mut self) {
        let ready: BTreeSet<usize> = self.items.iter().filter(|item| is_ready(item)).map(|item| item.image).collect();
        for item in self.items.iter_mut().filter(|item| item.needs == Needs::Create && item.but.is_none()) {
            if ready.contains(&item.image) {
                item.but = Some("it has no tag yet: it needs create: true, and image: on every target".to_owned());
            }
        }
    }
}

fn is_ready(item: &Item) -> bool {
    item.needs == Needs::Nothing && item.but.is_none()
}

fn is_base(file: &Seen) -> bool {
    matches!(file.name(), "values.yaml" | "values.yml") && file.is_values()
}

/// Whether a path lies in a directory or below it.
fn is_within(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// Why places that match are no target: they hold different tags, and `update` refuses them.
fn differ(spots: &[Spot]) -> Option<String> {
    let tag = |spot: &'_ Spot| spot.old.split('@').next().unwrap_or_default().to_owned();
    let tags: BTreeSet<String> = spots.iter().map(tag).filter(|tag| !tag.is_empty()).collect();
    let tags: Vec<String> = tags.into_iter().take(4).collect();
    let words = "one tag for all needs any_tag: true, else each place is a target with its path:";
    (tags.len() > 1).then(|| format!("its places hold different tags now ({}); {words}", tags.join(", ")))
}
