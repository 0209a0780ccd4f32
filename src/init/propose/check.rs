//! Runs what is proposed for every environment, in memory: what a run would refuse is put out of force. This module must not
//! know how places are found.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;

use super::{Maker, Proposal, Section, Target};
use crate::edit::{Kind, Path, Rules};
use crate::init::environments::ENVIRONMENT;
use crate::kustomize::directory;
use crate::plan;
use crate::rewrite::{Coverage, RewriteError};

/// What a run is for: an environment, or none.
type Run<'r> = Option<&'r str>;

impl Maker<'_> {
    /// Leaves what `update` can run, in every environment, and makes one target of those that differ in the image alone.
    pub(super) fn check(&mut self, proposal: &mut Proposal) {
        let all = environments(proposal);
        let runs: Vec<Run<'_>> =
            if all.is_empty() { vec![None] } else { all.iter().map(|name| Some(name.as_str())).collect() };
        for run in &runs {
            self.leave_refused(proposal, *run);
        }
        proposal.environments = environments(proposal);
        let together = self.merged(proposal);
        let runs = runs.iter().filter(|run| run.is_none_or(|name| proposal.environments.contains(name)));
        let numbers: Vec<usize> = (0..together.len()).collect();
        if runs.into_iter().all(|run| self.try_run(&together, &numbers, *run).is_ok()) {
            proposal.items = together;
        }
    }

    /// Puts targets out of force until the run succeeds with the others.
    fn leave_refused(&mut self, proposal: &mut Proposal, run: Run<'_>) {
        loop {
            let all: Vec<usize> = (0..proposal.items.len()).collect();
            let Err(error) = self.try_run(&proposal.items, &all, run) else { return };
            let is_ours = |number: &&usize| proposal.items.get(**number).is_some_and(|target| is_of(target, run));
            let own: Vec<usize> = all.iter().filter(is_ours).copied().collect();
            let alone =
                own.iter().find_map(|number| Some((*number, self.try_run(&proposal.items, &[*number], run).err()?)));
            // What no target is refused for alone comes of the last one that is added to the others.
            let last = || {
                let together = (1..=own.len()).find_map(|count| {
                    let some = own.get(..count)?;
                    Some((*some.last()?, self.try_run(&proposal.items, some, run).err()?))
                });
                together.or_else(|| Some((*own.last()?, error)))
            };
            let Some((number, error)) = alone.or_else(last) else { return };
            let reason = format!("{error} ({})", error.hint());
            let Some(target) = proposal.items.get_mut(number) else { return };
            match run {
                Some(name) if target.environments.remove(name) => {
                    self.remarks.push(format!("the environment {name} is not proposed for {}: {reason}", target.file));
                    if target.environments.is_empty() {
                        target.but = Some(reason);
                    }
                }
                _ => target.but = Some(reason),
            }
        }
    }

    /// Runs some of the targets as `update` would, as far as they are in force.
    fn try_run(&self, items: &[Target], numbers: &[usize], run: Run<'_>) -> Result<(), RewriteError> {
        let in_force = || numbers.iter().filter_map(|number| items.get(*number)).filter(|target| target.but.is_none());
        let used: BTreeSet<usize> = in_force().flat_map(|target| target.images.iter().copied()).collect();
        let targets: Vec<plan::Target> =
            in_force().filter(|target| is_of(target, run)).map(|target| planned(target, run, &used)).collect();
        if targets.is_empty() {
            return Ok(());
        }
        let rewritten = self.files.rewrite(&targets, &self.trees, &self.wanted)?;
        let others = in_force().filter(|target| !is_of(target, run) && !target.is_for_all);
        let unused = (0..self.wanted.len()).filter(|image| !used.contains(image));
        let excused = others.flat_map(|target| target.images.iter().copied()).chain(unused);
        let mut coverage = Coverage::of(1).excusing(excused.collect::<Vec<_>>());
        coverage.record(0, &rewritten);
        coverage.require_all(&targets, &self.wanted)
    }

    /// Targets that are the same but for the image, where their files name no other one: one target without `image:`.
    fn merged(&self, proposal: &Proposal) -> Vec<Target> {
        let used: BTreeSet<usize> = proposal.targets().flat_map(|target| target.images.iter().copied()).collect();
        let is_free = |target: &&Target| {
            let is_matched = target.path.is_none() && target.name.is_none() && !target.create;
            let is_whole = target.environments.is_empty() || target.environments == proposal.environments;
            target.but.is_none() && is_matched && is_whole
        };
        let mut merged: Vec<Target> = Vec::new();
        for target in &proposal.items {
            let is_same = |other: &Target| (other.section, &other.file) == (target.section, &target.file);
            let peers = proposal.items.iter().filter(is_free).filter(|other| is_same(other));
            let images: BTreeSet<usize> = peers.flat_map(|peer| peer.images.iter().copied()).collect();
            if !is_free(&target) || !used.iter().all(|image| images.contains(image) || !self.is_named(target, *image)) {
                merged.push(target.clone());
            } else if let Some(known) = merged.iter_mut().find(|known| known.is_for_all && is_same(known)) {
                known.images.extend(&target.images);
                known.why.extend(target.why.iter().cloned());
            } else {
                merged.push(Target { is_for_all: true, ..target.clone() });
            }
        }
        merged
    }

    /// Whether a file of a target names an image.
    fn is_named(&self, target: &Target, image: usize) -> bool {
        let files = self.files_of(target);
        files.into_iter().any(|file| self.seen(file).names(&self.images[image].repository))
    }

    /// The files of a target, in all its environments.
    fn files_of(&self, target: &Target) -> Vec<usize> {
        let names: Vec<String> = match target.environments.len() {
            0 => vec![target.file.clone()],
            _ => target.environments.iter().map(|name| target.file.replace(ENVIRONMENT, name)).collect(),
        };
        let is_one = |path: &str| {
            let own = if target.section == Section::Kustomize { directory(path) } else { path };
            names.iter().any(|name| name == own || (name == "." && own.is_empty()))
        };
        let files = self.collected.files.iter().enumerate().filter(|(_, file)| is_one(&file.path));
        let is_right =
            |file: &crate::init::collect::SurveyedFile| target.section != Section::Kustomize || file.is_kustomization();
        files.filter(|(_, file)| is_right(file)).map(|(number, _)| number).collect()
    }
}

/// The environments that targets in force belong to.
fn environments(proposal: &Proposal) -> BTreeSet<String> {
    proposal.targets().flat_map(|target| target.environments.iter().cloned()).collect()
}

/// Whether a run has a target.
fn is_of(target: &Target, run: Run<'_>) -> bool {
    target.but.is_none()
        && (target.environments.is_empty() || run.is_some_and(|name| target.environments.contains(name)))
}

fn planned(target: &Target, run: Run<'_>, used: &BTreeSet<usize>) -> plan::Target {
    let images = if target.is_for_all { used } else { &target.images };
    let kind = match target.section {
        Section::Helm => Kind::Helm { path: target.path.as_deref().and_then(|path| Path::parse(path).ok()) },
        Section::Kustomize => Kind::Kustomize { name: target.name.clone() },
        Section::Manifest => Kind::Manifest,
    };
    let rules = Rules { create: target.create, any_repository: target.any_repository, ..Rules::default() };
    plan::Target {
        file: target.file.replace(ENVIRONMENT, run.unwrap_or(ENVIRONMENT)),
        kind,
        images: images.iter().copied().collect(),
        rules,
    }
}
