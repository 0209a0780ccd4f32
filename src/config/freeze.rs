//! Freeze windows as they are written, in a config file or in an infra repository's own file; this module must not know when one
//! is on.

#![deny(clippy::disallowed_methods)]

use schemars::JsonSchema;

use super::ConfigError;
use super::reader;
use super::tree::{self, Budget, Node};

/// A window of time in which nothing is changed.
#[derive(Clone, Debug, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a mapping")]
pub struct WindowConfig {
    /// When it begins: a cron expression of five fields (minute, hour, day of the month, month, day of the week).
    pub cron: String,
    /// How long it lasts by the wall clock of the time zone, for instance `64h`; a year at most.
    #[serde(rename = "for")]
    pub length: String,
    /// The time zone's IANA name; `UTC` when absent.
    pub timezone: Option<String>,
    /// The environments that it is for; every run when absent.
    pub environments: Option<Vec<String>>,
}

/// An infra repository's own file with windows.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a mapping")]
struct FreezeFile {
    freeze: Vec<WindowConfig>,
}

/// Reads an infra repository's own file with windows: the key `freeze` of a config file alone, without variables. Each window comes
/// with its line.
pub(crate) fn freeze_file(text: &str) -> Result<Vec<(usize, WindowConfig)>, ConfigError> {
    let Some(root) = tree::parse(text, &mut Budget::default())? else {
        return Ok(Vec::new());
    };
    let file: Option<FreezeFile> = reader::read(&root).map_err(|fault| ConfigError::Shape(fault.to_string()))?;
    let windows = file.unwrap_or_default().freeze;
    // The file has no other key than this one, whose items are in the order of the windows.
    let lines = root.values().flat_map(Node::items).map(|item| item.line);
    Ok(lines.zip(windows).collect())
}
