//! What a manifest's headers and bytes say about its digest, and whether they are a manifest at all.
//! This module must not talk to a registry.

#![deny(clippy::disallowed_methods)]

use oci_distribution::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE,
    Versioned,
};
use reqwest::header::{CONTENT_TYPE, HeaderMap};

use super::words;
use crate::image::{Algorithm, Digest, ProvenDigest};

/// All four types: without them a registry answers 404 for an image that is there, or with another digest.
pub(super) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// The longest manifest that registries have to take (OCI distribution spec, "Pushing manifests").
pub(super) const LIMIT: usize = 4 * 1024 * 1024;

const TYPES: [&str; 4] =
    [OCI_IMAGE_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, IMAGE_MANIFEST_LIST_MEDIA_TYPE];

/// The digest that the headers give; none when only the manifest itself can tell. An error is the reason.
pub(super) fn digest_of_headers(headers: &HeaderMap) -> Result<Option<Digest>, String> {
    let typed = check_type(headers)?;
    let digest = digest_header(headers)?;
    Ok(digest.filter(|_| typed))
}

/// The digest of a manifest's bytes, in the algorithm of `like` (else in the header's, else SHA-256).
pub(super) fn digest_of_body(headers: &HeaderMap, body: &[u8], like: Option<&Digest>) -> Result<ProvenDigest, String> {
    let typed = check_type(headers)?;
    let versioned: Versioned = serde_json::from_slice(body).map_err(|_| "its manifest is not valid".to_owned())?;
    match (versioned.schema_version, versioned.media_type.as_deref()) {
        (2, Some(named)) => known(named).then_some(()).ok_or_else(|| wrong_type(named))?,
        (2, None) if typed => {}
        (2, None) => return Err("its manifest has no media type".to_owned()),
        (version, _) => {
            return Err(format!("its manifest has schema version {version}, which is no longer supported"));
        }
    }
    let claimed = digest_header(headers)?;
    if let Some(claimed) = &claimed
        && hash(body, claimed).digest() != claimed
    {
        return Err(format!("the digest of its manifest is not {claimed}, as its header says"));
    }
    let algorithm = like.or(claimed.as_ref()).map_or(Algorithm::Sha256, Digest::algorithm);
    Ok(ProvenDigest::of_bytes(body, algorithm))
}

/// What the manifest says it is; else what its headers say.
pub(super) fn media_type(headers: &HeaderMap, body: &[u8]) -> String {
    let own = serde_json::from_slice::<Versioned>(body).ok().and_then(|versioned| versioned.media_type);
    own.unwrap_or_else(|| named_type(headers))
}

/// Whether the answer is a web page.
pub(super) fn is_page(headers: &HeaderMap) -> bool {
    named_type(headers) == "text/html"
}

/// Whether two digests can be compared.
pub(super) fn is_comparable(one: &Digest, other: &Digest) -> bool {
    one.algorithm() == other.algorithm()
}

/// Whether the media type is a manifest's; false when the headers leave it open.
fn check_type(headers: &HeaderMap) -> Result<bool, String> {
    let media_type = named_type(headers);
    match media_type.as_str() {
        "application/json" | "application/octet-stream" | "" => Ok(false),
        named if known(named) => Ok(true),
        named => Err(wrong_type(named)),
    }
}

/// The `Content-Type` without its parameters, in lower case; empty when there is none.
fn named_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
    value.as_deref().and_then(|text| text.split(';').next()).unwrap_or_default().trim().to_owned()
}

fn known(media_type: &str) -> bool {
    TYPES.contains(&media_type)
}

fn wrong_type(media_type: &str) -> String {
    if media_type.starts_with("application/vnd.docker.distribution.manifest.v1") {
        return "its manifest has schema version 1, which is no longer supported".to_owned();
    }
    if media_type == "text/html" {
        return "it answered with an HTML page".to_owned();
    }
    format!("{:?} is not a media type of an image", words::short(media_type))
}

fn digest_header(headers: &HeaderMap) -> Result<Option<Digest>, String> {
    let Some(value) = headers.get("docker-content-digest") else {
        return Ok(None);
    };
    parse(&String::from_utf8_lossy(value.as_bytes())).map(Some)
}

