//! What a registry wants to see before it answers: reads `WWW-Authenticate` (RFC 9110, 11.6.1).
//! This module must not answer the challenge.

#![deny(clippy::disallowed_methods)]

use http_auth::parser::ChallengeParser;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};
use url::Url;

/// Repositories have names of 255 characters at most.
const LONGEST_SCOPE: usize = 1024;

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
        /// What the registry wants it to be good for: names it by its own rules, which a proxy's may be.
        scope: Option<String>,
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
            let scope = parameter("scope").filter(|scope| is_scope(scope));
            (is_web && is_bare).then(|| Challenge::Bearer { realm, service: parameter("service"), scope })
        })
        .collect()
}

/// Whether it is what the token specification calls a scope; a long one is left out.
fn is_scope(text: &str) -> bool {
    (1..=LONGEST_SCOPE).contains(&text.trim().len()) && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
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
        Challenge::Bearer { realm: Url::parse(realm).unwrap(), service: service.map(str::to_owned), scope: None }
    }

    fn scope(text: &'static str) -> Option<String> {
        match of(&[text]) {
            Some(Challenge::Bearer { scope, .. }) => scope,
            _ => None,
        }
    }

    #[test]
    fn reads_the_scope() {
        assert_eq!(
            scope(r#"Bearer realm="https://h.x/t",scope="repository:a/b:pull repository:c:pull,push""#).as_deref(),
            Some("repository:a/b:pull repository:c:pull,push")
        );
        for none in [r#"Bearer realm="https://h.x/t""#, r#"Bearer realm="https://h.x/t",scope=" ""#] {
            assert_eq!(scope(none), None, "{none}");
        }
        assert!(!is_scope(&"x".repeat(2000)) && !is_scope("a\u{7f}"));
    }

    #[test]
    fn reads_what_registries_send() {
        let harbor = r#"Bearer realm="https://h.x/service/token",service="harbor-registry""#;
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
