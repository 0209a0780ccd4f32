//! Says in words why a TLS connection failed. This module must not know what was asked over it.

#![deny(clippy::disallowed_methods)]

use std::fmt::Debug;

use rustls::{CertificateError, Error};

use super::error::NoAnswer;
use super::refusal::{Refusal, Remedy};

/// What kept the answer away, and the same in words.
pub(super) fn told(error: &Error) -> (NoAnswer, String) {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => match other.0.downcast_ref::<Refusal>() {
            Some(refusal) => (NoAnswer::Certificate(refusal.remedy), refusal.text.clone()),
            None => unusable(),
        },
        Error::InvalidCertificate(_) => unusable(),
        Error::NoCertificatesPresented => {
            (NoAnswer::Certificate(Remedy::Replace), "it sends no certificate".to_owned())
        }
        Error::InvalidMessage(_) => (NoAnswer::NotTls, NoAnswer::NotTls.plainly().to_owned()),
        Error::AlertReceived(alert) => (NoAnswer::Tls, format!("it ends the TLS handshake ({})", in_words(alert))),
        Error::PeerIncompatible(what) => {
            (NoAnswer::Tls, format!("its TLS settings are not supported ({})", in_words(what)))
        }
        Error::PeerMisbehaved(what) => (NoAnswer::Tls, format!("it violates the TLS protocol ({})", in_words(what))),
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            (NoAnswer::Tls, "it violates the TLS protocol (a message out of order)".to_owned())
        }
        _ => (NoAnswer::Tls, NoAnswer::Tls.plainly().to_owned()),
    }
}

fn unusable() -> (NoAnswer, String) {
    (NoAnswer::Certificate(Remedy::Replace), "its certificate can't be used".to_owned())
}

/// The name that the library has for a kind of failure, as words: `HandshakeFailure` becomes `handshake failure`.
fn in_words(kind: &impl Debug) -> String {
    let mut words = String::new();
    for letter in format!("{kind:?}").chars().filter(char::is_ascii_alphanumeric) {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{AlertDescription, PeerIncompatible};

    #[test]
    fn a_failure_is_said_in_words() {
        for (error, words) in [
            (Error::AlertReceived(AlertDescription::HandshakeFailure), "it ends the TLS handshake (handshake failure)"),
            (
                Error::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon),
                "its TLS settings are not supported (no signature schemes in common)",
            ),
            (Error::DecryptError, "TLS failed"),
        ] {
            assert_eq!(told(&error), (NoAnswer::Tls, words.to_owned()));
        }
    }
}
