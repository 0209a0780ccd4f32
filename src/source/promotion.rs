//! What one environment names and another one is to run. This module must not decide what is published.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use tokio::sync::Mutex;
use tracing::{debug, info};

use super::live::{self, Claim};
use super::{Branch, Freshness, Reading, Seed, Spot, branches, read};
use crate::error::Error;
use crate::git::{GitUrl, Snapshot};
use crate::plan::{self, PlannedRepository};
use crate::ports::Access;
use crate::registry::Verified;
use crate::settings::{Delivery, Live, NamedImage, PromoteSettings, RepositorySettings};
use crate::text::one_line;
use crate::versions::{Named, Naming, PlacesOf, Version, VersionsError, common, groups, version};

/// The versions that are promoted, and what they were read from.
pub(crate) struct Promotion<'a> {
    settings: &'a PromoteSettings,
    access: &'a Access,
    versions: Vec<Version>,
    /// Held while a branch is read again: another repository that is pushed to has the same question.
    sources: Mutex<Vec<SourceBranch>>,
}

/// A branch that versions are read from.
struct SourceBranch {
    branch: Branch,
    reading: Reading,
}

/// A run's images and places, and where they are from.
pub(crate) struct Promoted<'a> {
    pub(crate) images: Vec<NamedImage>,
    pub(crate) plan: Vec<PlannedRepository>,
    pub(crate) promotion: Promotion<'a>,
    /// What is known of the branches that are written to.
    pub(crate) seeds: Vec<Option<Seed>>,
}

/// The targets of both environments on one branch.
struct Both {
    branch: Branch,
    /// How many of the spots are the source's; the others belong to the environment that is written to.
    sources: usize,
    /// For each of the others, the repository and target of the settings that it comes from.
    written: Vec<(usize, usize)>,
}

