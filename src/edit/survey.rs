//! What images a file names and where, before anybody wants one of them; this module must not plan an edit.
//!
//! Whether a place can be written is for [`super::rewrite`] to say.

#![deny(clippy::disallowed_methods)]

use super::address::path_of;
use super::document::{Document, Node, Shape};
use super::error::EditError;
use super::nested::Nested;
use super::recognise::{
    self, Certainty, Fields, Key, Recogniser, Role, Scope, Spelling, is_image_key, is_image_place, object,
};
use super::{locate, reading, text_of};
use crate::image::Repository;

/// How many places of one file are seen.
const MOST: usize = 2000;

/// The keys under which a kustomization names what it is made of.
const RESOURCES: [&str; 3] = ["resources", "bases", "components"];

/// What was seen in a file.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// The places, in the order of the file.
    pub sightings: Vec<Sighting>,
    /// Whether a document of the file is a Kubernetes object.
    pub has_objects: bool,
    /// What the file names as its resources, when it is a kustomization.
    pub resources: Vec<String>,
}

/// A place that names an image, or only its tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The PATH of the mapping or scalar.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// How it is written.
    pub form: Form,
    /// The repository; none for a tag without one.
    pub repository: Option<Repository>,
    /// Whether only an image can be meant: elsewhere other things have the form of a reference too.
    pub is_certain: bool,
}

/// How a place is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A mapping with `repository` and the tag, or the digest alone, beside it.
    Pair,
    /// The same with a tag that is blank.
    BlankTag,
    /// The same without a tag.
    NoTag,
    /// A mapping with a tag alone.
    OnlyTag,
    /// A kustomization's `images:` entry.
    Entry,
    /// A scalar.
    Scalar,
}

/// Looks through a file.
pub fn survey(file: &str, bytes: &[u8]) -> Result<Survey, EditError> {
    let text = text_of(file, bytes)?;
    let document = reading::read(text).map_err(|refusal| locate(file, text, refusal))?;
    Ok(Survey {
        sightings: sightings(&document),
        has_objects: object::has_objects(&document),
        resources: document.roots.iter().flat_map(|root| resources(&document, *root)).take(MOST).collect(),
    })
}

/// The places of a file or of a text in it, in their order.
fn sightings(document: &Document<'_>) -> Vec<Sighting> {
    let recogniser = Recogniser::new(document);
    let own = recogniser.sightings(Scope::Documents);
    let mut found: Vec<_> = own.filter_map(|sighting| seen(&recogniser, &sighting)).take(MOST).collect();
    for text in recogniser.texts(Scope::Documents) {
        if let Ok(nested) = Nested::of(document, text)
            && let Ok(inner) = nested.read(recogniser.above(text))
        {
            found.extend(sightings(&inner));
        }
    }
    found.sort_by_key(|sighting| sighting.line);
    found.truncate(MOST);
    found
}

/// What `init` may propose: a place that matching finds, or a tag that only a PATH leads to.
fn seen(recogniser: &Recogniser<'_, '_>, seen: &recognise::Sighting<'_, '_>) -> Option<Sighting> {
    let document = recogniser.document;
    let node = seen.node;
    let (form, least) = match &seen.spelling {
        Spelling::Entry(_) => (Form::Entry, Certainty::Certain),
        Spelling::Pair(fields) => (form(document, fields)?, Certainty::Certain),
        _ if document.shape(node) == Shape::Alias => return None,
        _ => (Form::Scalar, Certainty::Likely),
    };
    let named = seen.named(least);
    let is_image = is_image_key(document, node);
    let is_meant = match &seen.spelling {
        Spelling::Pair(_) if named.is_none() => is_image && form != Form::NoTag,
        Spelling::Pair(fields) => form != Form::NoTag || is_image || fields.own(Key::Registry).is_some(),
        _ => true,
    };
    if !is_meant || matches!(recogniser.standing(seen), Role::Yields | Role::Foreign) {
        return None;
    }
    let repository = match named {
        Some(name) => Some(name.repository.clone()?),
        None if form == Form::Entry => return None,
        None => None,
    };
    Some(Sighting {
        path: path_of(document, node),
        line: document.line_of(node),
        form: if named.is_none() && form != Form::Entry { Form::OnlyTag } else { form },
        repository,
        is_certain: form != Form::Scalar || is_image_place(document, node),
    })
}

fn form(document: &Document<'_>, fields: &Fields<'_, '_>) -> Option<Form> {
    if fields.has_digest_alone() {
        return Some(Form::Pair);
    }
    Some(match fields.own(Key::Tag).map(|tag| document.resolve(tag)) {
        Some(tag) if document.is_blank(tag) => Form::BlankTag,
        Some(tag) if !document.is_scalar(tag) => return None,
        Some(_) => Form::Pair,
        None => Form::NoTag,
    })
}

fn resources<'d>(document: &'d Document<'_>, root: Node) -> impl Iterator<Item = String> + 'd {
    let lists = document.pairs(root).filter(|(key, _)| RESOURCES.contains(&document.value(*key)));
    lists.flat_map(|(_, list)| document.children(list)).map(|item| document.value(item).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_every_form_with_its_path() {
        let text = "\
image: {registry: r.example.com, repository: team/api, tag: ''}
client:
  image:
    repository: r.example.com/team/web
overlay: {image: {tag: 1.0}}
git: {tag: v1, depth: 1}
ref: r.example.com/team/job:1
redis:
  image: redis:7
images: [{name: app, newName: r.example.com/team/app, newTag: x}]
resources: [../base]
";
        let survey = survey("x", text.as_bytes()).unwrap();
        let seen = survey.sightings.iter().map(|seen| {
            let repository = seen.repository.as_ref().map_or("", Repository::as_str);
            (seen.path.as_str(), seen.form, repository, seen.is_certain)
        });
        let expected = [
            ("image", Form::BlankTag, "r.example.com/team/api", true),
            ("client.image", Form::NoTag, "r.example.com/team/web", true),
            ("overlay.image", Form::OnlyTag, "", true),
            ("ref", Form::Scalar, "r.example.com/team/job", false),
            ("redis.image", Form::Scalar, "redis", true),
            ("images[0]", Form::Entry, "r.example.com/team/app", true),
        ];
        assert_eq!(seen.collect::<Vec<_>>(), expected);
        assert_eq!(survey.resources, ["../base"]);
    }
    #[test]
    fn sees_what_runs_and_no_version_to_look_for() {
        let text = "\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
spec: {image: r.example.com/team/app}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
spec: {url: 'oci://r.example.com/team/app', ref: {tag: '1'}}
---
kind: Pod
metadata: {annotations: {argocd-image-updater.argoproj.io/image-list: 'r.example.com/team/app:1.x'}}
spec:
  volumes: [{name: a, image: {reference: 'nginx:1'}}]
";
        let survey = survey("x", text.as_bytes()).unwrap();
        let seen: Vec<_> =
            survey.sightings.iter().map(|seen| (seen.path.as_str(), seen.form, seen.is_certain)).collect();
        assert_eq!(seen, [("spec.ref", Form::Pair, true), ("spec.volumes[0].image.reference", Form::Scalar, true)]);
    }
}
