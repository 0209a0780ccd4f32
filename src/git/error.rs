//! What can go wrong between us and a Git server, and what to do about it; exit codes are not decided here.

use std::time::Duration;

use reqwest::StatusCode;

use crate::http::{Refusal, Withheld};
use crate::tree::FILE_LIMIT;

/// Why a pack can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The pack ends too early, or has bytes that don't belong there.
    #[error("the pack is truncated or malformed")]
    Malformed,
    /// A compressed object is broken, or not as long as it says.
    #[error("an object in the pack can't be inflated")]
    Inflate,
    /// A delta breaks the format, or its base is missing.
    #[error("a delta in the pack can't be applied")]
    Delta,
    /// A bound is exceeded.
    #[error("the pack has too many {0}")]
    TooMany(&'static str),
    /// An object that was asked for did not come.
    #[error("object {0} is missing")]
    Missing(String),
    /// An object isn't what it has to be in its place.
    #[error("object {0} is not a {1}")]
    Kind(String, &'static str),
}

/// Why a repository could not be read or pushed to.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No connection, or it broke: the same may work a moment later.
    #[error("{host} can't be reached: {reason}")]
    Broken {
        /// The server.
        host: String,
        /// What the network said.
        reason: String,
    },
    /// The server gives an answer that says nothing of the repository: it is busy, or does not understand.
    #[error("{host} answers {status}{}{}", asked(*retry_after), suffix(words))]
    Answered {
        /// The server.
        host: String,
        /// The HTTP status.
        status: StatusCode,
        /// What the server said, maybe nothing.
        words: String,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// A web page stands where Git should answer.
    #[error("the server's answer isn't Git's: {host} answers with {}", if words.is_empty() { "a web page" } else { words })]
    WebPage {
        /// The server.
        host: String,
        /// What the page calls itself, maybe nothing.
        words: String,
    },
    /// The server turns down the token of a GitLab job.
    #[error(transparent)]
    JobToken(Box<GitError>),
    /// No connection that may be used, or nothing came for a minute.
    #[error("{host} can't be reached")]
    Unreachable {
        /// The server, or the local path.
        host: String,
        /// What the network said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The server wants credentials and there are none.
    #[error("{host} requires credentials, and none are configured")]
    AuthenticationRequired {
        /// The server.
        host: String,
    },
    /// The credentials, or nobody's, are not enough.
    #[error("{host} denies access{}", suffix(words))]
    AccessDenied {
        /// The server.
        host: String,
        /// What the server said, maybe nothing.
        words: String,
    },
    /// ssh's key, or none, is not enough.
    #[error("{host} denies access: {words}")]
    SshDenied {
        /// The server.
        host: String,
        /// What ssh or the server said.
        words: String,
    },
    /// ssh doesn't trust the server.
    #[error("the host key of {host} {}", match state { HostKey::Unknown => "is unknown", HostKey::Changed => "has changed" })]
    HostKey {
        /// The server.
        host: String,
        /// Why.
        state: HostKey,
    },
    /// ssh doesn't run for a user that has no name.
    #[error("ssh refuses to run: {words}")]
    NoUser {
        /// What ssh said.
        words: String,
    },
    /// There is no such repository, or the credentials may not see it.
    #[error("no repository is at {url}{}", suffix(words))]
    RepositoryMissing {
        /// The repository, without credentials.
        url: String,
        /// What the server said, maybe nothing.
        words: String,
    },
    /// The repository has no commit yet.
    #[error("the repository is empty")]
    EmptyRepository,
    /// The repository has commits, and no such branch.
    #[error("the branch {branch:?} does not exist{}", existing_branches(existing))]
    BranchMissing {
        /// The branch that was wanted.
        branch: String,
        /// Some of the branches that are there.
        existing: Vec<String>,
        /// Whether a tag has that name.
        is_tag: bool,
    },
    /// The server does not say which of its branches is the default one, and several may be.
    #[error("the server does not report a default branch{}", existing_branches(existing))]
    DefaultBranchUnknown {
        /// Some of the branches that are there.
        existing: Vec<String>,
    },
    /// The server read the push and turned it down for good.
    #[error("the push was refused: {words}")]
    Refused {
        /// The server's own words.
        words: String,
    },
    /// The work branch holds what somebody else made.
    #[error("the last commit of the work branch {branch:?} is by {committer}, not by gitops-bump")]
    ForeignCommit {
        /// The work branch.
        branch: String,
        /// Who made its tip.
        committer: String,
    },
    /// The work branch is a branch that is no work branch.
    #[error("the work branch {branch:?} is the repository's default branch")]
    DefaultBranch {
        /// The branch.
        branch: String,
    },
    /// The server ended the conversation with a message.
    #[error("the server said: {words}")]
    Remote {
        /// The server's own words.
        words: String,
    },
    /// The answer isn't what Git's protocol has at this place.
    #[error("the server's answer isn't Git's: {0}")]
    Protocol(String),
    /// The pack is broken or too big.
    #[error("the pack that the server sent can't be used")]
    Pack(#[from] PackError),
    /// An answer grew beyond every sensible size.
    #[error("the server's answer is too big: {0}")]
    Limit(String),
    /// The server would send less in a later version of the protocol.
    #[error("the server supports only version 0 of Git's protocol and sends too much: {what}")]
    OldProtocol {
        /// What became too big.
        what: String,
    },
    /// A wanted file is too big to be a manifest or a values file.
    #[error("{path} is too big: more than {} MiB", FILE_LIMIT >> 20)]
    FileTooLarge {
        /// The file, or the files that it is one of.
        path: String,
    },
    /// A path that no file in a repository may have.
    #[error("{path:?} is not a valid path in a repository")]
    Path {
        /// The path.
        path: String,
    },
    /// A merge request was to be opened by push options.
    #[error("the Git server does not accept push options")]
    NoPushOptions,
    /// Something that the server or we don't do.
    #[error("{0}")]
    Unsupported(String),
    /// A program that is needed did not start.
    #[error("{program} can't be started")]
    Program {
        /// The program's name.
        program: &'static str,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The credentials are not sent to this server.
    #[error(transparent)]
    Withheld(#[from] Withheld),
    /// The commit could not be signed.
    #[error("the commit can't be signed: {0}")]
    Signing(#[from] super::signing::SigningKeyError),
    /// The commit could not be made.
    #[error("the commit can't be made")]
    Commit(#[from] git2::Error),
}

/// Why ssh doesn't trust a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKey {
    /// No key of it is known.
    Unknown,
    /// It has another key than the one that is known.
    Changed,
}

impl GitError {
    /// What the user can do about it, in one line.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable { source, .. } => match source.downcast_ref::<Refusal>() {
                Some(refusal) => refusal.remedy.hint(),
                None => "check the URL, the network and the proxy variables, then run the job again",
            },
            Self::Broken { .. } => {
                "check the URL, the network and the proxy variables, then run the job again: a commit that has already arrived is not pushed twice"
            }
            Self::Answered { retry_after: Some(_), .. } if self.passing().is_some() => {
                "the server asks for a longer wait than this run allows: run the job again later, or raise --push-timeout for a run that pushes"
            }
            Self::Answered { .. } if self.passing().is_some() => {
                "run the job again later, or raise --push-timeout for a run that pushes"
            }
            Self::Answered { .. } => "check the URL; if it is right, ask the server's administrator",
            Self::WebPage { .. } => {
                "check the URL, and check whether a proxy, a sign-in page or a maintenance page answers instead of Git"
            }
            Self::JobToken(_) => JOB_TOKEN,
            Self::AuthenticationRequired { .. } => {
                "set GITOPS_BUMP_GIT_TOKEN to a token that may write to this repository"
            }
            Self::AccessDenied { .. } => {
                "check that the token is valid and may write to this repository (write_repository, role Developer or more)"
            }
            Self::SshDenied { .. } => {
                "check that GITOPS_BUMP_SSH_KEY is a key that may write to this repository (a deploy key with write access)"
            }
            Self::HostKey { state: HostKey::Unknown, .. } => {
                "ask the server's administrator for the host key, or run `ssh-keyscan [-p PORT] HOST`, and put that output into GITOPS_BUMP_SSH_KNOWN_HOSTS"
            }
            Self::HostKey { state: HostKey::Changed, .. } => {
                "this can be an attack on the connection: ask the server's administrator; if the new key is right, put the output of `ssh-keyscan [-p PORT] HOST` into GITOPS_BUMP_SSH_KNOWN_HOSTS"
            }
            Self::NoUser { .. } => {
                "install nss_wrapper (Debian, Ubuntu: libnss-wrapper, Alpine: nss_wrapper), or add a line for the user to /etc/passwd"
            }
            Self::RepositoryMissing { .. } => {
                "check the URL and the token: a server gives the same answer if the token is missing or may not read the repository"
            }
            Self::EmptyRepository => "push a first commit with the files to update",
            Self::BranchMissing { is_tag: true, .. } => "this is the name of a tag: set --branch to a branch",
            Self::BranchMissing { .. } => "check --branch, or create the branch",
            Self::DefaultBranchUnknown { .. } => "set --branch to the name of the branch",
            Self::Refused { .. } => {
                "check whether a branch protection or a hook refuses the push; if the branch is protected, use --merge-request"
            }
            Self::DefaultBranch { .. } => "set --mr-branch to another name: the commits of a work branch are replaced",
            Self::ForeignCommit { .. } => {
                "the branch was not overwritten: merge or close its merge request and remove the branch, or set --mr-branch to another name"
            }
            Self::Remote { .. } => "ask the server's administrator about this message, which is the server's own",
            Self::Protocol(_) => "check that the URL is that of a repository, and that no proxy changes the answer",
            Self::Pack(_) | Self::Limit(_) => {
                "run the job again; if the server allows it, enable uploadpack.allowFilter there, so that it sends only what is needed"
            }
            Self::OldProtocol { .. } => {
                "enable version 2 of Git's protocol on the server: for SSH, add `AcceptEnv GIT_PROTOCOL` to the configuration of sshd; for https, let the proxy forward the header Git-Protocol"
            }
            Self::FileTooLarge { .. } => "name a smaller file",
            Self::Path { .. } => "write the path of the file relative to the top of the repository",
            Self::NoPushOptions => {
                "set GITOPS_BUMP_FORGE_TOKEN to open the merge request by the API of the forge; on a Git server of your own, enable receive.advertisePushOptions"
            }
            Self::Unsupported(_) => "use another URL for the repository, or a newer Git server",
            Self::Program { program: "ssh", .. } => {
                "install ssh (Debian, Ubuntu: openssh-client, Alpine: openssh-client-default), or use an https URL"
            }
            Self::Program { program: "git", .. } => "install the package git (Debian, Ubuntu, Alpine: git)",
            Self::Program { .. } => "check GIT_SSH_COMMAND and GIT_SSH",
            Self::Withheld(withheld) => withheld.hint(),
            Self::Signing(_) => "check --signing-key",
            Self::Commit(_) => "check the commit's author, committer and message",
        }
    }

    pub(super) fn protocol(what: impl Into<String>) -> Self {
        Self::Protocol(what.into())
    }
}

/// What lets the token of a GitLab job push (GitLab's documentation, "CI/CD job token").
const JOB_TOKEN: &str = "The run used CI_JOB_TOKEN, because GITOPS_BUMP_GIT_TOKEN is not set. CI_JOB_TOKEN may push if, in the infra \
project, Settings > CI/CD > Job token permissions has \"Allow Git push requests to the repository\" (GitLab 18.4; \
before that with the feature flag allow_push_repository_for_job_token), if the pipeline's project is that project, \
or is on its allowlist there with cross-project pushes allowed (GitLab 19.0, with the feature flag \
allow_push_to_allowlisted_projects), and if whoever started the pipeline may push to this branch. Such a push \
starts no pipeline. Otherwise set GITOPS_BUMP_GIT_TOKEN. To never use CI_JOB_TOKEN, set GITOPS_BUMP_JOB_TOKEN=false";

/// Whether a certificate is the trouble; neither reqwest nor hyper has a kind for it.
fn asked(retry_after: Option<Duration>) -> String {
    let seconds = |wait: Duration| Duration::from_secs(wait.as_secs());
    retry_after.map_or_else(String::new, |wait| {
        format!(" and asks for a wait of {}", humantime::format_duration(seconds(wait)))
    })
}

pub(super) fn suffix(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

fn existing_branches(existing: &[String]) -> String {
    if existing.is_empty() { String::new() } else { format!(" (the branches are: {})", existing.join(", ")) }
}
