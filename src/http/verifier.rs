//! Decides whether a server's certificate is trusted: signed by an authority, or given by the user as it is. This module must not
//! say what to do about one that is not.
//!
//! Name and dates are checked either way, and that the server has the certificate's key.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

use super::portrait::Portrait;
use super::refusal::{GivenCertificates, Presented, Refusal};

/// Whom a run trusts.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) roots: RootCertStore,
    /// Certificates that a server may have as they are.
    pub(super) pinned: Vec<CertificateDer<'static>>,
    pub(super) given: GivenCertificates,
    pub(super) supported: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn check(&self, sent: Presented<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<(), Error> {
        let parsed = ParsedCertificate::try_from(sent.own)?;
        if self.pinned.iter().any(|pinned| pinned == sent.own) {
            check_dates(sent.own, now)?;
        } else {
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, sent.further, now, self.supported.all)?;
        }
        verify_server_name(&parsed, name)
    }

    /// The same error in words.
    fn refuse(&self, error: Error, sent: Presented<'_>) -> Error {
        match error {
            Error::InvalidCertificate(error) => {
                let refusal = Refusal::new(&error, sent, &self.given);
                Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refusal))))
            }
            other => other,
        }
    }
}

fn check_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), CertificateError> {
    let portrait = Portrait::of(certificate).ok_or(CertificateError::BadEncoding)?;
    if now.as_secs() < portrait.not_before {
        return Err(CertificateError::NotValidYet);
    }
    if now.as_secs() > portrait.not_after {
        return Err(CertificateError::Expired);
    }
    Ok(())
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let sent = Presented { own: end_entity, further: intermediates };
        let checked = self.check(sent, server_name, now);
        checked.map(|()| ServerCertVerified::assertion()).map_err(|error| self.refuse(error, sent))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let checked = verify_tls12_signature(message, certificate, signed, &self.supported);
        checked.map_err(|error| self.refuse(error, Presented { own: certificate, further: &[] }))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let checked = verify_tls13_signature(message, certificate, signed, &self.supported);
        checked.map_err(|error| self.refuse(error, Presented { own: certificate, further: &[] }))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.supported.supported_schemes()
    }
}
