//! How servers are reached, as flags and variables say; this module must not reach one.

#![deny(clippy::disallowed_methods)]

use super::{Giver, SettingsError, SshSettings, hosts};
use crate::cli::NetworkArgs;
use crate::environment::Environment;
use crate::proxies::Proxies;
use crate::secret::Audience;

/// How to reach servers.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// CA certificates added to the usual roots.
    pub ca: Vec<CaSource>,
    /// Servers that are spoken to in plain http, with credentials, too: `HOST` or `HOST:PORT`, as in an image's reference.
    pub plain_http: Vec<String>,
    /// Which proxies requests take.
    pub proxies: Proxies,
    /// How ssh is run.
    pub ssh: SshSettings,
}

/// Where CA certificates come from.
#[derive(Clone, Debug)]
pub enum CaSource {
    /// `--ca-file`: must be there.
    Given(String),
    /// A variable that CI may have set: a warning when it isn't a usable file.
    Variable(&'static str, String),
}

/// Merges flags and variables; ssh's key is for these servers.
pub(super) fn network(args: &NetworkArgs, git: &Audience, environment: &Environment) -> Result<Network, SettingsError> {
    const VARIABLES: [&str; 3] = ["CA_BUNDLE", "CI_SERVER_TLS_CA_FILE", "SSL_CERT_FILE"];
    let from_variables = || {
        let set = |name| Some(CaSource::Variable(name, environment.get(name)?.to_owned()));
        VARIABLES.into_iter().filter_map(set).collect()
    };
    let proxies = Proxies::from_environment(environment).map_err(|error| SettingsError::Value {
        what: error.variable.to_owned(),
        reason: "it is not the http or https address of a proxy".to_owned(),
    })?;
    Ok(Network {
        ca: args.ca_file.as_ref().map_or_else(from_variables, |given| vec![CaSource::Given(given.clone())]),
        plain_http: args.plain_http.iter().map(|server| plain_host(server)).collect::<Result<_, _>>()?,
        proxies,
        ssh: SshSettings::from_environment(environment, git),
    })
}

/// A server as it stands in a reference. What could never be one would leave it spoken to in https, without a word.
fn plain_host(server: &str) -> Result<String, SettingsError> {
    let server = server.trim();
    hosts::parse(server)
        .map(|_| server.to_owned())
        .ok_or_else(|| hosts::no_server(&Giver::Flag("plain-http").to_string()))
}
