//! Signs commits as `ssh-keygen -Y sign` does (OpenSSH's PROTOCOL.sshsig); this module must not read a key's file.
//!
//! The formats are `ssh-key`'s, the signatures ring's, which TLS brings along anyway.

use std::fmt;
use std::sync::Arc;

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    RSA_PKCS1_SHA512, RsaKeyPair,
};
use ssh_key::private::{EcdsaKeypair, KeypairData, RsaKeypair};
use ssh_key::public::{EcdsaPublicKey, Ed25519PublicKey, KeyData, RsaPublicKey};
use ssh_key::{Algorithm, EcdsaCurve, HashAlg, LineEnding, Mpint, PrivateKey, Signature, SshSig};

use super::rsa;

/// What a signature is for: nobody can pass a commit's off for that of a file.
const NAMESPACE: &str = "git";

/// A private key that signs commits; a clone is cheap.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    pair: Pair,
    public: KeyData,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Rsa(Box<RsaKeyPair>),
}

/// Why a key can't sign. The key's text is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// Not OpenSSH's format.
    #[error("it can't be read as a private key in OpenSSH's format (ssh-keygen -p -f FILE converts other formats)")]
    Format,
    /// Nobody is there to type it.
    #[error("the key has a passphrase")]
    Passphrase,
    /// An algorithm or a size that isn't used for commits.
    #[error("its type is not one of ed25519, ecdsa (256 or 384 bits) and rsa (2048 to 4096 bits)")]
    Kind,
    /// Its numbers don't belong together.
    #[error("the key is broken")]
    Broken,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.0.public.algorithm())
    }
}

impl SigningKey {
    /// Parses a private key in OpenSSH's format.
    pub fn parse(text: &str) -> Result<Self, SigningKeyError> {
        let key = PrivateKey::from_openssh(text).map_err(|_| SigningKeyError::Format)?;
        let pair = match key.key_data() {
            _ if key.is_encrypted() => return Err(SigningKeyError::Passphrase),
            KeypairData::Ed25519(pair) => {
                let pair = Ed25519KeyPair::from_seed_and_public_key(pair.private.as_ref(), pair.public.as_ref());
                Pair::Ed25519(pair.map_err(|_| SigningKeyError::Broken)?)
            }
            KeypairData::Ecdsa(pair) => ecdsa(pair)?,
            KeypairData::Rsa(pair) => Pair::Rsa(Box::new(rsa_pair(pair)?)),
            _ => return Err(SigningKeyError::Kind),
        };
        let public = public(&pair).map_err(|_| SigningKeyError::Broken)?;
        Ok(Self(Arc::new(Inner { pair, public })))
    }

    /// Signs a commit object; the result is an armoured signature without a final newline.
    pub(super) fn sign(&self, commit: &[u8]) -> Result<String, SigningKeyError> {
        let broken = |_| SigningKeyError::Broken;
        let data = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, commit).map_err(broken)?;
        let signature = self.0.pair.sign(&data)?;
        let signature = SshSig::new(self.0.public.clone(), NAMESPACE, HashAlg::Sha512, signature).map_err(broken)?;
        let armoured = signature.to_pem(LineEnding::LF).map_err(broken)?;
        Ok(armoured.trim_end().to_owned())
    }
}

impl Pair {
    fn sign(&self, data: &[u8]) -> Result<Signature, SigningKeyError> {
        let random = SystemRandom::new();
        let (algorithm, bytes) = match self {
            Self::Ed25519(pair) => (Algorithm::Ed25519, pair.sign(data).as_ref().to_vec()),
            Self::P256(pair) => (ecdsa_algorithm(EcdsaCurve::NistP256), ecdsa_signature(pair, &random, data)?),
            Self::P384(pair) => (ecdsa_algorithm(EcdsaCurve::NistP384), ecdsa_signature(pair, &random, data)?),
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let signed = pair.sign(&RSA_PKCS1_SHA512, &random, data, &mut signature);
                signed.map_err(|_| SigningKeyError::Broken)?;
                (Algorithm::Rsa { hash: Some(HashAlg::Sha512) }, signature)
            }
        };
        Signature::new(algorithm, bytes).map_err(|_| SigningKeyError::Broken)
    }
}

fn ecdsa(pair: &EcdsaKeypair) -> Result<Pair, SigningKeyError> {
    let random = SystemRandom::new();
    let key = |algorithm, private: &[u8], public: &[u8]| {
        let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, private, public, &random);
        pair.map_err(|_| SigningKeyError::Broken)
    };
    match pair {
        EcdsaKeypair::NistP256 { public, private } => {
            key(&ECDSA_P256_SHA256_FIXED_SIGNING, private.as_slice(), public.as_bytes()).map(Pair::P256)
        }
        EcdsaKeypair::NistP384 { public, private } => {
            key(&ECDSA_P384_SHA384_FIXED_SIGNING, private.as_slice(), public.as_bytes()).map(Pair::P384)
        }
        EcdsaKeypair::NistP521 { .. } => Err(SigningKeyError::Kind),
    }
}

