//! What is known of a run while it goes on; this module must not wait, print or write a file.
//!
//! The ledger outlives the run's future: whatever ends that future, the reports can be made from what is written here.

#![deny(clippy::disallowed_methods)]

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{End, Finished, ImageOutcome, RepositoryOutcome};
use crate::error::{Error, Stage};
use crate::plan::PlannedRepository;
use crate::registry::Verified;
use crate::settings::NamedImage;

/// What is known of a run so far. What is not known yet is [`Error::Unfinished`].
pub struct Ledger<'a> {
    known: Mutex<Finished>,
    published: Published<'a>,
}

/// Is told of a repository as soon as its commit is on the server.
type Published<'a> = Box<dyn Fn(&Finished, &RepositoryOutcome, News) + 'a>;

/// What is told of a repository while its run goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Its commit is on the server.
    Pushed,
    /// Its merge request is open, and is waited for.
    Opened,
}

impl<'a> Ledger<'a> {
    /// Of a run that begins. `published` is called as soon as a commit is on its server, before anything is waited for,
    /// with all that is known and with the commit's repository.
    pub fn new(
        images: &[NamedImage],
        plan: &[PlannedRepository],
        published: impl Fn(&Finished, &RepositoryOutcome, News) + 'a,
    ) -> Self {
        let known = Finished {
            images: images.iter().map(unchecked).collect(),
            repositories: plan.iter().map(unpublished).collect(),
            earlier: Vec::new(),
            error: None,
            deployment: None,
        };
        Self { known: Mutex::new(known), published: Box::new(published) }
    }

    /// The run finds its images anew: what it has published stays known, and nothing else.
    pub(crate) fn start_over(&self) {
        self.begin(&[], &[]);
    }

    /// The run has found its images and places.
    pub(crate) fn begin(&self, images: &[NamedImage], plan: &[PlannedRepository]) {
        let mut known = self.lock();
        let before = std::mem::replace(&mut known.repositories, plan.iter().map(unpublished).collect());
        known.earlier.extend(before.into_iter().filter(|outcome| outcome.end.commit().is_some()));
        known.images = images.iter().map(unchecked).collect();
    }

    /// The places hold already what was asked for.
    pub(crate) fn nothing_to_do(&self) {
        self.lock().repositories.iter_mut().for_each(|outcome| outcome.end = End::Unchanged);
    }

    /// The run is over.
    pub fn close(self) -> Finished {
        let mut finished = self.known.into_inner().unwrap_or_else(PoisonError::into_inner);
        finished.settle();
        finished
    }

    /// A signal ended the run: everything that was not done was interrupted.
    pub fn interrupted(self, signal: &'static str) -> Finished {
        let mut finished = self.close();
        // A work branch that was found as it should be is waited for, too.
        let is_pushed = |end: &End| end.is_change() || matches!(end, End::Proposed(_));
        let is_pushed =
            finished.repositories.iter().chain(&finished.earlier).any(|repository| is_pushed(&repository.end));
        let stage = if is_pushed { Stage::Pushed } else { Stage::NothingPushed };
        let interrupt = |error: &mut Error| {
            if matches!(error, Error::Unfinished) {
                *error = Error::Interrupted { signal, stage };
            }
        };
        finished.images.iter_mut().filter_map(|image| image.result.as_mut().err()).for_each(interrupt);
        for repository in &mut finished.repositories {
            match &mut repository.end {
                End::Failed(error) => interrupt(error),
                End::Proposed(proposal) => proposal.error.iter_mut().for_each(interrupt),
                _ => {}
            }
            repository.after.iter_mut().for_each(interrupt);
        }
        finished.error.get_or_insert(Error::Interrupted { signal, stage });
        finished
    }

    /// An image was checked.
    pub(crate) fn image(&self, number: usize, result: Result<Verified, Error>) {
        if let Some(image) = self.lock().images.get_mut(number) {
            image.result = result;
        }
    }

    /// More is known of a repository.
    pub(crate) fn repository(&self, number: usize, learn: impl FnOnce(&mut RepositoryOutcome)) {
        self.lock().repositories.get_mut(number).map(learn);
    }

    /// A repository's commit is on the server.
    pub(crate) fn published(&self, number: usize, learn: impl FnOnce(&mut RepositoryOutcome)) {
        self.record(number, News::Pushed, learn);
    }

    /// A repository's merge request is open, and is waited for.
    pub(crate) fn opened(&self, number: usize, learn: impl FnOnce(&mut RepositoryOutcome)) {
        self.record(number, News::Opened, learn);
    }

    fn record(&self, number: usize, news: News, learn: impl FnOnce(&mut RepositoryOutcome)) {
        let mut known = self.lock();
        known.repositories.get_mut(number).map(learn);
        if let Some(repository) = known.repositories.get(number) {
            (self.published)(&known, repository, news);
        }
    }

    /// A deployment is recorded as running; none when its record has ended.
    pub(crate) fn deploying(&self, number: Option<u64>) {
        self.lock().deployment = number;
    }

    /// Asks something of what is known so far.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&Finished) -> T) -> T {
        question(&self.lock())
    }

    /// Something is wrong with the run as a whole.
    pub(crate) fn fail(&self, error: Error) {
        self.lock().error = Some(error);
    }

    fn lock(&self) -> MutexGuard<'_, Finished> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unchecked(image: &NamedImage) -> ImageOutcome {
    ImageOutcome { image: image.clone(), result: Err(Error::Unfinished) }
}

fn unpublished(plan: &PlannedRepository) -> RepositoryOutcome {
    RepositoryOutcome {
        plan: plan.clone(),
        forge: None,
        branch: plan.branch.clone(),
        files: Vec::new(),
        end: End::Failed(Error::Unfinished),
        after: Vec::new(),
    }
}

impl fmt::Debug for Ledger<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("known", &self.known).finish_non_exhaustive()
    }
}
