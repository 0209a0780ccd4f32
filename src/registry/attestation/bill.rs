//! Bills of materials: whether a predicate is one. This module must not judge what they list.

#![deny(clippy::disallowed_methods)]

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// How deep a document may be wrapped: older cosigns put it under `Data`, and its type `spdx` makes a text of it.
const WRAPS: usize = 2;

#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(rename = "Data", borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Spdx {
    #[serde(rename = "spdxVersion")]
    version: Option<String>,
    #[serde(rename = "@context")]
    context: Option<String>,
    #[serde(rename = "@graph")]
    graph: Option<Vec<IgnoredAny>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CycloneDx {
    bom_format: String,
    #[serde(rename = "specVersion")]
    _spec_version: String,
}

/// Whether it is an SPDX document: 2.x in JSON or as tags and values, or 3.x; an error is the reason why not.
pub(super) fn spdx(predicate: &str) -> Result<(), String> {
    let is_json = |text: &str| {
        serde_json::from_str::<Spdx>(text).is_ok_and(|document| {
            document.version.is_some_and(|version| version.starts_with("SPDX-"))
                || (document.context.is_some_and(|context| context.contains("spdx.org/rdf/3"))
                    && document.graph.is_some_and(|graph| !graph.is_empty()))
        })
    };
    let is_tags = |text: &str| {
        let value = |line: &str| line.trim().strip_prefix("SPDXVersion:").map(str::trim).map(str::to_owned);
        text.lines().find_map(value).is_some_and(|version| version.starts_with("SPDX-"))
    };
    if inside(predicate, |text| is_json(text) || is_tags(text)) {
        return Ok(());
    }
    Err("an SPDX attestation that contains no SPDX document".to_owned())
}

/// Whether it is a `CycloneDX` document in JSON; an error is the reason why not.
pub(super) fn cyclone_dx(predicate: &str) -> Result<(), String> {
    let is_json =
        |text: &str| serde_json::from_str::<CycloneDx>(text).is_ok_and(|document| document.bom_format == "CycloneDX");
    if inside(predicate, is_json) {
        return Ok(());
    }
    Err("a CycloneDX attestation that contains no CycloneDX document".to_owned())
}

/// Whether it, or what it wraps, is one.
fn inside(predicate: &str, is_one: impl Fn(&str) -> bool) -> bool {
    let mut text = predicate.to_owned();
    for _ in 0..=WRAPS {
        if is_one(&text) {
            return true;
        }
        let unwrapped = match serde_json::from_str::<String>(&text) {
            Ok(inner) => Some(inner),
            Err(_) => {
                serde_json::from_str::<Wrapped<'_>>(&text).ok().and_then(|wrapped| Some(wrapped.data?.get().to_owned()))
            }
        };
        match unwrapped {
            Some(inner) => text = inner,
            None => return false,
        }
    }
    false
}
