//! Which certificates a run trusts. This module must not know what is asked of a server, or of which one.
//!
//! A certificate that the user names is trusted as an authority if it says that it is one, and in any case as a server's own.
//! Trust only ever grows: what the user names is added to the system's usual roots. The loaders that read
//! `SSL_CERT_FILE` themselves trust nothing else once it is set, so the roots are gathered here.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::curves;
use super::portrait::Portrait;
use super::refusal::GivenCertificates;
use super::verifier::Verifier;

/// Where distributions keep their bundle: Debian and Alpine, Fedora and RHEL, openSUSE, the BSDs.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The certificates that a run trusts; a clone is cheap.
#[derive(Clone, Debug)]
pub struct Trust(ClientConfig);

/// Why the certificates could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A PEM text that was given has no certificate that can be used.
    #[error("{origin} contains no valid PEM certificate")]
    NoCertificate {
        /// Where the text came from: a flag, a variable or a file.
        origin: String,
    },
    /// The TLS library refuses its own defaults.
    #[error("preparing TLS")]
    Tls(#[from] rustls::Error),
}

impl Trust {
    /// Reads the system's roots and adds the certificates of the PEM texts, each given with where it came from.
    ///
    /// A certificate that does not parse is left out; an error is only a text without any valid one.
    pub fn load(extra_pem: &[(String, Vec<u8>)]) -> Result<Self, TrustError> {
        let mut roots = Roots::default();
        roots.add_system();
        let (mut pinned, mut given) = (Vec::new(), GivenCertificates::default());
        for (origin, pem) in extra_pem {
            let usable = roots.add_given(pem);
            if usable.is_empty() {
                return Err(TrustError::NoCertificate { origin: origin.clone() });
            }
            pinned.extend(usable.into_iter().filter(|certificate| !pinned.contains(certificate)).collect::<Vec<_>>());
            if !given.origins.contains(origin) {
                given.origins.push(origin.clone());
            }
        }
        given.count = pinned.len();
        tracing::debug!(
            "trusting {} CA certificates, and {} server certificates directly",
            roots.store.len(),
            pinned.len()
        );
        let verifier = Verifier { roots: roots.store, pinned, given, supported: curves::supported() };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        // Dangerous would be a verifier of less: this one checks what rustls' own does, and takes what the user has given.
        let mut tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self(tls))
    }

    /// The settings of TLS that clients are built with.
    pub(super) fn tls(&self) -> ClientConfig {
        self.0.clone()
    }
}

/// Roots under collection, each certificate once.
struct Roots {
    store: RootCertStore,
    seen: HashSet<Vec<u8>>,
}

impl Default for Roots {
    fn default() -> Self {
        Self { store: RootCertStore::empty(), seen: HashSet::new() }
    }
}

impl Roots {
    /// Adds the first bundle of the system; where there is none, what the platform's own store gives.
    fn add_system(&mut self) {
        for bundle in BUNDLES.map(Path::new) {
            match std::fs::read(bundle) {
                Ok(pem) if self.add_pem(&pem) > 0 => return,
                Ok(_) => tracing::debug!("{} contains no certificate", bundle.display()),
                Err(error) => tracing::trace!("no CA certificates from {}: {error}", bundle.display()),
            }
        }
        let native = rustls_native_certs::load_native_certs();
        for error in native.errors {
            tracing::debug!("ignoring a system certificate: {error}");
        }
        for certificate in native.certs {
            self.add(certificate);
        }
    }

    /// Adds the authorities among the user's certificates; returns all that can be used. One that may not sign others is no
    /// authority: who has its key could play any server.
    fn add_given(&mut self, pem: &[u8]) -> Vec<CertificateDer<'static>> {
        let parsed = CertificateDer::pem_slice_iter(pem).filter_map(|certificate| {
            certificate.inspect_err(|error| tracing::debug!("ignoring a PEM section: {error}")).ok()
        });
        parsed
            .filter(|certificate| match Portrait::of(certificate) {
                Some(portrait) if portrait.is_authority => self.add(certificate.clone()),
                Some(_) => true,
                None => false,
            })
            .collect()
    }

    /// Adds every certificate of a PEM text; returns how many valid ones it has, known ones included.
    fn add_pem(&mut self, pem: &[u8]) -> usize {
        let mut valid = 0;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            match certificate {
                Ok(certificate) => valid += usize::from(self.add(certificate)),
                Err(error) => tracing::debug!("ignoring a PEM section: {error}"),
            }
        }
        valid
    }

    /// Adds one certificate; whether it is valid.
    fn add(&mut self, certificate: CertificateDer<'_>) -> bool {
        if self.seen.contains(certificate.as_ref()) {
            return true;
        }
        let bytes = certificate.to_vec();
        match self.store.add(certificate) {
            Ok(()) => self.seen.insert(bytes),
            Err(error) => {
                tracing::debug!("ignoring a certificate: {error}");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ISRG Root X2, a public root certificate.
    const ROOT: &str = "-----BEGIN CERTIFICATE-----
MIICGzCCAaGgAwIBAgIQQdKd0XLq7qeAwSxs6S+HUjAKBggqhkjOPQQDAzBPMQsw
CQYDVQQGEwJVUzEpMCcGA1UEChMgSW50ZXJuZXQgU2VjdXJpdHkgUmVzZWFyY2gg
R3JvdXAxFTATBgNVBAMTDElTUkcgUm9vdCBYMjAeFw0yMDA5MDQwMDAwMDBaFw00
MDA5MTcxNjAwMDBaME8xCzAJBgNVBAYTAlVTMSkwJwYDVQQKEyBJbnRlcm5ldCBT
ZWN1cml0eSBSZXNlYXJjaCBHcm91cDEVMBMGA1UEAxMMSVNSRyBSb290IFgyMHYw
EAYHKoZIzj0CAQYFK4EEACIDYgAEzZvVn4CDCuwJSvMWSj5cz3es3mcFDR0HttwW
+1qLFNvicWDEukWVEYmO6gbf9yoWHKS5xcUy4APgHoIYOIvXRdgKam7mAHf7AlF9
ItgKbppbd9/w+kHsOdx1ymgHDB/qo0IwQDAOBgNVHQ8BAf8EBAMCAQYwDwYDVR0T
AQH/BAUwAwEB/zAdBgNVHQ4EFgQUfEKWrt5LSDv6kviejM9ti6lyN5UwCgYIKoZI
zj0EAwMDaAAwZQIwe3lORlCEwkSHRhtFcP9Ymd70/aTSVaYgLXTWNLxBo1BfASdW
tL4ndQavEi51mI38AjEAi/V3bNTIZargCyzuFJ0nN6T5U6VR5CmD1/iQMVtCnwr1
/q4AaOeMSQ+2b1tbFfLn
-----END CERTIFICATE-----
";

    #[test]
    fn counts_a_certificate_once() {
        let mut roots = Roots::default();
        assert_eq!(roots.add_pem(ROOT.repeat(2).as_bytes()), 2);
        assert_eq!(roots.store.len(), 1);
    }

    #[test]
    fn leaves_out_what_does_not_parse() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let mut roots = Roots::default();
        assert_eq!(roots.add_pem(format!("{broken}{ROOT}").as_bytes()), 1);
        assert_eq!(roots.add_pem(broken.as_bytes()), 0);
    }

    #[test]
    fn a_text_without_a_certificate_is_named() {
        let extra = [("$CA_BUNDLE".to_owned(), b"no certificate".to_vec())];
        let error = Trust::load(&extra).unwrap_err();
        assert_eq!(error.to_string(), "$CA_BUNDLE contains no valid PEM certificate");
    }
}
