//! What is asked about one application; this module must not judge an answer.

use std::time::Duration;

use serde_json::Value;

use super::find::Concerned;
use super::manifests::Manifests;
use super::tree::Tree;
use super::windows::Windows;
use crate::api::{Api, ApiError};

/// How much of the manifests, or of what lives, is read: large applications have several megabytes of either.
const MOST_LARGE: usize = 64 << 20;

const MOST_WINDOWS: usize = 1 << 20;

/// How long the answer to a refresh is waited for. The refresh goes on without that, and the application says when it is done.
const REFRESH: Duration = Duration::from_secs(5);

/// One application at its server.
#[derive(Clone, Debug)]
pub(super) struct Server<'a> {
    api: &'a Api,
    concerned: &'a Concerned,
}

/// How an application is compared anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refresh {
    /// With what was rendered of a commit before.
    Normal,
    /// With everything rendered anew.
    Hard,
}

impl<'a> Server<'a> {
    pub(super) fn new(api: &'a Api, concerned: &'a Concerned) -> Self {
        Self { api, concerned }
    }

    /// The application as it is.
    pub(super) async fn look(&self) -> Result<Value, ApiError> {
        self.api.get(&self.below("")).await
    }

    /// Asks for a comparison, and has the application when that was quick.
    pub(super) async fn refresh(&self, refresh: Refresh) -> Result<Option<Value>, ApiError> {
        let how = match refresh {
            Refresh::Normal => "normal",
            Refresh::Hard => "hard",
        };
        let path = self.below("");
        let separator = if path.contains('?') { '&' } else { '?' };
        let path = format!("{path}{separator}refresh={how}");
        tokio::time::timeout(REFRESH, self.api.get(&path)).await.ok().transpose()
    }

    pub(super) async fn manifests(&self) -> Result<Manifests, ApiError> {
        self.api.get_large(&self.below("/managed-resources"), MOST_LARGE, Manifests::read).await
    }

    pub(super) async fn tree(&self) -> Result<Tree, ApiError> {
        self.api.get_large(&self.below("/resource-tree"), MOST_LARGE, Tree::read).await
    }

    pub(super) async fn windows(&self) -> Result<Windows, ApiError> {
        self.api.get_large(&self.below("/syncwindows"), MOST_WINDOWS, Windows::read).await
    }

    fn below(&self, what: &str) -> String {
        path((self.concerned.namespace.as_deref(), &self.concerned.name), what)
    }
}

/// Where something of an application is, below the API.
pub(super) fn path((namespace, name): (Option<&str>, &str), what: &str) -> String {
    let query = namespace.map(|namespace| format!("?appNamespace={}", Api::segment(namespace)));
    format!("applications/{}{what}{}", Api::segment(name), query.unwrap_or_default())
}

/// An application's page.
pub(super) fn page(server: &str, concerned: &Concerned) -> String {
    let namespace = concerned.namespace.as_deref().map(|namespace| format!("{}/", Api::segment(namespace)));
    format!("{server}/applications/{}{}", namespace.unwrap_or_default(), Api::segment(&concerned.name))
}
