//! Which of a repository's files are worth reading; this module must not read one.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use crate::edit::is_kustomization_file_name;
use crate::git::Listed;
use crate::text::printable;

/// How many files are read.
pub(super) const MOST_FILES: usize = 2000;

/// The largest file that is read, in bytes.
pub(super) const MOST_BYTES: usize = 1 << 20;

/// The file that makes a directory a chart.
pub(super) const CHART: &str = "Chart.yaml";

/// The files to read, and what was passed over.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    pub(super) paths: Vec<String>,
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
                (example, 1) => format!("1 file {reason} ({example})"),
                (example, _) => format!("{count} files {reason} ({example}, …)"),
            }
        })
    }
}

/// Whether a file of this name may hold an image.
pub(super) fn is_name(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    matches!(extension, Some("yaml" | "yml")) || is_kustomization_file_name(name)
}

/// Chooses among files whose names may hold an image.
pub(super) fn choose<'a>(files: impl Iterator<Item = &'a Listed>) -> Candidates {
    let files: Vec<&Listed> = files.collect();
    let charts =
        files.iter().filter_map(|file| file.path.strip_suffix(CHART)).filter(|directory| is_directory(directory));
    let templates: BTreeSet<String> = charts.map(|chart| format!("{chart}templates/")).collect();
    let mut chosen = Candidates::default();
    for file in files {
        match reason(file, &templates) {
            Some(reason) => chosen.passed.add(reason, &printable(&file.path)),
            None if chosen.paths.len() >= MOST_FILES => chosen.passed.add("beyond the first 2000", &file.path),
            None => chosen.paths.push(file.path.clone()),
        }
    }
    chosen
}

fn is_directory(path: &str) -> bool {
    path.is_empty() || path.ends_with('/')
}

fn reason(file: &Listed, templates: &BTreeSet<String>) -> Option<&'static str> {
    let path = file.path.as_str();
    let above = path.match_indices('/').map(|(slash, _)| path.get(..=slash).unwrap_or_default());
    let mut above = above.into_iter();
    if !file.is_file {
        Some("that are symbolic links")
    } else if path.split('/').any(|part| part.starts_with('.')) {
        Some("that are hidden")
    } else if above.any(|directory| templates.contains(directory)) {
        Some("that are a chart's templates")
    } else if is_odd(path) {
        Some("with a name that can't be written down")
    } else {
        None
    }
}

/// Whether a text has characters that no config file shows as they are.
pub(super) fn is_odd(text: &str) -> bool {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}');
    text.contains(breaks) || printable(text) != text || text.contains("<env>")
}
