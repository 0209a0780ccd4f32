//! What the files hold, before anybody decides what is made of it; this module must not propose anything.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeMap;

use super::File;
use super::candidates::{CHART, Passed, is_odd};
use super::trial::wanted;
use crate::edit::{self, EditError, Kind, Reason, Rules, Survey, TagSource};
use crate::image::Repository;
use crate::kustomize::directory;

/// How many places and resources of all files together are looked at.
const MOST_SEEN: usize = 10_000;

/// Everything that was seen.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// The files that can be read as YAML, in the order of their paths.
    pub(super) files: Vec<SurveyedFile>,
    /// The directories of charts, with their `appVersion`.
    pub(super) charts: BTreeMap<String, Option<String>>,
    /// What was passed over.
    pub(super) passed: Passed,
}

/// A file and what it holds.
#[derive(Debug)]
pub(super) struct SurveyedFile {
    pub(super) path: String,
    pub(super) bytes: Vec<u8>,
    pub(super) survey: Survey,
}

/// What came of looking for one image in one file.
#[derive(Debug)]
pub(super) struct Find {
    /// How the file is to be read.
    pub(super) kind: Kind,
    /// The places, or why they can't be written.
    pub(super) places: Result<Vec<WritablePlace>, Refused>,
}

/// A place that can be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WritablePlace {
    /// The PATH of the tag or reference.
    pub(super) path: String,
    pub(super) line: usize,
    /// What it holds.
    pub(super) old: String,
}

/// A place that can't be written.
#[derive(Debug)]
pub(super) struct Refused {
    /// The error's own words, with file and line.
    pub(super) text: String,
    /// What could be done about it.
    pub(super) hint: String,
    /// Whether `create` is all that it needs.
    pub(super) needs_create: bool,
}

/// Looks through the files.
pub(super) fn collect(files: Vec<File>, mut passed: Passed) -> Collected {
    let mut collected = Collected::default();
    let mut seen = 0;
    for File { path, bytes } in files {
        match edit::survey(&path, &bytes) {
            Ok(_) if path.rsplit('/').next() == Some(CHART) => {
                collected.charts.insert(directory(&path).to_owned(), app_version(&bytes));
            }
            Ok(survey) if seen + survey.sightings.len() + survey.resources.len() > MOST_SEEN => {
                passed.add("beyond the first 10000 places", &path);
            }
            Ok(survey) => {
                seen += survey.sightings.len() + survey.resources.len();
                collected.files.push(SurveyedFile { path, bytes, survey });
            }
            Err(EditError { reason: Reason::InvalidYaml(_) | Reason::NotUtf8, .. }) => {
                passed.add("that are not valid YAML", &path);
            }
            Err(_) => passed.add("that are too large to read", &path),
        }
    }
    collected.passed = passed;
    collected
}

impl SurveyedFile {
    /// Tries the edit itself, in memory: what it does here it will do in `update`.
    pub(super) fn find(&self, image: &Repository) -> Option<Find> {
        self.kinds().into_iter().find_map(|kind| self.find_at(image, kind, Rules::default()))
    }

    /// The text of a line, from 1.
    pub(super) fn line(&self, line: usize) -> &str {
        let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
        text.lines().nth(line.saturating_sub(1)).unwrap_or_default()
    }

    pub(super) fn is_kustomization(&self) -> bool {
        edit::is_kustomization_file_name(self.name())
    }

    pub(super) fn is_values(&self) -> bool {
        !self.is_kustomization() && !self.survey.has_objects
    }

    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// Whether a place of the file names the image, whatever can be done with it.
    pub(super) fn names(&self, image: &Repository) -> bool {
        let mut named = self.survey.sightings.iter().filter_map(|seen| seen.repository.as_ref());
        named.any(|named| named.is_same_as(image))
    }

    /// How the file could be read, the most telling way first.
    fn kinds(&self) -> Vec<Kind> {
        let helm = Kind::Helm { path: None };
        if self.is_kustomization() {
            vec![Kind::Kustomize { name: None }, helm]
        } else if self.survey.has_objects {
            vec![Kind::Manifest, helm]
        } else {
            vec![helm]
        }
    }

    /// The same for one kind of place.
    pub(super) fn find_at(&self, image: &Repository, kind: Kind, rules: Rules) -> Option<Find> {
        let is_addressed = kind.is_addressed();
        if !is_addressed && !self.names(image) {
            return None;
        }
        let places = match self.tried(image, &kind, rules) {
            Ok(places) if places.is_empty() => return None,
            Ok(places) => Ok(places),
            Err(EditError { reason: Reason::NotKustomization(_), .. }) => return None,
            Err(error) => {
                let could = matches!(
                    error.reason,
                    Reason::NoTag { from: TagSource::Create | TagSource::Mapping, .. } | Reason::PathMissing { .. }
                );
                let creating = Rules { create: true, ..rules };
                let needs_create = could && self.tried(image, &kind, creating).is_ok_and(|places| !places.is_empty());
                Err(Refused { text: error.to_string(), hint: error.hint(), needs_create })
            }
        };
        Some(Find { kind, places })
    }

    /// The places that an edit would write.
    pub(super) fn tried(&self, image: &Repository, kind: &Kind, rules: Rules) -> Result<Vec<WritablePlace>, EditError> {
        let jobs = [edit::Job { kind: kind.clone(), images: vec![0], rules }];
        let rewritten = edit::rewrite(&self.path, &self.bytes, &jobs, &[wanted(image)])?;
        let spots = rewritten.places.into_iter().map(|place| WritablePlace {
            path: if is_odd(&place.path) { "…".to_owned() } else { place.path },
            line: place.line,
            old: place.old.to_string(),
        });
        Ok(spots.collect())
    }
}

fn app_version(chart: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Chart {
        app_version: Option<serde_yaml::Value>,
    }
    let chart: Chart = serde_yaml::from_slice(chart).ok()?;
    match chart.app_version? {
        serde_yaml::Value::String(text) => Some(text),
        serde_yaml::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
