//! gitops-bump writes the tag of a freshly built image into GitOps infra repositories.
//!
//! Data flows one way: `cli` and `config` describe the run, `settings` merges them, `plan` makes it a value; `registry`
//! checks the images while `git` fetches the files; `rewrite` and `edit` work out the new text; `update` commits and
//! pushes; `report` says what happened. ARCHITECTURE.md has the picture and the rules.

// Tests start what they need; nothing else but `children` starts a program.
#![cfg_attr(test, allow(clippy::disallowed_types))]

mod admission;
mod after;
pub mod api;
pub mod argocd;
mod children;
pub mod choices;
pub mod cli;
pub mod commit_status;
pub mod config;
pub mod diff;
pub mod edit;
pub mod environment;
mod environment_names;
pub mod error;
pub mod forge;
pub mod freeze;
pub mod git;
pub mod gitea;
pub mod github;
pub mod gitlab;
mod glob;
pub mod history;
pub mod hold;
pub mod http;
pub mod image;
pub mod init;
pub mod kustomize;
mod levels;
pub mod links;
pub mod local;
pub mod merge_request;
pub mod message;
mod offload;
pub mod outcome;
mod people;
mod places;
pub mod plan;
pub mod policies;
pub mod ports;
pub mod preview;
pub mod proxies;
pub mod registry;
pub mod report;
pub mod rewrite;
pub mod secret;
pub mod set;
pub mod settings;
pub mod show;
mod source;
pub mod status;
mod templates;
pub mod text;
pub mod tree;
pub mod update;
pub mod versions;
mod words;

use std::time::SystemTime;

use error::Error;
use futures_util::future::{join, join_all};
use git::GitUrl;
use outcome::Ledger;
use plan::PlannedRepository;
use registry::{CredentialSources, Depth, Registry, Requirements};
use settings::{CheckSettings, PromoteSettings, RollbackSettings, Settings, StatusSettings};
use source::{Decisions, Promoted, Promotion, Rollback, RolledBack};
use update::{Ended, Gate, Origin};

/// What a command that writes speaks with: the Git repositories, the registry, and what that must say about every image.
struct Servers {
    access: ports::Access,
    registry: Registry,
    requirements: Requirements,
    hidden: secret::SharedRedactor,
}

impl Servers {
    fn new<'a>(
        settings: &Settings,
        urls: impl IntoIterator<Item = &'a GitUrl>,
        credentials: CredentialSources,
    ) -> Result<Self, Error> {
        let hidden = credentials.hidden.clone();
        let access = ports::Access::new(settings, urls, &hidden)?;
        let requirements = ports::requirements(&settings.gate, &settings.images)?;
        let registry = Registry::new(credentials, &access.http);
        Ok(Self { access, registry, requirements, hidden })
    }

    fn gate(&self) -> Gate<'_> {
        Gate { registry: &self.registry, requirements: &self.requirements, hidden: &self.hidden }
    }
}

/// What `update` or `preview` will do, before anything is touched.
pub fn plan(settings: &Settings) -> Result<Vec<PlannedRepository>, Error> {
    templates::try_all(settings)?;
    let mut planned = plan::repositories(&settings.repositories, &settings.images, settings.environment.as_deref())?;
    for repository in &mut planned {
        repository.preview.clone_from(&settings.preview);
    }
    Ok(planned)
}

/// The commands `update` and `preview`. What it comes to stands in the ledger, also when this future is dropped before its end.
pub async fn update(
    settings: &Settings,
    plan: &[PlannedRepository],
    credentials: CredentialSources,
    ledger: &Ledger<'_>,
) -> Result<(), Error> {
    let servers = Servers::new(settings, plan.iter().map(|plan| &plan.url), credentials)?;
    update::run((settings, plan), Origin::Given, servers.gate(), &servers.access, ledger).await;
    Ok(())
}