fn parse(text: &str) -> Result<Digest, String> {
    Digest::parse(text).map_err(|_| format!("{:?} is not a digest", words::short(text)))
}

/// The digest of the bytes in the algorithm of another digest.
pub(super) fn hash(body: &[u8], like: &Digest) -> ProvenDigest {
    ProvenDigest::of_bytes(body, like.algorithm())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"schemaVersion": 2}"#;

    fn sha256(body: &[u8]) -> String {
        ProvenDigest::of_bytes(body, Algorithm::Sha256).to_string()
    }

    fn headers(media_type: &str, digest: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [("content-type", media_type), ("docker-content-digest", digest)] {
            if !value.is_empty() {
                headers.insert(name, value.parse().unwrap());
            }
        }
        headers
    }

    fn of_headers(media_type: &str, digest: &str) -> String {
        match digest_of_headers(&headers(media_type, digest)) {
            Ok(digest) => digest.map_or("read it".to_owned(), |digest| digest.to_string()),
            Err(reason) => reason,
        }
    }

    #[test]
    fn accepts_each_type_that_it_knows() {
        for media_type in TYPES {
            assert!(ACCEPT.split(", ").any(|accepted| accepted == media_type), "{media_type}");
        }
    }

    #[test]
    fn believes_headers_only_when_they_are_a_registrys() {
        let digest = sha256(b"x");
        assert_eq!(of_headers(OCI_IMAGE_MEDIA_TYPE, &digest), digest);
        assert_eq!(of_headers("Application/Vnd.OCI.image.index.v1+json; charset=utf-8", &digest), digest);
        assert_eq!(of_headers(OCI_IMAGE_MEDIA_TYPE, ""), "read it");
        assert_eq!(of_headers("application/json", &digest), "read it");
        assert_eq!(of_headers("", &digest), "read it");
        assert_eq!(of_headers("text/html; charset=utf-8", &digest), "it answered with an HTML page");
        assert_eq!(of_headers(OCI_IMAGE_MEDIA_TYPE, "sha256:zz"), "\"sha256:zz\" is not a digest");
        let schema1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
        assert!(of_headers(schema1, &digest).contains("schema version 1"));
        assert!(of_headers("image/png", &digest).contains("not a media type of an image"));
    }

    #[test]
    fn hashes_what_was_read() {
        let expected = sha256(BODY);
        for claimed in ["", expected.as_str()] {
            let digest = digest_of_body(&headers(OCI_IMAGE_MEDIA_TYPE, claimed), BODY, None).unwrap();
            assert_eq!(digest.to_string(), expected);
        }
        let other = sha256(b"another image");
        let reason = digest_of_body(&headers(OCI_IMAGE_MEDIA_TYPE, &other), BODY, None).unwrap_err();
        assert!(reason.contains("the digest of its manifest is not"), "{reason}");
    }

    #[test]
    fn hashes_in_the_wanted_algorithm() {
        let like = Digest::parse(&format!("sha512:{}", "0".repeat(128))).unwrap();
        let digest = digest_of_body(&headers(OCI_IMAGE_MEDIA_TYPE, &sha256(BODY)), BODY, Some(&like)).unwrap();
        assert!(is_comparable(digest.digest(), &like) && *digest.digest() != like);
    }

    #[test]
    fn refuses_bodies_that_are_no_manifest() {
        let typed = headers(OCI_IMAGE_MEDIA_TYPE, "");
        for body in ["", "<html>", "[]", "{}", r#"{"schemaVersion": 1}"#, r#"{"schemaVersion": 2, "mediaType": "x/y"}"#]
        {
            assert!(digest_of_body(&typed, body.as_bytes(), None).is_err(), "{body}");
        }
        assert!(digest_of_body(&headers("application/json", ""), BODY, None).is_err());
        let body = format!(r#"{{"schemaVersion": 2, "mediaType": "{OCI_IMAGE_MEDIA_TYPE}"}}"#);
        assert!(digest_of_body(&headers("application/json", ""), body.as_bytes(), None).is_ok());
    }
}
