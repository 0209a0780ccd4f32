//! gitops-bump writes the tag of a freshly built image into GitOps infra repositories.
//!
//! Data flows one way: `cli` and `config` describe the run, `settings` merges them, `plan` makes it a value; `registry`
//! checks the images while `git` fetches the files; `rewrite` and `edit` work out the new text; `update` commits and
//! pushes; `report` says what happened. ARCHITECTURE.md has the picture and the rules.

mod after;
pub mod api;
pub mod argocd;
pub mod cli;
pub mod config;
pub mod diff;
pub mod edit;
pub mod environment;
pub mod error;
pub mod git;
pub mod gitlab;
pub mod http;
pub mod image;
pub mod init;
pub mod links;
pub mod local;
pub mod message;
pub mod outcome;
pub mod plan;
pub mod ports;
pub mod proxies;
pub mod registry;
pub mod report;
pub mod rewrite;
pub mod secret;
pub mod set;
pub mod settings;
pub mod show;
pub mod status;
pub mod text;
pub mod tree;
pub mod update;

use std::time::SystemTime;

use error::Error;
use outcome::{Finished, ImageOutcome};
use plan::PlannedRepository;
use registry::{CredentialSources, Depth, Registry};
use settings::{CheckSettings, Settings, StatusSettings};
use update::Gate;

/// What `update` will do, before anything is touched.
pub fn plan(settings: &Settings) -> Result<Vec<PlannedRepository>, Error> {
    if let Some(template) = &settings.commit.message {
        message::check(template)?;
    }
    Ok(plan::repositories(&settings.repositories, &settings.images, settings.environment.as_deref())?)
}

/// The `update` command.
pub async fn update(
    settings: &Settings,
    plan: Vec<PlannedRepository>,
    credentials: CredentialSources,
) -> Result<Finished, Error> {
    let access = ports::Access::new(settings, &plan)?;
    let requirements = ports::requirements(&settings.gate, &settings.images)?;
    let registry = Registry::new(credentials, &settings.network.plain_http, &access.trust)?;
    Ok(update::run(settings, plan, &Gate { registry: &registry, requirements: &requirements }, &access).await)
}

/// The `check` command; at least as deep as asked.
pub async fn check(settings: &CheckSettings, credentials: CredentialSources, depth: Depth) -> Result<Finished, Error> {
    let trust = ports::trust(&settings.network)?;
    let requirements = ports::requirements(&settings.gate, &settings.images)?;
    let registry = Registry::new(credentials, &settings.network.plain_http, &trust)?;
    let check = async |image: &settings::NamedImage| ImageOutcome {
        image: image.clone(),
        result: registry.examine(&image.reference, depth, &requirements).await.map_err(Error::from),
    };
    let images = futures_util::future::join_all(settings.images.iter().map(check)).await;
    Ok(Finished { images, repositories: Vec::new(), error: None })
}

/// The `status` command: nothing is written anywhere.
pub async fn status(
    settings: &StatusSettings,
    credentials: CredentialSources,
    now: SystemTime,
) -> Result<status::Looked, Error> {
    let access =
        ports::Access::to_read(&settings.network, settings.repositories.iter().map(|repository| &repository.url))?;
    let registry = Registry::new(credentials, &settings.network.plain_http, &access.trust)?;
    Ok(status::run(settings, &registry, &access, now).await)
}