fn rsa_pair(pair: &RsaKeypair) -> Result<RsaKeyPair, SigningKeyError> {
    let number = |number: &Mpint| number.as_positive_bytes().map(<[u8]>::to_vec).ok_or(SigningKeyError::Broken);
    let (p, q, d) = (number(&pair.private.p)?, number(&pair.private.q)?, number(&pair.private.d)?);
    let n = number(&pair.public.n)?;
    if !(256..=512).contains(&n.len()) {
        return Err(SigningKeyError::Kind);
    }
    let components = ring::rsa::KeyPairComponents {
        public_key: ring::rsa::PublicKeyComponents { n, e: number(&pair.public.e)? },
        dP: rsa::exponent(&d, &p).ok_or(SigningKeyError::Broken)?,
        dQ: rsa::exponent(&d, &q).ok_or(SigningKeyError::Broken)?,
        qInv: number(&pair.private.iqmp)?,
        d,
        p,
        q,
    };
    RsaKeyPair::from_components(&components).map_err(|_| SigningKeyError::Broken)
}

fn public(pair: &Pair) -> ssh_key::Result<KeyData> {
    Ok(match pair {
        Pair::Ed25519(pair) => KeyData::Ed25519(Ed25519PublicKey::try_from(pair.public_key().as_ref())?),
        Pair::P256(pair) | Pair::P384(pair) => {
            KeyData::Ecdsa(EcdsaPublicKey::from_sec1_bytes(pair.public_key().as_ref())?)
        }
        Pair::Rsa(pair) => {
            let public = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public());
            let e = Mpint::from_positive_bytes(&public.e)?;
            KeyData::Rsa(RsaPublicKey { e, n: Mpint::from_positive_bytes(&public.n)? })
        }
    })
}

fn ecdsa_algorithm(curve: EcdsaCurve) -> Algorithm {
    Algorithm::Ecdsa { curve }
}

/// The two halves of a signature, each as a number in SSH's form (RFC 5656, 3.1.2).
fn ecdsa_signature(pair: &EcdsaKeyPair, random: &SystemRandom, data: &[u8]) -> Result<Vec<u8>, SigningKeyError> {
    let signature = pair.sign(random, data).map_err(|_| SigningKeyError::Broken)?;
    let (r, s) = signature.as_ref().split_at(signature.as_ref().len() / 2);
    let mut bytes = Vec::new();
    for half in [r, s] {
        let number = Mpint::from_positive_bytes(half).map_err(|_| SigningKeyError::Broken)?;
        let number = number.as_bytes();
        let length = u32::try_from(number.len()).map_err(|_| SigningKeyError::Broken)?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(number);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::*;

    fn keygen(arguments: &[&str], file: &Path) -> String {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-C", "test"]).args(arguments).arg("-f").arg(file);
        assert!(command.status().unwrap().success());
        std::fs::read_to_string(file).unwrap()
    }

    #[test]
    fn openssh_accepts_every_kind() {
        let scratch = tempfile::tempdir().unwrap();
        for (kind, bits) in [("ed25519", "256"), ("ecdsa", "256"), ("ecdsa", "384"), ("rsa", "2048"), ("rsa", "3072")] {
            let at = |name: &str| scratch.path().join(format!("{kind}{bits}{name}"));
            let key = keygen(&["-N", "", "-t", kind, "-b", bits], &at(""));
            let signature = SigningKey::parse(&key).unwrap().sign(b"tree 1\n").unwrap();
            std::fs::write(at(".sig"), signature).unwrap();
            let public = std::fs::read_to_string(at(".pub")).unwrap();
            std::fs::write(at(".signers"), format!("me {public}")).unwrap();
            std::fs::write(at(".data"), "tree 1\n").unwrap();
            let mut verify = Command::new("ssh-keygen");
            verify.args(["-Y", "verify", "-n", "git", "-I", "me", "-f"]).arg(at(".signers")).arg("-s").arg(at(".sig"));
            verify.stdin(std::fs::File::open(at(".data")).unwrap()).stdout(Stdio::null());
            assert!(verify.status().unwrap().success(), "{kind} {bits}");
        }
    }

    #[test]
    fn refuses_what_cannot_sign() {
        let scratch = tempfile::tempdir().unwrap();
        let parse = |name: &str, arguments: &[&str]| {
            SigningKey::parse(&keygen(arguments, &scratch.path().join(name))).unwrap_err()
        };
        assert_eq!(parse("locked", &["-t", "ed25519", "-N", "secret"]), SigningKeyError::Passphrase);
        // The parser refuses those whose number is a byte shorter, which is every second.
        let p521 = parse("521", &["-t", "ecdsa", "-b", "521", "-N", ""]);
        assert!(matches!(p521, SigningKeyError::Kind | SigningKeyError::Format), "{p521}");
        assert_eq!(parse("small", &["-t", "rsa", "-b", "1024", "-N", ""]), SigningKeyError::Kind);
        assert_eq!(parse("pem", &["-t", "rsa", "-m", "PEM", "-N", ""]), SigningKeyError::Format);
        assert_eq!(SigningKey::parse("").unwrap_err(), SigningKeyError::Format);
    }
}
