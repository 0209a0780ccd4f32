//! Who is trusted, and what they signed: by a key, or as an identity without one. This module must not find a signature.

use super::carrier::Carrier;
use super::payload::{self, Subject};
use crate::image::Digest;
use crate::registry::keyless::{Keyless, Signed};
use crate::registry::requirement::Requirements;
use crate::registry::verify_key::VerifyKey;

/// Who is trusted: one of them is enough.
#[derive(Clone, Copy)]
pub(super) struct Trust<'a> {
    keys: &'a [VerifyKey],
    keyless: Option<&'a Keyless>,
}

impl<'a> Trust<'a> {
    pub(super) fn of(requirements: &'a Requirements) -> Self {
        Self { keys: &requirements.verify_keys, keyless: requirements.keyless.as_ref() }
    }

    /// What to call them all.
    pub(super) fn names(self) -> String {
        let keys = self.keys.iter().map(|key| key.name().to_owned());
        let identities = self.keyless.into_iter().flat_map(|keyless| &keyless.identities).map(ToString::to_string);
        keys.chain(identities).collect::<Vec<_>>().join(" or ")
    }

    /// The name of who signed the image by this carrier; an error is the reason.
    pub(super) fn signer(self, carrier: &Carrier, subject: &Subject<'_>) -> Result<String, String> {
        let by_key = || payload::signer(carrier, self.keys, subject).map(|key| key.name().to_owned());
        self.either(by_key, |keyless| signed(keyless, carrier, subject))
    }

    /// The in-toto statement that a carrier holds, with the name of who signed it; of what it is beside this digest is not looked
    /// at. An error is the reason.
    pub(super) fn statement(self, carrier: &Carrier, digest: &Digest) -> Result<(Vec<u8>, String), String> {
        let by_key = || payload::statement(carrier, self.keys).map(|(payload, key)| (payload, key.name().to_owned()));
        self.either(by_key, |keyless| {
            let Signed { payload, identity, .. } = bundled(keyless, carrier, digest)?;
            Ok((payload.unwrap_or_default(), identity))
        })
    }

    /// What is found by a key, else by an identity.
    fn either<T>(
        self,
        by_key: impl FnOnce() -> Result<T, String>,
        by_identity: impl FnOnce(&Keyless) -> Result<T, String>,
    ) -> Result<T, String> {
        match self.keyless {
            None => by_key(),
            Some(keyless) if self.keys.is_empty() => by_identity(keyless),
            Some(keyless) => {
                by_key().or_else(|one| by_identity(keyless).map_err(|other| format!("{one}, and {other}")))
            }
        }
    }
}

/// The identity that signed the image by this carrier.
fn signed(keyless: &Keyless, carrier: &Carrier, subject: &Subject<'_>) -> Result<String, String> {
    if let Carrier::Simple { payload, notes } = carrier {
        let signed = keyless.root.verify_simple(payload, notes, &keyless.identities)?;
        payload::simple_signing(payload, subject)?;
        return Ok(signed.identity);
    }
    let signed = bundled(keyless, carrier, subject.digest)?;
    payload::signature(signed.payload.as_deref().unwrap_or_default(), subject)?;
    Ok(signed.identity)
}

/// What an identity signed of a digest, in a bundle.
fn bundled(keyless: &Keyless, carrier: &Carrier, digest: &Digest) -> Result<Signed, String> {
    match carrier {
        Carrier::Bundle { bytes } => keyless.root.verify(bytes, digest, &keyless.identities),
        Carrier::Envelope { .. } => Err("an envelope without a certificate".to_owned()),
        Carrier::Simple { .. } => Err("a signature, not an attestation".to_owned()),
    }
}
