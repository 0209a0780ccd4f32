//! The conversation with one registry: finds out what it wants to see and shows it, once for all its images.
//! This module must not judge an answer beyond whether it was let in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};
use tokio::sync::OnceCell;
use url::Url;

use super::challenge::Challenge;
use super::credential::Credential;
use super::credentials::{Access, CredentialSources, CredentialsError};
use super::error::RegistryError;
use super::token;
use super::transport::{Answer, MANNERS, bad_answer, exchange};
use crate::http::{Http, Login, Reach, Request, is_loopback};
use crate::secret::{Audience, Bound, SecretString};

/// A token that was refused at this age or later has probably expired.
const TOKEN_MAY_EXPIRE: Duration = Duration::from_secs(30);

/// A registry, and what is known about it so far.
pub(super) struct Session {
    host: String,
    http: Http,
    sources: Arc<CredentialSources>,
    /// The base addresses that may be the registry's; one as soon as it has answered.
    bases: tokio::sync::Mutex<Known>,
    access: OnceCell<Result<Option<Access>, CredentialsError>>,
    ping: OnceCell<Option<Posed>>,
    tokens: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Token>>>>>,
}

/// What is asked about an image.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    /// The image, for messages.
    pub(super) image: &'a str,
    /// HEAD or GET.
    pub(super) method: &'a Method,
    /// The path on the registry, from `v2/` on.
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

struct Token {
    secret: Bound<SecretString>,
    since: Instant,
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
            sources,
            bases: tokio::sync::Mutex::new(Known { bases, answered: false, posed: None }),
            access: OnceCell::new(),
            ping: OnceCell::new(),
            tokens: Mutex::default(),
        }
    }

    /// Asks, and asks again with what the registry wants to see when it says so.
    pub(super) async fn ask(&self, question: Question<'_>) -> Result<Answer, RegistryError> {
        let (answer, shown) = self.ask_with_what_is_known(question).await?;
        match (answer.status(), shown) {
            (StatusCode::UNAUTHORIZED, Shown::OldToken) if answer.is_own() => self.forget_token(question).await,
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
        let greeting = Question { image, method: &Method::HEAD, path: "v2/", accept: "*/*", limit: 0, repository };
        let answer = self.send(greeting, &known.bases, None).await?;
        known.answered_by(&answer);
        Ok(())
    }

    /// The error for a registry that did not let an image be seen.
    pub(super) fn denied(&self, image: &str, words: String) -> RegistryError {
        let image = image.to_owned();
        match self.access.get() {
            Some(Ok(Some(access))) => RegistryError::Denied { image, access: access.to_string(), words },
            _ => RegistryError::Unauthorized { image, advice: self.sources.advice(&self.host), words },
        }
    }

    /// The error for an answer that the registry should not have given.
    pub(super) fn bad_answer(&self, reason: String) -> RegistryError {
        RegistryError::BadAnswer { host: self.host.clone(), reason }
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
        match self.access().await {
            Ok(None) => return Ok(None),
            Ok(Some(_)) => {}
            Err(error) if is_refused => return Err(error),
            Err(error) => {
                tracing::warn!("{error}; going on without credentials");
                return Ok(None);
            }
        }
        let base = Question { method: &Method::GET, path: "v2/", ..question };
        let ping = self.ping.get_or_try_init(|| async {
            let bases = self.known().await.bases.clone();
            let answer = self.send(base, &bases, None).await?;
            Ok::<_, RegistryError>(Posed::by(&answer))
        });
        Ok(ping.await?.clone())
    }

    /// The credentials, looked for once: a helper program that hangs does so for no other image.
    async fn access(&self) -> Result<Option<&Access>, RegistryError> {
        let found = self.access.get_or_init(|| async {
            let access = self.sources.for_host(&self.host).await?;
            let shown = access.as_ref().map_or_else(|| "none".to_owned(), Access::to_string);
            tracing::debug!("credentials for {}: {shown}", self.host);
            Ok(access)
        });
        Ok(found.await.as_ref().map_err(Clone::clone)?.as_ref())
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
        let access = self.access().await?;
        let (realm, service) = match (&posed.challenge, access.map(|access| &access.credential)) {
            (Challenge::Bearer { realm, service }, _) => (realm, service.as_deref()),
            (Challenge::Basic, Some(Credential::Password(pair))) => {
                return Ok((Some(Login::Basic(Bound::new(pair.clone(), own))), Shown::Fresh));
            }
            (Challenge::Basic, Some(Credential::IdentityToken(_))) => {
                let words = "the registry wants a password, not an identity token".to_owned();
                return Err(self.denied(question.image, words));
            }
            (Challenge::Basic, None) => return Ok((None, Shown::Fresh)),
        };
        let is_https = bases.iter().all(|base| base.scheme() == "https");
        if access.is_some() && is_https && realm.scheme() == "http" && !is_loopback(realm) {
            return Err(bad_answer(realm, "a token service without TLS for a registry with it".to_owned()));
        }
        let cell = self.token_cell(question);
        let mut token = cell.lock().await;
        if let Some(token) = &*token {
            let shown = if token.since.elapsed() < TOKEN_MAY_EXPIRE { Shown::Fresh } else { Shown::OldToken };
            return Ok((Some(Login::Bearer(token.secret.clone())), shown));
        }
        let fetched = self.fetch_token(question, (realm, service, posed.reach), access).await?;
        let secret = Bound::new(fetched, own);
        *token = Some(Token { secret: secret.clone(), since: Instant::now() });
        Ok((Some(Login::Bearer(secret)), Shown::Fresh))
    }

    async fn fetch_token(
        &self,
        question: Question<'_>,
        (realm, service, reach): (&Url, Option<&str>, Reach),
        access: Option<&Access>,
    ) -> Result<SecretString, RegistryError> {
        let (request, url) = token::request(realm, service, question.repository, access);
        let answer = exchange(&self.http, (&request.reach(reach), token::LIMIT), &[url]).await?;
        match answer.status().as_u16() {
            200 => {
                let token = token::read(answer.body()).map_err(|reason| answer.bad(reason))?;
                self.sources.hidden.add(&token);
                Ok(token)
            }
            400 | 401 | 403 => Err(self.denied(question.image, answer.words())),
            status => Err(bad_answer(realm, format!("its token service answered {status}"))),
        }
    }

    fn token_cell(&self, question: Question<'_>) -> Arc<tokio::sync::Mutex<Option<Token>>> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tokens.entry(question.repository.to_owned()).or_default())
    }

    async fn forget_token(&self, question: Question<'_>) {
        *self.token_cell(question).lock().await = None;
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
