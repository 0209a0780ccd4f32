//! What a kustomization builds of a wanted image beside what was written, and with another version: half an update. This
//! module must not refuse anything.

#![deny(clippy::disallowed_methods)]

use super::deciding::{decides, repository};
use crate::edit::{Kind, Wanted};
use crate::kustomize::{self, Model};
use crate::plan::Target;
use crate::text::one_line;

/// How many of a target's are named.
const MOST: usize = 10;

/// The images of a target's own that are built with another version still, a sentence each. A target that names its entry
/// leaves the others on purpose.
pub(super) fn built(target: &Target, wanted: &[Wanted], model: &Model) -> Vec<String> {
    if !matches!(target.kind, Kind::Kustomize { name: None }) {
        return Vec::new();
    }
    let own: Vec<&Wanted> = target.images.iter().filter_map(|image| wanted.get(*image)).collect();
    let stays = |text: &str| {
        let parts = kustomize::split(text);
        let Some(named) = repository(text) else { return false };
        let mut same = wanted.iter().filter(|wanted| wanted.repository.is_same_as(&named));
        let is_own = own.iter().any(|own| own.repository.is_same_as(&named));
        is_own
            && !parts.tag.is_empty()
            && !same.any(|wanted| wanted.has_tag(parts.tag) || wanted.is_version(parts.tag, parts.digest))
    };
    let left = model.images.iter().filter(|image| stays(image.text())).filter_map(|image| {
        let why = decides(image.decided_by().or(image.steps.last())?);
        let object = one_line(&format!("{} {}", image.kind, image.name));
        Some(format!("{object} still runs {} ({}): {why}", one_line(image.text()), one_line(&image.path)))
    });
    left.take(MOST).collect()
}
