//! Which servers each secret of a run belongs to; this module must not make a header.

#![deny(clippy::disallowed_methods)]

use url::Url;

use super::RepositorySettings;
use crate::environment::Environment;
use crate::git::GitUrl;
use crate::secret::Audience;

/// A repository's own server, over HTTP and SSH.
pub(super) fn own(url: &GitUrl) -> Audience {
    let mut audience = Audience::default();
    if let Some(host) = url.host() {
        match url.port() {
            Some(port) => audience.add_port(host, port),
            None => audience.add(host),
        }
    }
    audience
}

/// The server of an API.
pub(super) fn of_api(url: &str) -> Audience {
    let mut audience = Audience::default();
    if let Ok(url) = Url::parse(url) {
        audience.add_url(&url);
    }
    audience
}

/// The APIs of the repositories' own servers.
pub(super) fn forges(repositories: &[RepositorySettings], environment: &Environment) -> Audience {
    let mut audience = environment.get("CI_API_V4_URL").map(of_api).unwrap_or_default();
    for repository in repositories {
        audience.extend(&own(&repository.url));
    }
    audience
}
