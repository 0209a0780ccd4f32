//! Whether a repository may be changed now; this module must not know what a window is made of.

use std::time::SystemTime;

use tracing::warn;

use super::context::Context;
use crate::error::Error;
use crate::freeze::{Frozen, Windows};
use crate::plan::PlannedRepository;
use crate::policies::Policies;
use crate::rewrite::Rewrite;
use crate::settings::{FreezeSettings, Task};

/// Requires that no window is on where something changes, or returns the reason for going on all the same. A rollback passes: what
/// it repairs may not wait.
pub(super) fn require(
    (number, plan): (usize, &PlannedRepository),
    (branch, policies): (&str, &Policies),
    rewrite: &Rewrite,
    context: &Context<'_>,
) -> Result<Option<String>, Error> {
    let settings = context.settings;
    // A preview is nothing that runs in production.
    if matches!(settings.task, Task::Rollback | Task::Preview) {
        return Ok(None);
    }
    let place = || plan.url.on_branch(Some(branch));
    let own = policies.freeze().and_then(|text| text.map(Windows::of_file).transpose());
    let own = own.map_err(|source| Error::Policy { place: place(), source })?;
    if rewrite.changed().next().is_none() {
        return Ok(None);
    }
    let windows = own.as_ref().unwrap_or(&settings.freeze.windows);
    // Each attempt asks anew: one that follows a lost race may be a different time.
    let on = windows.frozen(settings.environment.as_deref(), SystemTime::now());
    let Some(frozen) = with_variable(on, &settings.freeze) else { return Ok(None) };
    if let Some(reason) = &settings.freeze.ignored {
        warn!("{}: {frozen}, but the freeze is ignored: {reason}", place());
        return Ok(Some(reason.clone()));
    }
    // What would change is shown all the same.
    context.ledger.repository(number, |outcome| outcome.files.clone_from(&rewrite.files));
    Err(Error::Frozen { place: place(), frozen })
}

fn with_variable(windows: Option<Frozen>, settings: &FreezeSettings) -> Option<Frozen> {
    if settings.by_variable { Some(Frozen::with_variable(windows)) } else { windows }
}
