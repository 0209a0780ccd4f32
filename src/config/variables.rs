//! `${VAR}` in the values of a parsed config file; this module must not know the file's shape, but for the keys `images` and `preview`,
//! and must not hand out a secret.

#![deny(clippy::disallowed_methods)]

use super::ConfigError;
use super::tree::{Budget, Form, Node, Scalar, Value};
use crate::environment::Environment;
use crate::secret::{Redactor, names, own};

/// What becomes of a variable that isn't set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unset {
    /// An error, wherever it stands.
    Refused,
    /// Below the top key `preview` the value stays as it is written.
    KeptInPreview,
    /// The same, and below the top key `images`, too.
    KeptInBoth,
}

/// Replaces the variables inside the strings of a tree. A replaced value is a string, whatever the variable holds.
pub(super) fn expand(
    root: &mut Node,
    environment: &Environment,
    unset: Unset,
    budget: &mut Budget,
) -> Result<(), ConfigError> {
    let mut expansion = Expansion { environment, own: own::finder(environment), budget };
    let Value::Mapping(pairs) = &mut root.value else {
        return expansion.node(root, Unset::Refused);
    };
    for (key, value) in pairs {
        require_plain(key)?;
        let is_called = |name: &str| matches!(&key.value, Value::Scalar(key) if key.text == name);
        let is_kept = match unset {
            Unset::Refused => false,
            Unset::KeptInPreview => is_called("preview"),
            Unset::KeptInBoth => is_called("preview") || is_called("images"),
        };
        expansion.node(value, if is_kept { unset } else { Unset::Refused })?;
    }
    Ok(())
}

struct Expansion<'e> {
    environment: &'e Environment,
    /// Finds the tool's own secrets in the values of variables whose names don't tell.
    own: Redactor,
    budget: &'e mut Budget,
}

impl<'e> Expansion<'e> {
    fn node(&mut self, node: &mut Node, unset: Unset) -> Result<(), ConfigError> {
        match &mut node.value {
            Value::Scalar(scalar) => self.scalar(scalar, node.line, unset),
            Value::Sequence(items) => items.iter_mut().try_for_each(|item| self.node(item, unset)),
            Value::Mapping(pairs) => pairs.iter_mut().try_for_each(|(key, value)| {
                require_plain(key)?;
                self.node(value, unset)
            }),
        }
    }

    fn scalar(&mut self, scalar: &mut Scalar, line: usize, unset: Unset) -> Result<(), ConfigError> {
        if !scalar.text.contains('$') {
            return Ok(());
        }
        match self.replaced(scalar, line) {
            Err(ConfigError::Variable { .. }) if unset != Unset::Refused => {}
            text => {
                scalar.text = text?;
                scalar.form = Form::String;
            }
        }
        Ok(())
    }

    fn replaced(&mut self, scalar: &Scalar, line: usize) -> Result<String, ConfigError> {
        let mut result = String::new();
        let mut rest = scalar.text.as_str();
        let mut lines = scalar.dollars.iter().copied();
        while let Some((before, after)) = rest.split_once('$') {
            let line = lines.next().unwrap_or(line);
            result.push_str(before);
            if let Some(after) = after.strip_prefix('$') {
                lines.next();
                result.push('$');
                rest = after;
                continue;
            }
            let name = after.strip_prefix('{').and_then(|name| name.split_once('}'));
            let Some((name, after)) = name.filter(|(name, _)| is_variable_name(name)) else {
                return Err(ConfigError::Dollar { line });
            };
            let value = self.value(name, line)?;
            self.budget.take(value.len(), line)?;
            result.push_str(value);
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    fn value(&self, name: &str, line: usize) -> Result<&'e str, ConfigError> {
        if names::looks_secret(name) {
            return Err(ConfigError::Secret { name: name.to_owned(), line });
        }
        let state = if self.environment.is_empty(name) { "empty" } else { "not set" };
        let value = self.environment.get(name);
        let value = value.ok_or_else(|| ConfigError::Variable { name: name.to_owned(), line, state })?;
        if self.own.finds_own(value) {
            return Err(ConfigError::HoldsSecret { name: name.to_owned(), line });
        }
        Ok(value)
    }
}

/// Keys take no variables. One that looks as if it did is refused, since it would stay as it is without a word.
fn require_plain(key: &Node) -> Result<(), ConfigError> {
    match &key.value {
        Value::Scalar(scalar) if scalar.text.contains("${") => Err(ConfigError::Key { line: key.line }),
        _ => Ok(()),
    }
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
