//! What a registry wants to see before it answers: reads `WWW-Authenticate` (RFC 9110, 11.6.1).
//! This module must not answer the challenge.

#![deny(clippy::disallowed_methods)]

use http_auth::parser::ChallengeParser;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use url::Url;

/// A way to authenticate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User name and password with every request.
    Basic,
    /// A token, as the distribution project's token specification has it.
    Bearer {
        /// Where to get it.
        realm: Url,
        /// For whom it is.
        service: Option<String>,
    },
}

impl Challenge {
    /// The strongest challenge of an answer; none when there is no known one.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let texts = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let found: Vec<Self> = texts.flat_map(parse).collect();
        let bearer = found.iter().find(|challenge| **challenge != Self::Basic);
        bearer.or(found.first()).cloned()
    }
}

fn parse(text: &str) -> Vec<Challenge> {
    // After a syntax error the parser ends; what came before it still counts.
    let challenges = ChallengeParser::new(text).map_while(Result::ok);
    challenges
        .filter_map(|challenge| {
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                return Some(Challenge::Basic);
            }
            if !challenge.scheme.eq_ignore_ascii_case("bearer") {
                return None;
            }
            let parameter = |wanted: &str| {
                let found = challenge.params.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                found.map(|(_, value)| value.to_unescaped())
            };
            let realm = Url::parse(&parameter("realm")?).ok()?;
            let is_web = matches!(realm.scheme(), "http" | "https") && realm.has_host();
            // Credentials in the address would go out in place of ours.
            let is_bare = realm.username().is_empty() && realm.password().is_none();
            (is_web && is_bare).then(|| Challenge::Bearer { realm, service: parameter("service") })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&'static str]) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        for text in texts {
            headers.append(WWW_AUTHENTICATE, text.parse().unwrap());
        }
        Challenge::of(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>) -> Challenge {
        Challenge::Bearer { realm: Url::parse(realm).unwrap(), service: service.map(str::to_owned) }
    }

    #[test]
    fn reads_what_registries_send() {
        let harbor = r#"Bearer realm="https://h.x/service/token",service="harbor-registry",scope="repository:a:pull""#;
        assert_eq!(of(&[harbor]), Some(bearer("https://h.x/service/token", Some("harbor-registry"))));
        assert_eq!(of(&[r#"bearer REALM="https://h.x/t""#]), Some(bearer("https://h.x/t", None)));
        assert_eq!(of(&[r#"Basic realm="test""#]), Some(Challenge::Basic));
    }

    #[test]
    fn a_token_is_preferred_to_the_password() {
        let expected = Some(bearer("https://h.x/t", None));
        assert_eq!(of(&[r#"Basic realm="a", Bearer realm="https://h.x/t""#]), expected);
        assert_eq!(of(&[r#"Basic realm="a""#, r#"Bearer realm="https://h.x/t""#]), expected);
    }

    #[test]
    fn passes_over_what_it_cannot_answer() {
        for text in [
            "",
            "Bearer",
            r#"Bearer realm="file:///etc/passwd""#,
            r#"Bearer realm="https://u:p@h.x/t""#,
            r#"Bearer realm="not a url""#,
            r#"Negotiate realm="x""#,
            "\"\"\"",
        ] {
            assert_eq!(of(&[text]), None, "{text}");
        }
    }
}
