//! What a kustomization makes of the images below it, worked out from its files as `kustomize build` would: which text each
//! image has in each layer, and what decides about it in the end. This module must not read a file, nor change one; what it
//! can't follow it says.
//!
//! A caller reads a tree level by level (`Reading`) and asks for the model, as it is (`Tree::model`) or with other entries of
//! `images:` (`Tree::model_with`).

#![deny(clippy::disallowed_methods)]

mod build;
mod gap;
mod images;
mod json_patch;
mod layer;
mod merge;
mod model;
mod node;
mod object;
mod patches;
mod paths;
mod reading;
mod replacements;
mod rivals;
mod step;
mod yaml;

pub use gap::Gap;
pub use images::{Parts, split};
pub use layer::Entry;
pub use model::{Image, Model};
pub use paths::{Border, directory, normal};
pub use reading::{Reading, Tree};
pub use rivals::{replaced_by, shadowed_by};
pub use step::Step;
