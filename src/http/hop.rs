//! The way of one request through redirects, and the one policy of where it may lead. This module must not send anything.
//!
//! A way that has left the origin where it began never counts as that origin's again, also when it comes back: another server
//! chose the address. So no credentials are shown there, no challenge is answered, and no word is repeated.

#![deny(clippy::disallowed_methods)]

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION};
use url::Url;

use super::address::name_of;
use super::error::{HttpError, Stray};
use super::route::Reach;

/// The most redirects that are followed: registries redirect once, to their storage.
pub(super) const MOST: usize = 5;

/// Which redirects a kind of request follows. A request with a body follows none, whatever this says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follow {
    /// None: an API does not redirect, and its token must not go elsewhere.
    Never,
    /// To any server, as registries do it with their storage; credentials stay behind.
    Anywhere,
    /// On the same server, to a path with this ending and with the first request's query; without credentials also from
    /// http to https on the same host.
    SameServer {
        /// What the path must end with.
        ending: &'static str,
    },
}

/// A server on the way of a request.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    /// The address there.
    pub(super) url: Url,
    /// Whether the way has never left the origin where it began.
    pub(super) is_own: bool,
    /// What messages call the server. A name that only another server gave is not repeated.
    pub(super) name: String,
    /// Which addresses may be connected to.
    pub(super) reach: Reach,
}

/// What a redirect may depend on besides the answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) follow: Follow,
    pub(super) carries: Carries,
}

/// What a request has with it that must not go astray.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carries {
    Nothing,
    Login,
    Body,
}

impl Hop {
    /// The beginning of a way. A user name and a password in the address would be sent as credentials.
    pub(super) fn first(url: &Url, reach: Reach) -> Self {
        let url = bare(url.clone());
        Self { is_own: true, name: name_of(&url), reach, url }
    }

    /// Where an answer leads to; none when it is no redirect.
    pub(super) fn next(
        &self,
        (status, headers): (StatusCode, &HeaderMap),
        sent: Sent,
        reach: Reach,
    ) -> Result<Option<Self>, HttpError> {
        if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
        let target = location.and_then(|location| self.url.join(location).ok()).map(bare);
        let url = self.allowed(target, sent).map_err(|stray| self.stray(stray))?;
        let name = if self.is_own { name_of(&url) } else { "a server that redirects led to".to_owned() };
        let is_own = self.is_own && url.origin() == self.url.origin();
        Ok(Some(Self { url, is_own, name, reach }))
    }

    /// The error for a redirect of this server.
    pub(super) fn stray(&self, stray: Stray) -> HttpError {
        HttpError::Stray { host: self.name.clone(), stray }
    }

    fn allowed(&self, target: Option<Url>, sent: Sent) -> Result<Url, Stray> {
        if sent.follow == Follow::Never {
            return Err(Stray::Unwanted { to: target });
        }
        if sent.carries == Carries::Body {
            return Err(Stray::Body);
        }
        let url = target.filter(Url::has_host).ok_or(Stray::Nowhere)?;
        match (self.url.scheme(), url.scheme()) {
            (_, "https") | ("http", "http") => {}
            ("https", "http") => return Err(Stray::Insecure),
            _ => return Err(Stray::Nowhere),
        }
        match sent.follow {
            Follow::SameServer { ending } => self.on_same_server(url, ending, sent.carries),
            Follow::Anywhere | Follow::Never => Ok(url),
        }
    }

    fn on_same_server(&self, mut url: Url, ending: &str, carries: Carries) -> Result<Url, Stray> {
        let is_same = url.origin() == self.url.origin();
        let is_upgrade = url.host() == self.url.host() && self.url.scheme() == "http" && url.scheme() == "https";
        if !is_same && !is_upgrade {
            return Err(Stray::OtherServer(name_of(&url)));
        }
        if !url.path().ends_with(ending) {
            return Err(Stray::OtherPage);
        }
        if !is_same && carries == Carries::Login {
            return Err(Stray::Upgrade);
        }
        url.set_query(self.url.query());
        Ok(url)
    }
}