impl<'a> Promotion<'a> {
    /// Reads both environments.
    pub(crate) async fn find(settings: &'a PromoteSettings, access: &'a Access) -> Result<Promoted<'a>, Error> {
        let naming = Naming(&settings.source.images);
        let both = both(settings, naming)?;
        let reads = both.iter().map(|both| read(&both.branch, naming, access));
        let readings = join_all(reads).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let (from, to) = (places(&both, &readings, Side::From), places(&both, &readings, Side::To));
        let (name_from, name_to) = (settings.from.as_str(), to_name(settings));
        require_files((name_from, &both, &readings), Side::From)?;
        require_files((name_to, &both, &readings), Side::To)?;
        let (from, to) =
            (PlacesOf { environment: name_from, places: &from }, PlacesOf { environment: name_to, places: &to });
        let versions = common(from, to, naming)?;
        for version in versions.iter().filter(|version| version.digest.is_none()) {
            let (reference, image) = (version.reference(), &version.image);
            info!(
                "{name_from} names {reference} without a digest, so the version of {image} to promote is the digest to which this tag points now"
            );
        }
        let mut images: Vec<NamedImage> =
            versions.iter().map(|version| naming.called(&version.image, version.reference(), version.by)).collect();
        let repositories = written(settings, (&both, &readings), &versions, &mut images);
        let plan = plan::repositories(&repositories, &images, Some(name_to))?;
        let (sources, seeds) = sources_and_seeds((both, readings), &plan);
        let promotion = Self { settings, access, versions, sources: Mutex::new(sources) };
        Ok(Promoted { images, plan, promotion, seeds })
    }

    /// The name of the environment that is promoted from.
    pub(crate) fn from(&self) -> &'a str {
        &self.settings.from
    }

    /// Whether the source still says the same, right before a push that lands only on the tip of this snapshot, or, as a merge
    /// request's, wherever the branch stands.
    pub(crate) async fn standing(&self, plan: &PlannedRepository, tip: &Snapshot) -> Result<Freshness, Error> {
        let mut sources = self.sources.lock().await;
        let mut has_moved = false;
        for source in sources.iter_mut() {
            let is_own = source.is(&plan.url, tip.branch());
            let is_guarded = is_own && plan.delivery == Delivery::Push;
            if is_guarded && source.reading.snapshot.tip() == tip.tip() {
                continue;
            }
            let place = source.branch.place();
            let failed = |reason| Error::Git { action: format!("read {place}"), reason };
            let reading = &source.reading;
            if !is_guarded
                && reading.remote.tip_again(&reading.snapshot).await.map_err(failed)? == reading.snapshot.tip()
            {
                continue;
            }
            debug!("{place}: the branch moved, so the versions to promote are read again");
            source.reading = read(&source.branch, self.naming(), self.access).await?;
            has_moved |= is_guarded && source.reading.snapshot.tip() != tip.tip();
        }
        match () {
            () if !self.is_same(&sources) => Ok(Freshness::Changed),
            () if has_moved => Ok(Freshness::Moved),
            () => Ok(Freshness::Same),
        }
    }

    /// With `--require-live`: requires that Argo CD says that the source runs these images, which are the promoted ones in their
    /// order.
    pub(crate) async fn require_live(&self, images: &[Verified]) -> Result<(), Error> {
        let (Live::Required, Some(argocd)) = (self.settings.live, &self.settings.run.argocd) else { return Ok(()) };
        let sources = self.sources.lock().await;
        let mut reasons = Vec::new();
        for source in sources.iter() {
            if let Some(claim) = self.claim(source, images) {
                reasons.extend(live::ask(&claim, argocd, &self.access.http).await);
            }
        }
        if reasons.is_empty() {
            info!("Argo CD reports that {} runs the images to promote", self.from());
            return Ok(());
        }
        Err(Error::NotLive { environment: self.from().to_owned(), reasons })
    }

    /// What a source's places name of the images; none where that is nothing.
    fn claim<'s>(&self, source: &'s SourceBranch, images: &'s [Verified]) -> Option<Claim<'s>>
    where
        'a: 's,
    {
        let repositories = &self.settings.source.repositories;
        let is_own = |known: &&RepositorySettings| known.url == source.branch.url && known.branch == source.branch.name;
        let repository: &'a RepositorySettings = repositories.iter().find(is_own)?;
        let (mut held, mut files): (BTreeSet<usize>, BTreeSet<&str>) = (BTreeSet::new(), BTreeSet::new());
        for place in source.reading.places.iter().flatten().flatten() {
            let at = self.versions.iter().position(|version| Some(&version.image) == place.image.as_ref());
            if let Some(at) = at {
                held.insert(at);
                files.insert(&place.file);
            }
        }
        let images: Vec<&Verified> = held.into_iter().filter_map(|at| images.get(at)).collect();
        let (reading, spots) = (&source.reading, source.branch.spots.as_slice());
        let files = files.into_iter().collect();
        (!images.is_empty()).then_some(Claim { reading, spots, repository, images, files })
    }

    fn naming(&self) -> Naming<'a> {
        Naming(&self.settings.source.images)
    }

    /// Whether the places name the versions that are promoted.
    fn is_same(&self, sources: &[SourceBranch]) -> bool {
        let places: Vec<Named> =
            sources.iter().flat_map(|source| source.reading.places.iter().flatten().flatten()).cloned().collect();
        let groups = groups(&places, self.naming());
        let is_there = |known: &Version| {
            let own = groups.iter().find(|(image, _)| *image == known.image);
            own.is_some_and(|(image, places)| version(self.from(), image, places).is_ok_and(|now| now == *known))
        };
        groups.len() == self.versions.len() && self.versions.iter().all(is_there)
    }
}

impl SourceBranch {
    fn is(&self, url: &GitUrl, branch: &str) -> bool {
        self.branch.url == *url && self.reading.snapshot.branch() == branch
    }
}

/// One of the two environments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    From,
    To,
}

impl Both {
    /// The spots of one side with what was read of them.
    fn side<'b>(
        &'b self,
        reading: &'b Reading,
        side: Side,
    ) -> impl Iterator<Item = (&'b Spot, Option<&'b Vec<Named>>)> {
        let all = self.branch.spots.iter().zip(reading.places.iter().map(Option::as_ref)).enumerate();
        all.filter(move |(number, _)| (*number < self.sources) == (side == Side::From)).map(|(_, spot)| spot)
    }
}

fn to_name(settings: &PromoteSettings) -> &str {
    settings.run.environment.as_deref().unwrap_or_default()
}

