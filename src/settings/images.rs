//! Which images, from the flags, else from the config file, and which registries see the tool's own credentials; this
//! module must not ask a registry.

#![deny(clippy::disallowed_methods)]

use super::{Giver, SettingsError, servers};
use crate::cli::ImageArgs;
use crate::config::Config;
use crate::environment::Environment;
use crate::image::{Reference, Repository};
use crate::registry::By;
use crate::secret::Audience;

/// An image and the name that targets call it by.
#[derive(Clone, Debug)]
pub struct NamedImage {
    /// The config file's name, else the last component of the path.
    pub name: String,
    /// Other names of the very same reference.
    pub aliases: Vec<String>,
    /// The reference; of an image that a build gives, its tag is always there.
    pub reference: Reference,
    /// What decides which image it is.
    pub by: By,
}

impl NamedImage {
    /// Whether a target calls it so.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }

    /// Whether it is another tag or digest of the same repository.
    pub fn is_sibling_of(&self, other: &Self) -> bool {
        self.reference.repository.is_same_as(&other.reference.repository) && !self.is_same_as(other)
    }

    fn is_same_as(&self, other: &Self) -> bool {
        let (one, other) = (&self.reference, &other.reference);
        one.repository.is_same_as(&other.repository) && one.tag == other.tag && one.digest == other.digest
    }
}

pub(super) fn images(args: &ImageArgs, config: &Config) -> Result<Vec<NamedImage>, SettingsError> {
    let given: Vec<(Option<&str>, &str)> = if args.image.is_empty() {
        config.images.0.iter().map(|(name, text)| (Some(name.as_str()), text.as_str())).collect()
    } else {
        args.image.iter().map(|text| (None, text.as_str())).collect()
    };
    let mut images: Vec<NamedImage> = Vec::new();
    for (name, text) in given {
        let image = named_image(name, text)?;
        match images.iter_mut().find(|known| known.is_same_as(&image)) {
            Some(known) => known.aliases.push(image.name),
            None => images.push(image),
        }
    }
    Ok(images)
}

pub(super) fn registry_servers(
    args: &ImageArgs,
    config: &Config,
    environment: &Environment,
) -> Result<Audience, SettingsError> {
    let parse = |text: &str| Reference::parse(text.trim()).ok().map(|reference| reference.repository);
    let given: Vec<Repository> = args.image.iter().filter_map(|text| parse(text)).collect();
    let in_config: Vec<Repository> = config.images.0.iter().filter_map(|(_, text)| parse(text)).collect();
    servers::registries(&given, &in_config, environment)
}

pub(super) fn require_images(images: &[NamedImage]) -> Result<(), SettingsError> {
    if images.is_empty() {
        return Err(SettingsError::Usage(
            "no image is given: --image HOST/PATH:TAG, or images in the config file".into(),
        ));
    }
    Ok(())
}

/// A reference, which may have no tag; errors name what gave it.
pub(super) fn reference(by: &str, text: &str) -> Result<Reference, SettingsError> {
    let text = text.trim();
    let wrong = |source| SettingsError::Reference { text: text.to_owned(), by: by.to_owned(), source };
    Reference::parse(text).map_err(wrong)
}

fn named_image(name: Option<&str>, text: &str) -> Result<NamedImage, SettingsError> {
    let text = text.trim();
    let by = name.map_or_else(|| Giver::Flag("image").to_string(), |name| format!("{}.{name}", Giver::Key("images")));
    let reference = reference(&by, text)?;
    if reference.tag.is_none() {
        return Err(SettingsError::NoTag { text: text.to_owned(), by });
    }
    let path = reference.repository.path();
    let name = name.unwrap_or_else(|| path.rsplit('/').next().unwrap_or(&path)).to_owned();
    Ok(NamedImage { name, aliases: Vec::new(), reference, by: By::Tag })
}
