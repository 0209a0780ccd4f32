//! An application's sources as a list shows them, and which of them are a repository's branch; this module must not ask a server.
//!
//! The shapes are those of the `Application` resource (argoproj.io/v1alpha1).

#![deny(clippy::disallowed_methods)]

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::git::GitUrl;

/// What of an application tells what it is made from.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Application {
    pub(super) metadata: Metadata,
    spec: Spec,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Metadata {
    pub(super) name: String,
    pub(super) namespace: Option<String>,
    annotations: Option<Annotations>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Annotations {
    #[serde(rename = "argocd.argoproj.io/manifest-generate-paths")]
    generate_paths: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    project: Option<String>,
    destination: Option<Destination>,
    source: Option<Source>,
    sources: Option<Vec<Source>>,
    source_hydrator: Option<Hydrator>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Destination {
    namespace: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Hydrator {
    dry_source: Option<Source>,
}

/// One source.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Source {
    #[serde(rename = "repoURL")]
    repo_url: Option<String>,
    path: Option<String>,
    target_revision: Option<String>,
    chart: Option<String>,
    #[serde(rename = "ref")]
    pub(super) reference: Option<String>,
    pub(super) helm: Option<Helm>,
    pub(super) kustomize: Option<Kustomize>,
    pub(super) directory: Option<Directory>,
    pub(super) plugin: Option<IgnoredAny>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Helm {
    value_files: Option<Vec<String>>,
    file_parameters: Option<Vec<FileParameter>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct FileParameter {
    path: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Kustomize {
    pub(super) components: Option<Vec<String>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Directory {
    pub(super) recurse: Option<bool>,
    pub(super) include: Option<String>,
    pub(super) exclude: Option<String>,
    pub(super) jsonnet: Option<Jsonnet>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Jsonnet {
    pub(super) libs: Option<Vec<String>>,
}

impl Application {
    /// `NAMESPACE/NAME`, or `NAME`.
    pub(super) fn full_name(&self) -> String {
        let Metadata { name, namespace, .. } = &self.metadata;
        namespace.as_ref().map_or_else(|| name.clone(), |namespace| format!("{namespace}/{name}"))
    }

    /// Its sources with their numbers; `sourceHydrator.drySource` has none. A single source does not count beside several.
    pub(super) fn sources(&self) -> Vec<(Option<usize>, &Source)> {
        let dry = self.spec.source_hydrator.as_ref().and_then(|hydrator| hydrator.dry_source.as_ref());
        let several = self.spec.sources.as_deref().unwrap_or_default();
        match (dry, several) {
            (Some(dry), _) => vec![(None, dry)],
            (None, []) => self.spec.source.iter().map(|source| (Some(0), source)).collect(),
            (None, several) => several.iter().enumerate().map(|(number, source)| (Some(number), source)).collect(),
        }
    }

    /// What its annotation `manifest-generate-paths` names, apart from where that is relative to.
    pub(super) fn generate_paths(&self) -> impl Iterator<Item = &str> {
        let paths = self.metadata.annotations.as_ref().and_then(|annotations| annotations.generate_paths.as_deref());
        paths.unwrap_or_default().split(';').map(str::trim).filter(|path| !path.is_empty())
    }

    /// A build variable's value in one of its sources; none when the list does not tell it.
    pub(super) fn variable<'a>(&'a self, source: &'a Source, name: &str) -> Option<&'a str> {
        match name {
            "ARGOCD_APP_NAME" => Some(&self.metadata.name),
            "ARGOCD_APP_NAMESPACE" => self.spec.destination.as_ref()?.namespace.as_deref(),
            "ARGOCD_APP_PROJECT_NAME" => Some(self.spec.project.as_deref().unwrap_or("default")),
            "ARGOCD_APP_SOURCE_PATH" => source.path.as_deref(),
            "ARGOCD_APP_SOURCE_TARGET_REVISION" => source.target_revision.as_deref(),
            _ => None,
        }
    }
}

impl Source {
    /// The repository, as it is written.
    pub(super) fn repository(&self) -> &str {
        self.repo_url.as_deref().unwrap_or_default()
    }

    /// The revision, as it is written.
    pub(super) fn revision(&self) -> &str {
        self.target_revision.as_deref().unwrap_or_default()
    }

    /// The directory in the repository, as it is written; none where the source is a chart of a chart repository, or is there only
    /// to be referred to.
    pub(super) fn path(&self) -> Option<&str> {
        let is_chart = self.chart.as_deref().is_some_and(|chart| !chart.is_empty());
        self.path.as_deref().filter(|path| !path.is_empty() && !is_chart)
    }

    /// Whether it is one of these repositories: the same host and path, whatever scheme, user, port of another scheme and final
    /// `.git` are, in capitals or not.
    pub(super) fn is_of<'u>(&self, urls: impl IntoIterator<Item = &'u GitUrl>) -> bool {
        GitUrl::parse(self.repository()).is_ok_and(|(own, _)| urls.into_iter().any(|url| is_same(&own, url)))
    }

    /// Whether it follows a branch; `is_default` tells whether that is the default branch, where it can be told.
    pub(super) fn follows(&self, branch: &str, is_default: Option<bool>) -> bool {
        match self.revision() {
            "" | "HEAD" => is_default != Some(false),
            name => name.strip_prefix("refs/heads/").unwrap_or(name) == branch,
        }
    }

    /// Whether it follows the default branch, whichever that is.
    pub(super) fn follows_default(&self) -> bool {
        matches!(self.revision(), "" | "HEAD")
    }

    /// The files that Helm is given beside the chart's own, as they are written.
    pub(super) fn value_files(&self) -> impl Iterator<Item = &str> {
        let files = self.helm.iter().flat_map(|helm| helm.value_files.iter().flatten().map(String::as_str));
        let parameters = self.helm.iter().flat_map(|helm| helm.file_parameters.iter().flatten());
        files.chain(parameters.filter_map(|parameter| parameter.path.as_deref()))
    }
}

fn is_same(one: &GitUrl, other: &GitUrl) -> bool {
    let host = |url: &GitUrl| url.host().map(|host| host.trim_end_matches('.').to_ascii_lowercase());
    let project = |url: &GitUrl| {
        let path = percent_decode_str(url.path()).decode_utf8_lossy().into_owned();
        let path = path.trim_matches('/');
        path.strip_suffix(".git").unwrap_or(path).to_ascii_lowercase()
    };
    // Servers of one host are told apart by their ports, as far as these are of one kind.
    let port = |url: &GitUrl| url.server().map(|(_, port)| (url.is_ssh(), url.is_tls(), port));
    let are_comparable = port(one).map(|(ssh, tls, _)| (ssh, tls)) == port(other).map(|(ssh, tls, _)| (ssh, tls));
    host(one) == host(other) && project(one) == project(other) && (!are_comparable || port(one) == port(other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn source(value: serde_json::Value) -> Source {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_repository_is_known_by_any_of_its_spellings() {
        let url = GitUrl::parse("https://git.example.com/shop/infra%20a.git").unwrap().0;
        for (spelling, expected) in [
            ("https://git.example.com/shop/infra%20a.git", true),
            ("https://git.example.com/shop/infra%20a", true),
            ("https://git.example.com/shop/infra%20a/", true),
            ("http://bot:x@GIT.example.com/Shop/infra%20a.git", true),
            ("https://git.example.com:443/shop/infra%20a", true),
            ("ssh://git@git.example.com:2222/shop/infra%20a.git", true),
            ("git@git.example.com:shop/infra a.git", true),
            ("git.example.com/shop/infra%20a", true),
            ("https://git.example.com:8443/shop/infra%20a.git", false),
            ("https://git.example.com/shop/infra%20a.git.git", false),
            ("https://git.example.com/other/shop/infra%20a.git", false),
            ("https://other.example.com/shop/infra%20a.git", false),
            ("oci://git.example.com/shop/infra%20a", false),
            ("", false),
        ] {
            assert_eq!(source(json!({ "repoURL": spelling })).is_of([&url]), expected, "{spelling}");
        }
    }

    #[test]
    fn a_branch_is_followed_by_its_name_or_as_the_default() {
        for (revision, follows) in [
            (json!("main"), [true, true, true]),
            (json!("refs/heads/main"), [true, true, true]),
            (json!("HEAD"), [true, false, true]),
            (json!(""), [true, false, true]),
            (json!(null), [true, false, true]),
            (json!("v1.*"), [false, false, false]),
            (json!("refs/tags/main"), [false, false, false]),
            (json!("1111111111111111111111111111111111111111"), [false, false, false]),
        ] {
            let source = source(json!({ "targetRevision": revision }));
            assert_eq!([Some(true), Some(false), None].map(|is| source.follows("main", is)), follows, "{revision}");
        }
    }

    #[test]
    fn several_sources_count_before_one_and_the_dry_one_before_all() {
        let numbers = |spec: serde_json::Value| {
            let application: Application = serde_json::from_value(json!({ "spec": spec })).unwrap();
            application
                .sources()
                .iter()
                .map(|(number, source)| (*number, source.repository().to_owned()))
                .collect::<Vec<_>>()
        };
        let (a, b) = (json!({ "repoURL": "a" }), json!({ "repoURL": "b" }));
        assert_eq!(numbers(json!({ "source": a })), [(Some(0), "a".to_owned())]);
        let both = json!({ "source": a, "sources": [b, a] });
        assert_eq!(numbers(both), [(Some(0), "b".to_owned()), (Some(1), "a".to_owned())]);
        let hydrated = json!({ "source": a, "sourceHydrator": { "drySource": b, "syncSource": {} } });
        assert_eq!(numbers(hydrated), [(None, "b".to_owned())]);
        assert_eq!(numbers(json!({ "source": null, "sources": null })), []);
    }
}
