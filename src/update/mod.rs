//! The main job: check the images, work out every edit, then publish. This module must not print, nor know how a
//! registry, a repository or a file is read.

use futures_util::future::join_all;
use tracing::{debug, warn};

use crate::after;
use crate::edit::{Pin, Wanted};
use crate::error::Error;
use crate::git::{Remote, Snapshot};
use crate::image::{Digest, Reference, Tag};
use crate::outcome::{End, Finished, ImageOutcome, RepositoryOutcome};
use crate::plan::{PlannedRepository, Target};
use crate::ports::Access;
use crate::registry::{Age, Depth, Registry, Requirements, Verified};
use crate::rewrite::{self, FileRewrite, Rewrite};
use crate::settings::{Delivery, Mode, NamedImage, Settings};

mod pace;
mod propose;
mod publish;

use publish::{commit_meta, publish};

/// The registry, and what it must say about every image.
#[derive(Clone, Copy)]
pub struct Gate<'a> {
    /// Where images are asked for.
    pub registry: &'a Registry,
    /// What they must fulfil.
    pub requirements: &'a Requirements,
}

/// Everything a repository's attempts need.
struct Context<'a> {
    gate: Gate<'a>,
    settings: &'a Settings,
    access: &'a Access,
    images: &'a [NamedImage],
    wanted: Vec<Wanted>,
    verified: Vec<Verified>,
}

/// A repository that was read and edited, ready to be published.
struct Ready {
    remote: Remote,
    snapshot: Snapshot,
    rewrite: Rewrite,
}

/// Runs the whole job. Nothing is published unless every edit of every repository could be worked out.
pub async fn run(settings: &Settings, plan: Vec<PlannedRepository>, gate: &Gate<'_>, access: &Access) -> Finished {
    let checks = join_all(settings.images.iter().map(|image| check_image(gate, image, settings.rules.pin)));
    let reads = join_all(plan.iter().map(|repository| read(repository, access)));
    let (images, reads) = futures_util::future::join(checks, reads).await;

    let verified: Option<Vec<Verified>> = images.iter().map(|image| image.result.as_ref().ok().cloned()).collect();
    let Some(verified) = verified else {
        let repositories = plan.into_iter().zip(reads).map(|(plan, read)| withheld(plan, read.err())).collect();
        return Finished { images, repositories, error: None };
    };
    let wanted = verified.iter().map(wanted).collect();
    let context = Context { gate: *gate, settings, access, images: &settings.images, wanted, verified };
    let edited = plan.iter().zip(reads).map(|(repository, read)| {
        let (remote, snapshot) = read?;
        edit(repository, remote, snapshot, &context)
    });
    let ready: Vec<Result<Ready, Error>> = edited.collect();
    let error = match require(&plan, &ready, &context) {
        Ok(()) => prove_written(&ready, gate.registry, &context).await.err(),
        Err(error) => Some(error),
    };
    let error = match error {
        None => refuse_older(ready.iter().flatten().map(|ready| &ready.rewrite), &context).await.err(),
        error => error,
    };
    let blocked = error.iter().chain(ready.iter().filter_map(|ready| ready.as_ref().err()));
    let hold = blocked.into_iter().any(|error| error.exit_code().holds_everything());
    let repositories = match settings.mode {
        _ if hold => plan.into_iter().zip(ready).map(|(plan, ready)| withheld_ready(plan, ready)).collect(),
        Mode::DryRun => plan.into_iter().zip(ready).map(|(plan, ready)| preview(plan, ready)).collect(),
        Mode::Publish => {
            let published = plan.into_iter().zip(ready).map(|(plan, ready)| publish(plan, ready, &context));
            after::run(join_all(published).await, (settings, &context.verified), &access.trust).await
        }
    };
    Finished { images, repositories, error }
}

/// Checks one image: by its manifest's bytes when its digest will be written, else by its name.
async fn check_image(gate: &Gate<'_>, image: &NamedImage, pin: Pin) -> ImageOutcome {
    let depth = match pin {
        Pin::Digest => Depth::Manifest,
        Pin::Tag => Depth::Digest,
    };
    let result = gate.registry.examine(&image.reference, depth, gate.requirements).await;
    ImageOutcome { image: image.clone(), result: result.map_err(Error::from) }
}

async fn read(repository: &PlannedRepository, access: &Access) -> Result<(Remote, Snapshot), Error> {
    let failed = |reason| Error::Git {
        action: format!("read {}", repository.url.on_branch(repository.branch.as_deref())),
        reason,
    };
    let (url, credentials) = (repository.url.clone(), repository.credentials.as_ref());
    let remote = Remote::new(url, credentials, access.trust.client(), &access.ssh).map_err(failed)?;
    let wants = rewrite::wants(&repository.targets);
    let snapshot = remote.snapshot(repository.branch.as_deref(), &wants).await.map_err(failed)?;
    debug!("{}: at {}", repository.url.on_branch(Some(snapshot.branch())), snapshot.tip());
    Ok((remote, snapshot))
}

