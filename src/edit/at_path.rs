//! The one place that a PATH names; this module must not look further than that.

#![deny(clippy::disallowed_methods)]

use super::document::{Node, Shape};
use super::error::{Outcome, Reason, shown};
use super::path::{Path, Segment};
use super::place::Placing;
use super::recognise::text::{not_scalar, plain_text, tag_and_digest};
use super::recognise::{Certainty, Fields, Key, Name, Spelling, digest, is_name_key};
use super::resolve::{Resolved, elsewhere, missing, resolve};
use super::tag_source::TagSource;
use super::{Job, Kind, Wanted, Written, within};
use crate::image::{Digest, Reference, Repository};

/// Edits the place at a path.
pub(super) fn edit(placing: &mut Placing<'_, '_>, job: &Job, path: &Path) -> Outcome<()> {
    let document = placing.document;
    let (stop, rest) = match resolve(document, path)? {
        Resolved::Node(node) => return place(placing, job, node),
        Resolved::Text { node, rest } => {
            refuse_overridden(placing, node)?;
            let kind = Kind::Helm { path: Some(Path { segments: rest.to_vec() }) };
            placing.send(node, Job { kind, images: job.images.clone(), rules: job.rules });
            return Ok(());
        }
        Resolved::Missing { stop, rest } => (stop, rest),
    };
    stop.map_or(Ok(()), |stop| placing.view.recogniser.refuse_foreign(stop))?;
    let is_tag = matches!(rest, [Segment::Key(key)] if key == Key::Tag.as_str());
    if let Some(parent) = stop.filter(|_| is_tag) {
        refuse_overridden(placing, parent)?;
    }
    let may_hold = |stop: &Node| is_tag && (document.is_mapping(*stop) || document.is_blank(*stop));
    match stop.filter(may_hold) {
        Some(parent) if placing.view.rules.create && document.is_mapping(parent) => mapping(placing, job, parent),
        Some(parent) if placing.view.rules.create => {
            let named = Fields::of(document, parent).names().next();
            let image = placing.view.choose(job, parent, named.as_ref().map(Name::shown))?;
            placing.fill(parent, image)
        }
        Some(parent) => {
            let tag = Fields::of(document, parent).tag_elsewhere();
            let from = tag.map_or(TagSource::Create, |tag| elsewhere(document, tag));
            Err(missing(document, path, stop, rest, from))
        }
        None => Err(missing(document, path, stop, rest, TagSource::Nowhere)),
    }
}

/// Refuses a place over which another layer of Helm values wins.
fn refuse_overridden(placing: &Placing<'_, '_>, node: Node) -> Outcome<()> {
    match placing.view.recogniser.overridden(node) {
        Some(reason) => placing.document.refuse(node, reason),
        None => Ok(()),
    }
}

fn place(placing: &mut Placing<'_, '_>, job: &Job, node: Node) -> Outcome<()> {
    let document = placing.document;
    let node = placing.view.recogniser.value_of(node);
    placing.view.recogniser.refuse_foreign(node)?;
    refuse_overridden(placing, node)?;
    if let Some(fields) = placing.view.recogniser.set_by(node) {
        return pair(placing, job, node, &fields);
    }
    if matches!(document.key_text(node), Some("tag" | "newTag" | "digest" | "sha" | "sha256"))
        && let Some(holder) = placing.view.recogniser.version_of(node)
    {
        return mapping(placing, job, holder);
    }
    match document.shape(node) {
        Shape::Scalar(_) => scalar(placing, job, node),
        Shape::Mapping(_) if not_scalar(document, node) == Reason::Template => document.refuse(node, Reason::Template),
        Shape::Mapping(_) => mapping(placing, job, node),
        Shape::Sequence(_) => document.refuse(node, Reason::NotScalar("list")),
        Shape::Alias => document.refuse_alias(node),
    }
}

fn mapping(placing: &mut Placing<'_, '_>, job: &Job, node: Node) -> Outcome<()> {
    refuse_overridden(placing, node)?;
    let fields = placing.view.recogniser.fields(node);
    pair(placing, job, node, &fields)
}