/// The `promote` command: like `update`, with the versions that an environment names. When that environment comes to name others
/// before all is published, it begins again with those.
pub async fn promote(
    settings: &PromoteSettings,
    credentials: CredentialSources,
    ledger: &Ledger<'_>,
) -> Result<(), Error> {
    templates::try_all(&settings.run)?;
    let urls = settings.source.repositories.iter().chain(&settings.run.repositories).map(|repository| &repository.url);
    let servers = Servers::new(&settings.run, urls, credentials)?;
    update::until_current(&settings.run, ledger, async || {
        let Promoted { images, plan, promotion, seeds } = Promotion::find(settings, &servers.access).await?;
        let run = Settings { images, ..settings.run.clone() };
        ledger.begin(&run.images, &plan);
        Ok(update::run((&run, &plan), Origin::Promotion(promotion, seeds), servers.gate(), &servers.access, ledger)
            .await)
    })
    .await;
    Ok(())
}

/// The `rollback` command: like `update`, with the versions that the places held before. When their history comes to say others before
/// all is published, it begins again with those.
pub async fn rollback(
    settings: &RollbackSettings,
    credentials: CredentialSources,
    ledger: &Ledger<'_>,
) -> Result<(), Error> {
    templates::try_all(&settings.run)?;
    let urls = settings.run.repositories.iter().map(|repository| &repository.url);
    let servers = Servers::new(&settings.run, urls, credentials)?;
    let decided = Decisions::default();
    update::until_current(&settings.run, ledger, async || {
        let RolledBack { images, plan, rollback, seeds } = Rollback::find(settings, &decided, &servers.access).await?;
        let run = Settings { images, ..settings.run.clone() };
        ledger.begin(&run.images, &plan);
        if run.images.is_empty() {
            ledger.nothing_to_do();
            return Ok(Ended::Done);
        }
        Ok(update::run((&run, &plan), Origin::Rollback(rollback, seeds), servers.gate(), &servers.access, ledger).await)
    })
    .await;
    Ok(())
}

/// Ends what a run left open that a signal ended, as far as that takes but a moment. What fails here is only said.
pub async fn abandon(settings: &Settings, finished: &outcome::Finished, hidden: &secret::SharedRedactor) {
    let (Some(deployment), Some(number)) = (&settings.deployment, finished.deployment) else { return };
    match ports::Access::to_read(&settings.network, [], hidden) {
        Ok(access) => update::cancel(deployment, number, &access.http).await,
        Err(error) => tracing::warn!("{error}"),
    }
}

/// The `check` command; at least as deep as asked. What it comes to stands in the ledger.
pub async fn check(
    settings: &CheckSettings,
    credentials: CredentialSources,
    depth: Depth,
    ledger: &Ledger<'_>,
) -> Result<(), Error> {
    let url = settings.repository.iter().map(|repository| &repository.url);
    let access = ports::Access::to_read(&settings.network, url, &credentials.hidden)?;
    let requirements = ports::requirements(&settings.gate, &settings.images)?;
    let registry = Registry::new(credentials, &access.http);
    let check = async |(number, image): (usize, &settings::NamedImage)| {
        let result = registry.examine((&image.reference, image.by), depth, &requirements).await;
        ledger.image(number, result.map_err(Error::from));
    };
    let checks = join_all(settings.images.iter().enumerate().map(check));
    let (_, admitted) = join(checks, admission::ask(settings.repository.as_ref(), &access)).await;
    if let Err(error) = admitted {
        ledger.fail(error);
    }
    Ok(())
}

/// The `status` command: nothing is written anywhere.
pub async fn status(
    settings: &StatusSettings,
    credentials: CredentialSources,
    now: SystemTime,
) -> Result<status::StatusOutcome, Error> {
    let urls = settings.repositories.iter().map(|repository| &repository.url);
    let access = ports::Access::to_read(&settings.network, urls, &credentials.hidden)?;
    let registry = Registry::new(credentials, &access.http);
    Ok(status::run(settings, &registry, &access, now).await)
}
