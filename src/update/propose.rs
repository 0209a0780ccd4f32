//! One repository's commit as a merge request; this module must not touch the branch that it is for.

use sha2::{Digest as _, Sha256};
use tracing::{debug, info, warn};

use super::publish::{Attempt, facts};
use super::{Context, Ready, changed};
use crate::diff;
use crate::edit::Kind;
use crate::error::Error;
use crate::git::{Commit, Proposed};
use crate::gitlab::{self, GitlabError, Opened, Project, Wish};
use crate::message;
use crate::outcome::{End, Proposal};
use crate::plan::PlannedRepository;
use crate::rewrite::Rewrite;
use crate::secret::{Bound, SecretString};

/// Everything of a work branch's default name but the images stands behind this.
const PREFIX: &str = "gitops-bump/";

/// How much of the images' names a branch's name shows.
const SHOWN: usize = 60;

/// The texts of a merge request, worked out before anything is pushed.
pub(super) fn wish<'a>(
    (rewrite, target): (&'a Rewrite, &'a str),
    source: &'a str,
    context: &'a Context<'_>,
) -> Result<Wish<'a>, Error> {
    let settings = &context.settings.proposal;
    let changed = changed(rewrite);
    let facts = facts(&changed, target, context);
    let ci = &context.settings.ci;
    Ok(Wish {
        settings,
        source,
        target,
        title: message::title(settings.title.as_deref(), &facts, ci)?,
        description: message::description(settings.description.as_deref(), &facts, ci, &diff::unified(&rewrite.files))?,
        summary: match &settings.description {
            Some(_) => message::description(settings.description.as_deref(), &facts, ci, "")?,
            None => message::outline(&facts),
        },
    })
}

/// Pushes the work branch, then opens or refreshes the request.
pub(super) async fn propose(
    plan: &PlannedRepository,
    ready: &Ready,
    (commit, options): (&Commit, Vec<String>),
    context: &Context<'_>,
) -> Result<Attempt, Error> {
    let target = ready.snapshot.branch();
    let source = source_branch(plan, target, context);
    let wish = wish((&ready.rewrite, target), &source, context)?;
    debug!("{}: the merge request comes from {source}", plan.url.short());
    let token = context.settings.proposal.token.as_ref();
    let mut options = options;
    if token.is_none() {
        options.extend(gitlab::push_options(&wish));
        if !wish.settings.reviewers.is_empty() {
            warn!("{}: push options can't name reviewers, GITOPS_BUMP_GITLAB_TOKEN is needed", plan.url.short());
        }
    }
    let place = plan.url.on_branch(Some(&source));
    let proposed = ready.remote.propose(&ready.snapshot, commit, &source, &options).await;
    let proposed = proposed.map_err(|reason| Error::Git { action: format!("push to {place}"), reason })?;
    let (id, words) = match proposed {
        Proposed::LostRace { words } => return Ok(Attempt::LostRace(words)),
        Proposed::Already { commit } => {
            info!("{place}: the work branch holds this change already");
            (commit, None)
        }
        Proposed::Pushed { words } => (commit.id(), Some(words)),
    };
    let opened = match (token, &words) {
        (Some(token), _) => open(plan, token, (&wish, &id), context).await.map(Some),
        (None, Some(words)) => opened_by_push(words),
        (None, None) => Ok(None),
    };
    let is_new = words.is_some() || matches!(&opened, Ok(Some(opened)) if !opened.is_refreshed);
    let (request, error) = match opened {
        Ok(opened) => (opened.map(|opened| opened.url), None),
        Err(reason) => (None, Some(failed(plan, &source, reason))),
    };
    let proposal = Proposal { branch: source, commit: id, request, is_new, error };
    Ok(Attempt::Ended(End::Proposed(proposal)))
}

async fn open(
    plan: &PlannedRepository,
    token: &Bound<SecretString>,
    (wish, commit): (&Wish<'_>, &str),
    context: &Context<'_>,
) -> Result<Opened, GitlabError> {
    let project = Project::find(&plan.url, token, &context.settings.ci, &context.access.trust).await?;
    project.open(wish, commit).await
}

/// What GitLab's answer to push options comes to.
fn opened_by_push(words: &str) -> Result<Option<Opened>, GitlabError> {
    if let Some(warning) = gitlab::warning(words) {
        return Err(GitlabError::Warned { words: warning.to_owned() });
    }
    Ok(gitlab::request_url(words).map(|url| Opened { url, is_refreshed: false }))
}

fn failed(plan: &PlannedRepository, source: &str, reason: GitlabError) -> Error {
    Error::Gitlab { action: format!("open the merge request of {source} in {}", plan.url.short()), reason }
}

/// The work branch: the same for the same images, places, environment and target branch, whatever the tags are, so that
/// a later run refreshes the request that is open.
fn source_branch(plan: &PlannedRepository, target: &str, context: &Context<'_>) -> String {
    if let Some(branch) = &context.settings.proposal.branch {
        return branch.clone();
    }
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    add(target);
    add(context.settings.environment.as_deref().unwrap_or_default());
    for image in context.images {
        add(image.reference.repository.as_str());
    }
    for place in &plan.targets {
        add(&place.file);
        match &place.kind {
            Kind::Helm { path } => add(&path.as_ref().map(ToString::to_string).unwrap_or_default()),
            Kind::Kustomize { name } => add(name.as_deref().unwrap_or_default()),
            Kind::Manifest => add(""),
        }
    }
    let hash = hash.finalize();
    let digest: Vec<String> = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let names = context.images.iter().map(|image| image.name.as_str());
    let names: Vec<&str> = names.chain(context.settings.environment.as_deref()).collect();
    format!("{PREFIX}{}-{}", slug(&names.join("-")), digest.concat())
}

/// Letters, digits and single hyphens: what every server takes in a branch's name.
fn slug(text: &str) -> String {
    let plain = text.chars().take(SHOWN).map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join("-")
}
