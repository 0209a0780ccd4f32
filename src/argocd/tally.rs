//! Which of the wanted images the applications of a repository render, all together; this module must not judge one of them.
//!
//! An application may read the edited file and have nothing to do with the image, as one of several components has. Only when
//! no application renders it, it is deployed by none.

#![deny(clippy::disallowed_methods)]

use std::sync::{Mutex, PoisonError};

/// Which images must be rendered by an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Each: these are all applications of the repository.
    Each,
    /// One at least: a person picked the applications.
    Any,
}

/// What is known of the applications so far.
#[derive(Debug)]
pub(super) struct Tally {
    claim: Claim,
    images: usize,
    known: Mutex<Vec<Option<Vec<bool>>>>,
}

impl Tally {
    pub(super) fn new(claim: Claim, applications: usize, images: usize) -> Self {
        Self { claim, images, known: Mutex::new(vec![None; applications]) }
    }

    /// An application renders these of the images.
    pub(super) fn learn(&self, application: usize, named: &[bool]) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = known.get_mut(application) {
            *place = Some(named.to_vec());
        }
    }

    /// The images that no application renders, once all are known, and where that counts.
    pub(super) fn missing(&self) -> Vec<usize> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = known.iter().cloned().collect::<Option<Vec<_>>>() else { return Vec::new() };
        let is_missing = |image: &usize| !known.iter().any(|named| named.get(*image) == Some(&true));
        let missing: Vec<usize> = (0..self.images).filter(is_missing).collect();
        match self.claim {
            Claim::Any if missing.len() < self.images => Vec::new(),
            Claim::Any | Claim::Each => missing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_missing_when_no_application_has_it() {
        for (claim, missing) in [(Claim::Each, vec![1]), (Claim::Any, vec![])] {
            let tally = Tally::new(claim, 2, 2);
            tally.learn(0, &[false, false]);
            assert!(tally.missing().is_empty(), "the other one is not known");
            tally.learn(1, &[false, false]);
            assert_eq!(tally.missing(), [0, 1]);
            tally.learn(1, &[true, false]);
            assert_eq!(tally.missing(), missing);
        }
        assert!(Tally::new(Claim::Each, 1, 0).missing().is_empty());
    }
}
