//! Where the infra repository is, and how servers are reached; this module must not judge their values.

use clap::Args;

/// Which repository.
#[derive(Args, Clone, Debug, Default)]
pub struct RepositoryArgs {
    /// Infra repository: a URL or a local path
    ///
    /// The forms are https://…, http://…, ssh://…, user@host:path, file://… and a local path. A URL without a scheme means
    /// https. Default: the repositories of the config file.
    #[arg(long = "repo", value_name = "URL", help_heading = "Repository")]
    pub url: Option<String>,
}

/// How to reach servers.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// CA certificates, added to the usual roots
    ///
    /// The value is a file or PEM text. The certificates count for registries, Git servers and APIs alike. Default: those of
    /// `$CA_BUNDLE`, `$CI_SERVER_TLS_CA_FILE` and `$SSL_CERT_FILE`.
    // A PEM text begins with hyphens.
    #[arg(long, value_name = "FILE_OR_PEM", allow_hyphen_values = true)]
    pub ca_file: Option<String>,
    /// Server that is asked over plain http; repeatable
    ///
    /// Credentials are sent to it over plain http, too. A registry is written as in the image. A registry on 127.0.0.1 or
    /// localhost needs no flag: it is asked over https first, and then over http.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub plain_http: Vec<String>,
}
