//! What targets hold on a branch, read from its Git server; this module must not write anywhere.

use std::sync::Arc;

use tracing::debug;

use crate::edit::Kind;
use crate::error::Error;
use crate::git::{GitUrl, Remote, Snapshot};
use crate::kustomize::Border;
use crate::levels;
use crate::offload;
use crate::places::{self, TargetPlaces};
use crate::plan::{self, Target};
use crate::ports::Access;
use crate::rewrite::{Growing, RewriteError, Trees};
use crate::secret::{Bound, Credentials};
use crate::settings::{RepositorySettings, TargetSettings};
use crate::text::one_line;
use crate::tree::Found;
use crate::versions::{Named, Naming};

/// One branch of one repository, and the targets that are looked at there.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) url: GitUrl,
    pub(crate) credentials: Option<Bound<Credentials>>,
    /// Its name; none means the remote's default branch.
    pub(crate) name: Option<String>,
    pub(crate) spots: Vec<Spot>,
}

/// A target in one environment.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    /// Its repository and its number there, in the settings.
    pub(crate) number: (usize, usize),
    pub(crate) settings: TargetSettings,
    pub(crate) target: Target,
}

impl Spot {
    /// Whether both look for the same in the same file.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.target.file == other.target.file && self.target.kind == other.target.kind
    }
}

/// What was read of a branch.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) remote: Arc<Remote>,
    pub(crate) snapshot: Snapshot,
    /// The places of each spot; none where its file is not there.
    pub(crate) places: Vec<Option<Vec<Named>>>,
}

impl Branch {
    /// Repository and branch, for messages.
    pub(crate) fn place(&self) -> String {
        self.url.on_branch(self.name.as_deref())
    }
}

/// The branches that repositories' targets are on, each once.
pub(crate) fn branches(repositories: &[RepositorySettings], environment: Option<&str>) -> Result<Vec<Branch>, Error> {
    let mut branches: Vec<Branch> = Vec::new();
    for (at, repository) in repositories.iter().enumerate() {
        let spot = |(number, settings): (usize, &TargetSettings)| {
            let target = plan::at(settings, environment)?;
            Ok::<_, Error>(Spot { number: (at, number), settings: settings.clone(), target })
        };
        let spots = repository.targets.iter().enumerate().map(spot).collect::<Result<Vec<_>, _>>()?;
        let is_same = |known: &&mut Branch| known.url == repository.url && known.name == repository.branch;
        match branches.iter_mut().find(is_same) {
            Some(known) => known.spots.extend(spots),
            None => branches.push(Branch {
                url: repository.url.clone(),
                credentials: repository.credentials.clone(),
                name: repository.branch.clone(),
                spots,
            }),
        }
    }
    Ok(branches)
}

/// Reads what the targets of a branch hold, asking nothing about a push.
pub(crate) async fn read(branch: &Branch, naming: Naming<'_>, access: &Access) -> Result<Reading, Error> {
    let place = branch.place();
    let failed = |reason| Error::Git { action: format!("read {place}"), reason };
    let credentials = branch.credentials.as_ref();
    let remote = Remote::new(branch.url.clone(), credentials, (&access.http, &access.ssh), access.deadline());
    let targets: Vec<Target> = branch.spots.iter().map(|spot| spot.target.clone()).collect();
    let built: Vec<Target> =
        targets.iter().filter(|target| !matches!(target.kind, Kind::Helm { .. })).cloned().collect();
    let growing = Growing::of(&built, Border::Inside);
    let starts = growing.wants();
    let mut snapshot = remote.view(branch.name.as_deref(), &levels::wants(&targets, &starts)).await.map_err(failed)?;
    let trees = levels::trees(growing, starts, (&remote, &mut snapshot)).await.map_err(failed)?;
    debug!("{place}: at {}", snapshot.tip());
    let found = snapshot.shared_found();
    let held = offload::run(move || held(&targets, &found, &trees)).await;
    let place = branch.url.on_branch(Some(snapshot.branch()));
    let mut all = Vec::with_capacity(held.len());
    for (spot, held) in branch.spots.iter().zip(held) {
        let held = held.map_err(|source| Error::Rewrite { place: format!("{place}: "), source: Box::new(source) })?;
        all.push(held.map(|held| named(spot, held, &place, naming)));
    }
    remote.deadline().pause();
    Ok(Reading { remote: Arc::new(remote), snapshot, places: all })
}

/// What each target holds; none where its file is not there.
fn held(targets: &[Target], found: &[Found], trees: &Trees) -> Vec<Result<Option<TargetPlaces>, RewriteError>> {
    let one = |(target, found): (&Target, &Found)| match places::held(target, found, trees) {
        // Of a directory of manifests, what can't be read is passed over.
        Ok(held) if held.read > 0 && target.kind == Kind::Manifest => Ok(Some(held)),
        Ok(TargetPlaces { errors, .. }) if !errors.is_empty() => errors.into_iter().next().map_or(Ok(None), Err),
        Ok(held) => Ok(Some(held)),
        Err(error) if places::is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    };
    targets.iter().zip(found).map(one).collect()
}

/// The places of one target with their images. What a target without a place of its own finds is matched by its repository, so that
/// a version without one is none of its places.
fn named(spot: &Spot, held: TargetPlaces, place: &str, naming: Naming<'_>) -> Vec<Named> {
    for problem in &held.problems {
        debug!("{place}: {}", one_line(problem));
    }
    let is_addressed = spot.target.kind.is_addressed();
    let known = naming.repository(&spot.settings).filter(|_| is_addressed);
    // A place that may name the image by another repository holds the image that its target names.
    let takes_any = spot.settings.rules.any_repository && spot.settings.image.is_some();
    let named = held.places.into_iter().map(|(file, holding)| {
        let own = holding.repository.clone();
        let repository = if takes_any { known.clone().or(own) } else { own.or_else(|| known.clone()) };
        let image = repository.map(|repository| naming.image(&spot.settings, repository));
        Named { image, place: place.to_owned(), file, holding }
    });
    named.filter(|named| named.image.is_some() || is_addressed).collect()
}
