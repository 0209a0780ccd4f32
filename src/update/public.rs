//! Keeps the tool's own secrets out of what is published; this module must not publish.

use super::context::Context;
use super::texts::Texts;
use crate::error::Error;
use crate::merge_request::Wish;
use crate::plan::PlannedRepository;
use crate::rewrite::Rewrite;
use crate::secret::{NotPublic, SharedRedactor};

/// Requires that nothing of what an attempt would publish beside the files holds a secret: the branch, the commit, the merge
/// request, and what the mirror is told.
pub(super) fn require(
    plan: &PlannedRepository,
    branch: &str,
    texts: &Texts,
    context: &Context<'_>,
) -> Result<(), Error> {
    let hidden = context.proofs.hidden();
    hidden.require_public("the branch", branch)?;
    let commit = texts.commit_meta(context);
    hidden.require_public("the commit message", &commit.message)?;
    hidden.require_public("the commit's author", &commit.author.to_string())?;
    hidden.require_public("the commit's committer", &commit.committer.to_string())?;
    if let Some(request) = &texts.request {
        merge_request(&request.wish(context), hidden)?;
    }
    if let Some(mirror) = &plan.mirror {
        hidden.require_public("the mirror's repository", &mirror.repository)?;
        hidden.require_public("the mirror's project", &mirror.project_id)?;
    }
    Ok(())
}

/// Requires that nothing of what would be written to files holds a secret. A secret that a file holds already is not this
/// run's to publish.
pub(super) fn require_files(rewrite: &Rewrite, hidden: &SharedRedactor) -> Result<(), NotPublic> {
    for file in rewrite.changed() {
        hidden.require_public("the path of a file that is written", &file.path)?;
        if hidden.require_public("", &file.old).is_ok() {
            hidden.require_public(&format!("what is written to {}", file.path), &file.new)?;
        }
    }
    Ok(())
}

/// Whether it is opened by the API or by push options.
fn merge_request(wish: &Wish<'_>, hidden: &SharedRedactor) -> Result<(), NotPublic> {
    let texts = [
        ("title", wish.title.as_str()),
        ("description", &wish.description),
        ("description", &wish.summary),
        ("source branch", wish.source),
        ("target branch", wish.target),
    ];
    for (what, text) in texts {
        hidden.require_public(&format!("the merge request's {what}"), text)?;
    }
    let settings = wish.settings;
    for word in settings.labels.iter().chain(&settings.assignees).chain(&settings.reviewers) {
        hidden.require_public("a label or a person of the merge request", word)?;
    }
    Ok(())
}