fn edit(
    repository: &PlannedRepository,
    remote: Remote,
    snapshot: Snapshot,
    context: &Context<'_>,
) -> Result<Ready, Error> {
    let rewrite = rewrite::rewrite(&repository.targets, snapshot.found(), &context.wanted, &context.settings.rules)
        .map_err(|source| Error::Rewrite {
            place: format!("{}: ", repository.url.on_branch(Some(snapshot.branch()))),
            source: Box::new(source),
        })?;
    for note in &rewrite.notes {
        warn!("{}: {note}", repository.url.on_branch(Some(snapshot.branch())));
    }
    Ok(Ready { remote, snapshot, rewrite })
}

/// What holds for the run as a whole: every message can be written, every image has a place.
fn require(plan: &[PlannedRepository], ready: &[Result<Ready, Error>], context: &Context<'_>) -> Result<(), Error> {
    for (repository, ready) in plan.iter().zip(ready) {
        // Where nothing changes no message is written, and a template may rely on a change.
        let Some(ready) = ready.as_ref().ok().filter(|ready| !changed(&ready.rewrite).is_empty()) else { continue };
        let branch = ready.snapshot.branch();
        commit_meta(&changed(&ready.rewrite), branch, context)?;
        if repository.delivery == Delivery::MergeRequest {
            propose::wish((&ready.rewrite, branch), "", context)?;
        }
    }
    let rewrites: Vec<&Rewrite> = ready.iter().flatten().map(|ready| &ready.rewrite).collect();
    if rewrites.len() < plan.len() {
        // A repository that could not be read may be the one that holds the image.
        return Ok(());
    }
    let targets: Vec<&Target> = plan.iter().flat_map(|repository| &repository.targets).collect();
    rewrite::require_all_images(&targets, &rewrites, &context.wanted)
        .map_err(|source| Error::Rewrite { place: String::new(), source: Box::new(source) })
}

fn changed(rewrite: &Rewrite) -> Vec<&FileRewrite> {
    rewrite.files.iter().filter(|file| file.is_changed()).collect()
}

/// Reads the manifest of every image whose digest is written, so that the digest is proven.
async fn prove_written(
    ready: &[Result<Ready, Error>],
    registry: &Registry,
    context: &Context<'_>,
) -> Result<(), Error> {
    let places = ready.iter().flatten().flat_map(|ready| &ready.rewrite.files).flat_map(|file| &file.places);
    let mut written: Vec<usize> = places.filter(|place| place.writes_digest()).map(|place| place.image).collect();
    written.sort_unstable();
    written.dedup();
    for verified in written.into_iter().filter_map(|index| context.verified.get(index)) {
        if !verified.is_proven() {
            let mut reference = verified.reference().clone();
            reference.digest = Some(verified.digest().clone());
            registry.prove(&reference).await?;
        }
    }
    Ok(())
}

/// With `--newer-only`: holds every image against those that its places name now.
async fn refuse_older(rewrites: impl Iterator<Item = &Rewrite>, context: &Context<'_>) -> Result<(), Error> {
    if context.gate.requirements.age == Age::Any {
        return Ok(());
    }
    let mut asked: Vec<Reference> = Vec::new();
    let places = rewrites.flat_map(|rewrite| &rewrite.files).flat_map(FileRewrite::changed_places);
    for place in places {
        let Some(verified) = context.verified.get(place.image) else {
            continue;
        };
        let tag = place.old.tag.as_deref().and_then(|tag| Tag::parse(tag).ok());
        let digest = place.old.digest.as_deref().and_then(|digest| Digest::parse(digest).ok());
        let is_same = match &digest {
            Some(digest) => digest == verified.digest(),
            None => tag.as_ref().is_none_or(|tag| tag == verified.tag()),
        };
        let current = Reference { repository: verified.repository().clone(), tag, digest };
        if !is_same && !asked.contains(&current) {
            context.gate.registry.refuse_older(verified, &current).await?;
            asked.push(current);
        }
    }
    Ok(())
}

fn preview(plan: PlannedRepository, ready: Result<Ready, Error>) -> RepositoryOutcome {
    let outcome = withheld_ready(plan, ready);
    let end = match outcome.end {
        End::Withheld if outcome.files.iter().any(super::rewrite::FileRewrite::is_changed) => End::WouldUpdate,
        End::Withheld => End::Unchanged,
        end => end,
    };
    RepositoryOutcome { end, ..outcome }
}

fn withheld(plan: PlannedRepository, error: Option<Error>) -> RepositoryOutcome {
    let end = error.map_or(End::Withheld, End::Failed);
    RepositoryOutcome { branch: plan.branch.clone(), plan, files: Vec::new(), end, after: Vec::new() }
}

fn withheld_ready(plan: PlannedRepository, ready: Result<Ready, Error>) -> RepositoryOutcome {
    match ready {
        Err(error) => withheld(plan, Some(error)),
        Ok(ready) => RepositoryOutcome {
            plan,
            branch: Some(ready.snapshot.branch().to_owned()),
            files: ready.rewrite.files,
            end: End::Withheld,
            after: Vec::new(),
        },
    }
}

fn wanted(verified: &Verified) -> Wanted {
    Wanted {
        repository: verified.repository().clone(),
        tag: verified.tag().clone(),
        digest: Some(verified.digest().clone()),
    }
}
