//! Whether what was written decides about the images that are built; this module must not write, nor know how an image is
//! written in a file.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use super::FileRewrite;
use super::address::{entry_of, is_entry, is_in_transformer, is_transformed_at};
use super::deciding::{decides, is_of, remedy, unproved};
use super::error::{Becoming, RewriteError};
use super::still;
use super::trees::{Grown, Trees};
use crate::edit::{self, Kind, Place, Wanted};
use crate::kustomize::{self, Image, Model, Step};
use crate::plan::Target;
use crate::text::one_line;

/// A file that was edited, with the targets of its jobs, by their numbers.
pub(super) struct Edited<'e> {
    pub(super) file: &'e FileRewrite,
    pub(super) targets: &'e [usize],
}

/// What a run has written, and what it was asked for.
pub(super) struct Check<'c> {
    pub(super) targets: &'c [Target],
    pub(super) trees: &'c Trees,
    pub(super) edited: &'c [Edited<'c>],
    pub(super) wanted: &'c [Wanted],
}

/// What the edits of a run do to what is built.
#[derive(Debug, Default)]
pub(super) struct Effects {
    /// What else wins over a place, a sentence each.
    pub(super) notes: Vec<String>,
    /// Under which kustomizations something changes that nobody can follow to its effect, a sentence each.
    pub(super) unproved: Vec<String>,
    /// The places over which something else wins as it stands, by file and line.
    overridden: BTreeSet<(String, usize)>,
    /// The tags and objects of the images about which an entry without a tag decides, by its file and line.
    below: BTreeMap<(String, usize), Vec<(String, String)>>,
}

impl Effects {
    /// Whether something else decides about all images that a place is built into, as it stands.
    pub(super) fn is_overridden(&self, file: &str, place: &Place) -> bool {
        self.overridden.contains(&(kustomize::normal(file), place.line))
    }

    /// The tags of the images below that an entry without a tag of its own takes, each with its object.
    pub(super) fn below(&self, file: &str, place: &Place) -> &[(String, String)] {
        self.below.get(&(kustomize::normal(file), place.line)).map_or(&[], Vec::as_slice)
    }
}

/// What wins over a place.
struct Loss {
    text: String,
    /// What to do about it.
    remedy: String,
}

/// A place that is built by a tree.
struct Built<'c> {
    /// Its file, as the tree calls it.
    file: String,
    place: &'c Place,
    targets: Vec<usize>,
}

/// The images that a place reaches.
struct Reached {
    /// Whether the place is an entry of `images:`.
    is_entry: bool,
    /// The images, by their numbers in either build.
    images: Vec<usize>,
    /// Whether the place decides about one of them as it stands.
    is_decided: bool,
}

/// The builds before and after the edit, with the places that they are built of.
struct Builds<'c> {
    before: &'c Model,
    after: Model,
    places: Vec<Built<'c>>,
    /// What overrides an image for Argo CD, by the image: a sentence's part.
    overrides: BTreeMap<usize, String>,
}

