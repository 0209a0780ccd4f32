//! Finds the signatures of an image and checks them with the keys and identities that the user trusts; this module must not trust a registry.

mod attested;
mod candidates;
mod carrier;
#[cfg(test)]
mod mutations;
mod payload;
mod search;
mod tally;
#[cfg(test)]
mod tests;
mod trust;

use std::ops::ControlFlow;

pub(super) use self::attested::attester;
use self::carrier::{Carrier, Wanted};
use self::payload::Subject;
use self::search::{Search, SearchResult};
use self::trust::Trust;
use super::error::RegistryError;
use super::failure::Failure;
use super::requirement::Requirements;
use super::source::{ImageSource, Manifest};
use crate::image::Reference;

/// The name of the key or identity that signed the image; the failure says what was found instead.
pub(super) async fn signer(
    source: &ImageSource,
    image: &Reference,
    manifest: &Manifest,
    requirements: &Requirements,
) -> Result<Result<String, Failure>, RegistryError> {
    let digest = manifest.digest.digest();
    let Requirements { signed_as, annotations, .. } = requirements;
    let (trust, subject) = (Trust::of(requirements), Subject { image, digest, signed_as, annotations });
    let visit = |carrier: &Carrier| match trust.signer(carrier, &subject) {
        Ok(name) => ControlFlow::Break(name),
        Err(reason) => ControlFlow::Continue(reason),
    };
    let tally = match Search::new(source, digest, Wanted::Signatures).visit(visit).await? {
        SearchResult::Found(name) => return Ok(Ok(name)),
        SearchResult::Nothing(tally) => tally,
    };
    Ok(Err(Failure::Signature {
        digest: digest.clone(),
        keys: trust.names(),
        reasons: if tally.is_empty() { "the image has no signature".to_owned() } else { tally.to_string() },
    }))
}
