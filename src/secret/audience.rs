//! Which servers a secret may be shown to; this module must not make a header or send anything.
//!
//! A secret is read in one place and used in another. [`Bound`] carries the list of its servers from the first to the
//! second, so that the code that makes a header or starts ssh can't show it to any other server.

use secrecy::ExposeSecret as _;
use url::Url;

use super::Credentials;

/// The ports that a host without a port stands for: HTTPS, HTTP and SSH.
const USUAL_PORTS: [u16; 3] = [443, 80, 22];

/// The servers that may see a secret, each a host name in lower case with one port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience(Vec<(String, u16)>);

impl Audience {
    /// Adds `HOST` or `HOST:PORT` (an IPv6 address in brackets); a host without a port counts at 443, 80 and 22.
    pub fn add(&mut self, server: &str) {
        match split_port(server.trim()) {
            (host, Some(port)) => self.add_port(host, port),
            (host, None) => USUAL_PORTS.iter().for_each(|&port| self.add_port(host, port)),
        }
    }

    /// Adds one port of a host.
    pub fn add_port(&mut self, host: &str, port: u16) {
        let server = (normal(host), port);
        if !server.0.is_empty() && !self.0.contains(&server) {
            self.0.push(server);
        }
    }

    /// Adds the server of an `http`, `https` or `ssh` address.
    pub fn add_url(&mut self, url: &Url) {
        if let (Some(host), Some(port)) = (url.host_str(), port_of(url)) {
            self.add_port(host, port);
        }
    }

    /// Adds all servers of another audience.
    pub fn extend(&mut self, other: &Self) {
        other.0.iter().for_each(|(host, port)| self.add_port(host, *port));
    }

    /// Whether this server may see the secret.
    pub fn holds(&self, host: &str, port: u16) -> bool {
        let host = normal(host);
        self.0.iter().any(|(known, known_port)| *known == host && *known_port == port)
    }

    /// Whether `HOST` (at 443) or `HOST:PORT` may see the secret.
    pub fn holds_named(&self, server: &str) -> bool {
        let (host, port) = split_port(server.trim());
        self.holds(host, port.unwrap_or(443))
    }

    /// Whether the server of this address may see the secret.
    pub fn holds_url(&self, url: &Url) -> bool {
        matches!((url.host_str(), port_of(url)), (Some(host), Some(port)) if self.holds(host, port))
    }
}

/// A secret together with the servers that may see it.
#[derive(Clone, Debug)]
pub struct Bound<T> {
    secret: T,
    audience: Audience,
}

impl<T> Bound<T> {
    /// Binds a secret to its servers.
    pub fn new(secret: T, audience: Audience) -> Self {
        Self { secret, audience }
    }

    /// The secret, when the server of this address may see it.
    pub fn for_url(&self, url: &Url) -> Option<&T> {
        self.audience.holds_url(url).then_some(&self.secret)
    }

    /// The secret, when this server may see it.
    pub fn for_server(&self, host: &str, port: u16) -> Option<&T> {
        self.audience.holds(host, port).then_some(&self.secret)
    }

    /// The secret, when `HOST` (at 443) or `HOST:PORT` may see it.
    pub fn for_named(&self, server: &str) -> Option<&T> {
        self.audience.holds_named(server).then_some(&self.secret)
    }

    /// The secret, for the redactor alone: it has to know every secret in order to hide it.
    pub fn to_hide(&self) -> &T {
        &self.secret
    }

    /// The same servers for what is made of the secret.
    #[must_use]
    pub fn map<U>(&self, make: impl FnOnce(&T) -> U) -> Bound<U> {
        Bound { secret: make(&self.secret), audience: self.audience.clone() }
    }

    /// The same, where making it can fail.
    pub fn try_map<U, E>(&self, make: impl FnOnce(&T) -> Result<U, E>) -> Result<Bound<U>, E> {
        Ok(Bound { secret: make(&self.secret)?, audience: self.audience.clone() })
    }

    /// The servers that may see it.
    pub fn audience(&self) -> &Audience {
        &self.audience
    }
}

impl Bound<Credentials> {
    /// Whether both are the same user and password, for the same servers.
    pub fn is_same_as(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.secret, &other.secret);
        self.audience == other.audience
            && ours.username == theirs.username
            && ours.password.expose_secret() == theirs.password.expose_secret()
    }
}

/// The port that a request to this address goes to.
fn port_of(url: &Url) -> Option<u16> {
    url.port_or_known_default().or((url.scheme() == "ssh").then_some(22))
}

/// Lower case, without a final dot; an IPv6 address keeps its brackets.
fn normal(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn split_port(server: &str) -> (&str, Option<u16>) {
    match server.rsplit_once(':') {
        // The colons inside the brackets of an IPv6 address are no port's.
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            port.parse().map_or((server, None), |port| (host, Some(port)))
        }
        _ => (server, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audience(servers: &[&str]) -> Audience {
        let mut audience = Audience::default();
        for server in servers {
            audience.add(server);
        }
        audience
    }

    #[test]
    fn a_host_without_a_port_has_the_usual_ones() {
        let audience = audience(&["Git.Example.com", "r.example.com:5000", "[::1]:8080", "[::2]"]);
        for (url, held) in [
            ("https://git.example.com/x", true),
            ("http://git.example.com/x", true),
            ("ssh://git@git.example.com/x", true),
            ("https://git.example.com./x", true),
            ("https://git.example.com:8443/x", false),
            ("https://git.example.com.evil.example/x", false),
            ("https://evil-git.example.com/x", false),
            ("http://r.example.com:5000/v2/", true),
            ("https://r.example.com/v2/", false),
            ("http://[::1]:8080/", true),
            ("http://[::1]/", false),
            ("https://[::2]/", true),
        ] {
            assert_eq!(audience.holds_url(&Url::parse(url).unwrap()), held, "{url}");
        }
    }

    #[test]
    fn a_secret_is_shown_to_its_servers_alone() {
        let bound = Bound::new("s3cret", audience(&["h.example"]));
        assert_eq!(bound.for_url(&Url::parse("https://h.example/a").unwrap()), Some(&"s3cret"));
        assert_eq!(bound.for_url(&Url::parse("https://other.example/a").unwrap()), None);
        assert_eq!(bound.for_server("h.example", 22), Some(&"s3cret"));
        assert_eq!(bound.for_server("h.example", 2222), None);
    }
}
