//! What the places of an environment held before, and are to hold again. This module must not decide what is published.

use std::sync::{Mutex as Known, PoisonError};

use futures_util::future::join_all;
use tokio::sync::Mutex;
use tracing::{debug, info};

use super::way::{Goal, Way};
use super::{Freshness, Seed, branches};
use crate::error::Error;
use crate::git::Snapshot;
use crate::history::{HistoryError, Version, Wish, left};
use crate::image::Reference;
use crate::plan::{self, PlannedRepository};
use crate::ports::Access;
use crate::registry::{By, RegistryError};
use crate::settings::{Delivery, HoldWish, NamedImage, RepositorySettings, RollbackSettings};
use crate::versions::{Image, Named, Naming, PlacesOf, VersionsError, require_named};

/// The versions that are gone back to, and the histories that say so.
pub(crate) struct Rollback<'a> {
    settings: &'a RollbackSettings,
    access: &'a Access,
    returned: Vec<Returned>,
    /// Held while a branch is read again.
    ways: Mutex<Vec<Way>>,
}

/// A run's images and places, and where they are from.
pub(crate) struct RolledBack<'a> {
    /// The images that go back; none where the places hold what was asked for already.
    pub(crate) images: Vec<NamedImage>,
    pub(crate) plan: Vec<PlannedRepository>,
    pub(crate) rollback: Rollback<'a>,
    /// What is known of the branches that are written to.
    pub(crate) seeds: Vec<Option<Seed>>,
}

/// What earlier attempts of a run decided: what was published meanwhile must not go back once more.
#[derive(Debug, Default)]
pub(crate) struct Decisions(Known<Vec<(String, Vec<Goal>)>>);

/// An image that goes back.
struct Returned {
    image: Image,
    to: Version,
    /// What its places hold, as the trailer says it.
    left: String,
}

impl<'a> Rollback<'a> {
    /// Reads the environment and its history.
    pub(crate) async fn find(
        settings: &'a RollbackSettings,
        decided: &Decisions,
        access: &'a Access,
    ) -> Result<RolledBack<'a>, Error> {
        let naming = Naming(&settings.images);
        let environment = settings.run.environment.as_deref();
        let mut branches = branches(&settings.run.repositories, environment)?;
        for branch in &mut branches {
            branch.spots.retain(|spot| naming.may_have(&spot.settings));
        }
        branches.retain(|branch| !branch.spots.is_empty());
        let reads = branches.into_iter().map(|branch| Way::read(branch, settings, access));
        let mut ways = join_all(reads).await.into_iter().collect::<Result<Vec<_>, Error>>()?;
        require(settings, &ways)?;
        decide(&mut ways, settings, decided).await?;
        ways.iter().flat_map(Way::sentences).for_each(|sentence| info!("{sentence}"));
        let returned = returned(&ways)?;
        let (images, plan) = planned(settings, &ways, &returned)?;
        let mut seeds: Vec<Option<Seed>> = plan.iter().map(|_| None).collect();
        for way in &mut ways {
            let own = plan.iter().position(|plan| way.is_of(plan));
            if let Some(seed) = own.and_then(|at| seeds.get_mut(at)) {
                *seed = Some(way.seed());
            }
        }
        let rollback = Self { settings, access, returned, ways: Mutex::new(ways) };
        Ok(RolledBack { images, plan, rollback, seeds })
    }

    /// Whether the history still says the same, right before a push that lands only on the tip of this snapshot, or, as a merge
    /// request's, wherever the branch stands.
    pub(crate) async fn standing(&self, plan: &PlannedRepository, tip: &Snapshot) -> Result<Freshness, Error> {
        let mut ways = self.ways.lock().await;
        let Some(way) = ways.iter_mut().find(|way| way.is_of(plan)) else { return Ok(Freshness::Same) };
        let is_guarded = plan.delivery == Delivery::Push;
        let now = if is_guarded { tip.tip() } else { way.tip_now().await? };
        if way.tip() == now {
            return Ok(Freshness::Same);
        }
        debug!("{}: the branch moved, so its history is read again", way.place());
        let mut again = way.read_again(self.settings, self.access).await?;
        again.decide(way.goals().to_vec(), self.settings).await?;
        let is_same = again.goals() == way.goals();
        *way = again;
        match () {
            () if !is_same => Ok(Freshness::Changed),
            () if is_guarded && way.tip() != tip.tip() => Ok(Freshness::Moved),
            () => Ok(Freshness::Same),
        }
    }

    /// What the places of an image, by its index, held before, as the trailer says it.
    pub(crate) fn left(&self, image: usize) -> Option<&str> {
        self.returned.get(image).map(|returned| returned.left.as_str())
    }

    /// What a registry refuses, with the version that could be gone back to instead of one that is gone.
    pub(crate) async fn explained(&self, image: usize, error: RegistryError) -> Error {
        if !matches!(error, RegistryError::NotFound { .. }) {
            return error.into();
        }
        let older = self.older(image).await.map(|version| version.to_string());
        Error::Gone { source: Box::new(error), older }
    }

    async fn older(&self, image: usize) -> Option<Version> {
        let image = &self.returned.get(image)?.image;
        let mut ways = self.ways.lock().await;
        let way = ways.iter_mut().find(|way| way.goals().iter().any(|goal| goal.image == *image))?;
        let goal = way.goals().iter().find(|goal| goal.image == *image)?.clone();
        way.older(&goal).await.ok().flatten()
    }
}

