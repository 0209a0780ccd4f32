//! Which applications a change concerns; this module must not judge how they are.

use std::collections::BTreeSet;
use std::fmt;

use tracing::{debug, warn};

use super::concern::{Change, Unconcerned};
use super::layout::{Layout, is_telling, source_directory};
use super::list::Applications;
use super::source::Application;
use super::table::Table;
use super::{ArgocdError, Expected, path_of};
use crate::api::Api;
use crate::git::GitError;
use crate::settings::ArgocdSettings;
use crate::text::one_line;
use crate::tree::Want;

/// How many directories of sources are looked at in Git.
const MOST_PATHS: usize = 500;

/// An application to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Concerned {
    /// Its namespace; none means Argo CD's own.
    pub(super) namespace: Option<String>,
    /// Its name.
    pub(super) name: String,
    /// Which of its sources is the repository's; none means `sourceHydrator.drySource`.
    pub(super) source: Option<usize>,
}

impl fmt::Display for Concerned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The applications that may be concerned, and what is said where none is.
#[derive(Debug, Default)]
struct Candidates {
    applications: Vec<Application>,
    others: Vec<Unconcerned>,
    count: usize,
}

/// The applications that a change concerns: of those that are named and have the labels.
pub(super) async fn concerned(
    (api, all): (&Api, &Applications),
    settings: &ArgocdSettings,
    expected: &Expected<'_>,
) -> Result<Vec<Concerned>, ArgocdError> {
    let candidates = candidates((api, all), settings).await?;
    let (found, unconcerned) = sort(&candidates.applications, expected).await;
    if found.is_empty() {
        let rows = unconcerned.into_iter().chain(candidates.others).collect();
        let table = Table::new(rows, candidates.count);
        for line in table.lines() {
            warn!("{line}");
        }
        return Err(ArgocdError::NoApplication { place: expected.url.on_branch(Some(expected.branch)), table });
    }
    for row in unconcerned {
        debug!("application {}: {}", one_line(&row.application), row.why);
    }
    Ok(found)
}

/// The applications that are named, else all that have the labels.
async fn candidates((api, all): (&Api, &Applications), settings: &ArgocdSettings) -> Result<Candidates, ArgocdError> {
    let selector = settings.selector.as_deref();
    if !settings.apps.is_empty() && selector.is_none() {
        let mut applications = Vec::new();
        for app in &settings.apps {
            let answer = api.get(&path_of(app)).await?;
            let mut application: Application =
                serde_json::from_value(answer).map_err(|_| api.bad("it is not an application"))?;
            // It is asked for again as it was named.
            let (namespace, name) = split(app);
            (application.metadata.namespace, application.metadata.name) = (namespace, name);
            applications.push(application);
        }
        return Ok(Candidates { count: applications.len(), applications, others: Vec::new() });
    }
    let listed = all.list(api, selector).await?;
    let named: BTreeSet<(Option<String>, String)> = settings.apps.iter().map(|app| split(app)).collect();
    let is_named = |application: &&Application| {
        let own = &application.metadata;
        named.is_empty()
            || named.contains(&(None, own.name.clone()))
            || named.contains(&(own.namespace.clone(), own.name.clone()))
    };
    let applications = listed.own.iter().filter(is_named).cloned().collect();
    Ok(Candidates { applications, others: listed.others.clone(), count: listed.count })
}

/// An application as a user names it: `NAME` or `NAMESPACE/NAME`.
fn split(app: &str) -> (Option<String>, String) {
    app.split_once('/')
        .map_or((None, app.to_owned()), |(namespace, name)| (Some(namespace.to_owned()), name.to_owned()))
}

/// Tells those that are concerned from those that are not.
async fn sort(applications: &[Application], expected: &Expected<'_>) -> (Vec<Concerned>, Vec<Unconcerned>) {
    let urls: Vec<_> = std::iter::once(expected.url).chain(expected.copy).collect();
    let empty = Layout::default();
    let first = Change {
        is_default: is_default(applications, &urls, expected).await,
        urls,
        branch: expected.branch,
        files: &expected.files,
        layout: &empty,
    };
    let sources = applications.iter().flat_map(Application::sources).filter(|(_, source)| first.is_own(source));
    let paths: BTreeSet<String> =
        sources.filter_map(|(_, source)| source.path()).map(source_directory).take(MOST_PATHS).collect();
    let layout = match read_layout(paths, expected).await {
        Ok(layout) => layout,
        Err(error) => {
            warn!(
                "{}: the directories of the applications can't be read, so the run waits for every application of \
                 the repository: {error}",
                expected.url.on_branch(Some(expected.branch))
            );
            Layout::default()
        }
    };
    let change = Change { layout: &layout, ..first };
    let (mut found, mut unconcerned) = (Vec::new(), Vec::new());
    for application in applications {
        let own = &application.metadata;
        match change.concerns(application) {
            Ok(source) => {
                found.push(Concerned { namespace: own.namespace.clone(), name: own.name.clone(), source });
            }
            Err(rows) => unconcerned.extend(rows),
        }
    }
    (found, unconcerned)
}

/// Whether the branch is the default one, where an application depends on it.
async fn is_default(
    applications: &[Application],
    urls: &[&crate::git::GitUrl],
    expected: &Expected<'_>,
) -> Option<bool> {
    let mut sources = applications.iter().flat_map(Application::sources);
    if !sources.any(|(_, source)| source.follows_default() && source.is_of(urls.iter().copied())) {
        return None;
    }
    match expected.history.is_default_branch().await {
        Ok(is_default) => Some(is_default),
        Err(error) => {
            warn!("{}: the default branch can't be determined: {error}", expected.url.short());
            None
        }
    }
}

/// Looks at what stands in directories, and at what their kustomizations and charts read elsewhere.
async fn read_layout(paths: BTreeSet<String>, expected: &Expected<'_>) -> Result<Layout, GitError> {
    let mut layout = Layout::of(paths);
    loop {
        let wants = layout.wants();
        if wants.is_empty() {
            return Ok(layout);
        }
        let paths: Vec<Want<'_>> = wants.iter().map(|path| Want { path, pick: is_telling }).collect();
        let found = expected.history.look(&paths).await?;
        layout.give(wants.into_iter().zip(found).collect());
    }
}
