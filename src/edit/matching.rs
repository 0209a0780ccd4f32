//! Every place of a file that names one of the wanted images; this module must not know PATH or NAME.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::Job;
use super::error::Outcome;
use super::note::Note;
use super::place::Placing;
use super::recognise::kustomization::numbers;
use super::recognise::{Scope, Standing, object};
use super::sops::is_encrypted;

/// Edits every place whose repository is that of one of the job's images.
pub(super) fn edit(placing: &mut Placing<'_, '_>, job: &Job, scope: Scope) -> Outcome<()> {
    let (view, document) = (placing.view, placing.document);
    let images = view.images(job);
    let numbers = if view.below.dead.is_empty() { HashMap::new() } else { numbers(document) };
    for sighting in view.recogniser.sightings(scope) {
        if sighting.names.iter().any(|name| is_encrypted(&name.text)) {
            placing.ledger.remark(sighting.node, Note::Encrypted);
        }
        let dead = numbers.get(&sighting.node).and_then(|number| view.below.dead.get(number));
        for (image, _) in images.iter().filter(|(_, wanted)| sighting.is_of(&wanted.repository)) {
            match view.recogniser.standing(&sighting) {
                Standing::Place if dead.is_some() => {
                    placing.ledger.remark(sighting.node, Note::Dead(dead.cloned().unwrap_or_default()));
                }
                Standing::Place => placing.write(&sighting, *image)?,
                Standing::Yields => {}
                Standing::Foreign => {
                    if let Some(part) = view.recogniser.foreign(sighting.node) {
                        placing.ledger.remark(part.node, Note::Foreign(part.what.clone()));
                    }
                }
                Standing::Refused(refusal) => return Err(refusal),
            }
        }
    }
    // A file without any object is for the caller to judge.
    if object::has_objects(document) {
        let passed_over = |root: &&_| scope.passes_over(document, **root) && !document.is_blank(**root);
        document.roots.iter().filter(passed_over).for_each(|root| placing.ledger.remark(*root, Note::NoObject));
    }
    Ok(())
}