/// The address without user, password and fragment.
fn bare(mut url: Url) -> Url {
    url.set_fragment(None);
    // An address that can't have them has none.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIT: Follow = Follow::SameServer { ending: "/info/refs" };

    fn next(from: &str, to: &str, follow: Follow, carries: Carries) -> Result<Hop, Stray> {
        let headers = HeaderMap::from_iter([(LOCATION, to.parse().unwrap())]);
        let hop = Hop::first(&Url::parse(from).unwrap(), Reach::Anywhere);
        let next = hop.next((StatusCode::FOUND, &headers), Sent { follow, carries }, Reach::Anywhere);
        next.map(Option::unwrap).map_err(|error| match error {
            HttpError::Stray { stray, .. } => stray,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn git_stays_on_its_server() {
        let from = "http://h.example/g/infra/info/refs?service=x";
        let go = |from: &str, to: &str, carries| next(from, to, GIT, carries).map(|hop| hop.url.to_string());
        for carries in [Carries::Nothing, Carries::Login] {
            for to in ["/g/infra.git/info/refs?y", "http://u:s3cret@h.example/g/infra.git/info/refs#z"] {
                assert_eq!(go(from, to, carries).unwrap(), "http://h.example/g/infra.git/info/refs?service=x", "{to}");
            }
            for to in
                ["https://evil.example/g/info/refs", "http://h.example:8080/g/info/refs", "//h.example.evil/info/refs"]
            {
                assert!(matches!(go(from, to, carries), Err(Stray::OtherServer(_))), "{to}");
            }
            assert_eq!(go("https://h.example/info/refs", "http://h.example/info/refs", carries), Err(Stray::Insecure));
            assert_eq!(go(from, "/users/sign_in", carries), Err(Stray::OtherPage));
        }
        let upgraded = "https://h.example/g/infra/info/refs";
        assert_eq!(go(from, upgraded, Carries::Nothing).unwrap(), format!("{upgraded}?service=x"));
        assert_eq!(go(from, upgraded, Carries::Login), Err(Stray::Upgrade));
    }

    #[test]
    fn leads_nowhere_with_a_body_or_to_what_is_no_web() {
        for to in ["https://h.example/", "https://other.example/", "/x"] {
            assert_eq!(next("https://h.example/", to, Follow::Anywhere, Carries::Body).unwrap_err(), Stray::Body);
            let stray = next("https://h.example/", to, Follow::Never, Carries::Nothing).unwrap_err();
            assert_eq!(stray, Stray::Unwanted { to: Url::parse("https://h.example/").unwrap().join(to).ok() });
        }
        for to in ["ftp://h/x", "file:///etc/passwd", "data:,x", "http://[", "javascript:x"] {
            assert_eq!(next("http://h.example/", to, Follow::Anywhere, Carries::Nothing).unwrap_err(), Stray::Nowhere);
        }
    }

    #[test]
    fn a_way_that_left_never_counts_as_its_own_again() {
        let sent = Sent { follow: Follow::Anywhere, carries: Carries::Login };
        let mut hop = Hop::first(&Url::parse("http://a.example/").unwrap(), Reach::Anywhere);
        let way = [
            ("/x", true, "a.example"),
            ("http://a.example:80/y", true, "a.example"),
            ("http://u:p@b.example/", false, "b.example"),
            ("http://a.example/", false, "a server that redirects led to"),
        ];
        for (to, is_own, name) in way {
            let headers = HeaderMap::from_iter([(LOCATION, to.parse().unwrap())]);
            hop = hop.next((StatusCode::TEMPORARY_REDIRECT, &headers), sent, Reach::Anywhere).unwrap().unwrap();
            assert_eq!((hop.is_own, hop.name.as_str()), (is_own, name), "{to}");
            assert!(hop.url.username().is_empty() && hop.url.password().is_none());
        }
        for other in ["https://a.example/", "http://a.example:8080/", "http://A.example.evil/", "http://b.example/"] {
            let hop = next("http://a.example/", other, Follow::Anywhere, Carries::Login).unwrap();
            assert!(!hop.is_own, "{other}");
        }
    }
}
