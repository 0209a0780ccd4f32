//! The images written in a copy, wherever its files hold them; this module must not know how.

#![deny(clippy::disallowed_methods)]

use super::template::{File, Template, is_kustomization};
use crate::edit::{self, Job, Kind, Reason, Rules, Wanted};
use crate::kustomize::directory;
use crate::plan::Target;
use crate::rewrite::{self, Coverage, Fate, FileRewrite, Rewrite, RewriteError, Trees};
use crate::tree::{Entry, Found};

/// Works out what the copy's files become: the wanted images at every place that holds one, each of them somewhere.
pub fn rewrite(
    template: &Template,
    (trees, wanted): (&Trees, &[Wanted]),
    rules: Rules,
) -> Result<Rewrite, RewriteError> {
    let mut sought = FileSearch { template, wanted, rules, places: Vec::new(), held: Rewrite::default() };
    for (path, file) in &template.files {
        sought.take(path, file);
    }
    sought.create();
    let mut result = sought.write(trees)?;
    let everywhere = Target {
        file: template.top().to_owned(),
        kind: Kind::Helm { path: None },
        images: (0..wanted.len()).collect(),
        rules,
    };
    let mut coverage = Coverage::of(1);
    result.held.append(&mut sought.held.held);
    result.reasons.append(&mut sought.held.reasons);
    coverage.record(0, &result);
    coverage.require_all([&everywhere], wanted)?;
    add_replaced(template, &mut result);
    Ok(result)
}

/// How many files may turn out to have no effect until the copy is refused.
const MOST_LOSERS: usize = 50;

/// The search for the files that hold the images.
struct FileSearch<'s> {
    template: &'s Template,
    wanted: &'s [Wanted],
    rules: Rules,
    /// Each with what stands at its path.
    places: Vec<(Target, Found)>,
    /// What the files hold that are none, for messages.
    held: Rewrite,
}

impl FileSearch<'_> {
    /// Takes a file that holds an image, or that names one in a way that has to be refused.
    fn take(&mut self, path: &str, file: &File) {
        let kind = if is_kustomization(path) { Kind::Kustomize { name: None } } else { Kind::Manifest };
        let tried = self.attempt(path, file, &kind);
        let (kind, tried) = match tried {
            Ok(rewritten) if kind == Kind::Manifest && !rewritten.has_objects => {
                let kind = Kind::Helm { path: None };
                let tried = self.attempt(path, file, &kind);
                (kind, tried)
            }
            tried => (kind, tried),
        };
        match tried {
            Ok(rewritten) if rewritten.places.is_empty() => self.held.held.extend(rewritten.held),
            // A chart's templates are no YAML, and what another program fills in is none of ours.
            Err(error) if matches!(error.reason, Reason::NotUtf8 | Reason::InvalidYaml(_)) => {}
            Err(error) if error.reason.is_expression() => {}
            Ok(_) | Err(_) => self.add((path, file), kind),
        }
    }

    fn attempt(&self, path: &str, file: &File, kind: &Kind) -> Result<edit::Rewritten, edit::EditError> {
        let images = (0..self.wanted.len()).collect();
        let job = Job { kind: kind.clone(), images, rules: self.rules_of(kind) };
        edit::rewrite(path, &file.new, &[job], self.wanted)
    }

    /// A missing entry is added to the copy's own kustomization alone.
    fn rules_of(&self, kind: &Kind) -> Rules {
        let create = self.rules.create && !matches!(kind, Kind::Kustomize { .. });
        Rules { create, ..self.rules }
    }

    fn add(&mut self, (path, file): (&str, &File), kind: Kind) {
        let found = Found::File(file.new.clone());
        let images = (0..self.wanted.len()).collect();
        let rules = self.rules_of(&kind);
        let (file, found) = match kind {
            Kind::Kustomize { .. } => {
                let at = directory(path);
                let name = path.rsplit('/').next().unwrap_or(path).to_owned();
                (at, Found::Directory(vec![Entry { name, found }]))
            }
            _ => (path, found),
        };
        self.places.push((Target { file: file.to_owned(), kind, images, rules }, found));
    }

    /// With `--create`, where no file holds an image: an entry of the copy's own kustomization.
    fn create(&mut self) {
        let top = self.template.top();
        let mut files = self.template.files.iter();
        let own = files.find(|(path, _)| is_kustomization(path) && directory(path) == top);
        if let Some((path, file)) = own.filter(|_| self.rules.create && self.places.is_empty()) {
            self.add((path, file), Kind::Kustomize { name: None });
            if let Some((target, _)) = self.places.last_mut() {
                target.rules = self.rules;
            }
        }
    }

    /// Writes the images. A file whose places something else in the copy decides about stays as it is.
    fn write(&mut self, trees: &Trees) -> Result<Rewrite, RewriteError> {
        let mut notes = Vec::new();
        loop {
            let targets: Vec<Target> = self.places.iter().map(|(target, _)| target.clone()).collect();
            let found: Vec<Found> = self.places.iter().map(|(_, found)| found.clone()).collect();
            let error = match rewrite::rewrite(&targets, (&found, trees), self.wanted) {
                Ok(mut result) => {
                    result.notes.extend(notes);
                    return Ok(result);
                }
                Err(error) => error,
            };
            let RewriteError::NoEffect { file, line, why, .. } = &error else { return Err(error) };
            let is_its = |(target, _): &(Target, Found)| {
                target.file == *file
                    || (matches!(target.kind, Kind::Kustomize { .. }) && target.file == directory(file))
            };
            let Some(at) =
                self.places.iter().position(is_its).filter(|_| self.places.len() > 1 && notes.len() < MOST_LOSERS)
            else {
                return Err(error);
            };
            notes.push(format!("{file}:{line}: not changed, because writing the image here has no effect: {why}"));
            self.places.remove(at);
        }
    }
}

/// Adds the files that get other values, and holds every file against what it is in the template.
fn add_replaced(template: &Template, result: &mut Rewrite) {
    for (path, file) in template.files.iter().filter(|(_, file)| file.old != file.new) {
        let old = String::from_utf8_lossy(&file.old).into_owned();
        match result.files.iter_mut().find(|known| known.path == *path) {
            Some(known) => known.old = old,
            None => result.files.push(FileRewrite {
                path: path.clone(),
                old,
                new: String::from_utf8_lossy(&file.new).into_owned(),
                places: Vec::new(),
                fate: Fate::Stays,
            }),
        }
    }
}
