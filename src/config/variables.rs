//! `${VAR}` in the config file's text; this module must not know the file's shape, but for the key `images`.

#![deny(clippy::disallowed_methods)]

use granit_parser::{Event, Options, Parser, ScalarStyle};

use super::ConfigError;
use crate::environment::Environment;

/// What becomes of a variable that isn't set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unset {
    /// An error, wherever it stands.
    Refused,
    /// Below the top key `images` the value stays as it is written.
    KeptInImages,
}

/// Where in the file's top mapping the parser is.
#[derive(Default)]
struct Section {
    depth: usize,
    /// The key whose value comes next, or is open.
    key: Option<String>,
}

impl Section {
    /// Takes an event; tells whether it belongs to the value of `images`.
    fn enter(&mut self, event: &Event<'_>) -> bool {
        let is_value = self.key.is_some();
        let in_images = self.key.as_deref() == Some("images");
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => self.depth += 1,
            Event::MappingEnd | Event::SequenceEnd => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 1 {
                    self.key = None;
                }
            }
            Event::Scalar(value, ..) if self.depth == 1 => self.key = (!is_value).then(|| value.to_string()),
            Event::Alias(_) if self.depth == 1 => self.key = (!is_value).then(String::new),
            _ => {}
        }
        in_images
    }
}

/// Replaces the variables inside scalars only, so that no value can change the file's structure.
pub(super) fn expand(text: &str, environment: &Environment, unset: Unset) -> Result<String, ConfigError> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    let mut section = Section::default();
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| {
            ConfigError::Shape(format!("{}: invalid YAML: {}", error.marker().line(), error.info()))
        })?;
        let in_images = section.enter(&event);
        let Event::Scalar(value, style, _, _) = event else {
            continue;
        };
        let Some(range) = span.byte_range().filter(|range| range.start >= done) else {
            continue;
        };
        if !value.contains('$') {
            continue;
        }
        let line = span.start.line();
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let source = text.get(range.clone()).unwrap_or_default();
        let source = if block { source } else { &value };
        let replaced = match replace_variables(source, line, environment) {
            Err(ConfigError::Variable { .. }) if in_images && unset == Unset::KeptInImages => continue,
            replaced => replaced?,
        };
        result.push_str(text.get(done..range.start).unwrap_or_default());
        if block {
            result.push_str(&replaced);
        } else {
            result.push_str(&serde_json::Value::String(replaced).to_string());
        }
        done = range.end;
    }
    result.push_str(text.get(done..).unwrap_or_default());
    Ok(result)
}

fn replace_variables(value: &str, line: usize, environment: &Environment) -> Result<String, ConfigError> {
    let mut result = String::new();
    let mut rest = value;
    while let Some(dollar) = rest.find('$') {
        let (before, after) = rest.split_at(dollar);
        result.push_str(before);
        let line = line + value[..value.len() - after.len()].matches('\n').count();
        if let Some(after) = after.strip_prefix("$$") {
            result.push('$');
            rest = after;
            continue;
        }
        let name = after.strip_prefix("${").and_then(|name| name.split_once('}'));
        let Some((name, after)) = name.filter(|(name, _)| is_variable_name(name)) else {
            return Err(ConfigError::Dollar { text: after.chars().take(30).collect(), line });
        };
        let state = if environment.is_empty(name) { "empty" } else { "not set" };
        let unset = || ConfigError::Variable { name: name.to_owned(), line, state };
        result.push_str(environment.get(name).ok_or_else(unset)?);
        rest = after;
    }
    result.push_str(rest);
    Ok(result)
}

fn is_variable_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
