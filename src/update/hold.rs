//! Holds in a run: they keep it away, or the file that has them changes with its commit. This module must not push.

use std::time::SystemTime;

use super::context::Context;
use crate::error::Error;
use crate::hold::{self, Decided, Deed, Passage, RunFacts};
use crate::offload;
use crate::policies::{HOLDS, Policies, PolicyError};
use crate::rewrite::{Fate, FileRewrite, Rewrite};
use crate::settings::{HoldWish, Task};

/// An edit together with what it does to the holds.
pub(super) struct Kept {
    pub(super) rewrite: Rewrite,
    /// What the commit's message says of holds.
    pub(super) deed: Option<Deed>,
}

/// Holds an edit against the holds of the branch that was read. What would have been written is in the ledger also where they
/// stop it.
pub(super) async fn keep(
    number: usize,
    (branch, policies): (&str, &Policies),
    rewrite: Rewrite,
    context: &Context<'_>,
) -> Result<Kept, Error> {
    if context.settings.task == Task::Preview {
        return Ok(Kept { rewrite, deed: None });
    }
    let place = || context.plan[number].url.on_branch(Some(branch));
    let unreadable = |source| Error::Policy { place: place(), source };
    if let HoldWish::Hold { reason } = &context.settings.hold {
        context.proofs.hidden().require_public("the reason of the hold", reason)?;
    }
    let old = policies.holds().map_err(unreadable)?;
    let (mut rewrite, decided) = decided(old, rewrite, context).await;
    match decided.map_err(unreadable)? {
        Decided::Stays => Ok(Kept { rewrite, deed: None }),
        Decided::OnHold(holds) => {
            context.ledger.repository(number, |outcome| outcome.files = rewrite.files);
            Err(Error::OnHold { place: place(), holds })
        }
        Decided::Changes { text, deed } => {
            rewrite.files.push(changed(old, text));
            Ok(Kept { rewrite, deed })
        }
    }
}

async fn decided(
    text: Option<&str>,
    rewrite: Rewrite,
    context: &Context<'_>,
) -> (Rewrite, Result<Decided, PolicyError>) {
    let settings = context.settings;
    // Most repositories have no hold.
    if text.is_none() && !matches!(settings.hold, HoldWish::Hold { .. }) {
        return (rewrite, Ok(Decided::Stays));
    }
    let text = text.map(str::to_owned);
    let (wish, by) = (settings.hold.clone(), settings.commit.author.name().to_owned());
    let passage = if settings.task == Task::Rollback { Passage::Passes } else { Passage::Stops };
    let at = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let work = move || {
        let run = RunFacts { wish: &wish, passage, by: &by, at: &at };
        let decided = hold::decide(text.as_deref(), &rewrite.files, &run);
        (rewrite, decided)
    };
    offload::run(work).await
}

/// The file with the holds, as one of those that the commit changes.
fn changed(old: Option<&str>, new: Option<String>) -> FileRewrite {
    let fate = match (old, &new) {
        (None, _) => Fate::Comes,
        (Some(_), None) => Fate::Goes,
        (Some(_), Some(_)) => Fate::Stays,
    };
    let (old, new) = (old.unwrap_or_default().to_owned(), new.unwrap_or_default());
    FileRewrite { path: HOLDS.to_owned(), old, new, places: Vec::new(), fate }
}
