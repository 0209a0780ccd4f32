//! The images of a build as a value; this module must not decide what is edited.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;

use super::build::Build;
use super::gap::Gap;
use super::images::each_visit;
use super::layer::Entry;
use super::reading::Tree;
use super::step::Step;

/// What a kustomization makes of the images below it.
#[derive(Clone, Debug)]
pub struct Model {
    /// Every image, in the order of the build.
    pub images: Vec<Image>,
    /// What could not be followed. With a gap, images may be missing here, and may come out otherwise.
    pub gaps: Vec<Gap>,
    /// The file and line of each image that a resource has and the build has not: a patch takes it out.
    pub removed: BTreeSet<(String, usize)>,
}

/// An image of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The object's kind.
    pub kind: String,
    /// The object's name in the output.
    pub name: String,
    /// The object's namespace in the output; empty without one.
    pub namespace: String,
    /// The keys that lead to it, `spec.containers[0].image`.
    pub path: String,
    /// What has happened to it, from the file where it is written on.
    pub steps: Vec<Step>,
}

impl Image {
    /// The text in the output.
    pub fn text(&self) -> &str {
        self.steps.last().map_or("", Step::text)
    }

    /// The text that an entry of a layer matches.
    pub fn before(&self, layer: &str, number: usize) -> Option<&str> {
        self.steps.iter().find_map(|step| match step {
            Step::Entry { layer: of, index, before, .. } if of == layer && *index == number => Some(before.as_str()),
            _ => None,
        })
    }

    /// The text behind the `images:` entries of a layer, which an entry that is added there sees.
    pub fn behind(&self, layer: &str) -> Option<&str> {
        self.steps.iter().rev().find_map(|step| match step {
            Step::Seen { layer: of, text } if of == layer => Some(text.as_str()),
            Step::Entry { layer: of, after, .. } if of == layer => Some(after.as_str()),
            _ => None,
        })
    }

    /// The text that the `images:` entries of a layer see; none where the image is not below that layer.
    pub fn seen_by(&self, layer: &str) -> Option<&str> {
        self.steps.iter().find_map(|step| match step {
            Step::Seen { layer: of, text } if of == layer => Some(text.as_str()),
            _ => None,
        })
    }

    /// The step that gives the image the tag or digest that it has in the output.
    pub fn decided_by(&self) -> Option<&Step> {
        self.steps.iter().rfind(|step| step.decides())
    }
}

impl Model {
    /// Whether everything was followed.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }
}

impl Tree {
    /// What the tree's first kustomization makes of its images.
    pub fn model(&self) -> Model {
        self.build(None)
    }

    /// The same with other `images:` entries in one layer, named by its file.
    pub fn model_with(&self, layer: &str, entries: &[Entry]) -> Model {
        self.build(Some((layer, entries)))
    }

    fn build<'t>(&'t self, instead: Option<(&'t str, &'t [Entry])>) -> Model {
        let mut build = Build::new(self, instead);
        let objects = build.run();
        let mut images = Vec::new();
        for mut object in objects {
            let id = object.id();
            let first = images.len();
            each_visit(&mut object.node, &mut |path, node| {
                let known: &[Image] = images.get(first..).unwrap_or_default();
                if !known.iter().any(|image| image.path == path) {
                    images.push(Image {
                        kind: id.kind.clone(),
                        name: id.name.clone(),
                        namespace: id.namespace.clone(),
                        path: path.to_owned(),
                        steps: node.history(),
                    });
                }
            });
        }
        let mut removed = build.written;
        for step in images.iter().filter_map(|image| image.steps.first()) {
            let (file, line) = step.place();
            removed.remove(&(file.to_owned(), line));
        }
        Model { images, gaps: build.gaps, removed }
    }
}
