//! What can decide about an image over the file that was edited, from an application's own words; this module must not
//! judge whether it does.

#![deny(clippy::disallowed_methods)]

use serde_json::Value;

use super::find::Concerned;
use super::manifests::some;
use crate::kustomize::normal;
use crate::text::one_line;

const GENERATE_PATHS: &str = "argocd.argoproj.io/manifest-generate-paths";

/// What can decide there, and what keeps the file from being looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Deciding {
    /// `helm.parameters (image.tag)`, `helm.valuesObject`, …
    pub(super) over: Vec<String>,
    /// Why Argo CD may not have looked at the edited files, when its annotation says so.
    pub(super) uncovered: Option<String>,
}

/// Reads an application.
pub(super) fn read(application: &Value, concerned: &Concerned, files: &[&str]) -> Deciding {
    let source = source(application, concerned.source);
    let name = concerned.name.as_str();
    let mut over = source.map(|source| helm(source, files)).unwrap_or_default();
    over.extend(source.map(kustomize).unwrap_or_default());
    if source.is_some_and(|source| source.get("plugin").is_some()) {
        over.push("its plugin".to_owned());
    }
    over.extend(by_kind(application, name));
    Deciding { over, uncovered: source.and_then(|source| uncovered(application, source, files)) }
}

fn source(application: &Value, number: Option<usize>) -> Option<&Value> {
    match number {
        None => application.pointer("/spec/sourceHydrator/drySource"),
        Some(number) => application
            .pointer("/spec/sources")
            .and_then(|sources| main_source(sources.as_array()?, number))
            .or_else(|| application.pointer("/spec/source")),
    }
}

/// A source that only gives files to the others decides nothing: the one that takes them does.
fn main_source(sources: &[Value], number: usize) -> Option<&Value> {
    let is_only_ref =
        |source: &&Value| source.get("ref").is_some() && source.get("path").is_none() && source.get("chart").is_none();
    let own = sources.get(number)?;
    if !is_only_ref(&own) {
        return Some(own);
    }
    let mention = format!("${}/", own.get("ref").and_then(Value::as_str).unwrap_or_default());
    let takes = |source: &&Value| value_files(source).any(|file| file.starts_with(&mention));
    sources.iter().find(takes).or(Some(own))
}

