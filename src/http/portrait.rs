//! What a certificate says of itself (RFC 5280), read for messages and for the dates of one that is trusted by itself. This module
//! must not decide whom to trust.

#![deny(clippy::disallowed_methods)]

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use der::asn1::{AnyRef, GeneralizedTime, ObjectIdentifier, UtcTime};
use der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};

use crate::words;

const BASIC_CONSTRAINTS: &str = "2.5.29.19";
const KEY_USAGE: &str = "2.5.29.15";
const RSA: &str = "1.2.840.113549.1.1.1";

/// The parts of names that people know, by their identifiers.
const NAMES: [(&str, &str); 6] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("0.9.2342.19200300.100.1.25", "DC"),
];

/// The algorithms that certificates are signed with, old and new.
const ALGORITHMS: [(&str, &str); 17] = [
    ("1.2.840.113549.1.1.2", "RSA with MD2"),
    ("1.2.840.113549.1.1.4", "RSA with MD5"),
    ("1.2.840.113549.1.1.5", "RSA with SHA-1"),
    ("1.2.840.113549.1.1.10", "RSA-PSS"),
    ("1.2.840.113549.1.1.11", "RSA with SHA-256"),
    ("1.2.840.113549.1.1.12", "RSA with SHA-384"),
    ("1.2.840.113549.1.1.13", "RSA with SHA-512"),
    ("1.2.840.113549.1.1.14", "RSA with SHA-224"),
    ("1.2.840.10045.4.1", "ECDSA with SHA-1"),
    ("1.2.840.10045.4.3.1", "ECDSA with SHA-224"),
    ("1.2.840.10045.4.3.2", "ECDSA with SHA-256"),
    ("1.2.840.10045.4.3.3", "ECDSA with SHA-384"),
    ("1.2.840.10045.4.3.4", "ECDSA with SHA-512"),
    ("1.2.840.10040.4.3", "DSA with SHA-1"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("1.2.156.10197.1.501", "SM2 with SM3"),
];

/// The longest name that is shown.
const LONGEST: usize = 100;

/// A certificate as far as people want to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Portrait {
    pub(super) subject: Name,
    pub(super) issuer: Name,
    /// In seconds since 1970.
    pub(super) not_before: u64,
    /// In seconds since 1970.
    pub(super) not_after: u64,
    /// The name of the algorithm of its signature, with its curve or parameters left out.
    pub(super) algorithm: String,
    /// How many bits its RSA key has.
    pub(super) rsa_bits: Option<usize>,
    /// Whether it may sign others, as far as it says.
    pub(super) is_authority: bool,
}

/// A distinguished name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(Vec<u8>);

impl Portrait {
    /// Reads a certificate; none when it isn't one.
    pub(super) fn of(certificate: &[u8]) -> Option<Self> {
        let [tbs, algorithm, _] = items(AnyRef::from_der(certificate).ok()?.value())?.try_into().ok()?;
        let mut fields = items(tbs.value())?;
        let has_version = fields.first()?.tag() == context(0);
        if has_version {
            fields.remove(0);
        }
        let [_serial, _algorithm, issuer, validity, subject, key, rest @ ..] = fields.as_slice() else {
            return None;
        };
        let [not_before, not_after] = items(validity.value())?.try_into().ok()?;
        let extensions = rest.iter().find(|item| item.tag() == context(3));
        Some(Self {
            subject: Name(subject.value().to_vec()),
            issuer: Name(issuer.value().to_vec()),
            not_before: seconds(not_before)?,
            not_after: seconds(not_after)?,
            algorithm: algorithm_of(algorithm)?,
            rsa_bits: rsa_bits(*key),
            is_authority: may_sign(extensions.copied()).unwrap_or(false),
        })
    }

    pub(super) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }
}

