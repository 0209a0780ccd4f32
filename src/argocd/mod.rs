//! Waits until Argo CD's applications run what was pushed; this module must not push or sync.
//!
//! The API is that of Argo CD's `ApplicationService`: a GET with `refresh=normal` makes the controller look at the
//! repository now rather than at its next round.

mod application;
mod concern;
mod decides;
mod error;
mod find;
mod follow;
mod history;
mod images;
mod items;
mod layout;
mod list;
mod manifests;
mod obstacle;
mod pattern;
mod seeing;
mod server;
mod source;
mod table;
mod tally;
mod tree;
mod verdict;
mod wanted;
mod windows;

use std::time::Duration;

pub use self::error::{ArgocdError, Rendered, Stopped};
pub(crate) use self::history::BranchHistory;
pub(crate) use self::list::Applications;
pub use self::table::Table;

use self::follow::follow;
use self::seeing::Watch;
use self::server::Server;
use self::tally::{Claim, Tally};
pub(crate) use self::wanted::Deployed;
use self::wanted::Wanted;
use crate::api::Api;
use crate::git::GitUrl;
use crate::http::{Http, Login};
use crate::settings::ArgocdSettings;

/// How long between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// The same where there are many applications.
const PAUSE_OF_MANY: Duration = Duration::from_secs(5);

/// So many applications are many.
const MANY: usize = 20;

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
    /// The images that these files name.
    pub(crate) images: Vec<Deployed<'a>>,
    /// Whether the places may name the images by other repositories.
    pub(crate) any_repository: bool,
    /// What Git says of the branch.
    pub(crate) history: &'a BranchHistory<'a>,
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
    let wanted: Vec<Wanted> = expected.images.iter().map(|image| Wanted::of(image, expected.any_repository)).collect();
    let is_narrowed = !settings.apps.is_empty() || settings.selector.is_some();
    let claim = if is_narrowed { Claim::Any } else { Claim::Each };
    let tally = Tally::new(claim, apps.len(), wanted.len());
    let pause = if apps.len() > MANY { PAUSE_OF_MANY } else { PAUSE };
    let waits = apps.iter().enumerate().map(async |(number, concerned)| {
        let page = server::page(&settings.server, concerned);
        let (server, tally, timeout) = (&Server::new(&api, concerned), (&tally, number), settings.timeout);
        follow(Watch { expected, concerned, server, wanted: &wanted, tally, page: &page, pause, timeout }).await
    });
    let ends = futures_util::future::join_all(waits).await;
    let mut failed: Vec<ArgocdError> = ends.into_iter().filter_map(Result::err).collect();
    let missing = tally.missing();
    if !missing.is_empty() {
        let images =
            missing.into_iter().filter_map(|image| wanted.get(image)).map(|image| image.repository.to_string());
        failed.push(ArgocdError::NotRendered {
            images: images.collect(),
            apps: apps.iter().map(ToString::to_string).collect(),
        });
    }
    failed
}

/// An application's place below the API, as a user names it: `NAME` or `NAMESPACE/NAME`.
fn path_of(app: &str) -> String {
    let (namespace, name) = app.split_once('/').map_or((None, app), |(namespace, name)| (Some(namespace), name));
    server::path((namespace, name), "")
}
