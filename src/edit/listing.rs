//! Which images a file names, without one being wanted; this module must not change a text.

#![deny(clippy::disallowed_methods)]

use std::collections::HashSet;

use super::address::path_of;
use super::bounds::MAX_PLACES;
use super::document::{Document, Node, Shape};
use super::error::{Outcome, shown};
use super::nested::Nested;
use super::path::{Path, Segment};
use super::recognise::inside::references;
use super::recognise::kustomization::Kustomization;
use super::recognise::text::{tag_and_digest, written};
use super::recognise::{Certainty, Fields, Key, Recogniser, Role, Scope, Sighting, Spelling, digest};
use super::resolve::{Resolved, missing, resolve};
use super::tag_source::TagSource;
use super::{Holding, Kind, Written};
use crate::image::{Digest, Reference, Repository};

/// How many images an error message names.
pub(super) const HELD: usize = 20;

/// What is listed of a place.
struct Listed {
    /// The tag or reference; the mapping where nothing is written yet.
    node: Node,
    /// The key that is missing in the mapping.
    key: Option<Key>,
    /// What the place says of its repository; a mapping of a `tag` alone says nothing.
    repository: Option<Repository>,
    written: Written,
}

/// The places that a target of this kind would find, whatever image was wanted, in the order of the file.
pub(super) fn list(document: &Document<'_>, kind: &Kind) -> Outcome<Vec<Holding>> {
    let recogniser = Recogniser::new(document);
    let mut inside = Vec::new();
    let found = match kind {
        Kind::Helm { path: Some(path) } => match at_path(&recogniser, path)? {
            At::Place(listed) => vec![listed],
            At::Text(node, path) => {
                let nested = Nested::of(document, node)?;
                let kind = Kind::Helm { path: Some(path) };
                return list(&nested.read(recogniser.above(node))?, &kind).map_err(|refusal| nested.refusal(refusal));
            }
        },
        Kind::Helm { path: None } => matched(&recogniser, Scope::Documents),
        Kind::Manifest => matched(&recogniser, Scope::Objects),
        Kind::Kustomize { name } => entries(&recogniser, name.as_deref()),
    };
    if let Some(scope) = kind.scope() {
        for text in recogniser.texts(scope) {
            let Ok(nested) = Nested::of(document, text) else { continue };
            let Ok(inner) = nested.read(recogniser.above(text)) else { continue };
            inside.extend(list(&inner, &Kind::Helm { path: None }).map_err(|refusal| nested.refusal(refusal))?);
        }
    }
    let mut found: Vec<_> = found.into_iter().map(|listed| listed.holding(document)).chain(inside).collect();
    found.sort_by_key(|holding| holding.line);
    found.truncate(MAX_PLACES);
    Ok(found)
}

/// The places in the texts of a kustomization that Kustomize applies, in the order of the file. One that can't be read as a file
/// of its own has none.
pub(super) fn inline(document: &Document<'_>) -> Outcome<Vec<Holding>> {
    let recogniser = Recogniser::new(document);
    let mut found = Vec::new();
    for text in super::inline::texts(document) {
        let Ok(nested) = Nested::of(document, text) else { continue };
        let Ok(inner) = nested.read(recogniser.above(text)) else { continue };
        found.extend(list(&inner, &Kind::Manifest).map_err(|refusal| nested.refusal(refusal))?);
    }
    found.truncate(MAX_PLACES);
    Ok(found)
}

/// Every place of the documents that names an image.
fn matched(recogniser: &Recogniser<'_, '_>, scope: Scope) -> Vec<Listed> {
    let document = recogniser.document;
    let own = recogniser.sightings(scope).filter(|sighting| document.shape(sighting.node) != Shape::Alias);
    let named = own.filter(|sighting| sighting.repository(Certainty::Likely).is_some());
    let places = named.filter(|sighting| !matches!(recogniser.standing(sighting), Role::Yields | Role::Foreign));
    places.map(|sighting| Listed::of(&sighting)).filter(Listed::is_image).take(MAX_PLACES).collect()
}