/// Edits a mapping at a node, or one that a parameter at it sets.
fn pair(placing: &mut Placing<'_, '_>, job: &Job, node: Node, fields: &Fields<'_, '_>) -> Outcome<()> {
    let view = placing.view;
    fields.refuse_duplicates()?;
    if fields.is_entry() {
        let image = view.choose(job, node, fields.names().next().as_ref().map(Name::shown))?;
        fields.refuse_suffix()?;
        view.refuse_dead(node)?;
        return placing.pair(fields, image);
    }
    // `{image: X:1.0}` has its version in the reference: a `tag` beside it would mean nothing.
    let sight = |node| view.recogniser.scalar(node).map(|sighting| sighting.spelling);
    let is_reference = |node| matches!(sight(node), Some(Spelling::Reference { .. }));
    let mut named = [Key::Repository, Key::Image].into_iter().filter_map(|name| fields.own(name));
    if fields.own(Key::Tag).is_none() && named.any(is_reference) {
        return view.document.refuse(node, Reason::NoPlace);
    }
    let images = view.images(job);
    let is_wanted = |name: &Name| name.is_bare() && images.iter().any(|(_, wanted)| name.is(&wanted.repository));
    let certain = || fields.names().find(|name| name.certainty == Certainty::Certain);
    let in_parts = || images.iter().find(|(_, wanted)| view.recogniser.parts_join_to(fields, &wanted.repository));
    let named = match fields.names().find(is_wanted) {
        Some(name) => Some(name.shown().to_owned()),
        None => in_parts().map(|(_, wanted)| wanted.repository.to_string()),
    };
    let whole = |name: Name| match view.recogniser.joined_parts(fields) {
        Some(repository) => repository.to_string(),
        None => name.shown().to_owned(),
    };
    let named = named.or_else(|| certain().map(whole));
    let named = named.or_else(|| on_registry(&images, fields));
    let image = view.choose(job, node, named.as_deref())?;
    placing.pair(fields, image)
}

/// A registry without a repository: what it names, with a mere name if there is one, unless it is the one wanted
/// image's own.
fn on_registry(images: &[(usize, &Wanted)], fields: &Fields<'_, '_>) -> Option<String> {
    let registry = fields.text(Key::Registry)?.trim_end_matches('/');
    let host = Repository::parse(&format!("{registry}/x")).ok().map(|named| named.host());
    let is_same = images.iter().any(|(_, wanted)| Some(wanted.repository.host()) == host);
    (!is_same).then(|| fields.joined(Key::Name).unwrap_or_else(|| registry.to_owned()))
}

fn scalar(placing: &mut Placing<'_, '_>, job: &Job, node: Node) -> Outcome<()> {
    let (view, document) = (placing.view, placing.document);
    if view.recogniser.is_matcher(node) {
        return document.refuse(node, Reason::Matcher);
    }
    let Some(text) = plain_text(document, node)? else {
        // A tag alone under `image:` would be read as a repository, also by the next run.
        if is_name_key(document, node) || digest::is_sha(document, node) {
            return document.refuse(node, Reason::NoVersion(shown("")));
        }
        let image = view.choose(job, node, None)?;
        return placing.bare_tag(node, image, &Written::default());
    };
    if digest::is_sha(document, node) {
        return document.refuse(node, Reason::NoVersion(shown(text)));
    }
    if let Some(holder) = view.recogniser.version_of(node) {
        return mapping(placing, job, holder);
    }
    if let Some(digest) = digest::alone(document, node)? {
        let image = view.choose(job, node, None)?;
        return placing.digest_alone(&[digest], image);
    }
    let seen = view.recogniser.scalar(node);
    match seen.filter(|sighting| !matches!(sighting.spelling, Spelling::Opaque(_))) {
        Some(sighting) => {
            let image = view.choose(job, node, sighting.names.first().map(Name::shown))?;
            placing.write(&sighting, image)
        }
        None => version(placing, job, node, text),
    }
}

/// A scalar that is no reference to somebody who looks for images; the path may still say that it is a version.
fn version(placing: &mut Placing<'_, '_>, job: &Job, node: Node, text: &str) -> Outcome<()> {
    let (view, document) = (placing.view, placing.document);
    let refuse = || document.refuse(node, Reason::NoVersion(shown(text)));
    if let Ok(reference) = Reference::parse(text) {
        let Some(repository) = view.recogniser.effective(node, &reference.repository) else {
            return refuse();
        };
        let is_own = view.images(job).iter().any(|(_, wanted)| wanted.repository.is_same_as(&repository));
        let is_version = tag_and_digest(text).is_some() && !is_own;
        if Digest::parse(text).is_ok() {
            return refuse();
        }
        if reference.tag.is_some() || (reference.digest.is_some() && !is_version) {
            let image = view.choose(job, node, Some(repository.as_str()))?;
            return placing.reference(node, "", &reference, image);
        }
        // A bare word under `image:` is a repository, though it has the form of a tag.
        if is_name_key(document, node) || !is_version {
            view.choose(job, node, Some(repository.as_str()))?;
            let from = tag_source(placing, node);
            return document.refuse(node, Reason::NoTag { name: shown(text), from });
        }
    }
    match tag_and_digest(text) {
        Some(held) if !is_name_key(document, node) => {
            let image = view.choose(job, node, None)?;
            placing.bare_tag(node, image, &held)
        }
        _ => within::edit(placing, job, node, text),
    }
}

/// Where the tag of a bare repository at a path can come from.
fn tag_source(placing: &Placing<'_, '_>, node: Node) -> TagSource {
    let recogniser = placing.view.recogniser;
    if recogniser.has_version_beside(node) {
        TagSource::Beside
    } else if let Some(tag) = recogniser.tag_elsewhere(node) {
        elsewhere(placing.document, tag)
    } else if placing.document.key_text(node) == Some(Key::Repository.as_str()) {
        TagSource::Mapping
    } else {
        TagSource::Nowhere
    }
}
