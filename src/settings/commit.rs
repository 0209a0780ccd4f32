//! What goes into the commit beside the files, from flags, variables and config file; this module must not read a key.

#![deny(clippy::disallowed_methods)]

use super::giver::either;
use super::{Given, Giver, SettingsError};
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
    pub message: Option<Given<String>>,
    /// The author.
    pub author: Identity,
    /// The committer.
    pub committer: Identity,
    /// Whether the message ends with a line by which somebody certifies its origin.
    pub sign_off: SignOff,
    /// An SSH key that signs the commit, or its file.
    pub signing_key: Option<Given<SecretString>>,
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
    let identity = |Given { value, by }: Given<&str>| {
        let wrong = |error: IdentityError| SettingsError::Value { what: by.to_string(), reason: error.to_string() };
        Identity::parse(value).map_err(wrong)
    };
    let given = &args.publish.commit;
    let author = match either(("author", given.author.as_deref()), ("author", config.author.as_deref())) {
        Some(author) => identity(author)?,
        None => match gitlab_user(environment) {
            Some(user) => user,
            None => identity(Given { value: OURSELVES, by: Giver::Flag("author") })?,
        },
    };
    let signs_off = given.sign_off.or(config.sign_off).unwrap_or(false);
    let is_said = |given: &Given<&str>| !given.value.trim().is_empty();
    let keys = [given.signing_key.as_deref(), config.signing_key.as_deref()];
    let signing_key = either(("signing-key", keys[0]), ("signing_key", keys[1])).filter(is_said);
    let committer = either(("committer", given.committer.as_deref()), ("committer", config.committer.as_deref()));
    let message = either(("message", given.message.as_deref()), ("message", config.message.as_deref()));
    Ok(CommitSettings {
        message: message.filter(is_said).map(|message| message.map(str::to_owned)),
        author,
        committer: identity(committer.unwrap_or(Given { value: OURSELVES, by: Giver::Flag("committer") }))?,
        sign_off: if signs_off { SignOff::Committer } else { SignOff::Nobody },
        signing_key: signing_key.map(|key| key.map(SecretString::from)),
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
