//! The conversation with one registry: finds out what it wants to see and shows it, once for all its images.
//! This module must not judge an answer beyond whether it was let in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};
use tokio::sync::OnceCell;
use url::Url;

use super::accesses::RegistryCredentials;
use super::challenge::Challenge;
use super::credential::Credential;
use super::credentials::{CredentialSources, NamedCredential};
use super::denial::{Denial, TokenFault};
use super::error::RegistryError;
use super::token::{self, Wanted};
use super::tokens::{Token, Tokens};
use super::transport::{Answer, MANNERS, exchange};
use crate::http::{Http, Login, Reach, Request, is_loopback, name_of};
use crate::secret::{Audience, Bound, SecretString};

/// A registry, and what is known about it so far.
pub(super) struct Session {
    host: String,
    http: Http,
    accesses: RegistryCredentials,
    /// The base addresses that may be the registry's; one as soon as it has answered.
    bases: tokio::sync::Mutex<Known>,
    ping: OnceCell<Option<Posed>>,
    tokens: Tokens,
    /// Whether HEAD has once not given a manifest's digest.
    is_head_useless: AtomicBool,
}

/// What is asked about an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// The image, for messages.
    pub(super) image: &'a str,
    /// HEAD or GET.
    pub(super) method: &'a Method,
    /// The path on the registry, and maybe a query, from `/v2/` on.
    pub(super) path: &'a str,
    /// The `Accept` header.
    pub(super) accept: &'static str,
    /// The longest body that is taken.
    pub(super) limit: usize,
    /// The repository that a token has to be for.
    pub(super) repository: &'a str,
}

#[derive(Clone)]
struct Known {
    bases: Vec<Url>,
    answered: bool,
    posed: Option<Posed>,
}

/// A challenge of the registry's own, and where it may lead to.
#[derive(Clone)]
struct Posed {
    challenge: Challenge,
    reach: Reach,
}

/// What a request carried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    OldToken,
    Fresh,
}

impl Session {
    /// Prepares a conversation; `bases` are tried in their order until one of them answers.
    pub(super) fn new(host: &str, bases: Vec<Url>, http: Http, sources: Arc<CredentialSources>) -> Self {
        Self {
            host: host.to_owned(),
            http,
            accesses: RegistryCredentials::new(host, sources),
            bases: tokio::sync::Mutex::new(Known { bases, answered: false, posed: None }),
            ping: OnceCell::new(),
            tokens: Tokens::default(),
            is_head_useless: AtomicBool::new(false),
        }
    }

