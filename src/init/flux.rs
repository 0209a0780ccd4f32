//! What Flux's image policies say: which image a tag with their marker belongs to. This module must not read a file.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_yaml::Value;

use super::collect::Collected;
use crate::image::Repository;

/// The API group of policies and of what they look through.
const GROUP: &str = "image.toolkit.fluxcd.io";

/// The key of a marker: `# {"$imagepolicy": "NAMESPACE:NAME:tag"}`.
const MARKER: &str = "$imagepolicy";

/// The repositories of policies, by `NAMESPACE:NAME`.
#[derive(Debug, Default)]
pub(super) struct Policies(BTreeMap<String, Repository>);

impl Policies {
    /// Reads the objects that are in the files.
    pub(super) fn of(collected: &Collected) -> Self {
        let mut repositories: BTreeMap<String, Repository> = BTreeMap::new();
        let mut policies: Vec<(String, String)> = Vec::new();
        let texts = collected.files.iter().filter_map(|file| std::str::from_utf8(&file.bytes).ok());
        for text in texts.filter(|text| text.contains(GROUP)) {
            for object in serde_yaml::Deserializer::from_str(text).map_while(|part| Value::deserialize(part).ok()) {
                let own = text_at(&object, &["metadata", "namespace"]).unwrap_or_default();
                let Some(name) = text_at(&object, &["metadata", "name"]) else { continue };
                match text_at(&object, &["kind"]) {
                    Some("ImageRepository") => {
                        let image =
                            text_at(&object, &["spec", "image"]).and_then(|image| Repository::parse(image).ok());
                        repositories.extend(image.map(|image| (format!("{own}:{name}"), image)));
                    }
                    Some("ImagePolicy") => {
                        let from = ["spec", "imageRepositoryRef"];
                        let named = text_at(&object, &[from[0], from[1], "name"]).unwrap_or_default();
                        let space = text_at(&object, &[from[0], from[1], "namespace"]).unwrap_or(own);
                        policies.push((format!("{own}:{name}"), format!("{space}:{named}")));
                    }
                    _ => {}
                }
            }
        }
        let known = |(policy, repository): (String, String)| Some((policy, repositories.get(&repository)?.clone()));
        Self(policies.into_iter().filter_map(known).collect())
    }

    /// The repository that the marker of a line means, and the policy.
    pub(super) fn of_line(&self, line: &str) -> Option<(&Repository, String)> {
        let before = line.get(..line.find(MARKER)?)?;
        let comment = line.get(before.rfind('{')?..)?;
        let marker: serde_json::Value =
            serde_json::Deserializer::from_str(comment).into_iter().next().and_then(Result::ok)?;
        let mut parts = marker.get(MARKER)?.as_str()?.split(':');
        let policy = format!("{}:{}", parts.next()?, parts.next()?);
        Some((self.0.get(&policy)?, policy))
    }
}

fn text_at<'v>(object: &'v Value, keys: &[&str]) -> Option<&'v str> {
    keys.iter().try_fold(object, |value, key| value.get(key))?.as_str()
}
