//! One repository of a registry: fetches its manifests and blobs and proves each by its hash.
//! This module must not know what they are for.

use std::sync::Arc;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};

use super::error::RegistryError;
use super::manifest;
use super::session::{Question, Session};
use super::transport::Answer;
use crate::http::name_of;
use crate::image::{Digest, ProvenDigest, Reference};

/// Where an image is asked for.
pub(super) struct Source {
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

impl Source {
    pub(super) fn new(session: Arc<Session>, image: &Reference) -> Self {
        Self { session, name: image.to_string(), repository: image.repository.path() }
    }

    /// The digest by the manifest's headers; none when the manifest has to be read for it, or to hear why not.
    pub(super) async fn digest(&self, reference: &str) -> Result<Option<Digest>, RegistryError> {
        let answer = self.ask(&Method::HEAD, &format!("manifests/{reference}"), manifest::ACCEPT, 0).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(self.not_found(&answer)),
            _ => return Ok(None),
        }
        manifest::digest_of_headers(answer.headers()).map_err(|reason| answer.bad(reason))
    }

    /// The manifest of a tag or digest; its digest is in the algorithm of `like`.
    pub(super) async fn manifest(&self, reference: &str, like: Option<&Digest>) -> Result<Manifest, RegistryError> {
        let path = format!("manifests/{reference}");
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
        let answer = self.ask(&Method::GET, &format!("blobs/{digest}"), "*/*", limit).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(answer.bad(format!("it has no blob {digest}"))),
            _ => return Err(self.refused(&answer)),
        }
        if manifest::hash(answer.body(), digest).digest() == digest {
            return Ok(answer.into_body());
        }
        Err(answer.bad(format!("its blob is not that of the digest {digest}")))
    }

    /// The index of what refers to a digest; none when the registry doesn't know the question.
    pub(super) async fn referrers(&self, digest: &Digest) -> Result<Option<Vec<u8>>, RegistryError> {
        let accept = "application/vnd.oci.image.index.v1+json";
        let answer = self.ask(&Method::GET, &format!("referrers/{digest}"), accept, manifest::LIMIT).await?;
        let kind = answer.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        match answer.status() {
            StatusCode::OK if kind.starts_with(accept) => Ok(Some(answer.into_body())),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.refused(&answer)),
            _ => Ok(None),
        }
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
        let path = format!("v2/{}/{path}", self.repository);
        let (image, repository) = (self.name.as_str(), self.repository.as_str());
        self.session.ask(Question { image, method, path: &path, accept, limit, repository }).await
    }

    fn refused(&self, answer: &Answer) -> RegistryError {
        let words = answer.words();
        match answer.status() {
            StatusCode::NOT_FOUND => self.not_found(answer),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if !answer.is_own() => {
                RegistryError::DeniedElsewhere { image: self.name.clone(), host: name_of(&answer.asked) }
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => self.session.denied(&self.name, words),
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