/// The entries of a kustomization; those that look like one's where none can be edited.
fn entries<'d>(recogniser: &Recogniser<'d, '_>, name: Option<&str>) -> Vec<Listed> {
    let document = recogniser.document;
    let is_wanted = |fields: &Fields<'_, '_>| name.is_none_or(|name| fields.text(Key::Name) == Some(name));
    let sightings: Vec<Sighting<'d, '_>> = match Kustomization::of(document) {
        Ok(Kustomization { lists, .. }) => {
            Kustomization::entries(document, &lists).map(|(_, fields)| Sighting::of_mapping(fields)).collect()
        }
        Err(_) => recogniser.sightings(Scope::Documents).collect(),
    };
    let is_entry = |sighting: &&Sighting<'_, '_>| match &sighting.spelling {
        Spelling::Entry(fields) => is_wanted(fields) && sighting.repository(Certainty::Certain).is_some(),
        _ => false,
    };
    sightings.iter().filter(is_entry).map(Listed::of).take(MAX_PLACES).collect()
}

/// What a path leads to.
enum At {
    Place(Listed),
    /// A text, in which it leads on.
    Text(Node, Path),
}

fn at_path(recogniser: &Recogniser<'_, '_>, path: &Path) -> Outcome<At> {
    let document = recogniser.document;
    let node = match resolve(document, path)? {
        Resolved::Node(node) => node,
        Resolved::Text { node, rest } => return Ok(At::Text(node, Path { segments: rest.to_vec() })),
        Resolved::Missing { stop, rest } => return Err(missing(document, path, stop, rest, TagSource::Nowhere)),
    };
    let node = recogniser.value_of(node);
    recogniser.refuse_foreign(node)?;
    let mapping = recogniser.version_of(node).or_else(|| document.is_mapping(node).then_some(node));
    let fields = recogniser.set_by(node).or_else(|| mapping.map(|mapping| recogniser.fields(mapping)));
    let sighting = fields.map(Sighting::of_mapping).or_else(|| recogniser.scalar(node));
    Ok(At::Place(match sighting {
        Some(sighting) => {
            let parts = match &sighting.spelling {
                Spelling::Pair(fields) => recogniser.joined_parts(fields),
                _ => None,
            };
            let listed = Listed::of(&sighting);
            Listed { repository: parts.or(listed.repository), ..listed }
        }
        None => Listed::in_text(document, node)?,
    }))
}

impl Listed {
    fn of(sighting: &Sighting<'_, '_>) -> Self {
        let (node, key, written) = match &sighting.spelling {
            Spelling::Pair(fields) | Spelling::Entry(fields) => version(fields),
            Spelling::Reference { held, .. } => (sighting.node, None, written(held)),
            Spelling::Bare { .. } | Spelling::Opaque(_) => (sighting.node, None, Written::default()),
        };
        Self { node, key, repository: sighting.repository(Certainty::Likely).cloned(), written }
    }

    /// A version with the digest that belongs to it, or the one reference of a text.
    fn in_text(document: &Document<'_>, node: Node) -> Outcome<Self> {
        let text = document.value(node);
        let paths = references(text).into_iter().filter(|found| found.held.repository.as_str().contains('/'));
        let (repository, written) = match paths.collect::<Vec<_>>().as_slice() {
            [found] => (Some(found.held.repository.clone()), written(&found.held)),
            _ => (None, version_at(document, node)?),
        };
        Ok(Self { node, key: None, repository, written })
    }

    /// A mapping's `repository` without a version is more likely to be something else when it is a single word.
    fn is_image(&self) -> bool {
        let has_version = self.key != Some(Key::Tag) || self.written != Written::default();
        has_version || self.repository.as_ref().is_some_and(|repository| repository.as_str().contains('/'))
    }

    fn holding(self, document: &Document<'_>) -> Holding {
        let mut path = path_of(document, self.node);
        if let Some(key) = self.key {
            Segment::Key(key.as_str().to_owned()).append_to(&mut path);
        }
        let (number, line) = (document.number_of(self.node), document.line_of(self.node));
        Holding { repository: self.repository, written: self.written, document: number, path, line }
    }
}

