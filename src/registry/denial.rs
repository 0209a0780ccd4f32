//! How a registry, or the token service that it names, keeps an image back; this module must not ask either.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

/// How an image is kept back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// 401, or the token service's refusal: who asks is not known or may not.
    Refused,
    /// 403, which some registries also answer for an image that they don't have.
    Forbidden,
    /// 403 of Artifactory, which does so.
    Artifactory,
}

/// Why the token service that a registry names gives no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// It has no TLS, though the registry has.
    Insecure,
    /// Its answer is none of a token service; the reason.
    Answer(String),
}

impl Denial {
    /// The kind of a refusal, by its status, headers and words.
    pub(super) fn of(status: StatusCode, headers: &HeaderMap, words: &str) -> Self {
        if status != StatusCode::FORBIDDEN {
            return Self::Refused;
        }
        let names = |text: &str| ["artifactory", "jfrog"].iter().any(|name| text.to_ascii_lowercase().contains(name));
        let is_named = headers.iter().any(|(name, value)| {
            name.as_str().starts_with("x-artifactory-")
                || name.as_str().starts_with("x-jfrog-")
                || (name == "server" && value.to_str().is_ok_and(names))
        });
        if is_named || names(words) { Self::Artifactory } else { Self::Forbidden }
    }

    /// Who answers so.
    pub(super) fn server(self) -> &'static str {
        match self {
            Self::Artifactory => "Artifactory",
            Self::Refused | Self::Forbidden => "the registry",
        }
    }
}

impl TokenFault {
    /// What to do about it: one line.
    pub(super) fn hint(&self) -> &'static str {
        match self {
            Self::Insecure => {
                "set the external https URL in the configuration of the registry, which names its internal address \
                 behind a proxy that ends TLS (Harbor: external_url in harbor.yml; GitLab: registry_external_url \
                 and external_url in gitlab.rb; distribution: auth.token.realm)"
            }
            Self::Answer(_) => {
                "ask the registry's administrator: the address of its token service (realm) is wrong, or the token service fails"
            }
        }
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Insecure => {
                f.write_str("has an http:// address although the registry uses https, so no credentials are sent to it")
            }
            Self::Answer(reason) => write!(f, "gives no usable answer: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifactory_is_known_by_what_it_sends() {
        let of = |status: u16, header: Option<(&'static str, &str)>, words: &str| {
            let headers = header.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            Denial::of(StatusCode::from_u16(status).unwrap(), &headers.into_iter().collect(), words)
        };
        for (name, value) in
            [("server", "Artifactory/7.77.5"), ("x-jfrog-version", "Artifactory/7"), ("x-artifactory-id", "a")]
        {
            assert_eq!(of(403, Some((name, value)), ""), Denial::Artifactory, "{name}");
            assert_eq!(of(401, Some((name, value)), ""), Denial::Refused, "{name}");
        }
        assert_eq!(of(403, None, "Artifactory: download denied"), Denial::Artifactory);
        assert_eq!(of(403, Some(("server", "nginx")), "denied"), Denial::Forbidden);
    }
}
