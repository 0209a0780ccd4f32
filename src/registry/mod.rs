//! Asks OCI registries whether an image is there and which digest it has.
//! This module must not decide what is done about the answer.
//!
//! Nothing else can make a [`Verified`], and only a [`Verified`] image can be published.

mod accesses;
mod annotation;
pub mod attestation;
mod challenge;
mod check;
mod config_key;
mod contents;
mod created;
mod credential;
mod credentials;
mod denial;
mod depths;
mod docker_config;
mod error;
mod failure;
mod helper;
mod keyless;
mod kind;
mod manifest;
mod pages;
mod pem;
mod platform;
mod requirement;
mod rule;
mod session;
mod signature;
mod source;
mod token;
mod tokens;
mod transport;
mod verify_key;
mod wait;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use url::Url;

pub use self::annotation::Annotation;
use self::check::Check;
pub use self::contents::{Details, PlatformImage};
pub use self::created::Created;
pub use self::credential::Credential;
pub use self::credentials::{ConfigText, CredentialSources, CredentialsError, HostCredentials, NamedCredential};
pub use self::denial::{Denial, TokenFault};
pub use self::error::{Inspected, RegistryError};
pub use self::failure::Failure;
pub use self::keyless::{Identity, Issuer, Keyless, Root, Signed};
pub use self::platform::Platform;
pub use self::requirement::{Age, ExpectedDigest, Requirements};
pub use self::rule::{LabelRule, TagPattern};
use self::session::Session;
pub use self::verify_key::VerifyKey;
use crate::http::{Http, is_loopback};
use crate::image::{Digest, ProvenDigest, Reference, Repository, Tag};
use crate::words;

/// Whatever a registry does, an image is checked within this time.
const DEADLINE: Duration = Duration::from_secs(50);

/// The registries of a run; images on the same one share its connection, challenge and tokens.
pub struct Registry {
    http: Http,
    sources: Arc<CredentialSources>,
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    created: Births,
}

/// When images were created, by the digests of their manifests; read once.
type Births = Mutex<BTreeMap<Digest, Arc<OnceCell<Option<Created>>>>>;

/// An image that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The digest that it has in its registry.
    pub digest: Digest,
    /// When it was created, when it says so.
    pub created: Option<Created>,
}

/// An image that its registry has, with its digest there, proven by the bytes of its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    reference: Reference,
    by: By,
    proof: ProvenDigest,
    details: Option<Details>,
    signed_by: Option<String>,
}

/// By what an image is asked for, and so what decides which one it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// By its tag; a digest beside it has to be the tag's.
    #[default]
    Tag,
    /// By its digest, whatever its tag means by now.
    Digest,
}

/// How much is asked about an image; each includes what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The manifest, so that the digest is proven.
    Manifest,
    /// Platforms, sizes and labels.
    Details,
}

impl Registry {
    /// Prepares the check; nothing is asked yet.
    pub fn new(credentials: CredentialSources, http: &Http) -> Self {
        Self {
            http: http.clone(),
            sources: Arc::new(credentials),
            sessions: Mutex::default(),
            created: Mutex::default(),
        }
    }

    /// The digest that a tag names now, by the manifest's headers; the manifest is read only where they don't give it. It gives no
    /// right to publish: a registry's word is no proof.
    pub async fn digest_of(&self, image: &Reference) -> Result<Digest, RegistryError> {
        within_deadline(image, check::digest(self.session(image)?, image)).await
    }

    /// Requires that the tag of an image that was asked for by its digest still means it.
    pub async fn require_tag(&self, image: &Verified) -> Result<(), RegistryError> {
        if image.by == By::Tag {
            return Ok(());
        }
        let reference = Reference { digest: Some(image.digest().clone()), ..image.reference.clone() };
        match self.digest_of(&reference).await {
            Ok(_) => Ok(()),
            Err(RegistryError::DigestMismatch { found, .. }) => Err(RegistryError::tag_moved(image, Some(found))),
            Err(RegistryError::NotFound { .. }) => Err(RegistryError::tag_moved(image, None)),
            Err(error) => Err(error),
        }
    }

