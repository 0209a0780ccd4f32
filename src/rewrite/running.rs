//! What the places of a target come to in what is built: the place that decides about an image, with the image as it runs. This
//! module must not change anything.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use super::address::{entry_of, is_entry, is_in_transformer, is_transformed_at};
use super::deciding::{called, decides, is_of, repository};
use super::sources::is_patch_of;
use super::trees::{Grown, Trees};
use crate::edit::{self, Holding, Kind, Written};
use crate::image::{Repository, Tag};
use crate::kustomize::{self, Image, Step};
use crate::plan::Target;
use crate::text::one_line;

/// What runs of a target's places.
#[derive(Debug, Default)]
pub struct EffectivePlaces {
    /// The places, each with its file.
    pub places: Vec<(String, Holding)>,
    /// What has no effect, a sentence each.
    pub problems: Vec<String>,
}

/// A target's files, and the tree that they are built in.
struct TargetBuild<'l> {
    target: &'l Target,
    files: &'l [(String, &'l [u8])],
    trees: &'l Trees,
    grown: &'l Grown,
    /// What was listed of files other than the target's, by the file.
    listed: BTreeMap<String, Vec<Holding>>,
}

/// What the listed places of a target's files come to. Where nobody can follow what is built they stay as they are written.
pub fn running(
    target: &Target,
    files: &[(String, &[u8])],
    listed: Vec<(String, Holding)>,
    trees: &Trees,
) -> EffectivePlaces {
    let tree = trees.of(target).filter(|_| !matches!(target.kind, Kind::Helm { .. }));
    let Some((_, grown)) = tree else { return EffectivePlaces { places: listed, problems: Vec::new() } };
    let mut look = TargetBuild { target, files, trees, grown, listed: BTreeMap::new() };
    if grown.model().is_complete() && !grown.tree.is_partial() { look.built(listed) } else { look.written(listed) }
}

