//! What a template may know of a preview; this module must not render one.

#![deny(clippy::disallowed_methods)]

use serde::Serialize;

use crate::settings::{PreviewSettings, PreviewWish};

/// A preview as a template sees it.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PreviewFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// The copy's directory.
    pub to: &'a str,
    /// The directory that is copied; none when the preview is removed.
    pub template: Option<&'a str>,
}

impl<'a> PreviewFacts<'a> {
    /// What a template may know of a preview.
    pub fn of(preview: &'a PreviewSettings) -> Self {
        let template = match &preview.wish {
            PreviewWish::Copy { template, .. } => Some(template.as_str()),
            PreviewWish::Gone => None,
        };
        Self { name: &preview.name, to: &preview.to, template }
    }
}