impl Decisions {
    fn goals(&self, way: &Way) -> Vec<Goal> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(place, _)| *place == way.place()).map(|(_, goals)| goals.clone()).unwrap_or_default()
    }

    fn keep(&self, ways: &[Way]) {
        let all = ways.iter().map(|way| (way.place(), way.goals().to_vec())).collect();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = all;
    }
}

/// Requires that the environment has a file, and the images that are asked for.
fn require(settings: &RollbackSettings, ways: &[Way]) -> Result<(), Error> {
    let environment = settings.run.environment.as_deref().unwrap_or("the branch");
    let (mut absent, mut all) = (Vec::new(), 0);
    for way in ways {
        let (files, count) = way.absent_files();
        absent.extend(files);
        all += count;
    }
    if absent.len() == all {
        return Err(VersionsError::NoFile { environment: environment.to_owned(), files: absent }.into());
    }
    for file in &absent {
        info!("skipped: {file}: this file does not exist");
    }
    let places: Vec<Named> = ways.iter().flat_map(Way::places).cloned().collect();
    require_named(PlacesOf { environment, places: &places })?;
    let has = |given: &&_| ways.iter().flat_map(Way::images).any(|image| image.repository.is_same_as(given));
    let missing: Vec<String> =
        Naming(&settings.images).given().iter().filter(|given| !has(given)).map(ToString::to_string).collect();
    let is_nothing = ways.iter().flat_map(Way::images).next().is_none();
    if is_nothing || !missing.is_empty() {
        let source = HistoryError::Absent { environment: environment.to_owned(), images: missing };
        return Err(Error::History { place: String::new(), source });
    }
    Ok(())
}

