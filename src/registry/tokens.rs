//! The tokens of one registry, each for a repository, and what its challenges want them to be good for. This module must not
//! fetch or show one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::token::scopes;
use crate::secret::{Bound, SecretString};

/// A token that was refused at this age or later has probably expired.
const MAY_EXPIRE: Duration = Duration::from_secs(30);

/// A token, bound to the registry.
pub(super) struct Token {
    pub(super) secret: Bound<SecretString>,
    since: Instant,
}

/// The place of a repository's token; whoever fetches it holds the lock.
pub(super) type Cell = Arc<tokio::sync::Mutex<Option<Token>>>;

/// What is known, by repository.
#[derive(Default)]
pub(super) struct Tokens {
    cells: Mutex<HashMap<String, Cell>>,
    scopes: Mutex<HashMap<String, String>>,
}

impl Token {
    pub(super) fn new(secret: Bound<SecretString>) -> Self {
        Self { secret, since: Instant::now() }
    }

    /// Whether a refusal may only mean that it is too old.
    pub(super) fn may_have_expired(&self) -> bool {
        self.since.elapsed() >= MAY_EXPIRE
    }
}

impl Tokens {
    pub(super) fn cell(&self, repository: &str) -> Cell {
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cells.entry(repository.to_owned()).or_default())
    }

    pub(super) async fn forget(&self, repository: &str) {
        *self.cell(repository).lock().await = None;
    }

    /// Keeps what a challenge wants a token to be good for; whether that is more than was asked for until now.
    pub(super) fn learn(&self, repository: &str, scope: String) -> bool {
        let mut known = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = scopes(Some(&scope), repository);
        let previous = known.insert(repository.to_owned(), scope);
        scopes(previous.as_deref(), repository) != wanted
    }

    /// What the last challenge wanted.
    pub(super) fn scope(&self, repository: &str) -> Option<String> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner).get(repository).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_news_when_it_asks_for_more() {
        let tokens = Tokens::default();
        assert!(!tokens.learn("a", "repository:a:pull".to_owned()));
        assert!(tokens.learn("a", "repository:proxy/a:pull".to_owned()));
        assert!(!tokens.learn("a", "repository:proxy/a:pull".to_owned()));
        assert_eq!(tokens.scope("a").as_deref(), Some("repository:proxy/a:pull"));
        assert_eq!(tokens.scope("b"), None);
    }
}
