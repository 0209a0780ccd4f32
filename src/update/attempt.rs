//! One attempt at one repository: everything that stands between a tip that was read and a push. The first try and
//! every retry after a lost race are this same function. This module must not push.

use std::sync::Arc;

use tracing::{debug, info, warn};

use super::context::Context;
use super::hold::{self, Kept};
use super::preview::{self, ReadTemplate};
use super::texts::{Texts, require_work_branch};
use super::{freeze, public};
use crate::edit::Rules;
use crate::error::{Error, Stage};
use crate::git::{Change, GitError, Remote, Snapshot};
use crate::kustomize::Border;
use crate::levels;
use crate::offload;
use crate::plan::{PlannedRepository, Target};
use crate::policies::{self, Policies};
use crate::ports::Access;
use crate::preview::{PreviewError, Template};
use crate::rewrite::{self, Around, Fate, FileRewrite, Growing, Rewrite, Trees, Visit};
use crate::settings::Places;
use crate::source::Seed;
use crate::tree::Want;

/// The tip of a repository's branch, with the files that are wanted.
pub(super) struct Reading {
    pub(super) remote: Arc<Remote>,
    pub(super) snapshot: Snapshot,
    /// The kustomizations that build the wanted files.
    pub(super) trees: Arc<Trees>,
    /// What the repository itself says about writing to it.
    pub(super) policies: Policies,
    /// What a preview is copied from; empty for any other run.
    pub(super) template: Arc<Template>,
}

/// A repository that may be published as it is.
pub(super) struct Ready {
    pub(super) reading: Reading,
    pub(super) rewrite: Rewrite,
    /// What a commit changes.
    pub(super) changes: Vec<Change>,
    /// What is said about the changes; none where nothing changes.
    pub(super) texts: Option<Texts>,
}

impl Ready {
    /// Repository and branch.
    pub(super) fn place(&self, plan: &PlannedRepository) -> String {
        plan.url.on_branch(Some(self.reading.snapshot.branch()))
    }
}

/// Reads a repository's tip for the first time, or again where something is known of it.
pub(super) async fn read(plan: &PlannedRepository, seed: Option<Seed>, access: &Access) -> Result<Reading, Error> {
    if let Some(Seed { remote, snapshot }) = seed {
        remote.deadline().go_on();
        let reading = read_again(plan, (remote, snapshot)).await?;
        reading.remote.deadline().pause();
        return Ok(reading);
    }
    let (url, credentials) = (plan.url.clone(), plan.credentials.as_ref());
    let remote = Arc::new(Remote::new(url, credentials, (&access.http, &access.ssh), access.deadline()));
    let branch = plan.branch.as_deref();
    let reading = taken((plan, branch), &remote, async |wants| remote.snapshot(branch, wants).await).await?;
    debug!("{}: at {}", plan.url.on_branch(Some(reading.snapshot.branch())), reading.snapshot.tip());
    remote.deadline().pause();
    Ok(reading)
}

/// Reads the tip anew after somebody else pushed.
pub(super) async fn read_again(
    plan: &PlannedRepository,
    (remote, snapshot): (Arc<Remote>, Snapshot),
) -> Result<Reading, Error> {
    let branch = snapshot.branch().to_owned();
    taken((plan, Some(&branch)), &remote, async |wants| remote.snapshot_again(snapshot, wants).await).await
}