/// Decides what goes back on every branch. A tag that some of them never had goes back on the others.
async fn decide(ways: &mut [Way], settings: &RollbackSettings, decided: &Decisions) -> Result<(), Error> {
    let (mut never, mut is_known) = (None, false);
    for way in ways.iter_mut().filter(|way| way.images().next().is_some()) {
        match way.decide(decided.goals(way), settings).await {
            Ok(()) => is_known = true,
            Err(error @ Error::History { source: HistoryError::Never { .. }, .. }) => {
                never.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    decided.keep(ways);
    match never {
        Some(error) if !is_known => Err(error),
        _ => Ok(()),
    }
}

/// The images that go back. One image goes back to one version, whatever the number of branches.
fn returned(ways: &[Way]) -> Result<Vec<Returned>, Error> {
    let mut all: Vec<(Returned, &Way)> = Vec::new();
    for way in ways {
        for Goal { image, back } in way.goals() {
            match all.iter().find(|(known, _)| known.image == *image) {
                None => {
                    let from = back.from.first().unwrap_or(&back.to);
                    let left = left(image.repository.as_str(), from);
                    all.push((Returned { image: image.clone(), to: back.to.clone(), left }, way));
                }
                Some((known, _)) if known.to == back.to => {}
                Some((known, other)) => {
                    let version = |way: &Way, version: &Version| format!("{}: {version}", way.place());
                    let versions = vec![version(other, &known.to), version(way, &back.to)];
                    let source = HistoryError::Apart { image: image.to_string(), versions };
                    return Err(Error::History { place: String::new(), source });
                }
            }
        }
    }
    Ok(all.into_iter().map(|(returned, _)| returned).collect())
}

/// The images of the run, and the targets that hold them.
fn planned(
    settings: &RollbackSettings,
    ways: &[Way],
    returned: &[Returned],
) -> Result<(Vec<NamedImage>, Vec<PlannedRepository>), Error> {
    let naming = Naming(&settings.images);
    let mut all: Vec<Image> = returned.iter().map(|returned| returned.image.clone()).collect();
    let mut images: Vec<NamedImage> =
        returned.iter().map(|returned| called(naming, &returned.image, &returned.to)).collect();
    if let (true, Wish::To(tag)) = (all.is_empty(), &settings.wish) {
        // The places hold it: they are planned for, and nothing is written.
        let version = Version { tag: Some(tag.clone()), digest: None };
        for image in ways.iter().flat_map(Way::images) {
            if !all.contains(image) {
                all.push(image.clone());
                images.push(called(naming, image, &version));
            }
        }
    }
    let mut kept: Vec<(usize, usize)> = Vec::new();
    for way in ways {
        let own: Vec<Image> = match returned {
            [] => all.clone(),
            _ => way.goals().iter().map(|goal| goal.image.clone()).collect(),
        };
        for (number, target, image) in way.targets_of(&own) {
            kept.push(number);
            let at = all.iter().position(|known| known == image);
            if let (Some(image), Some(name)) = (at.and_then(|at| images.get_mut(at)), &target.image)
                && !image.is_called(name)
            {
                image.aliases.push(name.clone());
            }
        }
    }
    let repositories = written(&settings.run.repositories, &kept);
    let mut plan = plan::repositories(&repositories, &images, settings.run.environment.as_deref())?;
    if returned.is_empty() {
        // A hold is for what the places hold already, too.
        let is_held = settings.run.hold != HoldWish::Nothing;
        return Ok((if is_held { images } else { Vec::new() }, plan));
    }
    for plan in &mut plan {
        let goals = ways.iter().filter(|way| way.is_of(plan)).flat_map(Way::goals);
        let own: Vec<usize> = goals.filter_map(|goal| all.iter().position(|image| *image == goal.image)).collect();
        plan.targets.iter_mut().for_each(|target| target.images.retain(|image| own.contains(image)));
    }
    Ok((images, plan))
}

fn written(settings: &[RepositorySettings], kept: &[(usize, usize)]) -> Vec<RepositorySettings> {
    let repository = |(at, repository): (usize, &RepositorySettings)| {
        let own = repository.targets.iter().enumerate().filter(|(target, _)| kept.contains(&(at, *target)));
        let targets: Vec<_> = own.map(|(_, target)| target.clone()).collect();
        (!targets.is_empty()).then(|| RepositorySettings { targets, ..repository.clone() })
    };
    settings.iter().enumerate().filter_map(repository).collect()
}

fn called(naming: Naming<'_>, image: &Image, version: &Version) -> NamedImage {
    let Version { tag, digest } = version.clone();
    let by = if digest.is_some() { By::Digest } else { By::Tag };
    naming.called(image, Reference { repository: image.repository.clone(), tag, digest }, by)
}
