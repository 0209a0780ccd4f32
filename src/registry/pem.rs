//! Public keys out of PEM text (RFC 7468), and as much of DER as tells the kinds of keys apart; this module must not verify
//! anything.

#![deny(clippy::disallowed_methods)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::SubjectPublicKeyInfoDer;

/// What stands before an RSA key in a `SubjectPublicKeyInfo`: the algorithm `rsaEncryption` without parameters (RFC 8017).
const RSA: &[u8] = &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const INTEGER: u8 = 0x02;

/// The keys of a PEM text; an error is the reason.
pub(super) fn public_keys(text: &[u8]) -> Result<Vec<SubjectPublicKeyInfoDer<'static>>, String> {
    let text = String::from_utf8_lossy(text);
    let key = |(label, der): (&str, Vec<u8>)| match label {
        "PUBLIC KEY" => Some(der.into()),
        "RSA PUBLIC KEY" => Some(wrapped(&der).into()),
        _ => None,
    };
    Ok(sections(&text)?.into_iter().filter_map(key).collect())
}

/// How many bits an RSA key has; none when it is no RSA key.
pub(super) fn rsa_bits(info: &[u8]) -> Option<usize> {
    let (inner, _) = take(SEQUENCE, info)?;
    let key = inner.strip_prefix(RSA)?;
    let (bits, _) = take(BIT_STRING, key)?;
    let (key, _) = take(SEQUENCE, bits.strip_prefix(&[0])?)?;
    let (modulus, _) = take(INTEGER, key)?;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let leading = modulus.get(zeros)?.leading_zeros() as usize;
    Some((modulus.len() - zeros) * 8 - leading)
}

/// The labels and contents of the text's sections.
fn sections(text: &str) -> Result<Vec<(&str, Vec<u8>)>, String> {
    let broken = || "it is broken PEM".to_owned();
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, begun)) = rest.split_once("-----BEGIN ") {
        let (label, body) = begun.split_once("-----").ok_or_else(broken)?;
        let end = format!("-----END {label}-----");
        let (body, after) = body.split_once(end.as_str()).ok_or_else(broken)?;
        rest = after;
        if label.ends_with("PUBLIC KEY") {
            let body: String = body.split_ascii_whitespace().collect();
            found.push((label, STANDARD.decode(body).map_err(|_| broken())?));
        }
    }
    Ok(found)
}

/// A key in PKCS #1 as a `SubjectPublicKeyInfo`.
fn wrapped(key: &[u8]) -> Vec<u8> {
    let bits = [&[0], key].concat();
    put(SEQUENCE, &[RSA, &put(BIT_STRING, &bits)].concat())
}

/// The content of a DER value with this tag, and what follows it.
fn take(tag: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&[own, first], rest) = bytes.split_first_chunk()?;
    if own != tag {
        return None;
    }
    let (length, rest) = match first {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// A DER value of a tag and a content of less than 64 KiB.
fn put(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
    let head: Vec<u8> = match content.len() {
        0..=0x7f => vec![tag, length[1]],
        0x80..=0xff => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [head.as_slice(), content].concat()
}