impl TargetBuild<'_> {
    /// The places that decide about the images that the listed ones name.
    fn built(&mut self, listed: Vec<(String, Holding)>) -> EffectivePlaces {
        let model = self.grown.model();
        let mut running = EffectivePlaces::default();
        let mut named: Vec<Repository> = self.given().filter_map(|image| repository(image.text())).collect();
        for (file, holding) in listed {
            let path = kustomize::normal(&file);
            if !self.grown.tree.has(&path) {
                running.places.push((file, holding));
                continue;
            }
            let number = entry_of(&holding.path, self.grown.tree.entries(&path).len());
            let is_own = |step: &Step| match number {
                Some(number) => is_entry(step, &path, number),
                None => is_at(step, &path, holding.line),
            };
            let reached: Vec<&Image> = model.images.iter().filter(|image| image.steps.iter().any(is_own)).collect();
            named.extend(reached.iter().filter_map(|image| repository(image.text())));
            let is_matcher = number.is_some() || is_in_transformer(&holding.path);
            let has_effect = reached.iter().any(|image| image.decided_by().is_some_and(is_own));
            if is_matcher && !has_effect {
                let entry = number.and_then(|number| self.grown.tree.entries(&path).get(number));
                let is_said = entry.is_none_or(kustomize::Entry::is_versioned) || reached.is_empty();
                // What it would have matched has another name by now.
                let was_called = |step: &Step| entry.is_some_and(|entry| entry.matches(step.text()));
                let renamed = model.images.iter().filter(|image| image.steps.iter().any(was_called));
                named.extend(renamed.filter_map(|image| repository(image.text())));
                let why = reached.iter().find_map(|image| image.decided_by()).map(decides);
                let why = why.unwrap_or_else(|| called(model, &path));
                let sentence = format!("{}:{}: this entry has no effect: {why}", one_line(&file), holding.line);
                running.problems.extend(is_said.then_some(sentence));
            } else if model.removed.contains(&(path, holding.line)) && reached.is_empty() {
                let place = format!("{}:{}", one_line(&file), holding.line);
                running.problems.push(format!("{place}: a patch removes this image from the built manifests"));
            } else if reached.is_empty() {
                // A value that no build looks at, such as an argument.
                running.places.push((file, holding));
            }
        }
        let is_named = |image: &&Image| named.iter().any(|named| is_of(image.text(), named));
        let images: Vec<&Image> = model.images.iter().filter(is_named).collect();
        for image in images {
            let place = self.place(image);
            if !running.places.contains(&place) {
                running.places.push(place);
            }
        }
        running
    }

    /// The places as they are written, and those in texts of the kustomization that may have an effect.
    fn written(&mut self, listed: Vec<(String, Holding)>) -> EffectivePlaces {
        let names = |known: &Holding, new: &Holding| match (&known.repository, &new.repository) {
            (Some(known), Some(new)) => known.is_same_as(new),
            _ => false,
        };
        let mut places = listed;
        let file = self.grown.tree.file().unwrap_or_default().to_owned();
        if !self.target.kind.is_addressed() && self.bytes(&file).is_some() {
            let inline = self.list(&file, true);
            let entries: Vec<Holding> = places.iter().map(|(_, holding)| holding.clone()).collect();
            let shown = self.files.iter().map(|(own, _)| own).find(|own| kustomize::normal(own) == file);
            let shown = shown.cloned().unwrap_or(file);
            let new = inline.into_iter().filter(|new| !entries.iter().any(|known| names(known, new)));
            places.extend(new.map(|holding| (shown.clone(), holding)));
        }
        EffectivePlaces { places, problems: Vec::new() }
    }

    /// The images about which a text of the kustomization, or a JSON patch in its directory, decides.
    fn given(&self) -> impl Iterator<Item = &Image> {
        let own = self.grown.tree.file().unwrap_or_default();
        let is_given = move |image: &&Image| {
            !self.target.kind.is_addressed()
                && image.decided_by().is_some_and(|step| {
                    let is_text = matches!(step, Step::Patched { .. } | Step::Transformed { .. });
                    is_text && (step.place().0 == own || is_patch_of(step.place().0, self.target, self.grown))
                })
        };
        self.grown.model().images.iter().filter(is_given)
    }

    /// The place that decides about an image, with the image as it runs.
    fn place(&mut self, image: &Image) -> (String, Holding) {
        let parts = kustomize::split(image.text());
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let tag = some(parts.tag).filter(|tag| Tag::parse(tag).is_ok());
        let written = Written { tag, digest: some(parts.digest) };
        let repository = repository(image.text());
        if let Some((file, by)) = self.overridden(repository.as_ref()) {
            return (file, Holding { repository, ..by });
        }
        let step = image.decided_by().or(image.steps.last());
        let (file, line) = step.map_or(("", 1), Step::place);
        let found = step.and_then(|step| self.find(step));
        let holding = found.unwrap_or_else(|| Holding {
            repository: None,
            written: Written::default(),
            document: 1,
            path: String::new(),
            line,
        });
        let shown = self.files.iter().map(|(own, _)| own).find(|own| kustomize::normal(own) == file);
        (shown.cloned().unwrap_or_else(|| file.to_owned()), Holding { repository, written, ..holding })
    }

    /// The place of a step, as a target of its file would list it.
    fn find(&mut self, step: &Step) -> Option<Holding> {
        let (file, line) = step.place();
        let all = self.list(file, matches!(step, Step::Patched { .. } | Step::Transformed { .. }));
        let is_entry = |holding: &Holding, index: usize| entry_of(&holding.path, usize::MAX) == Some(index);
        match step {
            Step::Entry { index, .. } => all.into_iter().find(|holding| is_entry(holding, *index)),
            Step::Transformed { .. } => {
                all.into_iter().find(|holding| holding.line >= line && is_in_transformer(&holding.path))
            }
            _ => all.into_iter().find(|holding| holding.line == line),
        }
    }

    /// The places of a file, those in the texts of a kustomization too where they are asked for.
    fn list(&mut self, file: &str, with_inline: bool) -> Vec<Holding> {
        let key = format!("{with_inline}{file}");
        if let Some(known) = self.listed.get(&key) {
            return known.clone();
        }
        let is_layer = self.grown.tree.is_layer(file);
        let bytes = self.bytes(file).unwrap_or_default();
        let listed = match (is_layer, with_inline) {
            (true, true) => edit::list_inline(file, bytes),
            (true, false) => edit::list(file, bytes, &Kind::Kustomize { name: None }),
            (false, _) => edit::list(file, bytes, &Kind::Helm { path: None }),
        };
        let listed = listed.unwrap_or_default();
        self.listed.insert(key, listed.clone());
        listed
    }

    fn bytes(&self, file: &str) -> Option<&[u8]> {
        let own = self.files.iter().find(|(own, bytes)| kustomize::normal(own) == file && !bytes.is_empty());
        own.map(|(_, bytes)| *bytes).or_else(|| self.trees.bytes(file))
    }

    /// What Argo CD takes in place of an image, from a file beside the kustomization.
    fn overridden(&self, image: Option<&Repository>) -> Option<(String, Holding)> {
        let (start, _) = self.trees.of(self.target)?;
        let is_own = |holding: &Holding| {
            let named = holding.repository.as_ref().zip(image);
            holding.path.starts_with("kustomize.images") && named.is_some_and(|(own, image)| own.is_same_as(image))
        };
        self.trees.overrides(start).find_map(|(file, bytes)| {
            let listed = edit::list(&file, bytes, &Kind::Helm { path: None }).unwrap_or_default();
            Some((file, listed.into_iter().find(is_own)?))
        })
    }
}

/// Whether a step is written on a line, and not by an entry.
fn is_at(step: &Step, file: &str, line: usize) -> bool {
    match step {
        Step::Written { .. } | Step::Patched { .. } => step.place() == (file, line),
        Step::Transformed { .. } => is_transformed_at(step, file, line),
        _ => false,
    }
}
