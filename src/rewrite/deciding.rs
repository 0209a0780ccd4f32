//! Who decides about the images that a kustomization builds, in words, with what to do about it; this module must not find
//! that out.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;

use super::trees::Grown;
use crate::edit::{Wanted, is_kustomization_file_name};
use crate::image::Repository;
use crate::kustomize::{self, Model, Step};
use crate::text::one_line;

/// How many names a message lists.
const NAMES: usize = 20;

/// How many images are explained one by one.
const EXPLAINED: usize = 3;

/// Who decides about an image, as a sentence's part.
pub(super) fn decides(step: &Step) -> String {
    let (file, line) = step.place();
    format!("{} at {}:{line} overrides it and sets it to {}", step.kind_name(), one_line(file), one_line(step.text()))
}

/// How to write what decides about an image.
pub(super) fn remedy(step: &Step) -> String {
    let (file, _) = step.place();
    let name = file.rsplit('/').next().unwrap_or(file);
    let directory = match kustomize::directory(file) {
        "" => ".".to_owned(),
        directory => one_line(directory),
    };
    match step {
        Step::Replaced { .. } => "write the value that the replacement copies".to_owned(),
        _ if is_kustomization_file_name(name) => {
            format!("name that kustomization as a target: `--kustomize {directory}`")
        }
        _ => format!("name that file as a target: `--manifest {}`", one_line(file)),
    }
}

/// What the images are called where a layer's entries see them.
pub(super) fn called(model: &Model, layer: &str) -> String {
    let names: BTreeSet<&str> = model.images.iter().filter_map(|image| image.behind(layer)).collect();
    if names.is_empty() {
        return "no image is below this kustomization".to_owned();
    }
    format!("the images below it are called {}", list(names))
}

/// The repository of an image's text, as a build has it.
pub(super) fn repository(text: &str) -> Option<Repository> {
    Repository::parse(kustomize::split(text).name).ok()
}

/// Whether an image's text is of a repository.
pub(super) fn is_of(text: &str, wanted: &Repository) -> bool {
    repository(text).is_some_and(|own| own.is_same_as(wanted))
}

/// Why the entries of a kustomization have no place for the wanted images that it builds, a sentence each.
pub(super) fn reasons(grown: &Grown, wanted: &[&Wanted]) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for image in &grown.model().images {
        let Some(step) = image.decided_by().filter(|_| wanted.iter().any(|own| is_of(image.text(), &own.repository)))
        else {
            continue;
        };
        let (file, line) = step.place();
        let object = one_line(&format!("{} {}", image.kind, image.name));
        let text = one_line(image.text());
        let filled_in = if text.contains("${") { ", and another program replaces ${…} in it" } else { "" };
        let create = match step {
            // What comes behind the entries wins over a new one, too.
            Step::Replaced { .. } | Step::Transformed { .. } => "",
            _ => ", or add an entry with --create",
        };
        let what = step.kind_name();
        let reason = format!(
            "{object} runs {text}, which {what} at {}:{line} sets{filled_in}: {}{create}",
            one_line(file),
            remedy(step)
        );
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons.truncate(EXPLAINED);
    reasons
}

/// The images that a kustomization builds, with the name that its entries see where it is another one, and what could not be
/// followed.
pub(super) fn built(grown: &Grown) -> Vec<String> {
    let model = grown.model();
    let layer = grown.tree.file().unwrap_or_default();
    let mut built: BTreeSet<String> = BTreeSet::new();
    for image in &model.images {
        let text = one_line(image.text());
        let seen = image.seen_by(layer).map(|seen| kustomize::split(seen).name);
        let other = seen.filter(|seen| *seen != kustomize::split(image.text()).name);
        built.insert(other.map_or_else(|| text.clone(), |name| format!("{text} (called {} there)", one_line(name))));
    }
    let mut built: Vec<String> = built.into_iter().take(NAMES).collect();
    built.extend(
        model.gaps.first().map(|gap| format!("and images that are not known ({})", one_line(&gap.to_string()))),
    );
    built
}

/// That nobody could tell whether what was written in a kustomization has an effect, and why.
pub(super) fn unproved(grown: &Grown) -> Option<String> {
    let file = one_line(grown.tree.file().unwrap_or_default());
    let gaps = &grown.model().gaps;
    let more = if gaps.len() > 1 { format!(", and {} more", gaps.len() - 1) } else { String::new() };
    let why = match gaps.first() {
        Some(gap) => format!("{}{more}", one_line(&gap.to_string())),
        None if grown.tree.is_partial() => {
            format!("{file}: it names no resources, so it is not known which resources it is used with")
        }
        None => return None,
    };
    Some(format!("{file}: the effect of the change on the built manifests could not be checked completely: {why}"))
}

fn list(names: BTreeSet<&str>) -> String {
    let more = names.len().saturating_sub(NAMES);
    let shown: Vec<String> = names.into_iter().take(NAMES).map(one_line).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
