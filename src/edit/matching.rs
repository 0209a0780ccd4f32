//! Every place of a file that names one of the wanted images; this module must not know PATH or NAME.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeSet, HashMap};

use super::error::Outcome;
use super::inline::{self, names_any};
use super::nested::Nested;
use super::note::Note;
use super::place::Placing;
use super::recognise::kustomization::numbers;
use super::recognise::{Role, Scope, Spelling, object};
use super::sops::is_encrypted;
use super::{Job, Kind};

/// Edits every place whose repository is that of one of the job's images. One that another program fills in is refused
/// where it is the only one, and said where it is beside others.
pub(super) fn edit(placing: &mut Placing<'_, '_>, job: &Job, scope: Scope) -> Outcome<()> {
    let (view, document) = (placing.view, placing.document);
    let images = view.images(job);
    let numbers = if view.below.dead.is_empty() { HashMap::new() } else { numbers(document) };
    // Whether something is written, and the first place that another program fills in.
    let (mut is_written, mut filled_in) = (false, None);
    let mut entered = BTreeSet::new();
    for sighting in view.recogniser.sightings(scope) {
        if sighting.names.iter().any(|name| is_encrypted(&name.text)) {
            placing.ledger.remark(sighting.node, Note::Encrypted);
        }
        let dead = numbers.get(&sighting.node).and_then(|number| view.below.dead.get(number));
        for (image, _) in images.iter().filter(|(_, wanted)| sighting.is_of(&wanted.repository)) {
            let written = match view.recogniser.standing(&sighting) {
                Role::Place if dead.is_some() => {
                    placing
                        .ledger
                        .remark(sighting.node, Note::Dead(dead.map(|dead| dead.why.clone()).unwrap_or_default()));
                    continue;
                }
                Role::Place => {
                    entered.extend(matches!(sighting.spelling, Spelling::Entry(_)).then_some(*image));
                    placing.write(&sighting, *image)
                }
                Role::Yields => continue,
                Role::Foreign => {
                    if let Some(part) = view.recogniser.foreign(sighting.node) {
                        placing.ledger.remark(part.node, Note::Foreign(part.what.clone()));
                    }
                    continue;
                }
                Role::Refused(refusal) => Err(refusal),
            };
            match written {
                Ok(()) => is_written = true,
                Err(refusal) if refusal.reason.is_expression() => {
                    let line = document.line(refusal.offset.unwrap_or_else(|| document.start(sighting.node)));
                    placing.ledger.remark(sighting.node, Note::Stays { line, reason: refusal.reason.clone() });
                    filled_in = filled_in.or(Some(refusal));
                }
                Err(refusal) => return Err(refusal),
            }
        }
    }
    for (image, wanted) in &images {
        is_written |= inline::send(placing, job, (*image, wanted), entered.contains(image));
    }
    for text in view.recogniser.texts(scope) {
        let nested = Nested::of(document, text);
        let is_named = names_any(document.value(text), &images);
        match nested.and_then(|nested| nested.read(HashMap::new()).map(drop)) {
            Ok(()) => {
                is_written |= is_named;
                let kind = Kind::Helm { path: None };
                placing.send(text, Job { kind, images: job.images.clone(), rules: job.rules });
            }
            Err(refusal) if is_named => placing.ledger.remark(text, Note::Text(refusal.reason)),
            Err(_) => {}
        }
    }
    if let Some(refusal) = filled_in.filter(|_| !is_written) {
        return Err(refusal);
    }
    // A file without any object is for the caller to judge.
    if object::has_objects(document) {
        let passed_over = |root: &&_| scope.passes_over(document, **root) && !document.is_blank(**root);
        document.roots.iter().filter(passed_over).for_each(|root| placing.ledger.remark(*root, Note::NoObject));
    }
    Ok(())
}
