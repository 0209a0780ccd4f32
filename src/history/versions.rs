//! The versions of one image, from what its places held in each commit. This module must not know of other images.

#![deny(clippy::disallowed_methods)]

use super::{Content, Version};

/// What one image's places held in a commit, and whether that commit is a rollback of it.
#[derive(Clone, Debug)]
pub(super) struct Sight<'h> {
    pub(super) content: Option<&'h Content>,
    pub(super) is_rollback: bool,
}

/// A version, as an image had it for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Period {
    /// The newest commit that had it, by its number.
    pub(super) newest: usize,
    /// The commit that wrote it.
    pub(super) written: usize,
    /// What the places held in the newest: one version, or several.
    pub(super) versions: Vec<Version>,
    /// The same, with digests that only older commits say.
    known: Vec<Version>,
}

/// The versions, the newest first, and what is known of how they go on.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// Those that are known with their beginning, and as the last one the one whose beginning was not seen, if any.
    pub(super) all: Vec<Period>,
    /// Whether the last one was written by a rollback, and the point that it went back to was not seen yet.
    pub(super) is_searching: bool,
}

/// The versions of what was seen so far. When nothing more is going to be seen, a rollback to what nobody has seen is a version of
/// its own.
pub(super) fn runs(sights: &[Sight<'_>], is_over: bool) -> Runs {
    let mut runs = Runs::default();
    let mut at = 0;
    while let Some(mut run) = next(sights, at) {
        // Behind a rollback its version goes on where it was before.
        while let Some(writer) = sights.get(run.written).filter(|_| run.end(sights) < sights.len())
            && writer.is_rollback
        {
            let Some(earlier) = earlier(sights, &run) else {
                runs.is_searching = !is_over;
                break;
            };
            run = Period { newest: run.newest, versions: run.versions, ..earlier };
        }
        at = run.end(sights);
        runs.all.push(run);
        if runs.is_searching {
            break;
        }
    }
    runs
}

impl Period {
    /// The first commit with another version: behind the last with this one, commits without any are passed over.
    fn end(&self, sights: &[Sight<'_>]) -> usize {
        let behind = self.written + 1;
        let without = sights.iter().skip(behind).take_while(|sight| sight.content.is_none()).count();
        behind + without
    }
}

/// The version that a commit had, as far back as it goes without a break. Commits without a version are passed over.
fn next(sights: &[Sight<'_>], from: usize) -> Option<Period> {
    let mut run: Option<Period> = None;
    for (number, sight) in sights.iter().enumerate().skip(from) {
        let Some(content) = sight.content else { continue };
        match &mut run {
            None => {
                let versions = content.versions.clone();
                run = Some(Period { newest: number, written: number, known: versions.clone(), versions });
            }
            Some(run) if is_same(&run.known, &content.versions) => {
                run.written = number;
                run.known = both(&run.known, &content.versions);
            }
            Some(_) => break,
        }
    }
    run
}

/// The run before a rollback in which the places held what they held after it.
fn earlier(sights: &[Sight<'_>], run: &Period) -> Option<Period> {
    let is_same = |sight: &Sight<'_>| sight.content.is_some_and(|content| is_same(&run.known, &content.versions));
    let behind = run.end(sights);
    let number = sights.iter().skip(behind).position(is_same)?;
    next(sights, behind + number)
}

fn is_same(one: &[Version], other: &[Version]) -> bool {
    let has = |all: &[Version], version: &Version| all.iter().any(|known| known.agrees(version));
    one.iter().all(|version| has(other, version)) && other.iter().all(|version| has(one, version))
}

fn both(one: &[Version], other: &[Version]) -> Vec<Version> {
    let with = |version: &Version| match other.iter().find(|known| known.agrees(version)) {
        Some(known) => version.clone().and(known),
        None => version.clone(),
    };
    one.iter().map(with).collect()
}
