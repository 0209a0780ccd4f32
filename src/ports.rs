//! The machine's own files that flags and variables name: CA bundles, keys, digests, Docker's config file. It must not decide
//! which of them counts.

use std::io;
use std::path::{Path, PathBuf};

use tracing::{info, warn};

use crate::config;
use crate::environment::Environment;
use crate::error::Error;
use crate::http::{Http, Trust};
use crate::registry::{ConfigText, CredentialSources, ExpectedDigest, Keyless, Requirements, Root, VerifyKey};
use crate::secret::{Audience, SecretString, SharedRedactor};
use crate::settings::{
    self, CaSource, GateSettings, Given, Giver, KeylessSettings, NamedImage, Network, SettingsError,
};

mod access;
mod file;
mod output;

pub use access::Access;
pub use output::{require_absent, write_new, write_output, write_report};

/// The largest of these files that is read, in bytes.
const MAX_BYTES: u64 = 8 << 20;

/// Whether a value is the path of a file: then it is no secret itself.
pub fn is_file(value: &str) -> bool {
    Path::new(value).is_file()
}

/// The config file: the one that is given, else the one that lies in the working directory; none when there is none.
///
/// A job that checks nothing out (`GIT_STRATEGY`) takes no file that lies there: it is what an earlier job left.
pub fn config_file(given: Option<&str>, environment: &Environment) -> Result<Option<settings::ConfigText>, Error> {
    let file = match given {
        Some(file) => file,
        None if !Path::new(config::DEFAULT_FILE).exists() => return Ok(None),
        None if checks_nothing_out(environment) => {
            info!(
                "{} is skipped, because with this GIT_STRATEGY it can be left from another pipeline; to use the file, name it with --config",
                config::DEFAULT_FILE
            );
            return Ok(None);
        }
        None => config::DEFAULT_FILE,
    };
    if file::leads_nowhere(Path::new(file)) {
        return Ok(None);
    }
    let failed = |source: io::Error| {
        if source.kind() == io::ErrorKind::NotFound && checks_nothing_out(environment) {
            warn!(
                "this job does not check out the repository, so {file} is missing: set the input git-strategy, or GIT_STRATEGY, to fetch"
            );
        }
        let flag = if given.is_some() { " (--config)" } else { "" };
        Error::File { what: format!("config file {file}{flag}"), source }
    };
    let text = file::read_text(Path::new(file), config::MAX_BYTES).map_err(failed)?;
    Ok(Some(settings::ConfigText { file: file.to_owned(), text }))
}

fn checks_nothing_out(environment: &Environment) -> bool {
    matches!(environment.get("GIT_STRATEGY"), Some("none" | "empty"))
}

/// The HTTP of a run: whom it trusts, the proxies, and who may see credentials in plain http.
pub fn http(network: &Network, redactor: &SharedRedactor) -> Result<Http, Error> {
    let http = Http::new(&trust(network)?, network.proxies.clone(), &network.plain_http, redactor.clone());
    Ok(http.map_err(|error| anyhow::Error::from(error).context("prepare the HTTP client"))?)
}

/// The usual roots and the CA certificates of the settings.
fn trust(network: &Network) -> Result<Trust, Error> {
    let mut extra: Vec<(String, Vec<u8>)> = Vec::new();
    for source in &network.ca {
        match source {
            CaSource::Given(value) => {
                let failed = |source| Error::File { what: format!("CA file {value} (--ca-file)"), source };
                extra.push(("--ca-file".to_owned(), pem(value).map_err(failed)?));
            }
            CaSource::Variable(name, value) => match pem(value) {
                Ok(bytes) if holds_certificate(&bytes) => extra.push((format!("${name}"), bytes)),
                Ok(_) => warn!("${name} names {value}, which contains no PEM certificate: it is ignored"),
                Err(error) => warn!("${name} names {value}, which can't be read ({error}): it is ignored"),
            },
        }
    }
    Trust::load(&extra).map_err(|error| Error::Trust(error.to_string()))
}

