//! What an application renders and what lives of it, as `managed-resources` has it: the state that was compared. This module
//! must not ask for it.
//!
//! Hooks are not in it, so a job that runs before the synchronisation with the new image proves nothing.

#![deny(clippy::disallowed_methods)]

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::images::{self, Images};
use super::wanted::{Fit, Wanted, fit};
use crate::text::one_line;

/// How many of them a message names.
const MOST_NAMED: usize = 5;

/// What an application renders and what lives of it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Manifests {
    #[serde(default)]
    items: Option<Vec<Resource>>,
}

/// One resource; its manifests are read for their images and dropped, one after the other.
#[derive(Clone, Debug)]
struct Resource {
    name: String,
    target: Images,
    live: Images,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw<'a> {
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Cow<'a, str>,
    #[serde(default)]
    target_state: Option<Box<str>>,
    #[serde(default)]
    live_state: Option<Box<str>>,
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Raw::deserialize(deserializer)?;
        let images = |state: Option<Box<str>>| {
            // Its state is itself JSON, as text: `null` where there is none.
            let object: Value = state.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
            images::of_object(&object)
        };
        let name = one_line(&format!("{}/{}", raw.kind, raw.name));
        Ok(Self { name, target: images(raw.target_state), live: images(raw.live_state) })
    }
}

/// What the manifests say of the wanted images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// Another image of a wanted repository somewhere: `IMAGE in KIND/NAME`.
    Another(Vec<String>),
    /// These of the wanted ones, and no other of their repositories; maybe none.
    Only(Vec<bool>),
}

impl Manifests {
    /// Reads an answer.
    pub(super) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// What is rendered.
    pub(super) fn rendered(&self, wanted: &[Wanted]) -> Names {
        self.names(wanted, |resource| &resource.target)
    }

    /// What the live resources have.
    pub(super) fn live(&self, wanted: &[Wanted]) -> Names {
        self.names(wanted, |resource| &resource.live)
    }

    fn names(&self, wanted: &[Wanted], side: impl Fn(&Resource) -> &Images) -> Names {
        let (mut others, mut named) = (Vec::new(), vec![false; wanted.len()]);
        for resource in self.items.as_deref().unwrap_or_default() {
            let Images { run, mentioned } = side(resource);
            for (image, is_run) in
                run.iter().map(|image| (image, true)).chain(mentioned.iter().map(|image| (image, false)))
            {
                match fit(image, wanted) {
                    Fit::Is(number) => named[number] = true,
                    Fit::Other if is_run => others.push(format!("{image} in {}", resource.name)),
                    Fit::Other | Fit::Foreign => {}
                }
            }
        }
        others.dedup();
        if others.is_empty() { Names::Only(named) } else { Names::Another(some(others)) }
    }
}

/// The first few, and how many there are beside.
pub(super) fn some(mut names: Vec<String>) -> Vec<String> {
    let more = names.len().saturating_sub(MOST_NAMED);
    names.truncate(MOST_NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    names
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::wanted::tests::wanted;
    use super::*;

    /// Resources with an image in target and live state each.
    pub(in crate::argocd) fn manifests(resources: &[(&str, &str)]) -> Manifests {
        let object = |image: &str| json!({ "spec": { "containers": [{ "image": image }] } }).to_string();
        let items: Vec<Value> = resources
            .iter()
            .map(|(target, live)| {
                json!({ "kind": "Deployment", "name": "web", "targetState": object(target), "liveState": object(live) })
            })
            .collect();
        Manifests::read(json!({ "items": items }).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_is_rendered_is_told_from_what_lives() {
        let wanted = [wanted("r.example/app:2"), wanted("r.example/web:2")];
        let manifests = manifests(&[("r.example/app:2", "r.example/app:1"), ("redis:7", "redis:6")]);
        assert_eq!(manifests.rendered(&wanted), Names::Only(vec![true, false]));
        assert_eq!(manifests.live(&wanted), Names::Another(vec!["r.example/app:1 in Deployment/web".to_owned()]));
    }

    #[test]
    fn a_mention_proves_that_an_image_is_used_and_never_that_a_wrong_one_is() {
        let wanted = [wanted("r.example/app:2")];
        let target = |value: &str| {
            let state = json!({ "spec": { "env": [{ "value": value }] } }).to_string();
            let body = json!({ "items": [{ "kind": "X", "name": "x", "targetState": state, "liveState": "null" }] });
            Manifests::read(body.to_string().as_bytes()).unwrap().rendered(&wanted)
        };
        assert_eq!(target("r.example/app:2"), Names::Only(vec![true]));
        assert_eq!(target("r.example/app:1"), Names::Only(vec![false]));
    }

    #[test]
    fn nothing_and_what_is_no_manifest_name_nothing() {
        let wanted = [wanted("r.example/app:2")];
        for body in [r#"{"items": null}"#, "{}", r#"{"items": [{"targetState": "}", "liveState": "[[["}]}"#] {
            assert_eq!(Manifests::read(body.as_bytes()).unwrap().rendered(&wanted), Names::Only(vec![false]), "{body}");
        }
        assert!(Manifests::read(b"<html>").is_err());
        // What a hook runs is not among it, and a deep manifest is no reason to fail.
        let deep = "[".repeat(100_000);
        let body = json!({ "items": [{ "targetState": deep }] }).to_string();
        assert!(Manifests::read(body.as_bytes()).is_ok());
    }
}
