//! What goes into the commit beside the files, from flags, variables and config file; this module must not read a key.

#![deny(clippy::disallowed_methods)]

use super::SettingsError;
use crate::cli::RunArgs;
use crate::config::Config;
use crate::environment::Environment;
use crate::git::{Identity, IdentityError};
use crate::secret::SecretString;

const OURSELVES: &str = "gitops-bump <gitops-bump@localhost>";

/// What goes into the commit.
#[derive(Clone, Debug)]
pub struct CommitSettings {
    /// The message's template; none means the default message.
    pub message: Option<String>,
    /// The author.
    pub author: Identity,
    /// The committer.
    pub committer: Identity,
    /// Whether the message ends with a line by which somebody certifies its origin.
    pub sign_off: SignOff,
    /// An SSH key that signs the commit, or its file.
    pub signing_key: Option<SecretString>,
}

/// Whose `Signed-off-by:` line the message gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignOff {
    /// The committer's, as Git does it.
    Committer,
    /// None.
    Nobody,
}

/// Merges flags, variables and config file.
pub(super) fn commit(
    args: &RunArgs,
    config: &Config,
    environment: &Environment,
) -> Result<CommitSettings, SettingsError> {
    let identity = |what: &str, text: &str| {
        let wrong = |error: IdentityError| SettingsError::Value { what: what.to_owned(), reason: error.to_string() };
        Identity::parse(text).map_err(wrong)
    };
    let author = match args.publish.author.as_ref().or(config.author.as_ref()) {
        Some(text) => identity("author", text)?,
        None => match gitlab_user(environment) {
            Some(user) => user,
            None => identity("author", OURSELVES)?,
        },
    };
    let signs_off = args.publish.sign_off.or(config.sign_off).unwrap_or(false);
    let signing_key =
        args.publish.signing_key.as_deref().or(config.signing_key.as_deref()).filter(|key| !key.trim().is_empty());
    let committer = args.publish.committer.as_ref().or(config.committer.as_ref());
    Ok(CommitSettings {
        message: args
            .publish
            .message
            .clone()
            .or_else(|| config.message.clone())
            .filter(|message| !message.trim().is_empty()),
        author,
        committer: identity("committer", committer.map_or(OURSELVES, String::as_str))?,
        sign_off: if signs_off { SignOff::Committer } else { SignOff::Nobody },
        signing_key: signing_key.map(SecretString::from),
    })
}

fn gitlab_user(environment: &Environment) -> Option<Identity> {
    let name = environment.get("GITLAB_USER_NAME")?;
    let email = environment.get("GITLAB_USER_EMAIL")?;
    let clean = |text: &str| {
        let text = text.replace(['<', '>', '\0'], " ");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    Identity::new(&clean(name), &clean(email)).ok()
}
