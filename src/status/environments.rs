//! Which environments a target's path has, by the names that stand in a directory; this module must not read one.

#![deny(clippy::disallowed_methods)]

use crate::edit::Kind;
use crate::environment_names::{is_environment, is_shared};
use crate::git::Names;
use crate::plan::ENVIRONMENT;
use crate::rewrite::is_manifest_file_name;
use crate::settings::TargetSettings;

/// Where the environments of a path are found, and how their names are written there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    /// The directory that holds them, empty for the top.
    pub(super) directory: String,
    /// A name in it, with `<env>`.
    component: String,
    /// Whether the names are those of files.
    is_file: bool,
}

/// The pattern of a target's path; none when it has no `<env>`.
pub(super) fn pattern(target: &TargetSettings) -> Option<Pattern> {
    let components: Vec<&str> = target.file.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let at = components.iter().position(|component| component.contains(ENVIRONMENT))?;
    let (before, rest) = components.split_at(at);
    let component = (*rest.first()?).to_owned();
    let is_last = rest.len() == 1;
    let is_file = matches!(target.kind, Kind::Helm { .. }) || is_manifest_file_name(&component);
    Some(Pattern { directory: before.join("/"), component, is_file: is_last && is_file })
}

impl Pattern {
    /// What stands for `<env>` in the names of the directory, sorted: those that are environments by custom, and the
    /// others. Hidden names, and those of what all environments have in common, are neither.
    pub(super) fn environments(&self, names: &Names) -> (Vec<String>, Vec<String>) {
        let names = if self.is_file { &names.files } else { &names.directories };
        let mut found: Vec<String> = names.iter().filter_map(|name| self.environment(name)).collect();
        found.retain(|name| !is_shared(name));
        found.sort();
        found.into_iter().partition(|name| is_environment(name))
    }

    /// The pattern as far as it is looked for, for a message.
    pub(super) fn shown(&self) -> String {
        crate::tree::join(&self.directory, &self.component)
    }

    fn environment(&self, name: &str) -> Option<String> {
        let count = self.component.matches(ENVIRONMENT).count();
        let fixed = self.component.len() - count * ENVIRONMENT.len();
        let length = name.len().checked_sub(fixed)? / count;
        let start = self.component.find(ENVIRONMENT)?;
        let environment = name.get(start..start + length)?;
        let is_name =
            !environment.is_empty() && !environment.starts_with('.') && !environment.contains(char::is_control);
        (is_name && self.component.replace(ENVIRONMENT, environment) == name).then(|| environment.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::Rules;

    fn found(file: &str, kind: Kind) -> Option<(String, [Vec<String>; 2])> {
        let (rules, environments) = (Rules::default(), Vec::new());
        let pattern = pattern(&TargetSettings { file: file.to_owned(), kind, image: None, rules, environments })?;
        let text = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let names = Names {
            files: text(&[
                "values-prod.yaml",
                "values-a-b.yaml",
                "values-common.yaml",
                "values-.yaml",
                "values.yaml",
                "README.md",
                "p-p.yml",
                "p-q.yml",
            ]),
            directories: text(&["prod", "staging", ".hidden", "base", "client-a", "eu-prod", "a\u{1b}b"]),
            ..Names::default()
        };
        let (environments, others) = pattern.environments(&names);
        Some((pattern.directory.clone(), [environments, others]))
    }

    #[test]
    fn names_say_which_environments_there_are() {
        let helm = || Kind::Helm { path: None };
        let kustomize = || Kind::Kustomize { name: None };
        for (file, kind, directory, environments, others) in [
            ("values-<env>.yaml", helm(), "", vec!["prod"], vec!["a-b"]),
            ("./charts//app/values-<env>.yaml", helm(), "charts/app", vec!["prod"], vec!["a-b"]),
            ("overlays/<env>", kustomize(), "overlays", vec!["eu-prod", "prod", "staging"], vec!["client-a"]),
            ("overlays/eu-<env>/", kustomize(), "overlays", vec!["prod"], vec![]),
            ("envs/<env>/values-<env>.yaml", helm(), "envs", vec!["eu-prod", "prod", "staging"], vec!["client-a"]),
            ("<env>-<env>.yml", Kind::Manifest, "", vec![], vec!["p"]),
        ] {
            let (at, names) = found(file, kind).unwrap();
            let expected = [environments, others].map(|names| names.into_iter().map(str::to_owned).collect::<Vec<_>>());
            assert_eq!((at.as_str(), names), (directory, expected), "{file}");
        }
        assert_eq!(found("values.yaml", helm()), None);
    }
}
