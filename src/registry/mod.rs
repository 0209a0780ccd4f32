//! Asks OCI registries whether an image is there and which digest it has.
//! This module must not decide what is done about the answer.
//!
//! Nothing else can make a [`Verified`], and only a [`Verified`] image can be published.

mod challenge;
mod credentials;
mod docker_config;
mod error;
mod helper;
mod manifest;
mod session;
mod token;
mod transport;
mod words;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use url::Url;

pub use self::credentials::{Access, ConfigText, Credential, CredentialSources, CredentialsError, HostCredentials};
pub use self::error::{RegistryError, Why};
use self::session::{Question, Session};
use self::transport::{Answer, Transport};
use crate::http::Trust;
use crate::image::{Digest, Reference, Repository, Tag};

/// Whatever a registry does, an image is checked within this time.
const DEADLINE: Duration = Duration::from_secs(50);

/// The registries of a run; images on the same one share its connection, challenge and tokens.
pub struct Registry {
    transport: Arc<Transport>,
    sources: Arc<CredentialSources>,
    plain_http: Vec<String>,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

/// An image that its registry has, with the digest that its tag names there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    reference: Reference,
    tag: Tag,
    digest: Digest,
    is_proven: bool,
}

impl Registry {
    /// Prepares the check; nothing is asked yet. The hosts in `plain_http` are written as in a reference.
    pub fn new(credentials: CredentialSources, plain_http: &[String], trust: &Trust) -> Result<Self, RegistryError> {
        let transport = Transport::new(trust).map_err(|error| RegistryError::Client(error.to_string()))?;
        Ok(Self {
            transport: Arc::new(transport),
            sources: Arc::new(credentials),
            plain_http: plain_http.iter().map(|host| host.trim().to_ascii_lowercase()).collect(),
            sessions: Mutex::default(),
        })
    }

    /// Finds the tag's digest by the manifest's headers, reading the manifest only when they don't give it.
    pub async fn verify(&self, image: &Reference) -> Result<Verified, RegistryError> {
        self.within_deadline(image, async |check| match check.by_headers().await? {
            Some(verified) => Ok(verified),
            None => check.by_manifest().await,
        })
        .await
    }

    /// Reads the manifest and hashes it, so that the digest is proven.
    pub async fn prove(&self, image: &Reference) -> Result<Verified, RegistryError> {
        self.within_deadline(image, async |check| check.by_manifest().await).await
    }

    async fn within_deadline(
        &self,
        image: &Reference,
        check: impl AsyncFnOnce(Check<'_>) -> Result<Verified, RegistryError>,
    ) -> Result<Verified, RegistryError> {
        let host = image.repository.host();
        let check = check(Check::new(self.session(image)?, image)?);
        tokio::time::timeout(DEADLINE, check).await.unwrap_or_else(|_| {
            let reason = format!("no complete answer within {} s", DEADLINE.as_secs());
            Err(RegistryError::Unreachable { host, why: Why::Silence, reason })
        })
    }

    fn session(&self, image: &Reference) -> Result<Arc<Session>, RegistryError> {
        let host = image.repository.host();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = sessions.get(&host) {
            return Ok(Arc::clone(session));
        }
        let bases = self.bases(image, &host)?;
        let session = Session::new(&host, bases, Arc::clone(&self.transport), Arc::clone(&self.sources));
        let session = Arc::new(session);
        sessions.insert(host, Arc::clone(&session));
        Ok(session)
    }

    /// The addresses to try: on this very machine https, then http; elsewhere only what is configured.
    fn bases(&self, image: &Reference, host: &str) -> Result<Vec<Url>, RegistryError> {
        // oci-client knows where Docker Hub's registry really is.
        let path = image.repository.path();
        let address = oci_distribution::Reference::with_tag(host.to_owned(), path, String::new());
        let base = |scheme: &str| {
            Url::parse(&format!("{scheme}://{}/", address.resolve_registry())).map_err(|error| {
                RegistryError::BadAnswer { host: host.to_owned(), reason: format!("its name is no address ({error})") }
            })
        };
        if self.plain_http.iter().any(|plain| plain == host) {
            return Ok(vec![base("http")?]);
        }
        let secure = base("https")?;
        if transport::is_loopback(&secure) {
            return Ok(vec![secure, base("http")?]);
        }
        Ok(vec![secure])
    }
}

impl Verified {
    /// The reference as the user wrote it.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Where the image is.
    pub fn repository(&self) -> &Repository {
        &self.reference.repository
    }

