//! What lives below an application, as `resource-tree` has it: its pods and their words. This module must not ask for it.

#![deny(clippy::disallowed_methods)]

use serde::Deserialize;

use super::manifests::some;
use super::wanted::{Fit, Wanted, fit};
use crate::image::Reference;
use crate::text::{cut, one_line};

/// How much of a message is repeated.
const MOST_WORDS: usize = 300;

/// What lives below an application.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Tree {
    #[serde(default)]
    nodes: Option<Vec<Node>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    parent_refs: Option<Vec<Parent>>,
    #[serde(default)]
    images: Option<Vec<String>>,
    #[serde(default)]
    health: Option<Health>,
}

#[derive(Clone, Debug, Deserialize)]
struct Parent {
    #[serde(default)]
    kind: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Health {
    #[serde(default)]
    status: String,
    #[serde(default)]
    message: String,
}

impl Tree {
    /// Reads an answer.
    pub(super) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// The pods that still run another image of a wanted repository. A job's pods stay after it has ended, and those of a
    /// hook run before or after the rest.
    pub(super) fn running_others(&self, wanted: &[Wanted]) -> Vec<String> {
        let is_job = |node: &&Node| node.parent_refs.iter().flatten().any(|parent| parent.kind == "Job");
        let pods = self.pods().filter(|node| !is_job(node));
        let other = |node: &Node| {
            let parsed = node.images.iter().flatten().filter_map(|image| Reference::parse(image).ok());
            let other = parsed.into_iter().find(|image| fit(image, wanted) == Fit::Other)?;
            Some(one_line(&format!("{other} in Pod/{}", node.name)))
        };
        some(pods.filter_map(other).collect())
    }

    /// What is unwell, in its own words, the pods first: they know why.
    pub(super) fn unwell(&self) -> Vec<String> {
        let others = self.nodes.iter().flatten().filter(|node| node.kind != "Pod");
        self.pods().chain(others).filter_map(Node::words).collect()
    }

    fn pods(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().flatten().filter(|node| node.kind == "Pod")
    }
}

impl Node {
    fn words(&self) -> Option<String> {
        let Health { status, message } = self.health.as_ref()?;
        words(&self.kind, &self.name, (status, message))
    }
}

/// `Deployment/app: Degraded: its message`, of a resource that is not well.
pub(super) fn words(kind: &str, name: &str, (status, message): (&str, &str)) -> Option<String> {
    if matches!(status, "" | "Healthy") {
        return None;
    }
    let message = if message.is_empty() { String::new() } else { format!(": {}", cut(message, MOST_WORDS)) };
    Some(one_line(&format!("{kind}/{name}: {status}{message}")))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::super::wanted::tests::wanted;
    use super::*;

    pub(in crate::argocd) fn pod(image: &str, parent: &str) -> Tree {
        let node =
            json!({ "kind": "Pod", "name": "web-1", "images": ["redis:7", image], "parentRefs": [{ "kind": parent }] });
        Tree::read(json!({ "nodes": [node] }).to_string().as_bytes()).unwrap()
    }

    #[test]
    fn pods_that_run_another_image_are_named_unless_a_job_made_them() {
        let wanted = [wanted("r.example/app:2")];
        assert_eq!(pod("r.example/app:1", "ReplicaSet").running_others(&wanted), ["r.example/app:1 in Pod/web-1"]);
        assert!(pod("r.example/app:2", "ReplicaSet").running_others(&wanted).is_empty());
        assert!(pod("r.example/app:1", "Job").running_others(&wanted).is_empty());
        assert!(Tree::read(br#"{"nodes": null}"#).unwrap().running_others(&wanted).is_empty());
    }

    #[test]
    fn the_unwell_speak_for_themselves() {
        let health = |status: &str, message: &str| json!({ "status": status, "message": message });
        let tree = json!({ "nodes": [
            { "kind": "Deployment", "name": "a", "health": health("Degraded", "exceeded its\nprogress deadline") },
            { "kind": "Service", "name": "b", "health": health("Healthy", "") },
            { "kind": "Pod", "name": "c", "health": health("Degraded", "Back-off pulling \u{1b}[31mimage") },
            { "kind": "ConfigMap", "name": "d" },
        ] });
        let tree = Tree::read(tree.to_string().as_bytes()).unwrap();
        assert_eq!(
            tree.unwell(),
            [
                "Pod/c: Degraded: Back-off pulling \\u{1b}[31mimage",
                "Deployment/a: Degraded: exceeded its progress deadline"
            ]
        );
    }
}
