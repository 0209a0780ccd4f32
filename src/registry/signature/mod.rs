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
use super::keyless::Keyless;
use super::requirement::Requirements;
use super::source::{Manifest, Source};
use crate::image::Reference;

/// Who is trusted.
#[derive(Clone, Copy)]
struct Trust<'a> {
    keys: &'a [VerifyKey],
    keyless: Option<&'a Keyless>,
}

impl Trust<'_> {
    /// The name of who signed the image by this carrier; an error is the reason.
    fn signer(self, carrier: &Carrier, subject: &Subject<'_>) -> Result<String, String> {
        let by_key = || payload::signer(carrier, self.keys, subject).map(|key| key.name().to_owned());
        let Some(keyless) = self.keyless else {
            return by_key();
        };
        if self.keys.is_empty() {
            return identity(keyless, carrier, subject);
        }
        by_key().or_else(|by_key| {
            identity(keyless, carrier, subject).map_err(|by_identity| format!("{by_key}, and {by_identity}"))
        })
    }

    /// What to call them all.
    fn names(self) -> String {
        let keys = self.keys.iter().map(|key| key.name().to_owned());
        let identities = self.keyless.into_iter().flat_map(|keyless| &keyless.identities).map(ToString::to_string);
        keys.chain(identities).collect::<Vec<_>>().join(" or ")
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
    let Requirements { verify_keys: keys, keyless, signed_as, annotations, .. } = requirements;
    let (trust, subject) =
        (Trust { keys, keyless: keyless.as_ref() }, Subject { image, digest, signed_as, annotations });
    let visit = |carrier: &Carrier| match trust.signer(carrier, &subject) {
        Ok(name) => ControlFlow::Break(name),
        Err(reason) => ControlFlow::Continue(reason),
    };
    let tally = match Search::new(source, digest, Wanted::Signatures).visit(visit).await? {
        End::Found(name) => return Ok(Ok(name)),
        End::Nothing(tally) => tally,
    };
    Ok(Err(Failure::Signature {
        digest: digest.clone(),
        keys: trust.names(),
        reasons: if tally.is_empty() { "there is no signature at all".to_owned() } else { tally.to_string() },
    }))
}

/// The identity that signed the image by this carrier, without a key; an error is the reason.
fn identity(keyless: &Keyless, carrier: &Carrier, subject: &Subject<'_>) -> Result<String, String> {
    let signed = match carrier {
        Carrier::Simple { payload, notes } => {
            let signed = keyless.root.verify_simple(payload, notes, &keyless.identities)?;
            payload::simple_signing(payload, subject)?;
            signed
        }
        Carrier::Envelope { .. } => return Err("an envelope without a certificate".to_owned()),
        Carrier::Bundle { bytes } => {
            let signed = keyless.root.verify(bytes, subject.digest, &keyless.identities)?;
            payload::signature(signed.payload.as_deref().unwrap_or_default(), subject)?;
            signed
        }
    };
    Ok(signed.identity)
}
