//! What a key of a docker `config.json` names: a registry, or a part of one. This module must not know what stands there.

#![deny(clippy::disallowed_methods)]

use crate::image::DOCKER_HUB;

/// The key under which docker has kept Docker Hub's credentials since its first registry protocol.
pub(super) const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// The other names of Docker Hub.
const DOCKER_HUB_HOSTS: [&str; 3] = [DOCKER_HUB, "index.docker.io", "registry-1.docker.io"];

/// What a key names: a host, or what is below a path there.
pub(super) struct ConfigKey {
    /// In lower case, with its port when it has one.
    pub(super) host: String,
    /// Without slashes around it; empty for the whole host.
    pub(super) path: String,
}

impl ConfigKey {
    /// Reads a key: `https://HOST/v2/` is the host, `HOST/PATH` a part of it.
    pub(super) fn of(key: &str) -> Option<Self> {
        let key = key.trim();
        let key = key.strip_prefix("https://").or(key.strip_prefix("http://")).unwrap_or(key);
        let (host, path) = key.split_once('/').unwrap_or((key, ""));
        let host = host.to_ascii_lowercase();
        let host = if DOCKER_HUB_HOSTS.contains(&host.as_str()) { DOCKER_HUB.to_owned() } else { host };
        let path = match path.trim_end_matches('/') {
            "v1" | "v2" => "",
            path => path,
        };
        (!host.is_empty()).then(|| Self { host, path: path.to_owned() })
    }

    /// Whether it is the repository's host, or above the repository, or the repository itself.
    pub(super) fn holds(&self, host: &str, path: &str) -> bool {
        let below = |rest: &str| self.path.is_empty() || rest.is_empty() || rest.starts_with('/');
        self.host == host && path.strip_prefix(self.path.as_str()).is_some_and(below)
    }
}

/// The host of a key or a setting that may be a URL: `https://HOST/v2/` becomes `host`.
///
/// A longer path names a part of a registry, which is another thing than the registry: no host.
pub(super) fn host_of_key(key: &str) -> Option<String> {
    ConfigKey::of(key).filter(|key| key.path.is_empty()).map(|key| key.host)
}
