//! Says in words why a server's certificate is refused, and what to do about it. This module must not decide whether it is.

#![deny(clippy::disallowed_methods)]

use rustls::CertificateError;
use rustls::pki_types::CertificateDer;
use webpki::Error as Webpki;

use super::portrait::Portrait;

/// As many names of a certificate are shown.
const NAMES: usize = 4;

/// A certificate that is refused: one line, with what to do.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// Why.
    pub text: String,
    /// What to do about it.
    pub remedy: Remedy,
}

/// What to do about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// No certificate was given, and none of the system's fits.
    GiveAuthority,
    /// None of those that were given fits.
    GiveAnother,
    /// The same for one that nobody else has signed.
    GiveItself,
    /// The same, though others were given.
    GiveItselfToo,
    /// Its time is over, or has not come.
    Renew,
    /// It is another server's.
    Name,
    /// It is signed in a way that is not supported.
    Algorithm,
    /// It is broken otherwise.
    Replace,
}

/// The certificates that were given beside the system's.
#[derive(Clone, Debug, Default)]
pub(super) struct GivenCertificates {
    pub(super) count: usize,
    /// Where they came from, each once.
    pub(super) origins: Vec<String>,
}

/// What a server sent.
#[derive(Clone, Copy)]
pub(super) struct Presented<'a> {
    pub(super) own: &'a CertificateDer<'a>,
    pub(super) further: &'a [CertificateDer<'a>],
}

impl Remedy {
    /// What to do: one line.
    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::GiveAuthority => {
                "set --ca-file to the certificate of the CA that issued it; if that CA is an intermediate CA, the server must send the intermediate certificates"
            }
            Self::GiveAnother => {
                "add the certificate of the CA that issued it to the CA certificates (--ca-file); the server must send the intermediate certificates"
            }
            Self::GiveItself => "if you trust this certificate of the server, set --ca-file to it",
            Self::GiveItselfToo => {
                "if you trust this certificate of the server, add it to the CA certificates (--ca-file); the server may have renewed its certificate"
            }
            Self::Renew => "ask the server's administrator for a new certificate, and check the clock of this machine",
            Self::Name => {
                "use a host name that is in the certificate, or ask the server's administrator for a certificate with this name (in subjectAltName; an IP address needs the prefix IP:)"
            }
            Self::Algorithm => {
                "ask the server's administrator for a certificate that is signed with RSA (2048 bits or more), ECDSA (P-256, P-384, P-521) or Ed25519, and SHA-256, SHA-384 or SHA-512"
            }
            Self::Replace => {
                "ask the server's administrator for a certificate that follows the rules for servers (RFC 5280)"
            }
        }
    }
}

impl Refusal {
    pub(super) fn new(error: &CertificateError, sent: Presented<'_>, given: &GivenCertificates) -> Self {
        let Some(own) = Portrait::of(sent.own) else {
            return Self { text: "its certificate can't be read".to_owned(), remedy: Remedy::Replace };
        };
        let (what, remedy) = reason(error, &own, sent, given);
        Self { text: format!("its certificate ({own}) {what}"), remedy }
    }
}

impl GivenCertificates {
    fn whence(&self) -> String {
        self.origins.join(", ")
    }

    fn has_not_signed(&self) -> String {
        match self.count {
            0 => "is signed by none of the system's CA certificates".to_owned(),
            1 => format!("is signed neither by the certificate of {} nor by one of the system's", self.whence()),
            count => {
                format!(
                    "is signed by none of the {count} certificates of {}, nor by one of the system's",
                    self.whence()
                )
            }
        }
    }

    fn is_another(&self) -> String {
        match self.count {
            0 => String::new(),
            1 => format!(", and the certificate of {} is a different one", self.whence()),
            count => format!(", and none of the {count} certificates of {} is the same", self.whence()),
        }
    }
}

fn reason(
    error: &CertificateError,
    own: &Portrait,
    sent: Presented<'_>,
    given: &GivenCertificates,
) -> (String, Remedy) {
    match error {
        CertificateError::UnknownIssuer => stranger(own, sent, given),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            (format!("{}has expired", whose(own, sent, error)), Remedy::Renew)
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            (format!("{}is not valid yet", whose(own, sent, error)), Remedy::Renew)
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            (format!("is not for {}{}", expected.to_str(), names(presented)), Remedy::Name)
        }
        CertificateError::NotValidForName => ("is for another server".to_owned(), Remedy::Name),
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            (unsupported(own, sent), Remedy::Algorithm)
        }
        CertificateError::BadSignature => bad_signature(own, given),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            ("is not for servers (its extended key usage lacks serverAuth)".to_owned(), Remedy::Replace)
        }
        CertificateError::Other(other) => match other.0.downcast_ref::<Webpki>() {
            Some(Webpki::CaUsedAsEndEntity) if own.is_self_issued() => stranger(own, sent, given),
            rule => (broken_rule(rule).to_owned(), Remedy::Replace),
        },
        _ => ("can't be used".to_owned(), Remedy::Replace),
    }
}

