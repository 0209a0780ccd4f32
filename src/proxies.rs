//! Which proxy a request takes, as curl reads the variables; this module must not connect to anything.

#![deny(clippy::disallowed_methods)]

use std::net::IpAddr;

use url::Url;

use crate::environment::Environment;
use crate::secret::SecretString;

/// The proxies of a run.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    /// Hosts that are asked directly.
    direct: Vec<String>,
}

/// A variable that names no proxy. The value is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} is not an http or https address of a proxy")]
pub struct ProxyError {
    /// The variable.
    pub variable: &'static str,
}

impl Proxies {
    /// Reads `http_proxy` (in small letters alone: a web server sets the other from a request's header), `https_proxy`,
    /// `all_proxy` and `no_proxy`.
    pub fn from_environment(environment: &Environment) -> Result<Self, ProxyError> {
        let all = ["all_proxy", "ALL_PROXY"];
        let no_proxy = environment.get("no_proxy").or_else(|| environment.get("NO_PROXY")).unwrap_or_default();
        let direct = no_proxy.split([',', ' ', '\t', '\n']).filter(|entry| !entry.is_empty());
        Ok(Self {
            http: first(environment, &["http_proxy", all[0], all[1]])?,
            https: first(environment, &["https_proxy", "HTTPS_PROXY", all[0], all[1]])?,
            direct: direct.map(str::to_ascii_lowercase).collect(),
        })
    }

    /// The proxy for a request; none means to ask the server itself.
    pub fn of(&self, url: &Url) -> Option<&Url> {
        let proxy = if url.scheme() == "https" { self.https.as_ref() } else { self.http.as_ref() };
        proxy.filter(|_| !self.is_direct(url))
    }

    /// Passwords of proxies.
    pub fn secrets(&self) -> impl Iterator<Item = SecretString> {
        [&self.http, &self.https].into_iter().flatten().filter_map(|url| url.password().map(SecretString::from))
    }

    fn is_direct(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).trim_end_matches('.');
        let address: Option<IpAddr> = host.parse().ok();
        self.direct.iter().any(|entry| {
            let (name, port) = split_port(entry);
            let is_port = port.is_none_or(|port| url.port_or_known_default() == Some(port));
            is_port && (name == "*" || address.map_or_else(|| is_below(host, name), |address| is_in(address, name)))
        })
    }
}

/// The first variable that is set. A proxy without a scheme is an http one.
fn first(environment: &Environment, variables: &[&'static str]) -> Result<Option<Url>, ProxyError> {
    let set = |variable: &&'static str| Some((*variable, environment.get(variable)?.trim()));
    let Some((variable, value)) = variables.iter().find_map(set) else {
        return Ok(None);
    };
    let text = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
    let url = Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.map(Some).ok_or(ProxyError { variable })
}

/// `NAME:PORT`; an IPv6 address has more colons, and a port only behind brackets.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    let split = match entry.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map(|(name, rest)| (name, rest.trim_start_matches(':'))),
        None if entry.matches(':').count() == 1 => entry.split_once(':'),
        None => None,
    };
    match split {
        Some((name, "")) => (name, None),
        Some((name, port)) => port.parse().map_or((entry, None), |port| (name, Some(port))),
        None => (entry, None),
    }
}

/// Whether a name is this domain or one below it, with or without a dot before it.
fn is_below(host: &str, domain: &str) -> bool {
    let domain = domain.trim_start_matches('.').trim_end_matches('.');
    let rest = host.strip_suffix(domain).filter(|_| !domain.is_empty());
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether an address is this one, or in this network (`10.0.0.0/8`).
fn is_in(address: IpAddr, network: &str) -> bool {
    let (start, bits) = match network.split_once('/') {
        Some((start, bits)) => (start, bits.parse().ok()),
        None => (network, Some(128)),
    };
    let (Ok(start), Some(bits)) = (start.parse::<IpAddr>(), bits) else {
        return false;
    };
    match (address, start) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let bits = if network.contains('/') { bits } else { 32 };
            bits <= 32 && same_start(u128::from(one.to_bits()) << 96, u128::from(other.to_bits()) << 96, bits)
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => bits <= 128 && same_start(one.to_bits(), other.to_bits(), bits),
        _ => false,
    }
}

fn same_start(one: u128, other: u128, bits: u32) -> bool {
    (one ^ other).leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let proxies = Proxies::from_environment(&variables.iter().copied().collect()).unwrap();
        proxies.of(&Url::parse(url).unwrap()).map(Url::to_string)
    }

    #[test]
    fn each_scheme_has_its_variables() {
        let (http, https) = ("http://h.example/", "https://h.example/");
        assert_eq!(proxy(&[("http_proxy", "p:3128")], http).as_deref(), Some("http://p:3128/"));
        assert_eq!(proxy(&[("HTTP_PROXY", "p:3128")], http), None);
        assert_eq!(proxy(&[("http_proxy", "p:3128")], https), None);
        for variable in ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            assert_eq!(proxy(&[(variable, "https://p")], https).as_deref(), Some("https://p/"), "{variable}");
        }
        assert_eq!(proxy(&[("https_proxy", "a:1"), ("HTTPS_PROXY", "b:1")], https).as_deref(), Some("http://a:1/"));
    }

    #[test]
    fn no_proxy_is_curls() {
        let is_direct =
            |no_proxy: &str, url: &str| proxy(&[("ALL_PROXY", "p:1"), ("NO_PROXY", no_proxy)], url).is_none();
        for (no_proxy, url) in [
            ("*", "http://h.example"),
            ("other, Example.com", "https://git.EXAMPLE.com./x"),
            (".example.com", "https://example.com"),
            ("10.0.0.0/8 x", "http://10.2.3.4"),
            ("10.2.3.4", "http://10.2.3.4:8080"),
            ("fd00::/8", "http://[fd00::1]:8080"),
            ("[::1]", "http://[::1]"),
            ("h.example:8080", "http://h.example:8080"),
            ("h.example:443", "https://h.example"),
        ] {
            assert!(is_direct(no_proxy, url), "{no_proxy} {url}");
        }
        for (no_proxy, url) in [
            ("ample.com", "https://example.com"),
            (".", "https://example.com"),
            ("10.0.0.0/8", "http://11.0.0.1"),
            ("10.0.0.0/33", "http://10.0.0.0"),
            ("10.2.3.4", "http://10.2.3.5"),
            ("0.0.0.0/0", "http://[::1]"),
            ("h.example:8080", "http://h.example"),
        ] {
            assert!(!is_direct(no_proxy, url), "{no_proxy} {url}");
        }
    }

    #[test]
    fn what_is_no_proxy_is_named_and_not_repeated() {
        for value in ["socks5://me:s3cret@p", "http://", "http://[s3cret"] {
            let wrong = Proxies::from_environment(&[("https_proxy", value)].into_iter().collect()).unwrap_err();
            assert_eq!(wrong.to_string(), "https_proxy is not an http or https address of a proxy");
        }
    }
}
