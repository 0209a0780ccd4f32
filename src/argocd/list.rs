//! The applications that Argo CD has, as far as their sources are a run's repositories; this module must not decide which of them
//! a change concerns.

use tokio::sync::OnceCell;
use tracing::debug;

use super::concern::Unconcerned;
use super::items::Items;
use super::source::Application;
use crate::api::{Api, ApiError};
use crate::git::GitUrl;
use crate::text::one_line;

/// The fields that count. Argo CD passes over those that it does not know without a word.
const FIELDS: &str = "items.metadata.name,items.metadata.namespace,items.metadata.annotations,items.spec";

/// How much of a list is read, in bytes.
const MOST_BYTES: usize = 1 << 30;

/// How many applications of the run's repositories are kept, and how many others are named.
const MOST_OWN: usize = 20_000;
const MOST_OTHERS: usize = 20;

/// The applications of a run's repositories: asked for once, when they are needed first.
#[derive(Debug)]
pub(crate) struct Applications {
    repositories: Vec<GitUrl>,
    listed: OnceCell<Listed>,
}

/// What a list had.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// The applications with a source in one of the run's repositories.
    pub(super) own: Vec<Application>,
    /// Some of the others.
    pub(super) others: Vec<Unconcerned>,
    /// How many there are in all.
    pub(super) count: usize,
    items: Items,
}

impl Applications {
    /// For a run with these repositories and their copies.
    pub(crate) fn of<'u>(repositories: impl IntoIterator<Item = &'u GitUrl>) -> Self {
        Self { repositories: repositories.into_iter().cloned().collect(), listed: OnceCell::new() }
    }

    /// Those with these labels, in Kubernetes' notation.
    pub(super) async fn list(&self, api: &Api, selector: Option<&str>) -> Result<&Listed, ApiError> {
        let ask = async || {
            let mut path = format!("applications?fields={FIELDS}");
            if let Some(selector) = selector {
                path.extend([
                    "&selector=",
                    &url::form_urlencoded::byte_serialize(selector.as_bytes()).collect::<String>(),
                ]);
            }
            let take = |listed: &mut Listed, piece: &[u8]| listed.take(piece, &self.repositories);
            let listed: Listed = api.stream(&path, MOST_BYTES, take).await?;
            listed.items.finish().map_err(|error| api.bad(&error.to_string()))?;
            debug!("Argo CD has {} applications, {} of the run's repositories", listed.count, listed.own.len());
            Ok(listed)
        };
        self.listed.get_or_try_init(ask).await
    }
}

impl Listed {
    fn take(&mut self, piece: &[u8], repositories: &[GitUrl]) -> Result<(), String> {
        let Self { own, others, count, items } = self;
        let each = |application: Option<Application>| {
            *count += 1;
            let Some(application) = application else { return };
            if application.sources().iter().any(|(_, source)| source.is_of(repositories)) {
                own.push(application);
                return;
            }
            debug!("application {}: another repository", one_line(&application.full_name()));
            if others.len() < MOST_OTHERS {
                others.extend(other(&application));
            }
        };
        items.take(piece, each).map_err(|error| error.to_string())?;
        if self.own.len() > MOST_OWN {
            return Err(format!("it has more than {MOST_OWN} applications of these repositories"));
        }
        Ok(())
    }
}

/// An application of another repository, by its first source.
fn other(application: &Application) -> Option<Unconcerned> {
    let (_, source) = application.sources().into_iter().next()?;
    Some(Unconcerned {
        application: application.full_name(),
        source: source.repository().to_owned(),
        revision: source.revision().to_owned(),
        path: source.path().unwrap_or("-").to_owned(),
        why: "another repository".to_owned(),
    })
}
