//! One branch on the way back: what its places hold, what they held before, and what of that they are to hold again. This module must
//! not write anywhere.

use std::sync::Arc;

use tracing::{debug, info};

use super::{Branch, Reading, Seed, read};
use crate::error::Error;
use crate::git::{Past, Snapshot, Stood};
use crate::history::{History, Left, PastPlace, Point, Return, Tracked, Version, WayBack};
use crate::offload;
use crate::places;
use crate::plan::{PlannedRepository, Target};
use crate::ports::Access;
use crate::rewrite::{self, Trees};
use crate::settings::{RollbackSettings, TargetSettings};
use crate::text::one_line;
use crate::tree::Found;
use crate::versions::{Image, Named, Naming, groups};

/// A branch, its places and their history.
pub(super) struct Way {
    branch: Branch,
    reading: Reading,
    targets: Arc<[Target]>,
    images: Vec<(Image, Tracked)>,
    history: History,
    past: Past,
    /// The oldest commit that was read, and what its places held.
    last: Option<Stood>,
    most: usize,
    /// What goes back, once that is decided.
    goals: Vec<Goal>,
}

/// An image that goes back.
#[derive(Clone, Debug)]
pub(crate) struct Goal {
    pub(crate) image: Image,
    pub(crate) back: Return,
}

impl Way {
    /// Reads what the places hold.
    pub(super) async fn read(branch: Branch, settings: &RollbackSettings, access: &Access) -> Result<Self, Error> {
        let naming = Naming(&settings.images);
        let reading = read(&branch, naming, access).await?;
        let targets: Arc<[Target]> = branch.spots.iter().map(|spot| spot.target.clone()).collect();
        let (looked, found) = (Arc::clone(&targets), reading.snapshot.shared_found());
        let written = offload::run(move || held(&looked, &found)).await;
        let images = tracked(&reading, naming, &written);
        let past = reading.snapshot.past(&rewrite::wants(&targets));
        let history = History::of(images.iter().map(|(_, tracked)| tracked.clone()).collect());
        let (last, goals) = (None, Vec::new());
        Ok(Self { branch, reading, targets, images, history, past, last, most: settings.history, goals })
    }

    /// Reads the same branch anew.
    pub(super) async fn read_again(&self, settings: &RollbackSettings, access: &Access) -> Result<Self, Error> {
        Self::read(self.branch.clone(), settings, access).await
    }

    /// Decides what goes back. Where the places hold already what was decided before, that stands: it would go back once more.
    pub(super) async fn decide(&mut self, before: Vec<Goal>, settings: &RollbackSettings) -> Result<(), Error> {
        self.goals = if !before.is_empty() && self.holds(&before) { before } else { self.back(settings).await? };
        Ok(())
    }

    /// What goes back.
    pub(super) fn goals(&self) -> &[Goal] {
        &self.goals
    }

    /// The images that the run is about.
    pub(super) fn images(&self) -> impl Iterator<Item = &Image> {
        self.images.iter().map(|(image, _)| image)
    }

    /// The version before one that an image could go back to; none where there is none within what may be looked at.
    pub(super) async fn older(&mut self, goal: &Goal) -> Result<Option<Version>, Error> {
        loop {
            match self.history.older(&goal.back) {
                Some(older) => return Ok(older),
                None => self.further().await?,
            }
        }
    }

    /// Repository and branch, for messages.
    pub(super) fn place(&self) -> String {
        self.branch.url.on_branch(Some(self.reading.snapshot.branch()))
    }

    /// Whether a plan is one of this branch.
    pub(super) fn is_of(&self, plan: &PlannedRepository) -> bool {
        self.branch.url == plan.url && self.branch.name == plan.branch
    }

    /// The tip that was read.
    pub(super) fn tip(&self) -> String {
        self.reading.snapshot.tip()
    }

    /// Where the branch stands now.
    pub(super) async fn tip_now(&self) -> Result<String, Error> {
        let place = self.place();
        let failed = |reason| Error::Git { action: format!("read {place}"), reason };
        self.reading.remote.tip_again(&self.reading.snapshot).await.map_err(failed)
    }

    /// What is known of the branch, for whoever is going to push to it.
    pub(super) fn seed(&mut self) -> Seed {
        let view = self.reading.snapshot.to_view();
        let snapshot: Snapshot = std::mem::replace(&mut self.reading.snapshot, view);
        Seed { remote: Arc::clone(&self.reading.remote), snapshot }
    }