/// A mapping's version: where it is, or the key that is missing.
fn version(fields: &Fields<'_, '_>) -> (Node, Option<Key>, Written) {
    let key = fields.tag_key();
    let in_tag = fields.text(key).and_then(tag_and_digest).unwrap_or_default();
    let digest = fields.digest();
    let node = digest.as_ref().map(|(node, _)| *node);
    let written = Written { tag: in_tag.tag, digest: digest.map(|(_, text)| text).or(in_tag.digest) };
    if let Some(node) = node.filter(|_| fields.has_digest_alone()) {
        return (node, None, written);
    }
    let own = fields.own(key);
    (own.unwrap_or(fields.mapping), own.is_none().then_some(key), written)
}

/// A version that no repository stands beside, with the digest that belongs to it.
fn version_at(document: &Document<'_>, node: Node) -> Outcome<Written> {
    let text = document.value(node);
    if let Ok(digest) = Digest::parse(text) {
        return Ok(Written { tag: None, digest: Some(digest.to_string()) });
    }
    let held = tag_and_digest(text).unwrap_or_default();
    let beside = digest::beside_version(document, node)?.into_iter().find_map(|beside| beside.held);
    Ok(Written { digest: beside.or(held.digest), ..held })
}

/// Some of the images that a file names, each once, in the order of the file.
pub(super) fn held(recogniser: &Recogniser<'_, '_>) -> Vec<String> {
    let document = recogniser.document;
    let mut held: Vec<String> = Vec::new();
    // Values that are a mapping's image together with what stands beside them.
    let mut parts: HashSet<Node> = HashSet::new();
    for sighting in recogniser.sightings(Scope::Documents) {
        if held.len() >= HELD {
            break;
        }
        let Some(name) = sighting.named(Certainty::Likely) else { continue };
        let (Some(repository), false) = (&name.repository, parts.contains(&sighting.node)) else { continue };
        let found = match &sighting.spelling {
            _ if document.shape(sighting.node) == Shape::Alias => continue,
            _ if recogniser.foreign(sighting.node).is_some() => continue,
            Spelling::Opaque(_) => continue,
            Spelling::Reference { held, .. } | Spelling::Bare { held, .. } => {
                Reference { repository: repository.clone(), ..held.clone() }.to_string()
            }
            Spelling::Pair(fields) | Spelling::Entry(fields) => {
                parts.extend(fields.effective(Key::Name).filter(|_| fields.is_entry()));
                parts.insert(name.node);
                let version = fields.text(fields.tag_key());
                let text = version.map_or_else(|| name.text.clone(), |version| format!("{}:{version}", name.text));
                shown(&text).trim_matches('"').to_owned()
            }
        };
        if !held.contains(&found) {
            held.push(found);
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::super::list;
    use super::*;

    fn listed(text: &str, kind: &Kind) -> Vec<String> {
        let held = list("f.yaml", text.as_bytes(), kind).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let shown = |held: Holding| {
            let repository = held.repository.map_or("?".to_owned(), |repository| repository.to_string());
            format!("{}:{} {repository} {}", held.path, held.line, held.written)
        };
        held.into_iter().map(shown).collect()
    }

    fn helm(path: &str) -> Kind {
        Kind::Helm { path: (!path.is_empty()).then(|| Path::parse(path).unwrap()) }
    }

    #[test]
    fn every_spelling_of_an_image_is_listed_once() {
        let digest = format!("sha256:{}", "1".repeat(64));
        let pinned = format!(
            "a: {{repository: r.io/a, tag: 1@{digest}}}\nb: {{repository: r.io/b, tag: 2, digest: '{digest}'}}\n"
        );
        let hex = format!("c: {{repository: r.io/c, tag: v3, sha: '{}'}}\n", "1".repeat(64));
        for (text, all) in [
            ("image:\n  repository: r.io/team/app\n  tag: 1.4\n", vec!["image.tag:3 r.io/team/app 1.4"]),
            ("image: {registry: r.io, repository: app, tag: 1}\n", vec!["image.tag:1 r.io/app 1"]),
            (&pinned, vec![&format!("a.tag:1 r.io/a 1@{digest}"), &format!("b.tag:2 r.io/b 2@{digest}")]),
            (&hex, vec![&format!("c.tag:1 r.io/c v3@{digest}")]),
            ("c: {image: nginx, tag: 1}\nd: {image: r.io/x, tag: 2}\n", vec!["c.tag:1 nginx 1", "d.tag:2 r.io/x 2"]),
            (
                "e: r.io/a:1\nf: [r.io/b:2]\nimage: nginx:3\n",
                vec!["e:1 r.io/a 1", "f[0]:2 r.io/b 2", "image:3 nginx 3"],
            ),
            ("image: 'r.io/a:{{ .Values.tag }}'\n", vec!["image:1 r.io/a "]),
            ("b: &b {repository: r.io/a}\nc:\n  <<: *b\n  tag: 1\n", vec!["c.tag:4 r.io/a 1"]),
            ("a: &a r.io/a:1\nb: *a\n", vec!["a:1 r.io/a 1"]),
            ("owner: {name: x, repository: y}\nport: redis:6379\nurl: https://r.io/a:1\nname: nginx\n", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(listed(text, &helm("")), all, "{text}");
        }
    }

    #[test]
    fn a_path_is_one_place() {
        let text = "image: {tag: 1}\napp: {repository: r.io/a, tag: 2}\nversion: '3'\nc: r.io/c:4\n";
        for (path, place) in [
            ("image", "image.tag:1 ? 1"),
            ("image.tag", "image.tag:1 ? 1"),
            ("app", "app.tag:2 r.io/a 2"),
            ("version", "version:3 ? 3"),
            ("c", "c:4 r.io/c 4"),
        ] {
            assert_eq!(listed(text, &helm(path)), [place], "{path}");
        }
        assert!(list("f.yaml", text.as_bytes(), &helm("gone")).is_err());
        let text = "global: {imageRegistry: r.io}\na: {repository: team/a, tag: 1}\nb: {organization: x.io/team, repository: b, tag: 2}\n";
        assert_eq!(listed(text, &helm("a")), ["a.tag:2 r.io/team/a 1"]);
        assert_eq!(listed(text.split_once('\n').unwrap().1, &helm("b")), ["b.tag:2 x.io/team/b 2"]);
    }

    #[test]
    fn digests_alone_and_beside_are_listed_with_what_they_belong_to() {
        let digest = format!("sha256:{}", "1".repeat(64));
        let text = format!(
            "a: {{repository: r.io/a, digest: '{digest}'}}\nb: {{imageTag: 1, imageDigest: '{digest}'}}\n\
             images: [{{name: r.io/c, digest: '{digest}'}}]\nkind: Kustomization\n"
        );
        assert_eq!(listed(&text, &helm("a.digest")), [format!("a.digest:1 r.io/a @{digest}")]);
        assert_eq!(listed(&text, &helm("b.imageTag")), [format!("b.imageTag:2 ? 1@{digest}")]);
        assert_eq!(listed(&text, &helm("b.imageDigest")), [format!("b.imageDigest:2 ? @{digest}")]);
        let entry = [format!("images[0].digest:3 r.io/c @{digest}")];
        assert_eq!(listed(&text, &Kind::Kustomize { name: None }), entry);
        assert_eq!(listed(&text, &helm(""))[1..], entry);
    }

    #[test]
    fn kustomizations_and_objects() {
        let text = "kind: Kustomization\nimages:\n- name: r.io/a\n  newTag: 1\n- name: app\n  newName: r.io/b\n- name: c\n  digest: x\n";
        let kustomize = |name: Option<&str>| Kind::Kustomize { name: name.map(str::to_owned) };
        let all = ["images[0].newTag:4 r.io/a 1", "images[1].newTag:5 r.io/b ", "images[2].newTag:7 c "];
        assert_eq!(listed(text, &kustomize(None)), all);
        assert_eq!(listed(text, &kustomize(Some("app"))), all[1..2]);
        let text = "kind: Pod\nspec: {containers: [{image: nginx}]}\n---\nimage: r.io/a:1\n";
        assert_eq!(listed(text, &Kind::Manifest), ["spec.containers[0].image:2 nginx "]);
    }
}
