//! Finds the signatures of an image and checks them with the user's keys; this module must not trust a registry.

mod annotation;
mod attested;
mod candidates;
mod carrier;
mod key;
mod payload;
mod pem;
mod search;
mod tally;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

pub use self::annotation::Annotation;
pub(super) use self::attested::attester;
use self::carrier::{Carrier, Wanted};
pub use self::key::VerifyKey;
use self::payload::Subject;
use self::search::{End, Search};
use super::error::RegistryError;
use super::failure::Failure;
use super::requirement::Requirements;
use super::source::{Manifest, Source};
use crate::image::Reference;

/// Who is trusted.
#[derive(Clone, Copy)]
struct Trust<'a> {
    keys: &'a [VerifyKey],
}

impl Trust<'_> {
    /// The name of who signed the image by this carrier; an error is the reason.
    fn signer(self, carrier: &Carrier, subject: &Subject<'_>) -> Result<String, String> {
        payload::signer(carrier, self.keys, subject).map(|key| key.name().to_owned())
    }
}

/// The name of the key that signed the image; the failure says what was found instead.
pub(super) async fn signer(
    source: &Source,
    image: &Reference,
    manifest: &Manifest,
    requirements: &Requirements,
) -> Result<Result<String, Failure>, RegistryError> {
    let digest = manifest.digest.digest();
    let Requirements { verify_keys: keys, signed_as, annotations, .. } = requirements;
    let (trust, subject) = (Trust { keys }, Subject { image, digest, signed_as, annotations });
    let visit = |carrier: &Carrier| match trust.signer(carrier, &subject) {
        Ok(name) => ControlFlow::Break(name),
        Err(reason) => ControlFlow::Continue(reason),
    };
    let tally = match Search::new(source, digest, Wanted::Signatures).visit(visit).await? {
        End::Found(name) => return Ok(Ok(name)),
        End::Nothing(tally) => tally,
    };
    let names: Vec<&str> = keys.iter().map(VerifyKey::name).collect();
    Ok(Err(Failure::Signature {
        digest: digest.clone(),
        keys: names.join(" or "),
        reasons: if tally.is_empty() { "there is no signature at all".to_owned() } else { tally.to_string() },
    }))
}
