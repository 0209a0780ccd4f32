//! One repository of a registry: fetches its manifests and blobs and proves each by its hash.
//! This module must not know what they are for.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};

use super::denial::Denial;
use super::error::RegistryError;
use super::session::{Question, Session};
use super::transport::Answer;
use super::{manifest, pages};
use crate::http::name_of;
use crate::image::{Digest, ProvenDigest, Reference};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// As many pages of a list are read.
const MOST_PAGES: usize = 50;

/// As many bytes of a list are read, over all its pages.
const LIST_LIMIT: usize = 4 * manifest::LIMIT;

/// Where an image is asked for.
pub(super) struct ImageSource {
    session: Arc<Session>,
    name: String,
    repository: String,
}

/// A manifest whose bytes have its digest.
pub(super) struct Manifest {
    /// The digest.
    pub(super) digest: ProvenDigest,
    /// What the manifest is.
    pub(super) media_type: String,
    /// Its bytes.
    pub(super) body: Vec<u8>,
}

impl ImageSource {
    pub(super) fn new(session: Arc<Session>, image: &Reference) -> Self {
        Self { session, name: image.to_string(), repository: image.repository.path() }
    }

    /// The digest by the manifest's headers; none when the manifest has to be read for it, or to hear why not.
    ///
    /// A manifest is never missing by HEAD alone: some registries answer 404 or 405 to it, and 200 to GET. Such a one is asked
    /// by GET from then on.
    pub(super) async fn digest(&self, reference: &str) -> Result<Option<Digest>, RegistryError> {
        if !self.session.knows_head() {
            return Ok(None);
        }
        let answer =
            self.ask(&Method::HEAD, &self.path(&format!("manifests/{reference}")), manifest::ACCEPT, 0).await?;
        let digest = match answer.status() {
            StatusCode::OK => manifest::digest_of_headers(answer.headers()).map_err(|reason| answer.bad(reason))?,
            _ => None,
        };
        if digest.is_none() {
            self.session.give_up_head();
        }
        Ok(digest)
    }

    /// The manifest of a tag or digest; its digest is in the algorithm of `like`.
    pub(super) async fn manifest(&self, reference: &str, like: Option<&Digest>) -> Result<Manifest, RegistryError> {
        let path = self.path(&format!("manifests/{reference}"));
        let answer = self.ask(&Method::GET, &path, manifest::ACCEPT, manifest::LIMIT).await?;
        if answer.status() != StatusCode::OK {
            return Err(self.refused(&answer));
        }
        let digest =
            manifest::digest_of_body(answer.headers(), answer.body(), like).map_err(|reason| answer.bad(reason))?;
        let media_type = manifest::media_type(answer.headers(), answer.body());
        Ok(Manifest { digest, media_type, body: answer.into_body() })
    }

    /// The manifest that has this very digest.
    pub(super) async fn manifest_of(&self, digest: &Digest) -> Result<Manifest, RegistryError> {
        let manifest = self.manifest(digest.as_str(), Some(digest)).await?;
        if manifest.digest.digest() == digest {
            return Ok(manifest);
        }
        Err(self.bad_answer(format!("its manifest {digest} has the digest {}", manifest.digest)))
    }

    /// A blob, which must have the digest that it was asked for by.
    pub(super) async fn blob(&self, digest: &Digest, limit: usize) -> Result<Vec<u8>, RegistryError> {
        let answer = self.ask(&Method::GET, &self.path(&format!("blobs/{digest}")), "*/*", limit).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(answer.bad(format!("it has no blob {digest}"))),
            _ => return Err(self.refused(&answer)),
        }
        if manifest::hash(answer.body(), digest).digest() == digest {
            return Ok(answer.into_body());
        }
        Err(answer.bad(format!("the content of its blob {digest} has another digest")))
    }

    /// The indexes of what refers to a digest, a page each; none when the registry doesn't know the question. With what kept
    /// further pages away, if anything did: what they hold may be what is looked for.
    pub(super) async fn referrers(
        &self,
        digest: &Digest,
    ) -> Result<(Vec<Vec<u8>>, Option<RegistryError>), RegistryError> {
        let mut pages = Vec::new();
        let (mut path, mut room) = (self.path(&format!("referrers/{digest}")), LIST_LIMIT);
        while pages.len() < MOST_PAGES {
            let answer = match self.ask(&Method::GET, &path, INDEX, manifest::LIMIT.min(room)).await {
                Ok(answer) => answer,
                Err(RegistryError::BadAnswer { .. }) if pages.is_empty() => return Ok((pages, None)),
                Err(error) if pages.is_empty() => return Err(error),
                Err(error) => return Ok((pages, Some(error))),
            };
            let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            match answer.status() {
                StatusCode::OK if kind.starts_with(INDEX) => {}
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(self.refused(&answer)),
                _ if pages.is_empty() => return Ok((pages, None)),
                status => {
                    let reason = format!("a further page of its referrers has the status {}", status.as_u16());
                    return Ok((pages, Some(answer.bad(reason))));
                }
            }
            let next = if answer.is_own() { pages::next(answer.headers(), &answer.asked) } else { Ok(None) };
            let next = next.map_err(|reason| answer.bad(reason));
            room = room.saturating_sub(answer.body().len());
            pages.push(answer.into_body());
            match next {
                Ok(Some(next)) => path = next,
                Ok(None) => return Ok((pages, None)),
                Err(error) => return Ok((pages, Some(error))),
            }
        }
        tracing::warn!("{}: it has more than {MOST_PAGES} pages of referrers; the other pages are not read", self.name);
        Ok((pages, None))
    }

    /// The error for an answer that was waited for so long.
    pub(super) fn silent(&self, waited: Duration) -> RegistryError {
        self.session.silent(waited)
    }

    /// The error for what a registry should not have given.
    pub(super) fn bad_answer(&self, reason: String) -> RegistryError {
        self.session.bad_answer(reason)
    }

    async fn ask(
        &self,
        method: &Method,
        path: &str,
        accept: &'static str,
        limit: usize,
    ) -> Result<Answer, RegistryError> {
        let (image, repository) = (self.name.as_str(), self.repository.as_str());
        self.session.ask(Question { image, method, path, accept, limit, repository }).await
    }

    fn path(&self, rest: &str) -> String {
        format!("/v2/{}/{rest}", self.repository)
    }

    fn refused(&self, answer: &Answer) -> RegistryError {
        let words = answer.words();
        match answer.status() {
            StatusCode::NOT_FOUND => self.not_found(answer),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if !answer.is_own() => {
                RegistryError::DeniedElsewhere { image: self.name.clone(), host: name_of(&answer.asked) }
            }
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                let denial = Denial::of(status, answer.headers(), &words);
                self.session.denied((&self.name, &self.repository), denial, words)
            }
            status => answer.bad(format!("status {} {words}", status.as_u16()).trim_end().to_owned()),
        }
    }

    /// A web page's 404 says nothing about an image.
    fn not_found(&self, answer: &Answer) -> RegistryError {
        if manifest::is_page(answer.headers()) {
            return answer.bad("its 404 is an HTML page".to_owned());
        }
        RegistryError::NotFound { image: self.name.clone(), words: answer.words() }
    }
}
