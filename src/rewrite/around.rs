//! What stands around the files of a run and is not read: subdirectories, and a chart's lock file. This module must not
//! know how names are looked up.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;

use super::error::{RewriteError, SUBDIRECTORIES};
use super::{FileRewrite, Rewrite};
use crate::edit::Kind;
use crate::kustomize::directory;
use crate::tree::join;

/// The names in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// Its files.
    pub files: Vec<String>,
    /// Its subdirectories.
    pub directories: Vec<String>,
}

impl RewriteError {
    /// Where a directory of manifests holds nothing: the same with its subdirectories, which are not read.
    #[must_use]
    pub fn with_subdirectories(mut self, look: impl Fn(&str) -> Option<Around>) -> Self {
        let (file, known) = match &mut self {
            Self::NoMatch { file, there, .. } if there.kind == Kind::Manifest => (file, &mut there.subdirectories),
            Self::NoObject { file, subdirectories } => (file, subdirectories),
            _ => return self,
        };
        let is_shown = |name: &String| !name.starts_with('.');
        let around = look(file).unwrap_or_default();
        *known = around.directories.into_iter().filter(is_shown).take(SUBDIRECTORIES + 1).collect();
        self
    }
}

/// What to say of lock files: Helm compares them with the dependencies of the `Chart.yaml` beside them.
pub fn stale_locks(rewrite: &Rewrite, look: impl Fn(&str) -> Option<Around>) -> Vec<String> {
    let charts = rewrite.changed().filter(|file| writes_dependency(file));
    let directories: BTreeSet<&str> = charts.map(|file| directory(&file.path)).collect();
    let has_lock =
        |directory: &&str| look(directory).is_some_and(|around| around.files.iter().any(|name| name == LOCK));
    let sentence = |directory: &str| {
        format!(
            "{}: it does not match the new version of the dependency, so helm dependency build will fail: run helm \
             dependency update and commit the result",
            join(directory, LOCK)
        )
    };
    directories.into_iter().filter(has_lock).map(sentence).collect()
}

const LOCK: &str = "Chart.lock";

/// Whether the version of a chart's dependency changes in a file.
fn writes_dependency(file: &FileRewrite) -> bool {
    let is_chart = file.path.rsplit('/').next() == Some("Chart.yaml");
    is_chart && file.changed_places().any(|place| place.path.starts_with("dependencies["))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{KnownDigest, Path, Rules, Wanted};
    use crate::image::{Repository, Tag};
    use crate::plan::Target;
    use crate::rewrite::rewrite;
    use crate::tree::{Entry, Found};

    fn run(target: Target, found: Found) -> Result<Rewrite, RewriteError> {
        let (repository, tag) = (Repository::parse("r.io/a").unwrap(), Tag::parse("2").unwrap());
        rewrite(
            &[target],
            (&[found], &crate::rewrite::Trees::default()),
            &[Wanted { repository, tag: Some(tag), digest: KnownDigest::Unknown, same: Vec::new() }],
        )
    }

    fn target(file: &str, kind: Kind) -> Target {
        Target { file: file.to_owned(), kind, images: vec![0], rules: Rules::default() }
    }

    fn around(files: &[&str], directories: &[&str]) -> Around {
        let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Around { files: own(files), directories: own(directories) }
    }

    #[test]
    fn subdirectories_are_named_where_nothing_matches() {
        let look = |directory: &str| {
            (directory == "apps").then(|| around(&["x.yaml"], &[".git", "a", "b", "c", "d", "e", "f"]))
        };
        for (entries, words) in
            [(vec![], "it contains no Kubernetes object"), (vec!["kind: X\n"], "no place names r.io/a")]
        {
            let entry = |text: &str| Entry { name: "x.yaml".to_owned(), found: Found::File(text.as_bytes().to_vec()) };
            let found = Found::Directory(entries.into_iter().map(entry).collect());
            let error = run(target("apps", Kind::Manifest), found).unwrap_err().with_subdirectories(look);
            assert!(error.to_string().contains(words), "{error}");
            let hint = error.hint();
            assert!(hint.contains("its subdirectories are not read (a, b, c, d, e, …)"), "{hint}");
        }
        let file = Found::File(b"kind: X\n".to_vec());
        let error = run(target("apps/x.yaml", Kind::Manifest), file).unwrap_err().with_subdirectories(look);
        assert!(!error.hint().contains("subdirectories"), "{}", error.hint());
    }

    #[test]
    fn a_lock_beside_a_changed_dependency_is_stale() {
        let chart = "appVersion: 1\ndependencies:\n  - {name: a, version: 1}\n";
        let look = |directory: &str| Some(around(if directory == "charts/a" { &["Chart.lock"] } else { &["x"] }, &[]));
        for (file, path, text, count) in [
            ("charts/a/Chart.yaml", "dependencies[0].version", chart, 1),
            ("Chart.yaml", "dependencies[0].version", chart, 0),
            ("charts/a/Chart.yaml", "appVersion", chart, 0),
            ("charts/a/values.yaml", "dependencies[0].version", chart, 0),
            ("charts/a/Chart.yaml", "dependencies[0].version", "dependencies: [{version: '2'}]\n", 0),
        ] {
            let kind = Kind::Helm { path: Path::parse(path).ok() };
            let rewrite = run(target(file, kind), Found::File(text.as_bytes().to_vec())).unwrap();
            let said = stale_locks(&rewrite, look);
            assert_eq!(said.len(), count, "{file} {path}");
            assert!(said.iter().all(|note| note.starts_with("charts/a/Chart.lock: ")), "{said:?}");
        }
    }
}