/// The targets of both environments by their branches, without those that both share, and those of images that the run is not
/// about.
fn both(settings: &PromoteSettings, naming: Naming<'_>) -> Result<Vec<Both>, Error> {
    let from = branches(&settings.source.repositories, settings.source.environment.as_deref())?;
    let to = branches(&settings.run.repositories, settings.run.environment.as_deref())?;
    let shared = |url: &GitUrl, name: &Option<String>, spot: &Spot| {
        let same = from.iter().filter(|branch| branch.url == *url && branch.name == *name);
        same.flat_map(|branch| &branch.spots).any(|known| known.is_same_as(spot))
    };
    let mut all: Vec<Both> = Vec::new();
    for branch in &from {
        let is_own = |spot: &&Spot| {
            let same = to.iter().filter(|known| known.url == branch.url && known.name == branch.name);
            naming.may_have(&spot.settings) && !same.flat_map(|known| &known.spots).any(|known| known.is_same_as(spot))
        };
        let spots: Vec<Spot> = branch.spots.iter().filter(is_own).cloned().collect();
        let sources = spots.len();
        all.push(Both { branch: Branch { spots, ..branch.clone() }, sources, written: Vec::new() });
    }
    for branch in to {
        let at = all.iter().position(|known| known.branch.url == branch.url && known.branch.name == branch.name);
        let at = at.unwrap_or_else(|| {
            all.push(Both { branch: Branch { spots: Vec::new(), ..branch.clone() }, sources: 0, written: Vec::new() });
            all.len() - 1
        });
        let Some(known) = all.get_mut(at) else { continue };
        for spot in branch.spots {
            if shared(&branch.url, &branch.name, &spot) {
                let file = one_line(&spot.target.file);
                info!("skipped: {file}: it belongs to {} and to {}", settings.from, to_name(settings));
            } else if naming.may_have(&spot.settings) {
                known.written.push(spot.number);
                known.branch.spots.push(spot);
            }
        }
    }
    all.retain(|both| !both.branch.spots.is_empty());
    Ok(all)
}

/// The places of one environment.
fn places(both: &[Both], readings: &[Reading], side: Side) -> Vec<Named> {
    let all = both.iter().zip(readings).flat_map(|(both, reading)| both.side(reading, side));
    all.filter_map(|(_, places)| places).flatten().cloned().collect()
}

/// Requires that an environment has a file at all; says which it lacks.
fn require_files((environment, both, readings): (&str, &[Both], &[Reading]), side: Side) -> Result<(), VersionsError> {
    let spots = || both.iter().zip(readings).flat_map(move |(both, reading)| both.side(reading, side));
    let absent: Vec<String> =
        spots().filter(|(_, places)| places.is_none()).map(|(spot, _)| one_line(&spot.target.file)).collect();
    if absent.len() == spots().count() {
        return Err(VersionsError::NoFile { environment: environment.to_owned(), files: absent });
    }
    for file in absent {
        info!("skipped: {file}: {environment} does not have this file");
    }
    Ok(())
}

/// The repositories that are written to, with the targets that hold one of the images. An image gets the names that its targets
/// call it by.
fn written(
    settings: &PromoteSettings,
    (both, readings): (&[Both], &[Reading]),
    versions: &[Version],
    images: &mut [NamedImage],
) -> Vec<RepositorySettings> {
    let mut kept: Vec<(usize, usize)> = Vec::new();
    for (both, reading) in both.iter().zip(readings) {
        for (number, (spot, places)) in both.written.iter().zip(both.side(reading, Side::To)) {
            for image in places.into_iter().flatten().filter_map(|place| place.image.as_ref()) {
                let Some(at) = versions.iter().position(|version| version.image == *image) else { continue };
                kept.push(*number);
                if let (Some(image), Some(name)) = (images.get_mut(at), &spot.settings.image)
                    && !image.is_called(name)
                {
                    image.aliases.push(name.clone());
                }
            }
        }
    }
    let repository = |(at, repository): (usize, &RepositorySettings)| {
        let own = repository.targets.iter().enumerate().filter(|(target, _)| kept.contains(&(at, *target)));
        let targets: Vec<_> = own.map(|(_, target)| target.clone()).collect();
        (!targets.is_empty()).then(|| RepositorySettings { targets, ..repository.clone() })
    };
    settings.run.repositories.iter().enumerate().filter_map(repository).collect()
}

/// What is read again before a push, and what is known already of the branches that are written to.
fn sources_and_seeds(
    (both, readings): (Vec<Both>, Vec<Reading>),
    plan: &[PlannedRepository],
) -> (Vec<SourceBranch>, Vec<Option<Seed>>) {
    let mut seeds: Vec<Option<Seed>> = plan.iter().map(|_| None).collect();
    let mut sources = Vec::new();
    for (Both { mut branch, sources: count, .. }, mut reading) in both.into_iter().zip(readings) {
        let view = reading.snapshot.to_view();
        let own = |plan: &PlannedRepository| plan.url == branch.url && plan.branch == branch.name;
        // Two entries that are published in different ways are two plans of one branch: the second is read by itself.
        if let Some(seed) = plan.iter().position(own).and_then(|at| seeds.get_mut(at)) {
            let snapshot = std::mem::replace(&mut reading.snapshot, view);
            *seed = Some(Seed { remote: reading.remote.clone(), snapshot });
        }
        if count > 0 {
            branch.spots.truncate(count);
            reading.places.truncate(count);
            sources.push(SourceBranch { branch, reading });
        }
    }
    (sources, seeds)
}
