//! What went wrong, with its exit code and what to do about it; this module must not print or exit.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

use crate::api::ApiError;
use crate::argocd::ArgocdError;
use crate::cli::CliError;
use crate::commit_status::StatusError;
use crate::freeze::Frozen;
use crate::git::GitError;
use crate::history::HistoryError;
use crate::hold::Hold;
use crate::local::LocalError;
use crate::merge_request::ForgeError;
use crate::message::MessageError;
use crate::plan::PlanError;
use crate::policies::PolicyError;
use crate::preview::PreviewError;
use crate::registry::RegistryError;
use crate::rewrite::RewriteError;
use crate::secret::NotPublic;
use crate::settings::SettingsError;
use crate::versions::VersionsError;

mod code;
mod exit;
mod remedy;

pub use code::ExitCode;
use remedy::{gone, nothing_to_propose, sentence};

/// How many held places an error names.
const HELD: usize = 20;

/// How far a run had come when a signal ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing was pushed.
    NothingPushed,
    /// A commit was pushed.
    Pushed,
}

/// Any failure of a run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line.
    #[error(transparent)]
    Cli(#[from] CliError),
    /// What the run was asked to do.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// A target of the plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The commit message's template.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// A secret in what was about to be published.
    #[error(transparent)]
    NotPublic(#[from] NotPublic),
    /// An image's check.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// An edit; `place` is the repository and branch, when there is one.
    #[error("{place}{source}")]
    Rewrite {
        /// `shop/infra main: `, or nothing for local files.
        place: String,
        /// What is wrong.
        source: Box<RewriteError>,
    },
    /// A preview that can't be made or removed.
    #[error("{place}{source}")]
    Preview {
        /// `shop/infra main: `.
        place: String,
        /// What is wrong.
        source: Box<PreviewError>,
    },
    /// The places of an environment, which don't say which versions to write.
    #[error(transparent)]
    Versions(Box<VersionsError>),
    /// The history of places, which has nothing that they could go back to.
    #[error("{}{source}", if place.is_empty() { String::new() } else { format!("{place}: ") })]
    History {
        /// Repository and branch, where it is one's.
        place: String,
        /// What is wrong.
        source: HistoryError,
    },
    /// The version that places are to go back to is gone from the registry.
    #[error("{source}")]
    Gone {
        /// What the registry says.
        source: Box<RegistryError>,
        /// The version before it.
        older: Option<String>,
    },
    /// `init` found no place that can be written.
    #[error("{place}: no place can be proposed for {wanted}")]
    NothingToPropose {
        /// Repository and branch.
        place: String,
        /// The images that were looked for, or `any image`.
        wanted: String,
        /// What was seen, a sentence each.
        seen: Vec<String>,
    },
    /// A file that is never overwritten.
    #[error("{what} already exists")]
    Exists {
        /// Which file, and whose.
        what: String,
    },
    /// A file with which a repository says what may not be written for now.
    #[error("{place}: {source}")]
    Policy {
        /// Repository and branch.
        place: String,
        /// What is wrong with it.
        source: PolicyError,
    },
    /// A freeze window is on.
    #[error("{place}: {frozen}")]
    Frozen {
        /// Repository and branch.
        place: String,
        /// What keeps the run away.
        frozen: Frozen,
    },
    /// Places that the run would change, and that are held.
    #[error("{place}: on hold: {}", listed(holds))]
    OnHold {
        /// Repository and branch.
        place: String,
        /// The places with their holds.
        holds: Vec<Hold>,
    },
    /// An exchange with a Git server.
    #[error("{action}: {}", with_causes(reason))]
    Git {
        /// What was being done to what: `push to shop/infra main`.
        action: String,
        /// What happened.
        reason: GitError,
    },
    /// A merge request.
    #[error("{action}: {}", with_causes(reason))]
    Forge {
        /// What was being done: `open the merge request of gitops-bump/app in shop/infra`.
        action: String,
        /// How far the run had come.
        stage: Stage,
        /// What happened.
        reason: ForgeError,
    },
    /// The mirror's pipeline.
    #[error("trigger the mirror of {place}: {}", with_causes(reason))]
    Mirror {
        /// Repository and branch.
        place: String,
        /// What happened.
        reason: ApiError,
    },
    /// The controller.
    #[error("wait for {place}: {}", with_causes(reason.as_ref()))]
    Argocd {
        /// Repository and branch.
        place: String,
        /// What happened.
        reason: Box<ArgocdError>,
    },
    /// The commit statuses.
    #[error("wait for the statuses of {place}: {}", with_causes(reason.as_ref()))]
    Statuses {
        /// Repository and branch.
        place: String,
        /// What happened.
        reason: Box<StatusError>,
    },
    /// The record of a deployment.
    #[error("record the deployment to {environment} as {progress}: {}", with_causes(reason))]
    Deployment {
        /// The environment.
        environment: String,
        /// What it was to say.
        progress: &'static str,
        /// What happened.
        reason: ApiError,
    },
    /// The branch kept moving.
    #[error("push to {place}: the branch moved at each of {attempts} attempts in {}", humantime::format_duration(*.waited))]
    Race {
        /// Repository and branch.
        place: String,
        /// How often it was tried.
        attempts: u32,
        /// For how long.
        waited: Duration,
    },
    /// What versions were read from kept changing.
    #[error("the source of the versions changed at each of {attempts} attempts in {}", humantime::format_duration(*.waited))]
    Outdated {
        /// How often it was tried.
        attempts: u32,
        /// For how long.
        waited: Duration,
    },
    /// An environment that does not run what its places name, as far as Argo CD says.
    #[error("{environment} does not run the images to promote: {}", reasons.iter().map(|reason| with_causes(reason)).collect::<Vec<_>>().join("; "))]
    NotLive {
        /// The environment.
        environment: String,
        /// What Argo CD says, or why it says nothing.
        reasons: Vec<ArgocdError>,
    },
    /// A file of the user's that a flag or a variable names.
    #[error("{what}: {source}")]
    File {
        /// Which file, and whose.
        what: String,
        /// What happened.
        source: std::io::Error,
    },
    /// A local file that a target names.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// A key that cannot be used.
    #[error("{what}: {reason}")]
    Key {
        /// The flag or variable.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// CA certificates that cannot be used.
    #[error("{0}")]
    Trust(String),
    /// A signal ended the run.
    #[error("interrupted by {signal}")]
    Interrupted {
        /// Its name.
        signal: &'static str,
        /// How far the run had come.
        stage: Stage,
    },
    /// What a run was still doing when a report was written.
    #[error("the run had not ended when this report was written")]
    Unfinished,
    /// Anything that nobody branches on.
    #[error("{0:#}")]
    Unexpected(#[from] anyhow::Error),
}

impl From<VersionsError> for Error {
    fn from(error: VersionsError) -> Self {
        Self::Versions(Box::new(error))
    }
}

impl Error {
    /// What to do about it, in one line: a whole sentence.
    pub fn hint(&self) -> String {
        sentence(&self.remedy())
    }

    fn remedy(&self) -> String {
        match self {
            Self::Cli(CliError::Usage(_)) => "see `gitops-bump --help`".into(),
            Self::Cli(CliError::Variable { variable, .. }) => format!("correct the value of the variable {variable}"),
            Self::Settings(error) => error.hint(),
            Self::Plan(error) => error.hint(),
            Self::Message(_) => {
                "correct the template; it can use images, changes, hold, environment, promoted_from, preview, branch, ci, subject and trailers"
                    .into()
            }
            Self::NotPublic(_) => {
                "nothing was pushed: remove the secret from the flag, variable or template that contains it, and replace the secret if other people could read it there"
                    .into()
            }
            Self::Registry(error) => error.hint(),
            Self::Rewrite { source, .. } => source.hint(),
            Self::Preview { source, .. } => source.hint(),
            Self::Versions(error) => error.hint().into(),
            Self::History { source, .. } => source.hint().into(),
            Self::Gone { older, .. } => gone(older.as_deref()),
            Self::NothingToPropose { seen, .. } => nothing_to_propose(seen),
            Self::Exists { .. } => "name another file, or remove the existing file: it is never overwritten".into(),
            Self::Policy { source, .. } => source.hint.clone(),
            Self::Frozen { .. } => {
                "nothing was pushed to this repository: run the job again after the freeze, or use `--ignore-freeze REASON`; a rollback is possible during a freeze".into()
            }
            Self::Git { reason, .. } => reason.hint().into(),
            Self::Forge { reason, .. } => reason.hint().into(),
            Self::Mirror { reason: ApiError::Withheld(withheld), .. }
            | Self::Deployment { reason: ApiError::Withheld(withheld), .. } => withheld.hint().into(),
            Self::Mirror { .. } => {
                "the commit is pushed: check the project id, the trigger token and the network, then run the job again with `--mirror always`".into()
            }
            Self::Argocd { reason, .. } => reason.hint().into_owned(),
            Self::NotLive { .. } => {
                "nothing was pushed: run promote again when the environment runs these images, or without --require-live".into()
            }
            Self::Statuses { reason, .. } => reason.hint().into(),
            Self::Deployment { .. } => {
                "the commit is pushed: CI_JOB_TOKEN can record a deployment only while its job runs, and only if the user who started the job may deploy to the environment (a protected environment has a list of these users)".into()
            }
            Self::OnHold { .. } => {
                "nothing was written to this repository: to end the hold and go on, run the job again with --release-hold; a rollback is possible during a hold".into()
            }
            Self::Race { .. } | Self::Outdated { .. } => {
                "run the job again, or raise --push-timeout".into()
            }
            Self::File { .. } => "check the path and its permissions".into(),
            Self::Local(error) => error.hint().into(),
            Self::Key { .. } => "use a private key without a passphrase, or the path of a file that contains one".into(),
            Self::Trust(_) => "use PEM certificates, or the path of a file that contains them".into(),
            Self::Interrupted { .. } | Self::Unfinished => "run the job again: it completes only what is not done yet".into(),
            Self::Unexpected(_) => "run the command again with -vv, and report its output as a bug".into(),
        }
    }
}

/// The error and what lies under it, on one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        // Some errors repeat their cause in their own text.
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        cause = error.source();
    }
    texts.join(": ")
}

/// Held places, each with who said so, when and why.
fn listed(holds: &[Hold]) -> String {
    let one = |hold: &Hold| {
        let Hold { file, place, value, reason, by, at } = hold;
        format!("{file} {place} is held at {value} by {by} since {at}: {reason}")
    };
    let mut all: Vec<String> = holds.iter().take(HELD).map(one).collect();
    if holds.len() > HELD {
        all.push(format!("and {} more", holds.len() - HELD));
    }
    all.join("; ")
}
