//! A repository's forge in one run: which one it is, and the project there, found once; this module must not open a request.

use std::time::Duration;

use tokio::sync::OnceCell;

use crate::after;
use crate::commit_status::StatusError;
use crate::forge::{self, Client};
use crate::http::Http;
use crate::links::Forge;
use crate::merge_request::ForgeError;
use crate::plan::PlannedRepository;
use crate::secret::{Bound, SecretString};
use crate::settings::{Delivery, Mode, Settings};

/// How long a push waits for what the forge says of people and labels.
const PATIENCE: Duration = Duration::from_secs(10);

/// A repository's forge.
pub(super) struct Desk {
    forge: Option<Forge>,
    client: OnceCell<Client>,
}

impl Desk {
    /// Finds out which forge a repository is on. The server is asked only where something depends on it: a merge request, the
    /// links of a report, or commit statuses.
    pub(super) async fn of(plan: &PlannedRepository, settings: &Settings, http: &Http) -> Self {
        let links = settings.mode == Mode::Publish && !plan.url.is_ssh() && settings.reports_links;
        let given = settings.proposal.forge;
        let forge = match plan.delivery {
            Delivery::Push if !links && after::statuses(plan, settings).is_none() => {
                forge::known(&plan.url, given, &settings.ci)
            }
            Delivery::Push | Delivery::MergeRequest => forge::detect(&plan.url, given, &settings.ci, http).await,
        };
        Self { forge, client: OnceCell::new() }
    }

    /// Which forge it is, as far as that is known.
    pub(super) fn forge(&self) -> Option<Forge> {
        self.forge
    }

    /// Requires, before anything is pushed, that there are commit statuses where some are waited for.
    pub(super) fn require_statuses(&self, plan: &PlannedRepository, settings: &Settings) -> Result<(), StatusError> {
        if self.forge.is_some() || after::statuses(plan, settings).is_none() {
            return Ok(());
        }
        Err(StatusError::NoForge { host: plan.url.host().unwrap_or("a local repository").to_owned() })
    }

    /// Requires, before anything is pushed, that a request can be opened and can be what is wished. What an API does not answer
    /// now it is asked again after the push.
    pub(super) async fn require(
        &self,
        plan: &PlannedRepository,
        settings: &Settings,
        http: &Http,
    ) -> Result<(), ForgeError> {
        let Some(token) = &settings.proposal.token else {
            return forge::require_push_options(self.forge, &plan.url);
        };
        match tokio::time::timeout(PATIENCE, self.client(plan, (token, settings), http)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) if error.is_of_wish() => return Err(error),
            Ok(Err(error)) => tracing::debug!(%error, "{}: the API can't be used before the push", plan.url.short()),
            Err(_) => tracing::debug!("{}: the API does not answer before the push", plan.url.short()),
        }
        Ok(())
    }

    /// The project on the forge.
    pub(super) async fn client(
        &self,
        plan: &PlannedRepository,
        (token, settings): (&Bound<SecretString>, &Settings),
        http: &Http,
    ) -> Result<&Client, ForgeError> {
        let find = || Client::find((self.forge, &plan.url), (token, &settings.proposal), &settings.ci, http);
        self.client.get_or_try_init(find).await
    }
}
