//! The inputs of the components in templates/, as tables; knows no input by name.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_yaml::{Mapping, Value};

use super::table::{cell, code};
use crate::world::own;

/// The components, with the command that each runs.
const COMPONENTS: [(&str, &str); 2] = [("gitops-bump", "update"), ("promote", "promote")];

/// The inputs of all components, in their own order.
pub(super) struct Components {
    inputs: [Mapping; 2],
}

impl Components {
    pub(super) fn read() -> Self {
        Self {
            inputs: COMPONENTS.map(|(name, _)| {
                let text = own(&format!("templates/{name}.yml"));
                let header = text.split("\n---\n").next().expect("a text has a first part");
                let header: Value = serde_yaml::from_str(header).unwrap_or_else(|error| panic!("{name}: {error}"));
                header["spec"]["inputs"].as_mapping().expect("the inputs are a mapping").clone()
            }),
        }
    }

    /// Whether a component has this input for one of these commands.
    pub(super) fn have(&self, name: &str, commands: &BTreeSet<String>) -> bool {
        let mut pairs = COMPONENTS.iter().zip(&self.inputs);
        pairs.any(|((_, command), inputs)| commands.contains(*command) && inputs.contains_key(name))
    }

    /// All inputs of the first component, then what is different in the second.
    pub(super) fn tables(&self) -> String {
        let [update, promote] = &self.inputs;
        let differs = |name: &Value, input: &Value| update.get(name) != Some(input);
        let without: Vec<_> = update.keys().filter(|name| !promote.contains_key(*name)).map(text).collect();
        let without = without.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
        format!(
            "### `gitops-bump`\n\n{}\n### `promote`\n\nIt has the inputs of `gitops-bump` without {without}.\n\n\
             These are different, or exist only here:\n\n{}",
            table(update.iter()),
            table(promote.iter().filter(|(name, input)| differs(name, input)))
        )
    }
}

fn table<'i>(inputs: impl Iterator<Item = (&'i Value, &'i Value)>) -> String {
    let mut table = String::from("| input | type | default | options | what it is |\n|---|---|---|---|---|\n");
    for (name, input) in inputs {
        let options = input["options"].as_sequence().map(|options| {
            let names = options
                .iter()
                .map(|option| if text(option).is_empty() { "empty".to_owned() } else { code(&text(option)) });
            names.collect::<Vec<_>>().join(", ")
        });
        let pattern = input["regex"].as_str().map(|pattern| format!("matches {}", code(pattern)));
        writeln!(
            table,
            "| {} | {} | {} | {} | {} |",
            code(&text(name)),
            text(&input["type"]),
            code(&text(&input["default"])),
            options.or(pattern).unwrap_or_else(|| "–".to_owned()),
            cell(&text(&input["description"]))
        )
        .expect("a string can be written");
    }
    table
}

/// A scalar as it is; anything else as JSON.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => serde_json::to_string(other).expect("YAML of an input is JSON, too"),
    }
}
