//! What an entry of `images:` would do; this module must not write one.

#![deny(clippy::disallowed_methods)]

use super::gap::Gap;
use super::images::Matcher;
use super::layer::Entry;
use super::model::Image;
use super::reading::Tree;
use super::step::Step;

/// A change of a layer's entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The entry of this number is replaced.
    Replace(usize, Entry),
    /// An entry is added behind the others.
    Append(Entry),
}

/// What a change of the entries would do to the build.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Every image below the layer, and what the entry would do to it.
    pub images: Vec<(Image, Reach)>,
    /// What could not be followed.
    pub gaps: Vec<Gap>,
}

/// What an entry does to an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The entry does not match what the image is called there.
    Unmatched,
    /// It matches, but something behind it decides.
    Overridden(Step),
    /// It decides the tag or digest in the output.
    Decides,
}

impl Effect {
    /// Whether the entry decides about an image.
    pub fn decides(&self) -> bool {
        self.images.iter().any(|(_, reach)| *reach == Reach::Decides)
    }

    /// What the images are called where the layer's entries see them, for a message.
    pub fn called<'e>(&'e self, layer: &'e str) -> impl Iterator<Item = &'e str> {
        self.images.iter().filter_map(move |(image, _)| image.seen_by(layer))
    }
}

impl Tree {
    /// What a changed entry of a layer, named by its file, would do in the build of the tree's first kustomization.
    pub fn effect(&self, layer: &str, change: &Change) -> Effect {
        let mut entries = self.entries(layer).to_vec();
        let number = match change {
            Change::Replace(at, entry) => {
                if let Some(own) = entries.get_mut(*at) {
                    *own = entry.clone();
                }
                *at
            }
            Change::Append(entry) => {
                entries.push(entry.clone());
                entries.len() - 1
            }
        };
        let model = self.model_with(layer, &entries);
        let below = model.images.into_iter().filter(|image| image.seen_by(layer).is_some());
        let images = below.map(|image| {
            let reach = reach(&image, layer, number);
            (image, reach)
        });
        Effect { images: images.collect(), gaps: model.gaps }
    }
}

fn reach(image: &Image, layer: &str, number: usize) -> Reach {
    let is_own = |step: &Step| matches!(step, Step::Entry { layer: of, index, .. } if of == layer && *index == number);
    match image.decided_by() {
        Some(step) if is_own(step) => Reach::Decides,
        Some(step) if image.steps.iter().any(is_own) => Reach::Overridden(step.clone()),
        _ => Reach::Unmatched,
    }
}

/// The entry that keeps another one of the same list from ever having an effect, whatever lies below: one of the same name
/// before it that renames the image to what the other does not match.
pub fn shadowed_by(entries: &[Entry], number: usize) -> Option<usize> {
    let own = entries.get(number)?;
    let matcher = Matcher::new(own).ok()?;
    let before = entries.get(..number)?;
    let renames = |entry: &Entry| entry.new_name.as_deref().is_some_and(|name| !matcher.matches(name));
    let at = before.iter().position(|entry| entry.name == own.name && renames(entry))?;
    let is_back = before.iter().skip(at + 1).any(|entry| entry.new_name.as_deref().is_some_and(|n| matcher.matches(n)));
    (!is_back).then_some(at)
}

/// The entry that decides in place of another one of the same list, whatever lies below: the last one of the same name, unless
/// an entry from the other one on gives new names.
pub fn replaced_by(entries: &[Entry], number: usize) -> Option<usize> {
    let own = entries.get(number)?;
    let decides = |entry: &Entry| entry.name == own.name && (entry.new_tag.is_some() || entry.digest.is_some());
    let at = entries.iter().rposition(decides).filter(|at| *at > number)?;
    let renames = |entry: &Entry| entry.new_name.is_some();
    let is_renamed = entries.get(number..at)?.iter().any(renames);
    (!is_renamed && Matcher::new(own).is_ok()).then_some(at)
}
