//! Which of a repository's files are worth reading; this module must not read one.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use crate::edit::is_kustomization_file_name;
use crate::git::Listed;
use crate::rewrite;
use crate::text::printable;

/// How many files are read.
pub(super) const MOST_FILES: usize = 5000;

/// The largest file that is read, in bytes.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// The file that makes a directory a chart.
pub(super) const CHART: &str = "Chart.yaml";

/// The config file that may lie in the repository; only its environments are read.
pub(super) const CONFIG: &str = crate::config::DEFAULT_FILE;

/// How many templates of charts are read.
const MOST_TEMPLATES: usize = 500;

/// The files to read, and what was passed over.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    pub(super) paths: Vec<String>,
    /// Templates of charts, which are looked through and never proposed.
    pub(super) templates: Vec<String>,
    pub(super) passed: Passed,
}

/// What was passed over: a reason, how often, and an example.
#[derive(Clone, Debug, Default)]
pub(super) struct Passed(BTreeMap<&'static str, (usize, String)>);

impl Passed {
    /// Counts a file.
    pub(super) fn add(&mut self, reason: &'static str, path: &str) {
        self.0.entry(reason).or_insert_with(|| (0, path.to_owned())).0 += 1;
    }

    /// Counts files that nobody knows by name.
    pub(super) fn add_many(&mut self, reason: &'static str, count: usize) {
        if count > 0 {
            self.0.insert(reason, (count, String::new()));
        }
    }

    /// `3 files larger than 1 MiB (a/b.yaml, …)`, a line each.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(reason, (count, example))| {
            let files = if *count == 1 { "file" } else { "files" };
            match (example.as_str(), count) {
                ("", _) => format!("{count} {files} {reason}"),
                (example, 1) => format!("1 file {} ({example})", singular(reason)),
                (example, _) => format!("{count} files {reason} ({example}, …)"),
            }
        })
    }
}

/// A reason as it is said of one file.
fn singular(reason: &str) -> String {
    match reason.strip_prefix("that are ") {
        Some("symbolic links") => "that is a symbolic link".to_owned(),
        Some(rest) => format!("that is {rest}"),
        None => reason.to_owned(),
    }
}

/// Whether a file of this name may hold an image.
pub(super) fn is_name(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    matches!(extension, Some("yaml" | "yml" | "jsonnet" | "libsonnet")) || is_kustomization_file_name(name)
}

/// Chooses among files whose names may hold an image.
pub(super) fn choose<'a>(files: impl Iterator<Item = &'a Listed>) -> Candidates {
    let files: Vec<&Listed> = files.collect();
    let charts =
        files.iter().filter_map(|file| file.path.strip_suffix(CHART)).filter(|directory| is_directory(directory));
    let templates: BTreeSet<String> = charts.map(|chart| format!("{chart}templates/")).collect();
    let mut chosen = Candidates::default();
    for file in files {
        match reason(file) {
            Some(reason) => chosen.passed.add(reason, &printable(&file.path)),
            None if is_template(&file.path, &templates) && chosen.templates.len() < MOST_TEMPLATES => {
                chosen.templates.push(file.path.clone());
            }
            None if is_template(&file.path, &templates) => {
                chosen.passed.add("that are templates of charts beyond the first 500", &file.path);
            }
            None if chosen.paths.len() >= MOST_FILES => chosen.passed.add("beyond the first 5000", &file.path),
            None => chosen.paths.push(file.path.clone()),
        }
    }
    chosen
}

fn is_directory(path: &str) -> bool {
    path.is_empty() || path.ends_with('/')
}

fn is_template(path: &str, templates: &BTreeSet<String>) -> bool {
    let mut above = path.match_indices('/').map(|(slash, _)| path.get(..=slash).unwrap_or_default());
    above.any(|directory| templates.contains(directory))
}

fn reason(file: &Listed) -> Option<&'static str> {
    let path = file.path.as_str();
    let name = path.rsplit('/').next().unwrap_or_default();
    let directory = path.strip_suffix(name).unwrap_or_default();
    let is_hidden = |path: &str| path.split('/').any(|part| part.starts_with('.'));
    let is_read = path == CONFIG || (!is_hidden(directory) && rewrite::is_argocd_source(name));
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    if !file.is_file {
        Some("that are symbolic links")
    } else if is_hidden(path) && !is_read {
        Some("that are hidden")
    } else if is_odd(path) {
        Some("with a name that has invisible characters")
    } else if matches!(extension, Some("jsonnet" | "libsonnet")) {
        Some("that are Jsonnet, which is never edited")
    } else {
        None
    }
}

/// Whether a text has characters that no config file shows as they are.
pub(super) fn is_odd(text: &str) -> bool {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    text.contains(breaks) || printable(text) != text || text.contains("<env>")
}