    /// The tag that was checked.
    pub fn tag(&self) -> &Tag {
        &self.tag
    }

    /// The digest that the tag names in the registry.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Whether the manifest was read and has this digest; else the registry's word has to do.
    pub fn is_proven(&self) -> bool {
        self.is_proven
    }
}

/// The check of one image.
struct Check<'a> {
    session: Arc<Session>,
    image: &'a Reference,
    tag: &'a Tag,
    name: String,
    repository: String,
    path: String,
}

impl<'a> Check<'a> {
    fn new(session: Arc<Session>, image: &'a Reference) -> Result<Self, RegistryError> {
        let name = image.to_string();
        let Some(tag) = &image.tag else {
            return Err(RegistryError::NoTag { image: name });
        };
        let repository = image.repository.path();
        let path = format!("v2/{repository}/manifests/{tag}");
        Ok(Self { session, image, tag, name, repository, path })
    }

    /// The image by its headers; none when the manifest has to be read for it, or to hear why not.
    async fn by_headers(&self) -> Result<Option<Verified>, RegistryError> {
        let answer = self.ask(&Method::HEAD).await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(self.not_found(&answer)),
            _ => return Ok(None),
        }
        let digest = manifest::digest_of_headers(&answer.headers).map_err(|reason| bad(&answer, reason))?;
        let wanted = self.image.digest.as_ref();
        match digest.filter(|digest| wanted.is_none_or(|wanted| manifest::is_comparable(digest, wanted))) {
            Some(digest) => self.verified(digest, Evidence::Headers).map(Some),
            None => Ok(None),
        }
    }

    /// The image by its manifest.
    async fn by_manifest(&self) -> Result<Verified, RegistryError> {
        let answer = self.ask(&Method::GET).await?;
        match answer.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(self.not_found(&answer)),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(self.session.denied(&self.name, words::of_body(&answer.body)));
            }
            status => {
                let words = words::of_body(&answer.body);
                return Err(bad(&answer, format!("status {} {words}", status.as_u16()).trim_end().to_owned()));
            }
        }
        let digest = manifest::digest_of_body(&answer.headers, &answer.body, self.image.digest.as_ref())
            .map_err(|reason| bad(&answer, reason))?;
        self.verified(digest, Evidence::Manifest)
    }

    async fn ask(&self, method: &Method) -> Result<Answer, RegistryError> {
        self.session
            .ask(Question {
                image: &self.name,
                method,
                path: &self.path,
                accept: manifest::ACCEPT,
                limit: manifest::LIMIT,
                repository: &self.repository,
            })
            .await
    }

    fn verified(&self, digest: Digest, evidence: Evidence) -> Result<Verified, RegistryError> {
        if self.image.digest.as_ref().is_some_and(|wanted| *wanted != digest) {
            return Err(RegistryError::DigestMismatch { image: self.name.clone(), found: digest });
        }
        tracing::info!("image {}:{} is in the registry ({digest})", self.image.repository, self.tag);
        Ok(Verified {
            reference: self.image.clone(),
            tag: self.tag.clone(),
            digest,
            is_proven: matches!(evidence, Evidence::Manifest),
        })
    }

    fn not_found(&self, answer: &Answer) -> RegistryError {
        RegistryError::NotFound { image: self.name.clone(), words: words::of_body(&answer.body) }
    }
}

/// What a digest rests on.
#[derive(Clone, Copy)]
enum Evidence {
    Headers,
    Manifest,
}

fn bad(answer: &Answer, reason: String) -> RegistryError {
    transport::bad_answer(&answer.origin, reason)
}
