//! The images that a Kubernetes object names, wherever it does; this module must not know which of them are wanted.
//!
//! What counts is any `image`, at any depth, as a reference or as a mapping of repository and tag, and an image volume's
//! `reference`. Any other text that is a whole reference is a mention: it tells that an image is used, as an operator's
//! variable does, and never that a wrong one is.

#![deny(clippy::disallowed_methods)]

use serde_json::{Map, Value};

use crate::image::{Digest, Reference, Repository, Tag};

/// The images of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Images {
    /// What it runs.
    pub(super) run: Vec<Reference>,
    /// What it only mentions.
    pub(super) mentioned: Vec<Reference>,
}

/// What an object tells of itself, and not what it is to run.
const ASIDE: [&str; 2] = ["metadata", "status"];

/// The images that an object names.
pub(super) fn of_object(object: &Value) -> Images {
    let mut images = Images::default();
    let Value::Object(fields) = object else { return images };
    let is_data = matches!(fields.get("kind").and_then(Value::as_str), Some("ConfigMap" | "Secret"));
    for (key, value) in fields.iter().filter(|(key, _)| !ASIDE.contains(&key.as_str())) {
        walk(key, value, &mut images);
    }
    if is_data {
        images.mentioned.append(&mut images.run);
    }
    images
}

/// `serde_json` reads no text that is nested deeper than 128 levels.
fn walk(key: &str, value: &Value, images: &mut Images) {
    match value {
        Value::String(text) => {
            let Ok(reference) = Reference::parse(text) else { return };
            if key == "image" {
                images.run.push(reference);
            } else if reference.tag.is_some() || reference.digest.is_some() {
                images.mentioned.push(reference);
            }
        }
        Value::Array(list) => list.iter().for_each(|item| walk(key, item, images)),
        Value::Object(fields) => {
            images.run.extend(split(fields));
            let volume = Some(fields).filter(|_| key == "image").and_then(|fields| fields.get("reference")?.as_str());
            images.run.extend(volume.and_then(|text| Reference::parse(text).ok()));
            fields.iter().for_each(|(key, value)| walk(key, value, images));
        }
        _ => {}
    }
}

/// An image whose parts are fields of their own, as in values: `registry`, `repository`, `tag`, `digest`.
fn split(fields: &Map<String, Value>) -> Option<Reference> {
    let text = |key: &str| fields.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let repository = text("repository")?;
    let whole = text("registry").map(|registry| format!("{registry}/{repository}"));
    let repository = Repository::parse(whole.as_deref().unwrap_or(repository)).ok()?;
    let tag = text("tag").map(str::to_owned).or_else(|| fields.get("tag")?.as_number().map(ToString::to_string));
    let tag = tag.and_then(|tag| Tag::parse(&tag).ok());
    let digest = text("digest").and_then(|digest| Digest::parse(digest).ok());
    (tag.is_some() || digest.is_some()).then_some(Reference { repository, tag, digest })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn texts(references: &[Reference]) -> Vec<String> {
        references.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn containers_volumes_values_and_what_operators_take() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let object = json!({
            "kind": "CronJob",
            "metadata": { "annotations": { "was": "r.example/old:1" }, "image": "r.example/old:2" },
            "spec": { "jobTemplate": { "spec": { "template": { "spec": {
                "containers": [{ "image": "r.example/a:1", "env": [{ "name": "RELATED", "value": "r.example/b:2" }] }],
                "initContainers": [{ "image": "r.example/c" }],
                "ephemeralContainers": [{ "image": "r.example/d:3" }],
                "volumes": [{ "image": { "reference": "r.example/e:4", "pullPolicy": "Always" } }],
            } } } },
            "values": {
                "image": { "registry": "r.example", "repository": "f", "tag": 5 },
                "other": { "repository": "r.example/g", "tag": "", "digest": digest },
                "git": { "repository": "https://git.example/x.git", "tag": "v1" },
                "chart": { "repository": "r.example/none" },
            } },
            "status": { "containerStatuses": [{ "image": "r.example/old:3" }] },
        });
        let images = of_object(&object);
        let mut run = texts(&images.run);
        run.sort();
        let g = format!("r.example/g@{digest}");
        let expected = ["r.example/a:1", "r.example/c", "r.example/d:3", "r.example/e:4", "r.example/f:5", g.as_str()];
        assert_eq!(run, expected);
        let mentioned = texts(&images.mentioned);
        assert!(mentioned.contains(&"r.example/b:2".to_owned()), "{mentioned:?}");
        assert!(!mentioned.iter().any(|text| text.contains("old") || text.contains("none")), "{mentioned:?}");
    }

    #[test]
    fn data_runs_nothing() {
        for kind in ["ConfigMap", "Secret"] {
            let images = of_object(&json!({ "kind": kind, "data": { "image": "r.example/a:1" } }));
            assert_eq!((texts(&images.run), texts(&images.mentioned)), (vec![], vec!["r.example/a:1".to_owned()]));
        }
        assert_eq!(of_object(&json!(null)), Images::default());
    }
}
