//! Which images a file names, without one being wanted; this module must not change a text.

#![deny(clippy::disallowed_methods)]

use std::cell::OnceCell;
use std::collections::HashSet;

use super::digest;
use super::document::{Document, Node, Shape};
use super::error::{Outcome, TagSource};
use super::fields::{Fields, Key};
use super::path::{Path, Segment};
use super::place::{MAX_PLACES, tag_and_digest, written};
use super::resolve::{Resolved, missing, refuse_alias, resolve};
use super::scalar::{Sight, has_tag_beside, look};
use super::search::{Scope, bases};
use super::{Holding, Kind, Written, kustomize, manifest, shared};
use crate::image::Repository;

/// A place that was seen to hold an image.
pub(super) struct Sighting {
    /// The tag or reference; the mapping where nothing is written yet.
    node: Node,
    /// The key that is missing in the mapping.
    key: Option<Key>,
    /// What the place says of its repository; a mapping of a `tag` alone says nothing.
    pub(super) repository: Option<Repository>,
    pub(super) written: Written,
}

/// The places that a target of this kind would find, whatever image was wanted, in the order of the file.
pub(super) fn list(document: &Document<'_>, kind: &Kind) -> Outcome<Vec<Holding>> {
    let found: Vec<Sighting> = match kind {
        Kind::Helm { path: Some(path) } => vec![at_path(document, path)?],
        Kind::Helm { path: None } => sightings(document, Scope::Documents).filter(is_image).collect(),
        Kind::Manifest => sightings(document, Scope::Objects).filter(is_image).collect(),
        Kind::Kustomize { name } => entries(document, name.as_deref()).collect(),
    };
    Ok(found.into_iter().take(MAX_PLACES).map(|sighting| sighting.holding(document)).collect())
}

/// Every place of the documents that names an image, in the order of the file.
pub(super) fn sightings<'d>(document: &'d Document<'_>, scope: Scope) -> impl Iterator<Item = Sighting> + 'd {
    let bases_once: OnceCell<HashSet<Node>> = OnceCell::new();
    let roots =
        document.roots.iter().filter(move |root| scope == Scope::Documents || manifest::is_object(document, **root));
    let nodes = roots.flat_map(|root| (root.0..document.record(*root).after).map(Node));
    nodes.filter(|node| !document.record(*node).in_key).filter_map(move |node| match document.shape(node) {
        Shape::Mapping(_) => {
            let fields = Fields::of(document, node);
            let is_base = || bases_once.get_or_init(|| bases(document)).contains(&node);
            let found = matched(document, &fields)?;
            (fields.effective(Key::Tag).is_some() || !is_base()).then_some(found)
        }
        Shape::Scalar(_) => scalar(document, node),
        Shape::Sequence(_) | Shape::Alias => None,
    })
}

fn entries<'d>(document: &'d Document<'_>, name: Option<&'d str>) -> impl Iterator<Item = Sighting> + 'd {
    let mappings = document.nodes().filter(|node| document.is_mapping(*node));
    mappings.filter_map(move |node| {
        let fields = Fields::of(document, node);
        let is_wanted = name.is_none_or(|name| fields.text(Key::Name) == Some(name));
        if is_wanted && kustomize::is_entry(document, &fields) { matched(document, &fields) } else { None }
    })
}

/// A mapping's `repository` without a version is more likely to be something else when it is a single word.
fn is_image(sighting: &Sighting) -> bool {
    let has_version = sighting.key.is_none() || sighting.written != Written::default();
    has_version || sighting.repository.as_ref().is_some_and(|repository| repository.as_str().contains('/'))
}

/// A mapping that names its repository itself.
fn matched(document: &Document<'_>, fields: &Fields<'_, '_>) -> Option<Sighting> {
    let found = mapping(document, fields);
    found.repository.is_some().then_some(found)
}

/// What a mapping says, also when it is no more than a tag.
fn mapping(document: &Document<'_>, fields: &Fields<'_, '_>) -> Sighting {
    let is_entry = kustomize::is_entry(document, fields);
    let key = if is_entry { Key::NewTag } else { Key::Tag };
    let version = fields.text(key).and_then(tag_and_digest).unwrap_or_default();
    let beside = digest::said(fields);
    let has_tag = fields.own(key).is_some();
    let name = match () {
        () if is_entry => fields.effective_name().map(str::to_owned),
        () if fields.own(Key::Repository).is_some() || has_tag => {
            let named = || fields.joined(Key::Name).filter(|name| name.contains('/'));
            let image = || fields.joined(Key::Image).filter(|_| has_tag);
            fields.joined(Key::Repository).or_else(image).or_else(named)
        }
        () => None,
    };
    Sighting {
        node: fields.own(key).unwrap_or(fields.mapping),
        key: (!has_tag).then_some(key),
        repository: name.and_then(|name| Repository::parse(&name).ok()),
        written: Written { tag: version.tag, digest: beside.or(version.digest) },
    }
}

fn scalar(document: &Document<'_>, node: Node) -> Option<Sighting> {
    let (repository, written) = match look(document, node)? {
        Sight::Reference { reference, repository, .. } => (repository, written(&reference)),
        Sight::Bare { .. } if has_tag_beside(document, node) => return None,
        Sight::Bare { repository, .. } | Sight::Refused { repository, .. } => (repository, Written::default()),
    };
    Some(Sighting { node, key: None, repository: Some(repository), written })
}

fn at_path(document: &Document<'_>, path: &Path) -> Outcome<Sighting> {
    let node = match resolve(document, path)? {
        Resolved::Node(node) => node,
        Resolved::Missing { stop, rest } => return Err(missing(document, path, stop, rest, TagSource::Nowhere)),
    };
    refuse_alias(document, node)?;
    let holder = document.parent(node).map(|parent| Fields::of(document, parent));
    let is_version = holder.as_ref().is_some_and(|fields| match document.key_text(node) {
        Some("tag") => true,
        Some("newTag") => kustomize::is_entry(document, fields),
        _ => has_tag_beside(document, node) && matches!(look(document, node), Some(Sight::Bare { .. })),
    });
    let text = document.value(node);
    Ok(match holder {
        Some(fields) if is_version => mapping(document, &fields),
        _ if document.is_mapping(node) => mapping(document, &Fields::of(document, node)),
        _ => scalar(document, node).unwrap_or_else(|| Sighting {
            node,
            key: None,
            repository: None,
            written: tag_and_digest(text).unwrap_or_default(),
        }),
    })
}

impl Sighting {
    fn holding(self, document: &Document<'_>) -> Holding {
        let mut path = shared::path_of(document, self.node);
        if let Some(key) = self.key {
            Segment::Key(key.as_str().to_owned()).append_to(&mut path);
        }
        Holding { repository: self.repository, written: self.written, path, line: document.line_of(self.node) }
    }
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
