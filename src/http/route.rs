//! The connections of a run: by which client a server is asked, and which addresses may be connected to at all. This module
//! must not know what is asked.
//!
//! A server on the Internet that names another address, by a redirect or by a challenge, must not thereby make this machine
//! ask its own neighbours. What counts are the addresses that are connected to, not the names: they are filtered where names
//! are resolved for the connection itself, so a name that resolves to a private address, or to another one each time, is of no
//! use. What is not covered: a name that a proxy resolves (an address in place of a name is looked at there, too), and
//! public addresses that belong to this machine or its network.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, ClientBuilder, Response};
use url::Url;

use super::address::{is_loopback, is_public, literal};
use super::trust::Trust;
use crate::proxies::Proxies;

/// What every server gets to see as the client's name.
const USER_AGENT: &str = concat!("gitops-bump/", env!("CARGO_PKG_VERSION"));

/// How long a connection may take to be made, TLS included.
const CONNECT: Duration = Duration::from_secs(10);

/// A loopback server shakes hands at once, or it does not speak TLS.
const LOCAL_CONNECT: Duration = Duration::from_secs(3);

/// Which addresses may be connected to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Any: the user named the server, or a server of this machine or a private network did.
    #[default]
    Anywhere,
    /// Those of the Internet: a server there named this one.
    Public,
}

/// A name all of whose addresses are out of reach.
#[derive(Debug, thiserror::Error)]
#[error("it has only addresses of private networks or of this machine")]
pub(super) struct PrivateAddress;

/// The clients of a run.
pub(super) struct Clients {
    /// By the proxy that the variables name, else straight.
    ordinary: Client,
    /// To this very machine: past the proxies, so that nothing that is meant for it leaves it.
    local: Client,
    /// Straight, to public addresses alone.
    guarded: Client,
    proxies: Proxies,
}

impl Clients {
    pub(super) fn new(trust: &Trust, proxies: Proxies) -> Result<Self, reqwest::Error> {
        let of_url = proxies.clone();
        let proxy = reqwest::Proxy::custom(move |url| of_url.of(url).cloned());
        Ok(Self {
            ordinary: builder(trust).connect_timeout(CONNECT).proxy(proxy).build()?,
            local: builder(trust).connect_timeout(LOCAL_CONNECT).build()?,
            guarded: builder(trust).connect_timeout(CONNECT).dns_resolver(Guard).build()?,
            proxies,
        })
    }

    /// The client for a server; none when its address is out of reach.
    pub(super) fn of(&self, url: &Url, reach: Reach) -> Result<&Client, PrivateAddress> {
        let is_inner = is_loopback(url) || literal(url).is_some_and(|address| !is_public(address));
        match reach {
            Reach::Public if is_inner => Err(PrivateAddress),
            _ if is_loopback(url) => Ok(&self.local),
            Reach::Public if self.proxies.of(url).is_none() => Ok(&self.guarded),
            _ => Ok(&self.ordinary),
        }
    }

    /// What the server that gave this answer may name. Behind a proxy, a name may be that of any server.
    pub(super) fn reach_after(&self, url: &Url, response: &Response) -> Reach {
        let is_proxied = !is_loopback(url) && self.proxies.of(url).is_some();
        let address = if is_proxied { literal(url) } else { response.remote_addr().map(|peer| peer.ip()) };
        if address.is_some_and(|address| !is_public(address)) { Reach::Anywhere } else { Reach::Public }
    }
}

fn builder(trust: &Trust) -> ClientBuilder {
    Client::builder()
        // reqwest would read the variables itself, and not as curl does.
        .no_proxy()
        .tls_backend_preconfigured(trust.tls())
        .user_agent(USER_AGENT)
        // Redirects are followed in this folder, where it is known what may go along.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
}

/// Resolves names to their public addresses.
struct Guard;

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> = public(found).collect();
            if public.is_empty() {
                return Err(PrivateAddress.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

fn public(found: impl Iterator<Item = SocketAddr>) -> impl Iterator<Item = SocketAddr> {
    found.filter(|address| is_public(IpAddr::to_canonical(&address.ip())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_of_a_name_are_used() {
        let found =
            ["10.0.0.1:0", "203.0.114.7:0", "[::1]:0", "[::ffff:127.0.0.1]:0"].map(|text| text.parse().unwrap());
        assert_eq!(public(found.into_iter()).collect::<Vec<_>>(), ["203.0.114.7:0".parse().unwrap()]);
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_no_public_server() {
        let error = Guard.resolve("localhost".parse().unwrap()).await.err().unwrap();
        assert!(error.is::<PrivateAddress>(), "{error}");
    }

    #[test]
    fn an_address_of_this_machine_is_asked_past_the_proxies_and_never_from_outside() {
        let proxies = Proxies::from_environment(&[("http_proxy", "p:1")].into_iter().collect()).unwrap();
        let clients = Clients::new(&Trust::load(&[]).unwrap(), proxies).unwrap();
        let is_reached = |url: &str, reach| clients.of(&Url::parse(url).unwrap(), reach).is_ok();
        for url in ["http://127.0.0.1/", "http://localhost/", "http://10.0.0.1/", "https://169.254.169.254/"] {
            assert!(is_reached(url, Reach::Anywhere) && !is_reached(url, Reach::Public), "{url}");
        }
        for url in ["http://h.example/", "https://h.example/", "https://1.1.1.1/"] {
            assert!(is_reached(url, Reach::Anywhere) && is_reached(url, Reach::Public), "{url}");
        }
    }
}
