//! The objects of a build, what they are called, and which of them a patch is for; this module must not change what they hold.

#![deny(clippy::disallowed_methods)]

use regex_lite::Regex;

use super::node::Node;

/// A Kubernetes object on its way through the layers.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) node: Node,
    /// What it was called before, the oldest name first.
    pub(super) previous: Vec<Id>,
}

/// What an object is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Id {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
}

/// Kinds that live in no namespace. Others of that sort exist, and hold no images.
const OUTSIDE_NAMESPACES: [&str; 12] = [
    "Namespace",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleBinding",
    "PersistentVolume",
    "StorageClass",
    "PriorityClass",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
    "IngressClass",
    "Node",
];

impl Object {
    pub(super) fn new(node: Node) -> Self {
        Self { node, previous: Vec::new() }
    }

    pub(super) fn id(&self) -> Id {
        id_of(&self.node)
    }

    pub(super) fn original(&self) -> Id {
        self.previous.first().cloned().unwrap_or_else(|| self.id())
    }

    /// Keeps what it is called now, since that is about to change.
    pub(super) fn remember(&mut self) {
        let id = self.id();
        self.previous.push(id);
    }

    /// Whether it is, or was, called so.
    pub(super) fn is_called(&self, id: &Id) -> bool {
        self.id().is(id) || self.previous.iter().any(|own| own.is(id))
    }

    /// Whether Kustomize only uses the object and leaves it out of what it prints.
    pub(super) fn is_local(&self) -> bool {
        let annotation = self.node.at(&["metadata", "annotations", "config.kubernetes.io/local-config"]);
        annotation.is_some_and(|value| value.text() != Some("false"))
    }
}

impl Id {
    pub(super) fn is(&self, other: &Self) -> bool {
        self.name == other.name
            && self.kind == other.kind
            && self.group == other.group
            && self.version == other.version
            && self.effective_namespace() == other.effective_namespace()
    }

    pub(super) fn has_namespace(&self) -> bool {
        !OUTSIDE_NAMESPACES.contains(&self.kind.as_str())
    }

    fn effective_namespace(&self) -> &str {
        match self.namespace.as_str() {
            _ if !self.has_namespace() => "",
            "" => "default",
            namespace => namespace,
        }
    }
}

/// What a document says that it is called.
pub(super) fn id_of(node: &Node) -> Id {
    let (group, version) = match node.text_at("apiVersion").split_once('/') {
        Some((group, version)) => (group, version),
        None => ("", node.text_at("apiVersion")),
    };
    let metadata = |key: &str| node.at(&["metadata", key]).and_then(Node::text).unwrap_or_default().to_owned();
    Id {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: node.text_at("kind").to_owned(),
        name: metadata("name"),
        namespace: metadata("namespace"),
    }
}

/// The `target:` of a patch.
pub(super) struct Selector {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
}

impl Selector {
    /// Reads a target; what can't be followed is said.
    pub(super) fn read(node: &Node) -> Result<Self, String> {
        let known = ["group", "version", "kind", "name", "namespace"];
        if let Some((key, _)) = node.pairs().iter().find(|(key, _)| !known.contains(&key.as_str())) {
            return Err(format!("the {key} of a target is not evaluated"));
        }
        let field = |key: &str| match node.text_at(key) {
            "" => Ok(None),
            text => anchored(text).map(Some),
        };
        Ok(Self {
            group: field("group")?,
            version: field("version")?,
            kind: field("kind")?,
            name: field("name")?,
            namespace: field("namespace")?,
        })
    }

    pub(super) fn picks(&self, object: &Object) -> bool {
        let (now, before) = (object.id(), object.original());
        let is = |regex: &Option<Regex>, text: &str| regex.as_ref().is_none_or(|regex| regex.is_match(text));
        (is(&self.namespace, before.effective_namespace()) || is(&self.namespace, now.effective_namespace()))
            && (is(&self.name, &before.name) || is(&self.name, &now.name))
            && is(&self.group, &now.group)
            && is(&self.version, &now.version)
            && is(&self.kind, &now.kind)
    }
}

fn anchored(pattern: &str) -> Result<Regex, String> {
    super::images::regex(&format!("^(?:{pattern})$"), pattern)
}
