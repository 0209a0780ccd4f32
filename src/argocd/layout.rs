//! What stands in the directories of sources, and what kustomizations and charts there read from elsewhere in the repository;
//! this module must not read it from Git.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use serde_yaml::Value;

use crate::edit::is_kustomization_file_name;
use crate::kustomize::{directory, normal};
use crate::tree::{Found, join};

/// How many directories are looked at, and how many levels below the sources.
const MOST_DIRECTORIES: usize = 1000;
const MOST_LEVELS: usize = 16;

/// The biggest kustomization or chart that is looked through, how deep it may be nested, and the most paths of one.
const MOST_BYTES: usize = 1 << 20;
const MOST_DEPTH: usize = 32;
const MOST_NAMES: usize = 10_000;

/// The keys of a kustomization whose entries may be directories.
const DIRECTORIES: [&str; 6] = ["resources", "bases", "components", "generators", "transformers", "validators"];

/// How deep it may be that something reads something.
const MOST_STEPS: usize = MOST_LEVELS + 1;

/// What makes of a directory what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DirectoryRole {
    /// It has a kustomization: the paths that it names, and the directories that it reads.
    Kustomization { file: String, names: BTreeSet<String>, below: BTreeSet<String> },
    /// It has a chart: the directories of others that it depends on.
    Chart { below: BTreeSet<String> },
    /// It has files.
    Files,
    /// Nothing that Argo CD could read.
    Nothing,
    /// It is a link, a submodule, or too large to be read.
    Unseen,
}

/// The directories that were looked at.
#[derive(Debug, Default)]
pub(super) struct Layout {
    standing: BTreeMap<String, DirectoryRole>,
    wants: BTreeSet<String>,
    levels: usize,
}

/// The files that are wanted of a directory.
pub(super) fn is_telling(name: &str) -> bool {
    is_kustomization_file_name(name) || name == "Chart.yaml"
}

impl Layout {
    /// Of these directories.
    pub(super) fn of(directories: impl IntoIterator<Item = String>) -> Self {
        let mut layout = Self::default();
        layout.want(directories.into_iter().collect());
        layout
    }

    /// The directories to be looked at next.
    pub(super) fn wants(&self) -> Vec<String> {
        self.wants.iter().cloned().collect()
    }

    /// Takes what was found in the directories of a level.
    pub(super) fn give(&mut self, found: Vec<(String, Found)>) {
        self.levels += 1;
        let mut next = BTreeSet::new();
        for (path, found) in found {
            self.wants.remove(&path);
            let standing = standing(&path, &found);
            if let DirectoryRole::Kustomization { below, .. } | DirectoryRole::Chart { below } = &standing {
                next.extend(below.iter().cloned());
            }
            self.standing.insert(path, standing);
        }
        if self.levels < MOST_LEVELS {
            self.want(next);
        }
    }

    /// What stands in a directory; none when it was not looked at.
    pub(super) fn at(&self, path: &str) -> Option<&DirectoryRole> {
        self.standing.get(path)
    }

    /// Whether the kustomization in a directory reads a file, itself or through others.
    pub(super) fn kustomization_reads(&self, start: &str, file: &str) -> bool {
        self.reads(start, file, 0)
    }

    fn reads(&self, path: &str, file: &str, steps: usize) -> bool {
        if steps > MOST_STEPS {
            return false;
        }
        match self.at(path) {
            Some(DirectoryRole::Kustomization { file: own, names, below }) => {
                own == file || names.contains(file) || below.iter().any(|next| self.reads(next, file, steps + 1))
            }
            Some(DirectoryRole::Chart { .. }) => self.chart_reads(path, file),
            // A directory that could not be looked at may hold anything.
            None | Some(DirectoryRole::Unseen) => !path.is_empty() && below(file, path).is_some(),
            Some(DirectoryRole::Files | DirectoryRole::Nothing) => false,
        }
    }

    /// Whether the chart in a directory reads a file that no list of value files names.
    pub(super) fn chart_reads(&self, start: &str, file: &str) -> bool {
        let mut next = vec![(start, 0)];
        let mut seen = BTreeSet::new();
        while let Some((path, steps)) = next.pop() {
            if below(file, path).is_some_and(is_of_chart) {
                return true;
            }
            if let Some(DirectoryRole::Chart { below }) =
                self.at(path).filter(|_| steps < MOST_STEPS && seen.insert(path))
            {
                next.extend(below.iter().map(|path| (path.as_str(), steps + 1)));
            }
        }
        false
    }

    fn want(&mut self, paths: BTreeSet<String>) {
        for path in paths {
            let is_new = !self.standing.contains_key(&path);
            if is_new && self.standing.len() + self.wants.len() < MOST_DIRECTORIES {
                self.wants.insert(path);
            }
        }
    }
}

/// A file's path in a directory; none when it is elsewhere.
pub(super) fn below<'f>(file: &'f str, directory: &str) -> Option<&'f str> {
    if directory.is_empty() { Some(file) } else { file.strip_prefix(directory)?.strip_prefix('/') }
}

