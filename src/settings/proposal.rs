//! Push or merge request, what the request says, and whether pipelines run; this module must not ask a server.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use url::Url;

use super::giver::either;
use super::servers::GitServers;
use super::{Given, Giver, RepositorySettings, SettingsError, branch, token};
use crate::cli::{ProposalArgs, RunArgs};
use crate::config::{Config, RepositoryConfig};
use crate::environment::Environment;
use crate::links::Forge;
use crate::secret::{Bound, SecretString};

/// Where the token for the forge's API may be; the first that is set counts.
const FORGE_TOKENS: [&str; 2] = ["GITOPS_BUMP_FORGE_TOKEN", "GITOPS_BUMP_GITLAB_TOKEN"];

/// How a commit gets to its branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It is pushed there.
    Push,
    /// It goes to a work branch, from which a merge request is opened.
    MergeRequest,
}

/// Whether a push starts a pipeline in the infra repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkipCi {
    /// None.
    Always,
    /// As the repository's own rules say.
    Never,
    /// None where the project whose pipeline runs is itself updated, or it would run for ever.
    OwnProject,
}

/// A choice that is off unless it was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flag {
    /// Asked for.
    On,
    /// Not.
    #[default]
    Off,
}

/// What a merge request says. The texts are templates.
#[derive(Clone, Debug, Default)]
pub struct ProposalSettings {
    /// The title; the commit's subject when absent.
    pub title: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// Labels.
    pub labels: Vec<String>,
    /// User names.
    pub assignees: Vec<String>,
    /// User names.
    pub reviewers: Vec<String>,
    /// The work branch.
    pub branch: Option<String>,
    /// Whether it merges itself when its pipeline succeeds.
    pub auto_merge: Flag,
    /// Whether the work branch goes with the merge.
    pub remove_source_branch: Flag,
    /// Whether it is a draft.
    pub draft: Flag,
    /// Whose API opens it, when that was said.
    pub forge: Option<Forge>,
    /// How long it may take until it is merged; none means that nobody waits for it.
    pub wait: Option<Duration>,
    /// The token for the forge's API; without one the request is opened by push options.
    pub token: Option<Bound<SecretString>>,
}

impl From<Option<bool>> for Flag {
    fn from(given: Option<bool>) -> Self {
        if given == Some(true) { Self::On } else { Self::Off }
    }
}

pub(super) fn proposal(
    args: &ProposalArgs,
    (repositories, servers): (&[RepositorySettings], &GitServers),
    environment: &Environment,
) -> Result<ProposalSettings, SettingsError> {
    let text = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let token = forge_token(environment)?;
    let apis = servers.forges(repositories, environment);
    let proposal = ProposalSettings {
        title: text(&args.mr_title),
        description: text(&args.mr_description),
        labels: args.mr_label.clone(),
        assignees: args.mr_assignee.clone(),
        reviewers: args.mr_reviewer.clone(),
        branch: branch::given(Giver::Flag("mr-branch"), text(&args.mr_branch).as_deref())?,
        auto_merge: args.mr_auto_merge.into(),
        remove_source_branch: args.mr_remove_source_branch.into(),
        draft: args.mr_draft.into(),
        forge: args.forge,
        wait: args.mr_wait,
        token: token.as_ref().map(|(_, token)| Bound::new(token.clone(), apis.clone())),
    };
    for repository in repositories.iter().filter(|repository| repository.delivery == Delivery::MergeRequest) {
        require_token(&proposal)?;
        require_other_branch(&proposal, repository)?;
        let origin = repository.url.web_origin().and_then(|origin| Url::parse(&origin).ok());
        if let Some((variable, _)) = &token
            && !origin.is_some_and(|origin| apis.holds_url(&origin))
        {
            servers.require_for(&repository.url, variable)?;
        }
    }
    Ok(proposal)
}

/// An error when something is asked for that push options can't do, and there is no token for the API.
fn require_token(proposal: &ProposalSettings) -> Result<(), SettingsError> {
    let asked = match proposal {
        ProposalSettings { token: Some(_), .. } => return Ok(()),
        ProposalSettings { reviewers, .. } if !reviewers.is_empty() => (Giver::Flag("mr-reviewer"), "name reviewers"),
        ProposalSettings { assignees, .. } if !assignees.is_empty() => (Giver::Flag("mr-assignee"), "name assignees"),
        ProposalSettings { wait: Some(_), .. } => (Giver::Flag("mr-wait"), "tell what becomes of a request"),
        _ => return Ok(()),
    };
    let (by, cant) = asked;
    let reason = format!("push options can't {cant}, and {} is not set", FORGE_TOKENS[0]);
    Err(SettingsError::Value { what: by.to_string(), reason })
}

/// An error when a request is to be waited for, and neither a flag nor the config file asks for one.
pub(super) fn require_request(args: &ProposalArgs, config: &Config) -> Result<(), SettingsError> {
    let in_config =
        || config.merge_request == Some(true) || config.repositories.iter().any(|one| one.merge_request == Some(true));
    if args.mr_wait.is_none() || args.merge_request.unwrap_or_else(in_config) {
        return Ok(());
    }
    Err(SettingsError::Usage("--mr-wait waits for a merge request: it needs --merge-request".to_owned()))
}

/// An error when the work branch that is asked for is the very branch that it is for, as far as that one is named.
fn require_other_branch(proposal: &ProposalSettings, repository: &RepositorySettings) -> Result<(), SettingsError> {
    let Some(target) = repository.branch.as_ref().filter(|target| proposal.branch.as_ref() == Some(*target)) else {
        return Ok(());
    };
    let reason = format!("{target} is the target branch of the merge request of {}", repository.url.short());
    Err(SettingsError::Value { what: Giver::Flag("mr-branch").to_string(), reason })
}

/// The token for the forge's API, and the variable that holds it.
fn forge_token(environment: &Environment) -> Result<Option<(&'static str, SecretString)>, SettingsError> {
    for variable in FORGE_TOKENS {
        if let Some(token) = token::secret(variable, environment)? {
            return Ok(Some((variable, token)));
        }
    }
    Ok(None)
}

pub(super) fn delivery(args: &RunArgs, config: &Config, entry: Option<&RepositoryConfig>) -> Delivery {
    let given = args.publish.proposal.merge_request;
    let is_request = given.or(entry.and_then(|entry| entry.merge_request)).or(config.merge_request);
    if is_request == Some(true) { Delivery::MergeRequest } else { Delivery::Push }
}

pub(super) fn skip_ci(args: &RunArgs, config: &Config) -> Result<SkipCi, SettingsError> {
    match either(("skip-ci", args.publish.commit.skip_ci), ("skip_ci", config.skip_ci)) {
        Some(Given { value: true, by }) if args.publish.proposal.mr_auto_merge == Some(true) => {
            Err(SettingsError::Usage(format!(
                "{by} and --mr-auto-merge exclude each other: without a pipeline nothing is ever merged"
            )))
        }
        Some(Given { value: true, .. }) => Ok(SkipCi::Always),
        Some(Given { value: false, .. }) => Ok(SkipCi::Never),
        None => Ok(SkipCi::OwnProject),
    }
}