fn value_files(source: &Value) -> impl Iterator<Item = &str> {
    source.pointer("/helm/valueFiles").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn helm(source: &Value, files: &[&str]) -> Vec<String> {
    let at = |field: &str| source.pointer(&format!("/helm/{field}"));
    let mut over = Vec::new();
    for field in ["parameters", "fileParameters"] {
        let list = at(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let names = list.iter().filter_map(|one| one.get("name")?.as_str().map(one_line)).collect::<Vec<_>>();
        if !names.is_empty() {
            over.push(format!("helm.{field} ({})", some(names).join(", ")));
        }
    }
    let is_there =
        |field: &&str| at(field).is_some_and(|value| !matches!(value.as_str(), Some("")) && !value.is_null());
    over.extend(["valuesObject", "values"].into_iter().filter(is_there).map(|field| format!("helm.{field}")));
    let later = later_value_files(source, files);
    if !later.is_empty() {
        over.push(format!("the values files {}", some(later).join(", ")));
    }
    over
}

/// The values files behind the last one that was edited; all of them, when it is the chart's own.
fn later_value_files(source: &Value, files: &[&str]) -> Vec<String> {
    let all: Vec<&str> = value_files(source).collect();
    let end = |text: &str| text.rsplit('/').next().unwrap_or_default().to_owned();
    let is_edited = |file: &&str| files.iter().any(|edited| end(edited) == end(file));
    let first = all.iter().rposition(is_edited).map_or(0, |edited| edited + 1);
    all.get(first..).unwrap_or_default().iter().map(|file| one_line(file)).collect()
}

fn kustomize(source: &Value) -> Vec<String> {
    let is_there = |field: &&str| source.pointer(&format!("/kustomize/{field}")).is_some_and(|value| !value.is_null());
    ["images", "patches", "components"].into_iter().filter(is_there).map(|field| format!("kustomize.{field}")).collect()
}

/// What can stand beside or above the file in the repository.
fn by_kind(application: &Value, name: &str) -> Vec<String> {
    let kinds = application.pointer("/status/sourceType").into_iter();
    let kinds = kinds.chain(application.pointer("/status/sourceTypes").and_then(Value::as_array).into_iter().flatten());
    let is_kustomize = kinds.filter_map(Value::as_str).any(|kind| kind == "Kustomize");
    let overlay = is_kustomize.then(|| "an overlay, a component or a patch that uses the file".to_owned());
    let beside = one_line(&format!(".argocd-source.yaml or .argocd-source-{name}.yaml in its path"));
    overlay.into_iter().chain([beside]).collect()
}

/// Whether the annotation that narrows what Argo CD looks at leaves the edited files out.
fn uncovered(application: &Value, source: &Value, files: &[&str]) -> Option<String> {
    let paths = application.pointer("/metadata/annotations")?.get(GENERATE_PATHS)?.as_str()?;
    let base = source.get("path").and_then(Value::as_str).unwrap_or_default();
    let covers = |file: &str| paths.split(';').map(str::trim).any(|path| covers(path, base, file));
    let left_out: Vec<&str> = files.iter().copied().filter(|file| !covers(file)).collect();
    let is_narrowed = paths.split(';').any(|path| !path.trim().is_empty());
    let all_are = is_narrowed && !left_out.is_empty() && left_out.len() == files.len();
    all_are
        .then(|| one_line(&format!("its annotation {GENERATE_PATHS} ({paths}) does not cover {}", left_out.join(", "))))
}

/// A path is the repository's where it begins with a slash, else the source's; it covers itself and what is below it. A
/// pattern is taken to cover the file.
fn covers(path: &str, base: &str, file: &str) -> bool {
    let joined = if path.starts_with('/') { path.to_owned() } else { format!("{base}/{path}") };
    let joined = normal(&joined);
    let joined = joined.trim_start_matches('/');
    let is_below = || file.strip_prefix(joined).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    !path.is_empty() && (joined.is_empty() || joined.contains(['*', '?', '[']) || is_below())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn concerned(source: Option<usize>) -> Concerned {
        Concerned { namespace: None, name: "shop".to_owned(), source }
    }

    const BESIDE: &str = ".argocd-source.yaml or .argocd-source-shop.yaml in its path";

    #[test]
    fn what_wins_over_a_values_file_is_named() {
        let helm = json!({
            "valueFiles": ["values.yaml", "values-dev.yaml", "$v/dev/override.yaml"],
            "parameters": [{ "name": "image.tag", "value": "s3cret" }],
            "values": "", "valuesObject": { "image": {} },
        });
        let application =
            json!({ "spec": { "source": { "path": "chart", "helm": helm } }, "status": { "sourceType": "Helm" } });
        let over = |files: &[&str]| read(&application, &concerned(Some(0)), files).over;
        assert_eq!(
            over(&["chart/values-dev.yaml"]),
            ["helm.parameters (image.tag)", "helm.valuesObject", "the values files $v/dev/override.yaml", BESIDE]
        );
        assert!(over(&["chart/values.yaml"])[2].ends_with("values-dev.yaml, $v/dev/override.yaml"));
        // The chart's own values.yaml comes before all that are named.
        let named = json!({ "spec": { "source": { "helm": { "valueFiles": ["values-dev.yaml"] } } } });
        let over = read(&named, &concerned(Some(0)), &["chart/values.yaml"]).over;
        assert_eq!(over, ["the values files values-dev.yaml", BESIDE]);
    }

    #[test]
    fn the_source_that_takes_the_files_is_looked_at() {
        let chart =
            json!({ "chart": "app", "helm": { "valueFiles": ["$v/dev.yaml"], "parameters": [{ "name": "tag" }] } });
        let application = json!({ "spec": { "sources": [chart, { "ref": "v", "repoURL": "x" }] } });
        assert_eq!(read(&application, &concerned(Some(1)), &["dev.yaml"]).over, ["helm.parameters (tag)", BESIDE]);
        let dry = json!({ "spec": { "sourceHydrator": { "drySource": { "kustomize": { "images": ["a=b:1"] } } } },
            "status": { "sourceType": "Kustomize" } });
        let over = read(&dry, &concerned(None), &["a.yaml"]).over;
        assert_eq!(over, ["kustomize.images", "an overlay, a component or a patch that uses the file", BESIDE]);
    }

    #[test]
    fn an_annotation_that_leaves_the_file_out_is_told() {
        let uncovered = |paths: &str| {
            let application = json!({ "metadata": { "annotations": { GENERATE_PATHS: paths } },
                "spec": { "source": { "path": "charts/app" } } });
            read(&application, &concerned(Some(0)), &["charts/app/values.yaml"]).uncovered
        };
        for covering in
            [".", "", " ; ", "/charts", "/", "templates;.", "../../charts/app/values.yaml", "/charts/*/values.yaml"]
        {
            assert_eq!(uncovered(covering), None, "{covering}");
        }
        for other in ["templates", "/charts/ap", "/other; templates"] {
            assert!(
                uncovered(other).is_some_and(|text| text.contains("does not cover charts/app/values.yaml")),
                "{other}"
            );
        }
    }
}