    /// Asks, and asks again with what the registry wants to see when it says so.
    pub(super) async fn ask(&self, question: Question<'_>) -> Result<Answer, RegistryError> {
        let (answer, shown) = self.ask_with_what_is_known(question).await?;
        let wants_more = self.learn_scope(question, &answer);
        match (answer.status(), shown) {
            (StatusCode::UNAUTHORIZED, Shown::OldToken) if answer.is_own() => {
                self.tokens.forget(question.repository).await;
            }
            // The token was asked for before the registry said what it has to be good for.
            (StatusCode::UNAUTHORIZED, Shown::Fresh) if wants_more => self.tokens.forget(question.repository).await,
            // Some registries hide what an anonymous user may not see.
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND, Shown::Nothing) => {
                let Some(posed) = self.challenge(question, &answer).await? else {
                    return Ok(answer);
                };
                self.known().await.posed = Some(posed);
            }
            _ => return Ok(answer),
        }
        Ok(self.ask_with_what_is_known(question).await?.0)
    }

    /// Finds out which of the addresses answers; whatever it answers. Nothing is shown to it, and its answer counts for no
    /// image.
    pub(super) async fn greet(&self) -> Result<(), RegistryError> {
        let mut known = self.known().await;
        if known.answered {
            return Ok(());
        }
        let (image, repository) = ("", "");
        let greeting = Question { image, method: &Method::HEAD, path: "/v2/", accept: "*/*", limit: 0, repository };
        let answer = self.send(greeting, &known.bases, None).await?;
        known.answered_by(&answer);
        Ok(())
    }

    /// Whether a manifest's digest is asked for by HEAD; not after the registry has once given none in this way.
    pub(super) fn knows_head(&self) -> bool {
        !self.is_head_useless.load(Ordering::Relaxed)
    }

    /// Asks by GET from now on: that is what tells a missing manifest from a HEAD that the registry doesn't know.
    pub(super) fn give_up_head(&self) {
        self.is_head_useless.store(true, Ordering::Relaxed);
    }

    /// The error for a registry that did not let an image (its name, and its repository) be seen.
    pub(super) fn denied(&self, image: (&str, &str), denial: Denial, words: String) -> RegistryError {
        self.accesses.denied(image, denial, words)
    }

    /// The error for an answer that the registry should not have given.
    pub(super) fn bad_answer(&self, reason: String) -> RegistryError {
        RegistryError::BadAnswer { host: self.host.clone(), reason }
    }

    /// The error for an answer that was waited for so long.
    pub(super) fn silent(&self, waited: std::time::Duration) -> RegistryError {
        RegistryError::silent(&self.host, waited)
    }

    async fn known(&self) -> tokio::sync::MutexGuard<'_, Known> {
        self.bases.lock().await
    }

    async fn ask_with_what_is_known(&self, question: Question<'_>) -> Result<(Answer, Shown), RegistryError> {
        // The first question holds the lock, so that the others profit from what it finds out.
        let mut known = self.known().await;
        if !known.answered {
            let answer = self.send(question, &known.bases, None).await?;
            known.answered_by(&answer);
            known.posed = Posed::by(&answer).filter(|_| answer.status() == StatusCode::UNAUTHORIZED);
            return Ok((answer, Shown::Nothing));
        }
        let Known { bases, posed, .. } = known.clone();
        drop(known);
        let (login, shown) = match &posed {
            Some(posed) => self.login(question, posed, &bases).await?,
            None => (None, Shown::Nothing),
        };
        Ok((self.send(question, &bases, login).await?, shown))
    }

    async fn send(&self, question: Question<'_>, bases: &[Url], login: Option<Login>) -> Result<Answer, RegistryError> {
        let request = Request::new(question.method.clone(), &MANNERS).header(ACCEPT, question.accept).login(login);
        let urls: Vec<Url> = bases.iter().filter_map(|base| base.join(question.path).ok()).collect();
        exchange(&self.http, (&request, question.limit), &urls).await
    }

    /// What the registry wants to see, by its answer to an anonymous question.
    async fn challenge(&self, question: Question<'_>, answer: &Answer) -> Result<Option<Posed>, RegistryError> {
        let is_refused = answer.status() == StatusCode::UNAUTHORIZED;
        if let Some(posed) = Posed::by(answer).filter(|_| is_refused) {
            return Ok(Some(posed));
        }
        match self.accesses.of(question.repository).await {
            Ok(None) => return Ok(None),
            Ok(Some(_)) => {}
            Err(error) if is_refused => return Err(error),
            Err(error) => {
                tracing::warn!("{error}; the run continues without credentials");
                return Ok(None);
            }
        }
        let base = Question { method: &Method::GET, path: "/v2/", ..question };
        let ping = self.ping.get_or_try_init(|| async {
            let bases = self.known().await.bases.clone();
            let answer = self.send(base, &bases, None).await?;
            Ok::<_, RegistryError>(Posed::by(&answer))
        });
        Ok(ping.await?.clone())
    }

    /// Keeps the scope that the registry's own challenge names; whether it asks for more than was known.
    fn learn_scope(&self, question: Question<'_>, answer: &Answer) -> bool {
        let posed = Posed::by(answer).filter(|_| answer.status() == StatusCode::UNAUTHORIZED);
        let Some(Posed { challenge: Challenge::Bearer { scope: Some(scope), .. }, .. }) = posed else {
            return false;
        };
        self.tokens.learn(question.repository, scope)
    }

    /// What answers a challenge; it is for the registry's own server alone.
    async fn login(
        &self,
        question: Question<'_>,
        posed: &Posed,
        bases: &[Url],
    ) -> Result<(Option<Login>, Shown), RegistryError> {
        let mut own = Audience::default();
        for base in bases {
            own.add_url(base);
        }
        let access = self.accesses.of(question.repository).await?;
        let (realm, service) = match (&posed.challenge, access.as_ref().map(|access| &access.credential)) {
            (Challenge::Bearer { realm, service, .. }, _) => (realm, service.as_deref()),
            (Challenge::Basic, Some(Credential::Password(pair))) => {
                return Ok((Some(Login::Basic(Bound::new(pair.clone(), own))), Shown::Fresh));
            }
            (Challenge::Basic, Some(Credential::IdentityToken(_))) => {
                let words = "the registry requires a password, not an identity token".to_owned();
                return Err(self.denied((question.image, question.repository), Denial::Refused, words));
            }
            (Challenge::Basic, None) => return Ok((None, Shown::Fresh)),
        };
        let is_https = bases.iter().all(|base| base.scheme() == "https");
        if access.is_some() && is_https && realm.scheme() == "http" && !is_loopback(realm) {
            return Err(self.bad_tokens(realm, TokenFault::Insecure));
        }
        let cell = self.tokens.cell(question.repository);
        let mut token = cell.lock().await;
        if let Some(token) = &*token {
            let shown = if token.may_have_expired() { Shown::OldToken } else { Shown::Fresh };
            return Ok((Some(Login::Bearer(token.secret.clone())), shown));
        }
        let fetched = self.fetch_token(question, (realm, service, posed.reach), access.as_ref()).await?;
        let secret = Bound::new(fetched, own);
        *token = Some(Token::new(secret.clone()));
        Ok((Some(Login::Bearer(secret)), Shown::Fresh))
    }

    async fn fetch_token(
        &self,
        question: Question<'_>,
        (realm, service, reach): (&Url, Option<&str>, Reach),
        access: Option<&NamedCredential>,
    ) -> Result<SecretString, RegistryError> {
        let scope = self.tokens.scope(question.repository);
        let wanted = Wanted { realm, service, scope: scope.as_deref(), repository: question.repository };
        let (request, url) = token::request(wanted, access);
        let answer = exchange(&self.http, (&request.reach(reach), token::LIMIT), &[url]).await?;
        let fault = |reason: String| self.bad_tokens(realm, TokenFault::Answer(answer.blame(reason)));
        match answer.status().as_u16() {
            200 => {
                let token = token::read(answer.body()).map_err(fault)?;
                self.accesses.hide(&token);
                Ok(token)
            }
            400 | 401 | 403 => Err(self.denied((question.image, question.repository), Denial::Refused, answer.words())),
            status => Err(fault(format!("it answers {status}"))),
        }
    }

    fn bad_tokens(&self, realm: &Url, fault: TokenFault) -> RegistryError {
        RegistryError::BadTokenService { host: self.host.clone(), service: name_of(realm), fault }
    }
}

impl Known {
    /// Keeps the address that answered.
    fn answered_by(&mut self, answer: &Answer) {
        self.bases.retain(|base| base.origin() == answer.asked.origin());
        self.answered = true;
    }
}

impl Posed {
    /// The challenge of an answer. One of a server that the registry sent to is not the registry's.
    fn by(answer: &Answer) -> Option<Self> {
        let challenge = Challenge::of(answer.headers()).filter(|_| answer.is_own())?;
        Some(Self { challenge, reach: answer.reach() })
    }
}