/// Where a registry's credentials may come from: the environment, docker's config file and podman's.
///
/// The pair that is set for this very tool is for these servers.
pub fn registry_credentials(environment: &Environment, servers: &Audience) -> Result<CredentialSources, Error> {
    let mut sources = settings::registry(environment, servers)?;
    let docker = match (environment.get("DOCKER_CONFIG"), environment.get("HOME")) {
        (Some(directory), _) => Some(PathBuf::from(directory).join("config.json")),
        (None, home) => home.map(|home| PathBuf::from(home).join(".docker/config.json")),
    };
    let podman = environment.get("REGISTRY_AUTH_FILE").map(PathBuf::from);
    let runtime = environment.get("XDG_RUNTIME_DIR").map(|directory| Path::new(directory).join("containers/auth.json"));
    for file in [docker, podman, runtime].into_iter().flatten() {
        let text = match file::read_text(&file, MAX_BYTES) {
            Ok(text) => Ok(text),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => continue,
            Err(error) => Err(error.to_string()),
        };
        sources.configs.push(ConfigText { name: file.display().to_string(), text: text.map(SecretString::from) });
    }
    Ok(sources)
}

/// The requirements, with the files that they name.
pub fn requirements(gate: &GateSettings, images: &[NamedImage]) -> Result<Requirements, Error> {
    let mut requirements = gate.requirements.clone();
    let wrong = |by: Giver, reason: String| SettingsError::Value { what: by.to_string(), reason };
    let Given { value: files, by } = &gate.digest_files;
    for file in files {
        let failed = |source| Error::File { what: format!("digest file {file} ({by})"), source };
        let text = file::read_text(Path::new(file), MAX_BYTES).map_err(failed)?;
        let found =
            ExpectedDigest::parse_file(file, &text).map_err(|reason| wrong(*by, format!("{file}: {reason}")))?;
        if images.len() > 1 && found.iter().any(|expected| expected.reference.is_none()) {
            let reason = format!(
                "{file} names no image, but the run has {} images: write REPOSITORY@DIGEST in the file",
                images.len()
            );
            return Err(wrong(*by, reason).into());
        }
        requirements.digests.extend(found);
    }
    let Given { value: keys, by } = &gate.verify_keys;
    for value in keys {
        let name = if value.contains("-----BEGIN") { "the given key" } else { value };
        let failed = |source| Error::File { what: format!("public key {value} ({by})"), source };
        let keys = VerifyKey::parse(name, &pem(value).map_err(failed)?)
            .map_err(|reason| wrong(*by, format!("{name}: {reason}")))?;
        requirements.verify_keys.extend(keys);
    }
    requirements.keyless = gate.keyless.as_ref().map(keyless).transpose()?;
    Ok(requirements)
}

/// The identities with the trusted root that proves them.
fn keyless(settings: &KeylessSettings) -> Result<Keyless, Error> {
    let KeylessSettings { identities, trusted_root: Given { value: file, by } } = settings;
    let failed = |source| Error::File { what: format!("trusted root {file} ({by})"), source };
    let text = file::read_text(Path::new(file), MAX_BYTES).map_err(failed)?;
    let root = Root::parse(&text)
        .map_err(|reason| SettingsError::Value { what: by.to_string(), reason: format!("{file}: {reason}") })?;
    Ok(Keyless { root, identities: identities.clone() })
}

/// PEM text as it is, or the file that is named.
fn pem(value: &str) -> io::Result<Vec<u8>> {
    if value.contains("-----BEGIN") { Ok(value.as_bytes().to_vec()) } else { read(Path::new(value)) }
}

fn holds_certificate(bytes: &[u8]) -> bool {
    String::from_utf8_lossy(bytes).contains("-----BEGIN CERTIFICATE")
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    file::read(path, MAX_BYTES)
}
