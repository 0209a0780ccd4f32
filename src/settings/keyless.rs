//! Who may sign without a key: from the flags, else from the config file; this module must not read the trusted root.

#![deny(clippy::disallowed_methods)]

use super::giver::either;
use super::{Given, Giver, SettingsError};
use crate::cli::KeylessArgs;
use crate::config::{IdentityConfig, RequireConfig};
use crate::registry::{Identity, Issuer};

/// Who may sign without a key.
#[derive(Clone, Debug)]
pub struct KeylessSettings {
    /// The identities of which one must have signed.
    pub identities: Vec<Identity>,
    /// The file of the trusted root.
    pub trusted_root: Given<String>,
}

/// Flags and config file merged: an identity with its issuer from one of the two, the root from either.
pub(super) fn keyless(args: &KeylessArgs, require: &RequireConfig) -> Result<Option<KeylessSettings>, SettingsError> {
    let usage = |reason: &str| Err(SettingsError::Usage(reason.to_owned()));
    let identities = match (&args.certificate_oidc_issuer, args.certificate_identity.as_slice()) {
        (None, []) => configured(&require.identities)?,
        (Some(_), []) => {
            return usage(
                "--certificate-oidc-issuer says who vouches, and nothing says for whom: give a --certificate-identity",
            );
        }
        (None, _) => {
            return usage(
                "--certificate-identity names who signs, but no issuer is named: set --certificate-oidc-issuer",
            );
        }
        (Some(issuer), patterns) => {
            let issuer =
                Issuer::parse(issuer).map_err(|reason| wrong(Giver::Flag("certificate-oidc-issuer"), reason))?;
            let one = |pattern: &String| Identity::parse(pattern, issuer.clone());
            let parsed: Result<Vec<_>, String> = patterns.iter().map(one).collect();
            parsed.map_err(|reason| wrong(Giver::Flag("certificate-identity"), reason))?
        }
    };
    let roots = [args.trusted_root.as_ref(), require.trusted_root.as_ref()];
    let root = either(("trusted-root", roots[0]), ("require.trusted_root", roots[1]));
    match (root, identities.is_empty()) {
        (None, true) => Ok(None),
        (None, false) => usage("an identity requires the authorities that prove it: set --trusted-root"),
        (Some(root), true) => usage(&format!(
            "{} says what proves an identity, and nothing says whose: give a --certificate-identity",
            root.by
        )),
        (Some(root), false) => Ok(Some(KeylessSettings { identities, trusted_root: root.map(String::clone) })),
    }
}

fn configured(identities: &[IdentityConfig]) -> Result<Vec<Identity>, SettingsError> {
    let one = |own: &IdentityConfig| {
        let issuer = Issuer::parse(&own.issuer)?;
        Identity::parse(&own.identity, issuer)
    };
    let parsed: Result<Vec<_>, String> = identities.iter().map(one).collect();
    parsed.map_err(|reason| wrong(Giver::Key("require.identities"), reason))
}

fn wrong(by: Giver, reason: String) -> SettingsError {
    SettingsError::Value { what: by.to_string(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://gitlab.example";

    fn args(identity: Option<&str>, issuer: Option<&str>, root: Option<&str>) -> KeylessArgs {
        KeylessArgs {
            certificate_identity: identity.map(str::to_owned).into_iter().collect(),
            certificate_oidc_issuer: issuer.map(str::to_owned),
            trusted_root: root.map(str::to_owned),
        }
    }

    fn config(identity: Option<&str>, root: Option<&str>) -> RequireConfig {
        let one = |text: &str| IdentityConfig { identity: text.to_owned(), issuer: ISSUER.to_owned() };
        RequireConfig {
            identities: identity.map(one).into_iter().collect(),
            trusted_root: root.map(str::to_owned),
            ..RequireConfig::default()
        }
    }

    #[test]
    fn the_three_belong_together() {
        let (identity, issuer, root) = (Some("https://gitlab.example/shop/*"), Some(ISSUER), Some("root.json"));
        for flags in [
            args(identity, None, None),
            args(None, issuer, None),
            args(None, None, root),
            args(identity, issuer, None),
            args(identity, None, root),
            args(None, issuer, root),
        ] {
            let error = keyless(&flags, &RequireConfig::default()).unwrap_err();
            assert!(matches!(error, SettingsError::Usage(_)), "{flags:?}: {error}");
        }
        for lone in [config(identity, None), config(None, root)] {
            assert!(matches!(keyless(&KeylessArgs::default(), &lone), Err(SettingsError::Usage(_))), "{lone:?}");
        }
        assert!(keyless(&KeylessArgs::default(), &RequireConfig::default()).unwrap().is_none());
        assert!(keyless(&args(identity, issuer, root), &RequireConfig::default()).unwrap().is_some());
    }

    #[test]
    fn flags_replace_their_own_keys() {
        let file = config(Some("https://gitlab.example/config/*"), Some("config.json"));
        let from = |flags: KeylessArgs| keyless(&flags, &file).unwrap().unwrap();
        assert_eq!(from(KeylessArgs::default()).trusted_root.value, "config.json");
        let flags = from(args(Some("https://gitlab.example/flag/*"), Some(ISSUER), None));
        assert_eq!(flags.identities[0].pattern(), "https://gitlab.example/flag/*");
        assert_eq!((flags.identities.len(), flags.trusted_root.value.as_str()), (1, "config.json"));
        assert_eq!(from(args(None, None, Some("flag.json"))).trusted_root.value, "flag.json");
    }
}
