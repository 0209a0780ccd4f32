//! The credentials of one registry, looked for once and kept, and the errors of who has the wrong ones or none. This module must
//! not show them to anybody.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use super::credentials::{CredentialSources, CredentialsError, NamedCredential};
use super::denial::Denial;
use super::error::RegistryError;
use crate::secret::SecretString;

/// What is shown to one registry.
pub(super) struct RegistryCredentials {
    host: String,
    sources: Arc<CredentialSources>,
    /// By the part of a repository's path that decides about its credentials.
    found: Mutex<HashMap<String, Arc<Lookup>>>,
}

type Lookup = OnceCell<Result<Option<NamedCredential>, CredentialsError>>;

impl RegistryCredentials {
    pub(super) fn new(host: &str, sources: Arc<CredentialSources>) -> Self {
        Self { host: host.to_owned(), sources, found: Mutex::default() }
    }

    /// The credentials for a repository. A helper program that hangs does so for no other image.
    pub(super) async fn of(&self, repository: &str) -> Result<Option<NamedCredential>, RegistryError> {
        let cell = self.cell(repository);
        let found = cell.get_or_init(|| async {
            let access = self.sources.for_repository(&self.host, repository).await?;
            let shown = access.as_ref().map_or_else(|| "none".to_owned(), NamedCredential::to_string);
            tracing::debug!("credentials for {}: {shown}", self.host);
            Ok(access)
        });
        Ok(found.await.clone()?)
    }

    /// The error for a registry that did not let an image be seen.
    pub(super) fn denied(&self, (image, repository): (&str, &str), denial: Denial, words: String) -> RegistryError {
        let image = image.to_owned();
        match self.cell(repository).get() {
            Some(Ok(Some(access))) => RegistryError::Denied { image, access: access.to_string(), denial, words },
            _ => RegistryError::Unauthorized { image, advice: self.sources.advice(&self.host), denial, words },
        }
    }

    /// Never shows what a token service gave.
    pub(super) fn hide(&self, token: &SecretString) {
        self.sources.hidden.add(token);
    }

    fn cell(&self, repository: &str) -> Arc<Lookup> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(found.entry(self.sources.deciding(&self.host, repository).to_owned()).or_default())
    }
}