    /// Finds the image, waiting for it as long as the requirements say, and checks it against them.
    pub async fn examine(
        &self,
        (image, by): (&Reference, By),
        depth: Depth,
        requirements: &Requirements,
    ) -> Result<Verified, RegistryError> {
        let check = Check::new(self.session(image)?, (image, by), requirements)?;
        // Only the manifest tells whether it is an image at all.
        let ask = async || within_deadline(image, check.find()).await;
        let found = wait::until_there(requirements.wait, &image.to_string(), ask).await?;
        within_deadline(image, Box::pin(check.judge(found, depth))).await
    }

    /// Finds out whether the registry of an image answers at all; whatever the answer is.
    pub async fn greet(&self, image: &Reference) -> Result<(), RegistryError> {
        within_deadline(image, self.session(image)?.greet()).await
    }

    /// Looks at an image by its digest where it has one, else by its tag. What is seen gives no right to publish. What one
    /// image tells of its creation counts for every image of that digest.
    pub async fn glance(&self, image: &Reference) -> Result<Glance, RegistryError> {
        within_deadline(image, check::glance(self.session(image)?, image, &self.created)).await
    }

    /// Refuses an image that is older than the one that the target names now; what is not known is not refused.
    pub async fn refuse_older(&self, image: &Verified, current: &Reference) -> Result<(), RegistryError> {
        let Some(created) = image.details().and_then(Details::created) else {
            return Ok(());
        };
        let current_created = match self.glance(current).await {
            Ok(glance) => glance.created,
            Err(RegistryError::NotFound { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        match current_created {
            Some(current_created) if current_created.is_after(created) => {
                let failure =
                    Failure::Older { created: created.clone(), current: current.to_string(), current_created };
                Err(RegistryError::Unfit {
                    image: image.reference.to_string(),
                    failures: vec![failure],
                    seen: Some(Box::new(image.seen())),
                })
            }
            _ => Ok(()),
        }
    }

    fn session(&self, image: &Reference) -> Result<Arc<Session>, RegistryError> {
        let host = image.repository.host();
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = sessions.get(&host) {
            return Ok(Arc::clone(session));
        }
        let bases = self.bases(image, &host)?;
        let session = Session::new(&host, bases, self.http.clone(), Arc::clone(&self.sources));
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
                RegistryError::BadAnswer {
                    host: host.to_owned(),
                    reason: format!("its name is not a valid address ({error})"),
                }
            })
        };
        if self.http.is_plain(host) {
            return Ok(vec![base("http")?]);
        }
        let secure = base("https")?;
        if is_loopback(&secure) {
            return Ok(vec![secure, base("http")?]);
        }
        Ok(vec![secure])
    }
}

impl By {
    /// What a registry is asked for.
    fn key(self, image: &Reference) -> Result<&str, RegistryError> {
        let key = match self {
            Self::Tag => image.tag.as_ref().map(Tag::as_str),
            Self::Digest => image.digest.as_ref().map(Digest::as_str),
        };
        key.ok_or_else(|| RegistryError::NoTag { image: image.to_string() })
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

    /// The tag; none of an image that is named by its digest alone.
    pub fn tag(&self) -> Option<&Tag> {
        self.reference.tag.as_ref()
    }

    /// The digest that it has in the registry.
    pub fn digest(&self) -> &Digest {
        self.proof.digest()
    }

    /// The same digest, as it may be written.
    pub fn proof(&self) -> &ProvenDigest {
        &self.proof
    }

    /// What is in the image, when that was asked.
    pub fn details(&self) -> Option<&Details> {
        self.details.as_ref()
    }

    /// The name of the key that signed it, when that was required.
    pub fn signed_by(&self) -> Option<&str> {
        self.signed_by.as_deref()
    }

    /// The same, without the right to be published.
    fn seen(&self) -> Inspected {
        Inspected { digest: self.digest().clone(), details: self.details.clone(), signed_by: self.signed_by.clone() }
    }
}

async fn within_deadline<T>(
    image: &Reference,
    answer: impl Future<Output = Result<T, RegistryError>>,
) -> Result<T, RegistryError> {
    let answer = tokio::time::timeout(DEADLINE, answer).await;
    answer.unwrap_or_else(|_| Err(RegistryError::silent(&image.repository.host(), DEADLINE)))
}
