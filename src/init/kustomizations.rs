//! What a kustomization is made of, as far as the repository holds it; this module must not decide what follows.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use super::collect::Collected;

use crate::kustomize::directory;
use crate::tree::join;

/// How many files one kustomization is followed to.
const MOST: usize = 5000;

/// Which files every kustomization is made of, by their numbers; itself is none of them.
#[derive(Debug, Default)]
pub(super) struct MadeOf {
    above: BTreeMap<usize, Vec<usize>>,
    tops: Vec<usize>,
}

impl MadeOf {
    /// Follows all kustomizations.
    pub(super) fn new(collected: &Collected) -> Self {
        let numbers: BTreeMap<&str, usize> =
            collected.files.iter().enumerate().map(|(number, file)| (file.path.as_str(), number)).collect();
        let all = || collected.files.iter().enumerate().filter(|(_, file)| file.is_kustomization());
        let mut above: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (root, _) in all() {
            for below in follow(collected, &numbers, root) {
                above.entry(below).or_default().push(root);
            }
        }
        let tops = all().map(|(number, _)| number).filter(|number| !above.contains_key(number)).collect();
        Self { above, tops }
    }

    /// The kustomizations that are made of a file, among others.
    pub(super) fn above(&self, file: usize) -> impl Iterator<Item = usize> {
        self.above.get(&file).into_iter().flatten().copied()
    }

    /// The kustomizations that no other is made of.
    pub(super) fn tops(&self) -> &[usize] {
        &self.tops
    }
}

fn follow(collected: &Collected, numbers: &BTreeMap<&str, usize>, root: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut pending = vec![root];
    while let Some(file) = pending.pop().and_then(|number| collected.files.get(number)) {
        for resource in &file.survey.resources {
            let Some(path) = resolved(directory(&file.path), resource) else { continue };
            let names = ["", "/kustomization.yaml", "/kustomization.yml", "/Kustomization"];
            let names = names.map(|name| format!("{path}{name}"));
            let found = names.iter().find_map(|name| numbers.get(name.trim_start_matches('/')).copied());
            if let Some(number) = found.filter(|number| *number != root && reached.len() < MOST)
                && reached.insert(number)
                && collected.files.get(number).is_some_and(super::collect::SurveyedFile::is_kustomization)
            {
                pending.push(number);
            }
        }
    }
    reached
}

/// `../base` seen from `overlays/dev`; none for what leads out of the repository, as a URL does.
fn resolved(directory: &str, resource: &str) -> Option<String> {
    let path = join(directory, resource);
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_seen_from_their_file() {
        for (directory, resource, path) in [
            ("overlays/dev", "../../base", Some("base")),
            ("overlays/dev", "./a.yaml", Some("overlays/dev/a.yaml")),
            ("", "base/", Some("base")),
            ("a", "../..", None),
        ] {
            assert_eq!(resolved(directory, resource).as_deref(), path, "{directory} {resource}");
        }
    }
}
