//! Finds what is attested of an image by somebody trusted, and holds it against one rule; this module must not trust a registry.

use std::ops::ControlFlow;
use std::time::SystemTime;

use super::carrier::{Carrier, Wanted};
use super::search::{Search, SearchResult};
use super::trust::Trust;
use crate::image::Digest;
use crate::registry::attestation::{Heard, Hearing, Rule, Statement};
use crate::registry::error::RegistryError;
use crate::registry::failure::Failure;
use crate::registry::requirement::Requirements;
use crate::registry::source::{ImageSource, Manifest};

/// The name of the key or identity by which the image has the attestation; the failure says what was found instead.
pub(in crate::registry) async fn attester(
    source: &ImageSource,
    manifest: &Manifest,
    requirements: &Requirements,
    rule: &Rule,
    now: SystemTime,
) -> Result<Result<String, Failure>, RegistryError> {
    let (digest, trust) = (manifest.digest.digest(), Trust::of(requirements));
    let mut hearing = Hearing::new(rule, now);
    let visit = |carrier: &Carrier| match heard(carrier, trust, digest, &mut hearing) {
        Ok((name, Heard::Met)) => ControlFlow::Break(name),
        Ok((name, Heard::Kept)) => ControlFlow::Continue(format!("a scan (only the newest by {name} counts)")),
        Ok((_, Heard::Refused(reason))) | Err(reason) => ControlFlow::Continue(reason),
    };
    let tally = match Search::new(source, digest, Wanted::Attestations(rule.predicates())).visit(visit).await? {
        SearchResult::Found(key) => return Ok(Ok(key)),
        SearchResult::Nothing(tally) => tally,
    };
    let mut reasons = match hearing.end() {
        Ok(key) => return Ok(Ok(key)),
        Err(reasons) => reasons,
    };
    if !tally.is_empty() {
        reasons.push(tally.to_string());
    }
    Ok(Err(Failure::Attestation {
        rule: rule.to_string(),
        keys: trust.names(),
        reasons: if reasons.is_empty() {
            "the image has no attestation of this type".to_owned()
        } else {
            reasons.join("; ")
        },
    }))
}

/// Who signed what a carrier holds, and what that comes to; an error is the reason why it does not count.
fn heard(
    carrier: &Carrier,
    trust: Trust<'_>,
    digest: &Digest,
    hearing: &mut Hearing<'_>,
) -> Result<(String, Heard), String> {
    let (payload, name) = trust.statement(carrier, digest)?;
    let statement = Statement::parse(&payload)?;
    if !statement.is_about(digest) {
        return Err("an attestation of another digest".to_owned());
    }
    let heard = hearing.hear(&name, &statement);
    Ok((name, heard))
}