/// Takes a snapshot of what a run looks at first, and reads on from there to all that an attempt needs.
async fn taken(
    (plan, branch): (&PlannedRepository, Option<&str>),
    remote: &Arc<Remote>,
    take: impl AsyncFnOnce(&[Want<'_>]) -> Result<Snapshot, GitError>,
) -> Result<Reading, Error> {
    let failed = |reason| cannot_read(plan, branch, reason);
    if let Some(preview) = &plan.preview {
        let mut snapshot = take(&preview::wants(preview)).await.map_err(failed)?;
        let ReadTemplate { template, trees } = preview::read_template(plan, preview, (remote, &mut snapshot)).await?;
        let (remote, policies) = (Arc::clone(remote), Policies::of(Vec::new()));
        return Ok(Reading { remote, snapshot, trees, policies, template });
    }
    let growing = Growing::of(&plan.targets, Border::Inside);
    let starts = growing.wants();
    let mut snapshot = take(&wants(plan, &starts)).await.map_err(failed)?;
    let policies = Policies::of(snapshot.take_last(policies::COUNT));
    let trees = levels::trees(growing, starts, (remote, &mut snapshot)).await.map_err(failed)?;
    Ok(Reading { remote: Arc::clone(remote), snapshot, trees, policies, template: Arc::default() })
}

/// What the targets name and what builds it; last, what the repository itself says about writing to it.
fn wants<'w>(plan: &'w PlannedRepository, starts: &'w [String]) -> Vec<Want<'w>> {
    let mut wants = levels::wants(&plan.targets, starts);
    wants.extend(policies::wants());
    wants
}

fn cannot_read(plan: &PlannedRepository, branch: Option<&str>, reason: GitError) -> Error {
    let place = plan.url.on_branch(branch);
    let policy = match &reason {
        GitError::FileTooLarge { path } => policies::too_large(path),
        _ => None,
    };
    match policy {
        Some(source) => Error::Policy { place, source },
        None => Error::Git { action: format!("read {place}"), reason },
    }
}

/// Works out the edit of what was read, and holds it against everything that is required before a push.
pub(super) async fn attempt(number: usize, reading: Reading, context: &Context<'_>) -> Result<Ready, Error> {
    let plan = &context.plan[number];
    let branch = reading.snapshot.branch();
    context.ledger.repository(number, |outcome| outcome.branch = Some(branch.to_owned()));
    require_work_branch(plan, branch, context)?;
    let failed = |reason| Error::Statuses { place: plan.url.on_branch(Some(branch)), reason: Box::new(reason) };
    context.desks[number].require_statuses(plan, context.settings).map_err(failed)?;
    let rewrite = edit(plan, &reading, context).await?;
    for note in
        rewrite.notes.iter().chain(&rewrite::stale_locks(&rewrite, |directory| around(&reading.snapshot, directory)))
    {
        warn!("{}: {note}", plan.url.on_branch(Some(branch)));
    }
    for sentence in &rewrite.unproved {
        info!("{}: {sentence}", plan.url.on_branch(Some(branch)));
    }
    let look = context.coverage().record(number, &rewrite);
    if look == Visit::Again {
        // The first time this is a question to all repositories together, and `run` asks it.
        require_all_images(context)?;
    }
    context.proofs.refuse_older(&rewrite).await?;
    context.proofs.require_tags(&rewrite).await?;
    let Kept { mut rewrite, deed } = hold::keep(number, (branch, &reading.policies), rewrite, context).await?;
    let ignored = freeze::require((number, plan), (branch, &reading.policies), &rewrite, context)?;
    let changes = changes(plan, &reading, &mut rewrite)?;
    // Where nothing changes no message is written, and a template may rely on a change.
    let rewrite = public_files(rewrite, context).await?;
    let changed = (&rewrite, deed.as_ref(), branch);
    let texts = if changes.is_empty() { None } else { Some(Texts::of(plan, changed, ignored.as_deref(), context)?) };
    if let Some(texts) = &texts {
        public::require(plan, branch, texts, context)?;
        require_forge(number, texts, context).await?;
    }
    Ok(Ready { reading, rewrite, changes, texts })
}

/// A merge request that can't be opened, or can't be what is wished, is known before anything is pushed.
async fn require_forge(number: usize, texts: &Texts, context: &Context<'_>) -> Result<(), Error> {
    let Some(request) = &texts.request else { return Ok(()) };
    let (plan, settings) = (&context.plan[number], context.settings);
    context.desks[number].require(plan, settings, &context.access.http).await.map_err(|reason| {
        let action = format!("open the merge request of {} in {}", request.source, plan.url.short());
        Error::Forge { action, stage: Stage::NothingPushed, reason }
    })
}

/// Whether what was read has all that the run writes: nothing is left to change, nor to hold or to release.
pub(super) async fn is_done(number: usize, reading: &Reading, context: &Context<'_>) -> Result<bool, Error> {
    let plan = &context.plan[number];
    let mut rewrite = edit(plan, reading, context).await?;
    if !changes(plan, reading, &mut rewrite)?.is_empty() {
        return Ok(false);
    }
    let branch = reading.snapshot.branch();
    Ok(hold::keep(number, (branch, &reading.policies), rewrite, context).await?.rewrite.changed().next().is_none())
}

/// What a commit makes of a file that changes.
fn change(file: &FileRewrite) -> Change {
    let (path, bytes) = (file.path.clone(), || file.new.clone().into_bytes());
    match file.fate {
        Fate::Stays => Change::Write(path, bytes()),
        Fate::Comes => Change::Put(path, bytes()),
        Fate::Goes => Change::Remove(path),
    }
}

/// What a commit changes for an edit.
fn changes(plan: &PlannedRepository, reading: &Reading, rewrite: &mut Rewrite) -> Result<Vec<Change>, Error> {
    match &plan.preview {
        None => Ok(rewrite.changed().map(change).collect()),
        Some(preview) => preview::changes(preview, &reading.snapshot, rewrite)
            .map_err(|reason| cannot_read(plan, Some(reading.snapshot.branch()), reason)),
    }
}

/// The same files, when they may be published. Looking for secrets in a large one takes a while.
async fn public_files(rewrite: Rewrite, context: &Context<'_>) -> Result<Rewrite, Error> {
    let hidden = context.proofs.hidden().clone();
    let looked = move || public::require_files(&rewrite, &hidden).map(|()| rewrite);
    Ok(offload::run(looked).await?)
}

/// In a run that has a target without PATH or NAME, every image has a place.
pub(super) fn require_all_images(context: &Context<'_>) -> Result<(), Error> {
    let targets = context.plan.iter().flat_map(|plan| &plan.targets);
    let missing = context.coverage().require_all(targets, &context.proofs.wanted());
    missing.map_err(|source| Error::Rewrite { place: String::new(), source: Box::new(source) })
}

/// What stands in a directory of the tip that was read: its tree is there.
fn around(snapshot: &Snapshot, directory: &str) -> Option<Around> {
    let names = snapshot.names(directory).ok().flatten()?;
    Some(Around { files: names.files, directories: names.directories })
}

/// The edit of a repository's files, once it is known which of their versions are the wanted image already.
async fn edit(plan: &PlannedRepository, reading: &Reading, context: &Context<'_>) -> Result<Rewrite, Error> {
    if context.settings.places == Places::OfChangedDigests {
        // What is the wanted image already may have any tag.
        let lenient = |target: &Target| Target { rules: Rules { any_tag: true, ..target.rules }, ..target.clone() };
        let lenient: Vec<Target> = plan.targets.iter().map(lenient).collect();
        let all = worked_out((plan, &lenient), reading, context).await?;
        context.proofs.compare(&all).await?;
    }
    worked_out((plan, &plan.targets), reading, context).await
}

/// The edit for these targets.
async fn worked_out(
    (plan, targets): (&PlannedRepository, &[Target]),
    reading: &Reading,
    context: &Context<'_>,
) -> Result<Rewrite, Error> {
    let snapshot = &reading.snapshot;
    let place = || format!("{}: ", plan.url.on_branch(Some(snapshot.branch())));
    let (trees, wanted) = (Arc::clone(&reading.trees), context.proofs.wanted());
    if plan.preview.is_some() {
        let (template, rules) = (Arc::clone(&reading.template), context.settings.rules);
        let rewritten = offload::run(move || crate::preview::rewrite(&template, (&trees, &wanted), rules)).await;
        return rewritten
            .map_err(|source| Error::Preview { place: place(), source: Box::new(PreviewError::Images(source)) });
    }
    let (targets, found) = (targets.to_vec(), snapshot.shared_found());
    let rewritten = offload::run(move || rewrite::rewrite(&targets, (&found, &trees), &wanted)).await;
    rewritten.map_err(|source| {
        let source = source.with_subdirectories(|directory| around(snapshot, directory));
        Error::Rewrite { place: place(), source: Box::new(source) }
    })
}
