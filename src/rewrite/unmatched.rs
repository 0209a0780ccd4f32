//! What the files name and no edit wrote: a warning beside what was written, and the reason where nothing was. This module
//! must not look into a file.

#![deny(clippy::disallowed_methods)]

use super::Rewrite;
use super::sources::SourceFile;
use crate::edit::{Job, Rewritten};

/// How many reasons are kept, and how many of them an error says.
const KEPT: usize = 100;
const SAID: usize = 3;

/// Why one place that names a wanted image is no match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// Which of the wanted images it names.
    image: usize,
    /// The targets that look there.
    targets: Vec<usize>,
    /// The sentence.
    reason: String,
}

/// Takes down what one file still names. Half an update is said; of a directory's file, too.
pub(super) fn record(result: &mut Rewrite, source: &SourceFile<'_>, rewritten: &Rewritten, jobs: &[Job]) {
    for leftover in &rewritten.leftovers {
        if leftover.is_half_an_update() {
            result.notes.push(leftover.warning(&source.path));
        }
        let looks = |job: &Job| !job.kind.is_addressed() && job.images.contains(&leftover.image);
        let targets = source.targets.iter().zip(jobs).filter(|(_, job)| looks(job)).map(|(number, _)| *number);
        if result.reasons.len() < KEPT {
            let (image, reason) = (leftover.image, leftover.reason(&source.path));
            result.reasons.push(Unmatched { image, targets: targets.collect(), reason });
        }
    }
    let looking = source.targets.iter().zip(jobs).filter(|(_, job)| !job.kind.is_addressed());
    let looking: Vec<(usize, &Job)> = looking.map(|(number, job)| (*number, job)).collect();
    for passed in &rewritten.passed {
        for image in looking.iter().flat_map(|(_, job)| &job.images) {
            let asks = looking.iter().filter(|(_, job)| job.images.contains(image));
            let targets = asks.map(|(number, _)| *number).collect();
            if result.reasons.len() < KEPT {
                result.reasons.push(Unmatched { image: *image, targets, reason: passed.clone() });
            }
        }
    }
}

/// Why a target matches nothing.
pub(super) fn of_target(all: &[Unmatched], number: usize) -> Vec<String> {
    let own = all.iter().filter(|unmatched| unmatched.targets.contains(&number));
    own.take(SAID).map(|unmatched| unmatched.reason.clone()).collect()
}

/// Why an image matches nowhere.
pub(super) fn of_image<'a>(all: impl Iterator<Item = &'a Unmatched>, image: usize) -> Vec<String> {
    all.filter(|unmatched| unmatched.image == image).take(SAID).map(|unmatched| unmatched.reason.clone()).collect()
}