impl Check<'_> {
    /// Refuses an edit that has another effect than the wanted one.
    pub(super) fn run(&self) -> Result<Effects, RewriteError> {
        let mut groups: BTreeMap<&str, (&Grown, Vec<usize>)> = BTreeMap::new();
        for (number, target) in self.targets.iter().enumerate() {
            if let Some((start, grown)) = self.trees.of(target) {
                groups.entry(start).or_insert_with(|| (grown, Vec::new())).1.push(number);
            }
        }
        let (mut notes, mut effects) = (BTreeSet::new(), Effects::default());
        for (start, (grown, numbers)) in groups {
            let places = self.places(grown, &numbers);
            if places.is_empty() {
                continue;
            }
            let changed = self.edited.iter().map(|edited| edited.file).filter(|file| file.is_changed());
            let after = grown.tree.with(changed.map(|file| (file.path.as_str(), file.new.as_str()))).model();
            let builds = Builds { before: grown.model(), after, places, overrides: self.overrides(start) };
            self.refuse_other_effects(&builds, grown)?;
            if builds.places.iter().any(|built| built.place.changed) {
                effects.unproved.extend(unproved(grown));
            }
            for number in numbers {
                notes.extend(self.losers(number, &builds, grown)?);
                let target = self.targets.get(number);
                notes.extend(target.iter().flat_map(|target| still::built(target, self.wanted, &builds.after)));
            }
            for built in &builds.places {
                self.see_tags(built, &builds, grown, &mut effects);
            }
        }
        Ok(Effects { notes: notes.into_iter().collect(), ..effects })
    }

    /// The places of a tree's files, with those of the targets that ask for them.
    fn places(&self, grown: &Grown, numbers: &[usize]) -> Vec<Built<'_>> {
        let mut places = Vec::new();
        for edited in self.edited {
            let file = kustomize::normal(&edited.file.path);
            if !grown.tree.has(&file) {
                continue;
            }
            for place in &edited.file.places {
                let targets = place.jobs.iter().filter_map(|job| edited.targets.get(*job).copied());
                let targets: Vec<usize> = targets.filter(|target| numbers.contains(target)).collect();
                places.push(Built { file: file.clone(), place, targets });
            }
        }
        let is_asked = places.iter().any(|built| !built.targets.is_empty());
        if is_asked { places } else { Vec::new() }
    }

    /// What is built otherwise than before must be a wanted image, with a digest where it had one.
    fn refuse_other_effects(&self, builds: &Builds<'_>, grown: &Grown) -> Result<(), RewriteError> {
        let key = |image: &Image| (image.kind.clone(), image.namespace.clone(), image.name.clone(), image.path.clone());
        let before: BTreeMap<_, &Image> = builds.before.images.iter().map(|image| (key(image), image)).collect();
        for image in &builds.after.images {
            let Some(old) = before.get(&key(image)).filter(|old| old.text() != image.text()) else { continue };
            let becoming = || Becoming {
                file: one_line(grown.tree.file().unwrap_or_default()),
                object: one_line(&format!("{} {}", image.kind, image.name)),
                from: one_line(old.text()),
                to: one_line(image.text()),
            };
            let is_pinned = !kustomize::split(old.text()).digest.is_empty();
            if !self.wanted.iter().any(|wanted| self.is_wanted(image.text(), wanted)) {
                return Err(RewriteError::OtherEffect(becoming()));
            }
            if is_pinned && kustomize::split(image.text()).digest.is_empty() {
                return Err(RewriteError::Unpinned(becoming()));
            }
        }
        Ok(())
    }

    /// Whether a target may write a place that names another repository.
    fn takes_any(&self) -> bool {
        self.targets.iter().any(|target| target.rules.any_repository)
    }

    /// Whether a built image is the wanted one.
    fn is_wanted(&self, text: &str, wanted: &Wanted) -> bool {
        let parts = kustomize::split(text);
        let is_own = is_of(text, &wanted.repository);
        (is_own || self.takes_any()) && wanted.is_version(parts.tag, parts.digest)
    }

    /// The places of a target that don't decide, a sentence each; refused when all of them don't.
    fn losers(&self, number: usize, builds: &Builds<'_>, grown: &Grown) -> Result<Vec<String>, RewriteError> {
        let Some(target) = self.targets.get(number) else { return Ok(Vec::new()) };
        let own: Vec<&Built<'_>> = builds.places.iter().filter(|built| built.targets.contains(&number)).collect();
        // A file of the target that the tree does not build is nothing that the tree can decide about.
        let elsewhere = self.edited.iter().any(|edited| {
            let jobs = edited.file.places.iter().flat_map(|place| &place.jobs);
            let is_ours = jobs.filter_map(|job| edited.targets.get(*job)).any(|target| *target == number);
            is_ours && !grown.tree.has(&kustomize::normal(&edited.file.path))
        });
        let lost: Vec<(&Built<'_>, Loss)> =
            own.iter().filter_map(|built| Some((*built, self.loses(built, builds, grown)?))).collect();
        let is_alone = !elsewhere && lost.len() == own.len();
        match lost.first() {
            Some((built, why)) if is_alone && is_sure(target, builds, grown) => Err(RewriteError::NoEffect {
                file: one_line(&built.file),
                line: built.place.line,
                image: self
                    .wanted
                    .get(built.place.image)
                    .map(|wanted| wanted.repository.to_string())
                    .unwrap_or_default(),
                why: why.text.clone(),
                remedy: why.remedy.clone(),
            }),
            _ => Ok(lost
                .into_iter()
                .map(|(built, why)| {
                    let (file, line) = (one_line(&built.file), built.place.line);
                    format!("{file}:{line}: the value that is written here has no effect: {}", why.text)
                })
                .collect()),
        }
    }

    /// The images that a place reaches, by their numbers in either build.
    fn reached(&self, built: &Built<'_>, wanted: &Wanted, (builds, grown): (&Builds<'_>, &Grown)) -> Reached {
        let entries = grown.tree.entries(&built.file).len();
        let number = entry_of(&built.place.path, entries);
        let is_added = number.is_some_and(|number| number >= entries);
        let takes = |text: &str| self.takes_any() || is_of(text, &wanted.repository);
        let is_own = |step: &Step| match (step, number) {
            // Several entries may have been added behind those that were there.
            (Step::Entry { layer, index, after, .. }, Some(number)) if is_added => {
                *layer == built.file && *index >= number && takes(after)
            }
            (step, Some(number)) => is_entry(step, &built.file, number),
            (Step::Written { text, .. } | Step::Patched { text, .. }, None) => {
                step.place() == (built.file.as_str(), built.place.line) && takes(text)
            }
            (step, None) => is_transformed_at(step, &built.file, built.place.line),
        };
        // An entry that was added is not there before, and its line is no place's. All else is where it was read.
        let model = if number.is_some() { &builds.after } else { builds.before };
        let images = model.images.iter().enumerate();
        let images = images.filter(|(_, image)| image.steps.iter().any(is_own)).map(|(at, _)| at).collect();
        let decides = |image: &Image| image.decided_by().is_some_and(is_own);
        let is_decided = builds.before.images.iter().any(decides);
        Reached { is_entry: number.is_some(), images, is_decided }
    }

    /// Takes down which tags count for a place: none where something else decides, those below where an entry has none.
    fn see_tags(&self, built: &Built<'_>, builds: &Builds<'_>, grown: &Grown, effects: &mut Effects) {
        let Some(wanted) = self.wanted.get(built.place.image) else { return };
        let place = (built.file.clone(), built.place.line);
        let reached = self.reached(built, wanted, (builds, grown));
        if reached.is_entry {
            let tag = |image: &Image| {
                let tag = kustomize::split(image.text()).tag.to_owned();
                let object = one_line(&format!("{} {}", image.kind, image.name));
                (!tag.is_empty()).then_some((tag, object))
            };
            let before = reached.images.iter().filter_map(|at| builds.before.images.get(*at));
            let own = before.filter(|image| is_of(image.text(), &wanted.repository));
            effects.below.entry(place).or_default().extend(own.filter_map(tag));
        } else if !reached.images.is_empty() && !reached.is_decided {
            effects.overridden.insert(place);
        }
    }

    /// What wins over a place; none when the place decides, when another place of the run does, or when nobody can tell.
    fn loses(&self, built: &Built<'_>, builds: &Builds<'_>, grown: &Grown) -> Option<Loss> {
        let wanted = self.wanted.get(built.place.image)?;
        if let Some(by) = builds.overrides.get(&built.place.image) {
            let remedy = "name that file with --helm too, or remove the image from that file".to_owned();
            return Some(Loss { text: by.clone(), remedy });
        }
        let Reached { is_entry, images: reached, .. } = self.reached(built, wanted, (builds, grown));
        let is_right =
            |at: &usize| builds.after.images.get(*at).is_some_and(|image| self.is_wanted(image.text(), wanted));
        if reached.iter().any(is_right) {
            return None;
        }
        let is_matcher = is_entry || is_in_transformer(&built.place.path);
        if reached.is_empty() && is_matcher && builds.after.is_complete() && !grown.tree.is_partial() {
            let remedy = "correct the name, or remove the entry that has it".to_owned();
            return Some(Loss { text: "it matches no image that is built".to_owned(), remedy });
        }
        let written = (built.file.clone(), built.place.line);
        if reached.is_empty() && builds.after.is_complete() && builds.before.removed.contains(&written) {
            let remedy = "remove the patch, or write the image in the file from which it is built".to_owned();
            return Some(Loss { text: "a patch removes this image from the built manifests".to_owned(), remedy });
        }
        let image = builds.before.images.get(*reached.first()?)?;
        // Where the place gives the version, what stands behind it gives another name.
        let last = || image.steps.iter().rfind(|step| !matches!(step, Step::Seen { .. }));
        let decided = image.decided_by().filter(|step| !self.is_wanted(step.text(), wanted));
        decided.or_else(last).map(|step| Loss { text: decides(step), remedy: remedy(step) })
    }

    /// What Argo CD overrides, unless the run writes that file, too, or the wanted image stands there.
    fn overrides(&self, start: &str) -> BTreeMap<usize, String> {
        let mut overrides = BTreeMap::new();
        for (path, bytes) in self.trees.overrides(start) {
            let is_edited = |edited: &Edited<'_>| kustomize::normal(&edited.file.path) == path;
            if self.edited.iter().any(is_edited) {
                continue;
            }
            let listed = edit::list(&path, bytes, &Kind::Helm { path: None }).unwrap_or_default();
            for (number, wanted) in self.wanted.iter().enumerate() {
                let names = |place: &&edit::Holding| {
                    place.repository.as_ref().is_some_and(|own| own.is_same_as(&wanted.repository))
                        && place.path.starts_with("kustomize.images")
                        && !place.written.tag.as_deref().is_some_and(|tag| wanted.has_tag(tag))
                        && !wanted.same.contains(&place.written)
                };
                if let Some(place) = listed.iter().find(names) {
                    let by = format!("Argo CD uses {} from {}:{}", place.written, one_line(&path), place.line);
                    overrides.entry(number).or_insert(by);
                }
            }
        }
        overrides
    }
}

/// Whether nothing that was not read can change what decides. What wins over a manifest stands where it was read.
fn is_sure(target: &Target, builds: &Builds<'_>, grown: &Grown) -> bool {
    let is_complete = builds.after.is_complete() && !grown.tree.is_partial();
    is_complete || !matches!(target.kind, Kind::Kustomize { .. }) || !builds.overrides.is_empty()
}