    /// The targets that hold one of these images, each with the number of its repository and its own, and the images.
    pub(super) fn targets_of<'w>(
        &'w self,
        images: &'w [Image],
    ) -> impl Iterator<Item = ((usize, usize), &'w TargetSettings, &'w Image)> {
        let spots = self.branch.spots.iter().zip(&self.reading.places);
        spots.flat_map(move |(spot, places)| {
            let named = places.iter().flatten().filter_map(|place| place.image.as_ref());
            let own = named.filter(|image| images.contains(image));
            own.map(|image| (spot.number, &spot.settings, image))
        })
    }

    /// The files of the targets that are not there.
    pub(super) fn absent_files(&self) -> (Vec<String>, usize) {
        let spots = self.branch.spots.iter().zip(&self.reading.places);
        let absent = spots.filter(|(_, places)| places.is_none()).map(|(spot, _)| one_line(&spot.target.file));
        (absent.collect(), self.branch.spots.len())
    }

    /// The places, with those that don't say which image they hold.
    pub(super) fn places(&self) -> impl Iterator<Item = &Named> {
        self.reading.places.iter().flatten().flatten()
    }

    /// What goes back, a sentence each.
    pub(super) fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        for Goal { image, back } in &self.goals {
            let (commit, author) = (back.at.id.get(..8).unwrap_or(&back.at.id), one_line(&back.at.author));
            let from = names(&back.from);
            let to = &back.to;
            sentences
                .push(format!("{image} goes back from {from} to {to}, the version in commit {commit} by {author}"));
            if to.digest.is_none() {
                sentences.push(format!(
                    "{image}: {to} had no digest, so the digest is the one to which this tag points now"
                ));
            }
            let tracked = self.images.iter().find(|(known, _)| known == image).map(|(_, tracked)| tracked);
            for place in back.absent.iter().filter_map(|number| tracked?.places.get(*number)) {
                let (file, path) = (one_line(&place.file), one_line(&place.path));
                sentences.push(format!("skipped: {file}: {path} did not exist in commit {commit}, or held no version"));
            }
        }
        sentences
    }

    async fn back(&mut self, settings: &RollbackSettings) -> Result<Vec<Goal>, Error> {
        if self.images.is_empty() {
            return Ok(Vec::new());
        }
        loop {
            let answer = self.history.back(&settings.wish, settings.grouping);
            match answer.map_err(|source| Error::History { place: self.place(), source })? {
                WayBack::More => self.further().await?,
                WayBack::Back(back) => {
                    let goal = |back: Return| Some(Goal { image: self.images.get(back.image)?.0.clone(), back });
                    return Ok(back.into_iter().filter_map(goal).collect());
                }
            }
        }
    }

    /// Reads the next part of the history.
    async fn further(&mut self) -> Result<(), Error> {
        let place = self.place();
        let failed = |reason| Error::Git { action: format!("read the history of {place}"), reason };
        self.reading.remote.deadline().go_on();
        let part = self.reading.remote.further_back(&mut self.past, self.most).await.map_err(failed)?;
        self.reading.remote.deadline().pause();
        if part.is_empty() {
            if self.past.is_cut() {
                info!("{place}: the server has only the last {} commits", self.past.depth());
            }
            self.history.end();
            return Ok(());
        }
        debug!("{place}: read {} commits", self.past.depth());
        let (past, targets, last, mut history) =
            (self.past.clone(), Arc::clone(&self.targets), self.last.take(), std::mem::take(&mut self.history));
        let added = move || {
            let mut last = last;
            for stood in part {
                add(&mut history, (&past, &targets), &stood, last.as_ref())?;
                last = Some(stood);
            }
            Ok((history, last))
        };
        (self.history, self.last) = offload::run(added).await.map_err(failed)?;
        Ok(())
    }

    /// Whether the places hold what was decided.
    fn holds(&self, goals: &[Goal]) -> bool {
        goals.iter().all(|goal| {
            let mut own = self.places().filter(|place| place.image.as_ref() == Some(&goal.image)).peekable();
            own.peek().is_some()
                && own.all(|place| Version::of(&place.holding.written).is_some_and(|now| now.agrees(&goal.back.to)))
        })
    }
}

impl PartialEq for Goal {
    fn eq(&self, other: &Self) -> bool {
        self.image == other.image && self.back.to == other.back.to && self.back.from == other.back.from
    }
}

/// Versions, for people.
fn names(versions: &[Version]) -> String {
    versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

fn add(
    history: &mut History,
    (past, targets): (&Past, &[Target]),
    stood: &Stood,
    newer: Option<&Stood>,
) -> Result<(), crate::git::GitError> {
    let commit = &stood.commit;
    let point = Point { id: commit.id.clone(), time: commit.time, author: commit.author.clone() };
    let messages = std::iter::once(commit).chain(&stood.merged).map(|commit| commit.message.as_str());
    let left = Left::of(messages);
    if newer.is_some_and(|newer| newer.is_as(stood)) {
        history.add_same(point, left);
    } else {
        history.add(point, left, &held(targets, &past.found(stood)?));
    }
    Ok(())
}

/// The places of the targets as they are written. What can't be read holds nothing.
fn held(targets: &[Target], found: &[Found]) -> Vec<PastPlace> {
    let trees = Trees::default();
    let one = |(target, found): (&Target, &Found)| places::held(target, found, &trees).map(|held| held.places);
    let places = targets.iter().zip(found).filter_map(|both| one(both).ok()).flatten();
    places
        .map(|(file, holding)| PastPlace {
            file,
            document: holding.document,
            path: holding.path,
            repository: holding.repository,
            written: holding.written,
        })
        .collect()
}

/// The images that the run is about, with their places. A place is looked for by the repository that is written there: what is built
/// can call it by another name.
fn tracked(reading: &Reading, naming: Naming<'_>, written: &[PastPlace]) -> Vec<(Image, Tracked)> {
    let places: Vec<Named> = reading.places.iter().flatten().flatten().cloned().collect();
    let as_written = |place: &Named| {
        let holding = &place.holding;
        let is_place = |held: &&PastPlace| {
            held.file == place.file && held.document == holding.document && held.path == holding.path
        };
        let repository = written.iter().find(is_place).and_then(|held| held.repository.clone());
        PastPlace {
            file: place.file.clone(),
            document: holding.document,
            path: holding.path.clone(),
            repository: repository.or_else(|| holding.repository.clone()),
            written: holding.written.clone(),
        }
    };
    let image = |(image, places): (Image, Vec<&Named>)| {
        let places = places.into_iter().map(as_written).collect();
        let tracked = Tracked { repository: image.repository.clone(), places };
        (image, tracked)
    };
    groups(&places, naming).into_iter().map(image).collect()
}
