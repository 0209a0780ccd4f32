//! Finds which versions a run writes that no build gives, and tells right before a push whether what they were read from still says
//! the same. This module must not ask a registry, nor write anywhere.
//!
//! `reading` reads what targets hold on a branch; `promotion` reads what one environment names and what another one has of it, and
//! `live` asks Argo CD whether it runs there; `rollback` reads what an environment had before, by the history of each branch (`way`).

mod live;
mod promotion;
mod reading;
mod rollback;
mod way;

use std::sync::Arc;

pub(crate) use self::promotion::{Promoted, Promotion};
use self::reading::{Branch, Reading, Spot, branches, read};
pub(crate) use self::rollback::{Decisions, Rollback, RolledBack};
use crate::git::{Remote, Snapshot};

/// Whether that from which a run has its versions still says the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// It does, as far as can be known before a push.
    Same,
    /// The branch that is pushed to has moved, so that the push would be lost.
    Moved,
    /// It says other versions: nothing of the run may be published any more.
    Changed,
}

/// What is known of a branch that is written to: whoever reads it again fetches no more than what is new.
pub(crate) struct Seed {
    pub(crate) remote: Arc<Remote>,
    pub(crate) snapshot: Snapshot,
}
