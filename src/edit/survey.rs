//! What images a file names and where, before anybody wants one of them; this module must not plan an edit.
//!
//! It sees with the eyes of the search (`look`, `Fields`, `is_entry`). Whether a place can be written is for
//! [`super::rewrite`] to say.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node, Shape};
use super::error::EditError;
use super::fields::{Fields, Key};
use super::scalar::{is_image_key, look};
use super::shared::path_of;
use super::{kustomize, locate, manifest, text_of};
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
    /// A mapping with `repository` and the tag beside it.
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
    let document = Document::read(text).map_err(|refusal| locate(file, text, refusal))?;
    let places = document.nodes().filter(|node| !document.record(*node).in_key);
    Ok(Survey {
        sightings: places.filter_map(|node| sighting(&document, node)).take(MOST).collect(),
        has_objects: manifest::has_objects(&document),
        resources: document.roots.iter().flat_map(|root| resources(&document, *root)).take(MOST).collect(),
    })
}

fn sighting(document: &Document<'_>, node: Node) -> Option<Sighting> {
    let (form, repository, is_certain) = match document.shape(node) {
        Shape::Mapping(_) => mapping(document, node)?,
        Shape::Scalar(_) => scalar(document, node)?,
        _ => return None,
    };
    Some(Sighting { path: path_of(document, node), line: document.line_of(node), form, repository, is_certain })
}

type Seen = (Form, Option<Repository>, bool);

fn mapping(document: &Document<'_>, node: Node) -> Option<Seen> {
    let fields = Fields::of(document, node);
    if kustomize::is_entry(document, &fields) {
        return Some((Form::Entry, Some(Repository::parse(fields.effective_name()?).ok()?), true));
    }
    let form = match fields.own(Key::Tag).map(|tag| document.resolve(tag)) {
        Some(tag) if document.is_blank(tag) => Form::BlankTag,
        Some(tag) if !matches!(document.shape(tag), Shape::Scalar(_)) => return None,
        Some(_) => Form::Pair,
        None => Form::NoTag,
    };
    let has_tag = form != Form::NoTag;
    let named = if has_tag { fields.repository() } else { fields.joined(Key::Repository) };
    let is_image = is_image_key(document, node);
    match named {
        Some(named) => {
            let repository = Repository::parse(&named).ok()?;
            let is_meant = has_tag || is_image || fields.own(Key::Registry).is_some();
            is_meant.then_some((form, Some(repository), true))
        }
        None if has_tag && is_image => Some((Form::OnlyTag, None, true)),
        None => None,
    }
}

fn scalar(document: &Document<'_>, node: Node) -> Option<Seen> {
    let sight = look(document, node)?;
    let mapping = document.parent(node).map(|parent| Fields::of(document, parent));
    if mapping.is_some_and(|fields| fields.own(Key::Tag).is_some()) {
        return None;
    }
    let is_certain = is_image_key(document, node) || manifest::is_container_image(document, node);
    Some((Form::Scalar, Some(sight.repository().clone()), is_certain))
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
}