/// Nobody who is trusted has signed it.
fn stranger(own: &Portrait, sent: Presented<'_>, given: &GivenCertificates) -> (String, Remedy) {
    let has_given = given.count > 0;
    if own.is_self_issued() {
        let remedy = if has_given { Remedy::GiveItselfToo } else { Remedy::GiveItself };
        return (format!("is not trusted: it is self-signed{}", given.is_another()), remedy);
    }
    let last = last_of_chain(own.clone(), sent);
    let chain = match &last {
        last if last == own => String::new(),
        last if last.is_self_issued() => {
            format!("; the chain that it sends ends with {}, which is not trusted", last.subject)
        }
        last => format!("; the chain that it sends ends with {}, issued by {}", last.subject, last.issuer),
    };
    let remedy = if has_given { Remedy::GiveAnother } else { Remedy::GiveAuthority };
    (format!("{}{chain}", given.has_not_signed()), remedy)
}

/// Follows the issuers through what the server sent.
fn last_of_chain(own: Portrait, sent: Presented<'_>) -> Portrait {
    let further: Vec<Portrait> = sent.further.iter().filter_map(|further| Portrait::of(further)).collect();
    let mut last = own;
    for _ in 0..further.len() {
        let issuer = further.iter().find(|further| further.subject == last.issuer);
        match issuer.filter(|_| !last.is_self_issued()) {
            Some(issuer) => last = issuer.clone(),
            None => break,
        }
    }
    last
}

/// Names the certificate whose time it is, unless it is the server's own.
fn whose(own: &Portrait, sent: Presented<'_>, error: &CertificateError) -> String {
    let is_meant = |portrait: &Portrait| match error {
        CertificateError::ExpiredContext { not_after, .. } => portrait.not_after == not_after.as_secs(),
        CertificateError::NotValidYetContext { not_before, .. } => portrait.not_before == not_before.as_secs(),
        _ => true,
    };
    let mut further = sent.further.iter().filter_map(|further| Portrait::of(further));
    match further.rfind(|further| !is_meant(own) && is_meant(further)) {
        Some(other) => format!("depends on another certificate ({other}), which "),
        None => String::new(),
    }
}

fn names(presented: &[String]) -> String {
    if presented.is_empty() {
        return ": it names no server (it has no subjectAltName)".to_owned();
    }
    // "DnsName(\"a\")" and "IpAddress(127.0.0.1)" are how the library writes them.
    let plain = |name: &String| {
        let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')')).unwrap_or(name);
        inner.trim_matches('"').to_owned()
    };
    let shown: Vec<String> = presented.iter().take(NAMES).map(plain).collect();
    let more = if presented.len() > NAMES { ", …" } else { "" };
    format!(" but for {}{more}", shown.join(", "))
}

fn unsupported(own: &Portrait, sent: Presented<'_>) -> String {
    let further: Vec<Portrait> = sent.further.iter().filter_map(|further| Portrait::of(further)).collect();
    let is_known = |portrait: &&Portrait| {
        let good = ["SHA-256", "SHA-384", "SHA-512", "Ed25519", "RSA-PSS"];
        good.iter().any(|good| portrait.algorithm.ends_with(good))
    };
    match std::iter::once(own).chain(&further).find(|portrait| !is_known(portrait)) {
        Some(other) if other != own => {
            format!(
                "depends on another certificate ({other}), which is signed with {}: that algorithm is not supported",
                other.algorithm
            )
        }
        _ => format!("is signed with {}: that algorithm is not supported for this key", own.algorithm),
    }
}

fn bad_signature(own: &Portrait, given: &GivenCertificates) -> (String, Remedy) {
    if own.rsa_bits.is_some_and(|bits| bits < 2048) && own.is_self_issued() {
        let bits = own.rsa_bits.unwrap_or_default();
        return (format!("has an RSA key of {bits} bits, which is not supported"), Remedy::Algorithm);
    }
    let remedy = if given.count > 0 { Remedy::GiveAnother } else { Remedy::GiveAuthority };
    let text = format!(
        "has a signature that does not match the trusted certificate of {}: the trusted certificate has another key, or an RSA key of less than 2048 bits",
        own.issuer
    );
    (text, remedy)
}

fn broken_rule(error: Option<&Webpki>) -> &'static str {
    match error {
        Some(Webpki::CaUsedAsEndEntity) => "is a CA certificate (CA:TRUE), which a server must not use as its own",
        Some(Webpki::EndEntityUsedAsCa) => "is signed with a certificate that is not a CA certificate (CA:FALSE)",
        Some(Webpki::NameConstraintViolation) => "has a name that its CA must not sign (name constraints)",
        Some(Webpki::PathLenConstraintViolated) => "is signed through more intermediate CAs than allowed (path length)",
        Some(Webpki::UnsupportedCertVersion) => "is not of version 3, so it can't contain the name of its server",
        Some(Webpki::UnsupportedCriticalExtension) => "has a critical extension that is not known",
        _ => "breaks a rule for certificates of servers",
    }
}
