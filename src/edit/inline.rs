//! Texts inside a kustomization that Kustomize applies to what is below it: patches and transformers. Which of them give an
//! image, `Below` says; this module must not find that out, nor look into a text for places.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeSet, HashMap};

use super::below::{Below, Inline};
use super::document::{Document, Node};
use super::nested::Nested;
use super::place::Placing;
use super::{Job, Kind, Wanted};

/// Sends a job into the texts that give an image. Tells whether there are any. `is_entered` is whether an entry of the
/// kustomization gives it: that comes behind what may be said in the texts.
pub(super) fn send(placing: &mut Placing<'_, '_>, job: &Job, image: (usize, &Wanted), is_entered: bool) -> bool {
    let texts = giving(placing.document, placing.view.below, image, is_entered);
    for text in &texts {
        placing.send(*text, Job { kind: Kind::Manifest, images: vec![image.0], rules: job.rules });
    }
    !texts.is_empty()
}

/// The texts that give an image, in the order of the file.
pub(super) fn giving(
    document: &Document<'_>,
    below: &Below,
    (image, wanted): (usize, &Wanted),
    is_entered: bool,
) -> BTreeSet<Node> {
    let names = |text: &Node| names_any(document.value(*text), &[(image, wanted)]);
    match below.inline.get(&image) {
        Some(Inline::Lines(lines)) => {
            let all = texts(document);
            let has = |line: &usize| all.iter().rfind(|text| document.line_of(**text) <= *line).copied();
            lines.iter().filter_map(has).filter(names).collect()
        }
        Some(Inline::Any) if !is_entered => {
            let is_readable =
                |text: &Node| Nested::of(document, *text).is_ok_and(|nested| nested.read(HashMap::new()).is_ok());
            texts(document).into_iter().filter(names).filter(is_readable).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// The texts of a kustomization, by where they begin.
pub(super) fn texts(document: &Document<'_>) -> Vec<Node> {
    let mut texts = Vec::new();
    for (key, list) in document.roots.iter().flat_map(|root| document.pairs(*root)) {
        let items = document.children(document.resolve(list)).map(|item| document.resolve(item));
        match document.value(key) {
            "patches" | "patchesJson6902" => {
                let patches = items.flat_map(|item| document.pairs(item));
                texts.extend(patches.filter(|(key, _)| document.value(*key) == "patch").map(|(_, text)| text));
            }
            "patchesStrategicMerge" | "transformers" => texts.extend(items),
            _ => {}
        }
    }
    let mut texts: Vec<Node> = texts.into_iter().map(|text| document.resolve(text)).collect();
    texts.retain(|text| document.is_scalar(*text));
    texts.sort_unstable();
    texts.dedup();
    texts
}

/// Whether a text names one of the images, by its path alone where a registry may stand beside it.
pub(super) fn names_any(text: &str, images: &[(usize, &Wanted)]) -> bool {
    images.iter().any(|(_, wanted)| {
        let repository = wanted.repository.as_str();
        let path = wanted.repository.written_host().and_then(|host| repository.strip_prefix(host)?.strip_prefix('/'));
        text.contains(path.unwrap_or(repository))
    })
}