/// Whether Helm reads a file of a chart unasked: everything but other YAML files than the chart's own.
fn is_of_chart(path: &str) -> bool {
    match path.split_once('/') {
        Some(("templates" | "crds", _)) => true,
        // A chart in the chart.
        Some(("charts", rest)) => rest.split_once('/').is_none_or(|(_, rest)| is_of_chart(rest)),
        Some(_) => !is_yaml(path),
        None => {
            matches!(path, "Chart.yaml" | "values.yaml" | "requirements.yaml" | "values.schema.json") || !is_yaml(path)
        }
    }
}

fn is_yaml(path: &str) -> bool {
    [".yaml", ".yml"].iter().any(|end| path.ends_with(end))
}

fn standing(path: &str, found: &Found) -> DirectoryRole {
    let entries = match found {
        Found::Directory(entries) => entries,
        Found::Missing { .. } | Found::File(_) => return DirectoryRole::Nothing,
        Found::Symlink { .. } | Found::Submodule { .. } | Found::TooLarge { .. } | Found::Again { .. } => {
            return DirectoryRole::Unseen;
        }
    };
    if entries.iter().any(|entry| !matches!(entry.found, Found::File(_))) {
        return DirectoryRole::Unseen;
    }
    let file = |is: &dyn Fn(&str) -> bool| {
        entries.iter().find_map(|entry| match &entry.found {
            Found::File(bytes) if is(&entry.name) => Some((entry.name.clone(), bytes.clone())),
            _ => None,
        })
    };
    if let Some((name, bytes)) = file(&is_kustomization_file_name) {
        return kustomization(path, &name, &bytes);
    }
    match file(&|name| name == "Chart.yaml") {
        Some((_, bytes)) => DirectoryRole::Chart { below: dependencies(path, &bytes) },
        None => DirectoryRole::Files,
    }
}

fn kustomization(path: &str, name: &str, bytes: &[u8]) -> DirectoryRole {
    let document = document(bytes);
    let mut texts = Vec::new();
    strings(&document, 0, &mut texts);
    let mut names: BTreeSet<String> = texts.iter().filter_map(|text| place(path, text)).collect();
    // A generator's file may have a name of its own: `key=path`.
    names.extend(texts.iter().filter_map(|text| place(path, text.split_once('=')?.1)));
    let mut texts = Vec::new();
    for key in DIRECTORIES {
        if let Some(value) = document.get(key) {
            strings(value, 0, &mut texts);
        }
    }
    let is_directory = |path: &String| ![".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end));
    let below = texts.iter().filter_map(|text| place(path, text)).filter(is_directory);
    let below = below.chain(charts(path, &document)).collect();
    DirectoryRole::Kustomization { file: join(path, name), names, below }
}

/// The directories of the charts that a kustomization inflates from the repository.
fn charts(path: &str, document: &Value) -> Vec<String> {
    let home = document.get("helmGlobals").and_then(|globals| globals.get("chartHome")).and_then(Value::as_str);
    let charts = document.get("helmCharts").and_then(Value::as_sequence).into_iter().flatten();
    let own = charts.filter(|chart| chart.get("repo").is_none()).filter_map(|chart| chart.get("name")?.as_str());
    own.filter_map(|name| place(path, &join(home.unwrap_or("charts"), name))).collect()
}

/// The directories of the charts on the same disk that a chart depends on.
fn dependencies(path: &str, bytes: &[u8]) -> BTreeSet<String> {
    let document = document(bytes);
    let mut texts = Vec::new();
    strings(&document, 0, &mut texts);
    texts.iter().filter_map(|text| place(path, text.strip_prefix("file://")?)).collect()
}

fn document(bytes: &[u8]) -> Value {
    if bytes.len() > MOST_BYTES { Value::Null } else { serde_yaml::from_slice(bytes).unwrap_or_default() }
}

/// Every text of a document.
fn strings<'v>(value: &'v Value, depth: usize, texts: &mut Vec<&'v str>) {
    if depth > MOST_DEPTH || texts.len() > MOST_NAMES {
        return;
    }
    match value {
        Value::String(text) => texts.push(text),
        Value::Sequence(values) => values.iter().for_each(|value| strings(value, depth + 1, texts)),
        Value::Mapping(mapping) => mapping.values().for_each(|value| strings(value, depth + 1, texts)),
        _ => {}
    }
}

/// The place in the repository that a path in a directory means.
pub(super) fn place(directory: &str, path: &str) -> Option<String> {
    if path.is_empty() || path.contains("://") || path.contains(['\n', '?', '\0']) || path.starts_with('/') {
        return None;
    }
    let place = normal(&join(directory, path));
    let is_inside = place != ".." && !place.starts_with("../") && !place.starts_with('/');
    is_inside.then_some(place)
}

/// The directory of a source as Git has it.
pub(super) fn source_directory(path: &str) -> String {
    normal(path.trim_start_matches('/'))
}

/// Whether a file lies directly in a directory.
pub(super) fn is_directly_in(file: &str, path: &str) -> bool {
    directory(file) == path
}
