//! Waits until Argo CD's applications run what was pushed; this module must not push or sync.
//!
//! The API is that of Argo CD's `ApplicationService`: a GET with `refresh=normal` makes the controller look at the
//! repository now rather than at its next round.

mod concern;
mod find;
mod history;
mod items;
mod layout;
mod list;
mod pattern;
mod source;
mod state;
mod table;

use std::time::Duration;

use tracing::{info, warn};

pub(crate) use self::history::{History, Position};
pub(crate) use self::list::Applications;
pub use self::table::Table;

use self::state::{State, Verdict};
use crate::api::{Api, ApiError};
use crate::git::GitUrl;
use crate::http::{Http, Login, Why};
use crate::registry::Verified;
use crate::settings::ArgocdSettings;

/// How long between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// How often in a row an application must say that it failed: pods come and go while they are replaced.
const PATIENCE: u32 = 5;

/// One repository's change, as the controller will see it.
#[derive(Debug)]
pub(crate) struct Expected<'a> {
    /// The infra repository.
    pub(crate) url: &'a GitUrl,
    /// The copy of it that Argo CD reads instead.
    pub(crate) copy: Option<&'a GitUrl>,
    /// The branch.
    pub(crate) branch: &'a str,
    /// The files that were edited; with nothing pushed, those that were looked at.
    pub(crate) files: Vec<&'a str>,
    /// The commit that was pushed; none when nothing had to change.
    pub(crate) commit: Option<&'a str>,
    /// The images that these files name.
    pub(crate) images: Vec<&'a Verified>,
    /// What Git says of the branch.
    pub(crate) history: &'a History<'a>,
}

/// Why an application does not run what it should.
#[derive(Debug, thiserror::Error)]
pub enum ArgocdError {
    /// The API did not give what was asked for.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// No application takes its manifests from the files.
    #[error("no application is made from what was edited in {place}: {table}")]
    NoApplication {
        /// The repository and its branch.
        place: String,
        /// What Argo CD has.
        table: Table,
    },
    /// It failed.
    #[error("application {app} has failed ({summary}){}; {link}", list(troubles))]
    Failed {
        /// The application.
        app: String,
        /// Its state.
        summary: String,
        /// What is wrong, in its own words.
        troubles: Vec<String>,
        /// Its page.
        link: String,
    },
    /// It took too long.
    #[error("application {app} does not run the image after {} ({summary}){}; {link}", humantime::format_duration(*.waited), list(troubles))]
    TimedOut {
        /// The application.
        app: String,
        /// How long it was waited for.
        waited: Duration,
        /// Its state.
        summary: String,
        /// What is wrong, in its own words.
        troubles: Vec<String>,
        /// Its page.
        link: String,
        /// Whether it synchronises by itself.
        is_automated: bool,
    },
}

impl ArgocdError {
    /// What the user can do about it, in one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Api(ApiError::Denied { .. } | ApiError::NotFound { .. }) => {
                "check ARGOCD_AUTH_TOKEN, its rights (applications, get) and the application's name; Argo CD denies access to what isn't there"
            }
            Self::Api(ApiError::Unreachable { why: Why::Certificate(remedy), .. }) => remedy.hint(),
            Self::Api(ApiError::Unreachable { .. }) => {
                "the commit is pushed: check --argocd-server, the network, the proxy variables and --ca-file"
            }
            Self::Api(ApiError::Withheld(withheld)) => withheld.hint(),
            Self::Api(_) => "the commit is pushed: look at the application, then run the job again",
            Self::NoApplication { table, .. } if table.is_empty() => {
                "give ARGOCD_AUTH_TOKEN the right to see the applications (applications, get), and check --argocd-selector"
            }
            Self::NoApplication { .. } => {
                "give --mirror-copy where Argo CD reads a copy of the repository, or correct --argocd-app and --argocd-selector"
            }
            Self::Failed { .. } => "look at the resources it names; running an older pipeline's job again rolls back",
            Self::TimedOut { is_automated: false, .. } => {
                "its automatic synchronisation is off: sync it in Argo CD, or leave out --argocd-server"
            }
            Self::TimedOut { .. } => "look at the application, or give it longer with --argocd-timeout",
        }
    }
}

/// Refreshes the applications and waits for all of them; returns what went wrong.
pub(crate) async fn wait(
    settings: &ArgocdSettings,
    expected: &Expected<'_>,
    (all, http): (&Applications, &Http),
) -> Vec<ArgocdError> {
    let login = Login::Bearer(settings.token.clone());
    let api = match Api::new(format!("{}/api/v1", settings.server), login, http) {
        Ok(api) => api,
        Err(error) => return vec![error.into()],
    };
    let apps = match find::concerned((&api, all), settings, expected).await {
        Ok(apps) => apps,
        Err(error) => return vec![error],
    };
    let waits = apps.iter().map(async |app| wait_for(&api, &app.to_string(), settings, expected).await);
    futures_util::future::join_all(waits).await.into_iter().filter_map(Result::err).collect()
}

async fn wait_for(api: &Api, app: &str, settings: &ArgocdSettings, expected: &Expected<'_>) -> Result<(), ArgocdError> {
    let started = tokio::time::Instant::now();
    let (path, link) = (path_of(app), format!("{}/applications/{}", settings.server, in_path(app)));
    let first = State::read(&api.get(&path).await?);
    let mut now = State::read(&api.get(&with_refresh(&path)).await?);
    let (mut said, mut failing) = (String::new(), 0);
    loop {
        let summary = now.summary();
        if summary != said {
            info!("application {app}: {summary}");
            said.clone_from(&summary);
        }
        failing = match now.judge(expected, &first) {
            Verdict::Done => {
                info!("application {app} runs the image {link}");
                return Ok(());
            }
            Verdict::Wait => 0,
            Verdict::Failing => failing + 1,
        };
        if failing >= PATIENCE {
            return Err(ArgocdError::Failed { app: app.to_owned(), summary, troubles: now.troubles, link });
        }
        let waited = started.elapsed();
        if waited >= settings.timeout {
            let (app, waited) = (app.to_owned(), settings.timeout);
            let State { troubles, is_automated, .. } = now;
            return Err(ArgocdError::TimedOut { app, waited, summary, troubles, link, is_automated });
        }
        tokio::time::sleep(PAUSE.min(settings.timeout.saturating_sub(waited))).await;
        match api.get(&path).await {
            Ok(application) => now = State::read(&application),
            // A server that is busy may answer the next time.
            Err(error) if error.may_pass() => warn!("application {app}: {error}"),
            Err(error) => return Err(error.into()),
        }
    }
}

fn path_of(app: &str) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    match app.split_once('/') {
        Some((namespace, name)) => format!("applications/{}?appNamespace={}", encoded(name), encoded(namespace)),
        None => format!("applications/{}", encoded(app)),
    }
}

/// A name in a page's address: a server may call an application anything.
fn in_path(app: &str) -> String {
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    app.split('/').map(encoded).collect::<Vec<_>>().join("/")
}

fn with_refresh(path: &str) -> String {
    let separator = if path.contains('?') { '&' } else { '?' };
    format!("{path}{separator}refresh=normal")
}

fn list(troubles: &[String]) -> String {
    if troubles.is_empty() { String::new() } else { format!(": {}", troubles.join("; ")) }
}