/// Whether a certificate may sign others: by its basic constraints, else by its key usage, else only if it has no extension at
/// all, as the oldest authorities. None when it can't be read.
fn may_sign(extensions: Option<AnyRef<'_>>) -> Option<bool> {
    let Some(extensions) = extensions else {
        return Some(true);
    };
    let mut may_sign_by_usage = false;
    for extension in items(items(extensions.value())?.first()?.value())? {
        let parts = items(extension.value())?;
        let (identifier, value) = (identifier(*parts.first()?)?, parts.last()?.value());
        match identifier.as_str() {
            BASIC_CONSTRAINTS => {
                let constraints = items(AnyRef::from_der(value).ok()?.value())?;
                return Some(
                    constraints.first().is_some_and(|first| first.tag() == Tag::Boolean && first.value() != [0]),
                );
            }
            // The sixth bit is keyCertSign, behind the number of unused bits.
            KEY_USAGE => {
                let bits = AnyRef::from_der(value).ok()?.value();
                may_sign_by_usage = bits.get(1).is_some_and(|bits| bits & 0x04 != 0);
            }
            _ => {}
        }
    }
    Some(may_sign_by_usage)
}

fn rsa_bits(key: AnyRef<'_>) -> Option<usize> {
    let [algorithm, key] = items(key.value())?.try_into().ok()?;
    if identifier(*items(algorithm.value())?.first()?)? != RSA {
        return None;
    }
    // A bit string begins with the number of its unused bits.
    let modulus = *items(AnyRef::from_der(key.value().get(1..)?).ok()?.value())?.first()?;
    let bytes = modulus.value();
    let leading = bytes.iter().take_while(|byte| **byte == 0).count();
    let first = bytes.get(leading)?;
    Some((bytes.len() - leading) * 8 - usize::try_from(first.leading_zeros()).ok()?)
}

/// The name of the algorithm that an `AlgorithmIdentifier` names, else its number.
fn algorithm_of(algorithm: AnyRef<'_>) -> Option<String> {
    let number = identifier(*items(algorithm.value())?.first()?)?;
    Some(ALGORITHMS.iter().find(|(known, _)| *known == number).map_or(number, |(_, name)| (*name).to_owned()))
}

fn identifier(item: AnyRef<'_>) -> Option<String> {
    Some(item.decode_as::<ObjectIdentifier>().ok()?.to_string())
}

fn seconds(time: AnyRef<'_>) -> Option<u64> {
    let since = match time.tag() {
        Tag::UtcTime => time.decode_as::<UtcTime>().ok()?.to_unix_duration(),
        _ => time.decode_as::<GeneralizedTime>().ok()?.to_unix_duration(),
    };
    Some(since.as_secs())
}

/// What stands in a constructed value, one after another.
fn items(content: &[u8]) -> Option<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(content).ok()?;
    let mut items = Vec::new();
    while !reader.is_finished() {
        items.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(items)
}

fn context(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// The text of a name's part; `BMPString` has two bytes a character.
fn text(value: AnyRef<'_>) -> String {
    if value.tag() == Tag::BmpString {
        let units =
            value.value().chunks_exact(2).map(|pair| pair.iter().fold(0, |unit, byte| unit << 8 | u16::from(*byte)));
        return String::from_utf16_lossy(&units.collect::<Vec<_>>());
    }
    String::from_utf8_lossy(value.value()).into_owned()
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sets = items(&self.0).unwrap_or_default();
        let parts = sets.iter().flat_map(|set| items(set.value()).unwrap_or_default());
        let known = parts.filter_map(|part| {
            let [kind, value] = items(part.value())?.try_into().ok()?;
            let number = identifier(kind)?;
            let (_, name) = NAMES.iter().find(|(known, _)| *known == number)?;
            Some(format!("{name}={}", text(value)))
        });
        let all = words::clean(known.collect::<Vec<_>>().join(", "));
        if all.is_empty() {
            return f.write_str("without a name");
        }
        f.write_str(&all.chars().take(LONGEST).collect::<String>())
    }
}

impl fmt::Display for Portrait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |seconds| {
            let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH);
            humantime::format_rfc3339_seconds(time)
        };

        let signer =
            if self.is_self_issued() { "self-signed".to_owned() } else { format!("issued by {}", self.issuer) };
        write!(f, "subject {}, {signer}, valid from {} to {}", self.subject, day(self.not_before), day(self.not_after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_has_no_portrait() {
        for bytes in
            [&b""[..], b"0", &[0x30, 0], &[0x30, 0x80, 0, 0], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30; 300]]
        {
            assert_eq!(Portrait::of(bytes), None, "{bytes:?}");
        }
    }
}
