//! A value of a YAML file that remembers where it was written and what has changed it since; this module must not know
//! what a kustomization does.

#![deny(clippy::disallowed_methods)]

use std::sync::Arc;

use super::step::Step;

/// A value.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    /// The file in which it is written.
    pub(super) file: Arc<str>,
    /// Its line there, from 1; of a text block the line of its key.
    pub(super) line: usize,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Mapping(Vec<(String, Node)>),
    Sequence(Vec<Node>),
    Scalar(Scalar),
}

/// A scalar.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub(super) text: String,
    pub(super) kind: ScalarKind,
    /// What has happened to it since it was written.
    pub(super) trail: Vec<Step>,
}

/// What a scalar reads as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScalarKind {
    Null,
    /// Plain text that a reader may take for a number or a boolean.
    Plain,
    Text,
    /// A literal text, with the line on which it begins; a folded one, whose lines are not those of the file.
    Block(Option<usize>),
}

impl Node {
    pub(super) fn of_text(text: &str, file: &Arc<str>, line: usize) -> Self {
        let scalar = Scalar { text: text.to_owned(), kind: ScalarKind::Text, trail: Vec::new() };
        Self { value: Value::Scalar(scalar), file: file.clone(), line }
    }

    pub(super) fn pairs(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Mapping(pairs) => pairs,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::Sequence(items) => items,
            _ => &[],
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.pairs().iter().find(|(own, _)| own == key).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.value {
            Value::Mapping(pairs) => pairs.iter_mut().find(|(own, _)| own == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// Sets a key of a mapping; nothing for any other value.
    pub(super) fn set(&mut self, key: &str, value: Node) {
        if let Some(own) = self.get_mut(key) {
            *own = value;
        } else if let Value::Mapping(pairs) = &mut self.value {
            pairs.push((key.to_owned(), value));
        }
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Node> {
        match &mut self.value {
            Value::Mapping(pairs) => {
                let at = pairs.iter().position(|(own, _)| own == key)?;
                Some(pairs.remove(at).1)
            }
            _ => None,
        }
    }

    /// What stands at keys inside one another.
    pub(super) fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// A scalar's text; nothing for null and collections.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) if scalar.kind != ScalarKind::Null => Some(&scalar.text),
            _ => None,
        }
    }

    /// The text at a key; empty where there is none.
    pub(super) fn text_at(&self, key: &str) -> &str {
        self.get(key).and_then(Node::text).unwrap_or_default()
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.kind == ScalarKind::Null)
    }

    pub(super) fn is_mapping(&self) -> bool {
        matches!(self.value, Value::Mapping(_))
    }

    pub(super) fn is_sequence(&self) -> bool {
        matches!(self.value, Value::Sequence(_))
    }

    /// What has happened to a scalar, from where it was written on.
    pub(super) fn history(&self) -> Vec<Step> {
        match &self.value {
            Value::Scalar(scalar) if scalar.trail.is_empty() => {
                vec![Step::Written { file: self.file.to_string(), line: self.line, text: scalar.text.clone() }]
            }
            Value::Scalar(scalar) => scalar.trail.clone(),
            _ => Vec::new(),
        }
    }

    /// Adds to what has happened to a scalar, with the text that it then has.
    pub(super) fn record(&mut self, step: Step, text: Option<String>) {
        let mut trail = self.history();
        trail.push(step);
        if let Value::Scalar(scalar) = &mut self.value {
            scalar.trail = trail;
            if let Some(text) = text {
                scalar.text = text;
                scalar.kind = ScalarKind::Text;
            }
        }
    }

    /// Makes every scalar below one that a patch of this layer has written.
    pub(super) fn patched_by(mut self, layer: &str) -> Self {
        self.mark(layer, &[]);
        self
    }

    /// As `patched_by` for a scalar that takes the place of another one.
    pub(super) fn patched_over(mut self, old: &Node, layer: &str) -> Self {
        let history = if matches!(self.value, Value::Scalar(_)) { old.history() } else { Vec::new() };
        self.mark(layer, &history);
        self
    }

    fn mark(&mut self, layer: &str, before: &[Step]) {
        let (file, line) = (self.file.to_string(), self.line);
        match &mut self.value {
            Value::Mapping(pairs) => pairs.iter_mut().for_each(|(_, value)| value.mark(layer, before)),
            Value::Sequence(items) => items.iter_mut().for_each(|item| item.mark(layer, before)),
            Value::Scalar(scalar) => {
                let step = Step::Patched { layer: layer.to_owned(), file, line, text: scalar.text.clone() };
                scalar.trail = before.iter().cloned().chain([step]).collect();
            }
        }
    }
}
