//! May the credentials of a run push? Asks the Git server and says what it found; this module must not write anything there.

use tracing::info;

use crate::error::Error;
use crate::git::Remote;
use crate::ports::Access;
use crate::settings::CheckedRepository;

/// Asks what a repository's server offers for a push, and says whose credentials that is for.
pub(crate) async fn ask(repository: Option<&CheckedRepository>, access: &Access) -> Result<(), Error> {
    let Some(CheckedRepository { url, credentials, who, branch }) = repository else { return Ok(()) };
    let remote = Remote::new(url.clone(), credentials.as_ref(), (&access.http, &access.ssh), access.deadline());
    let branch = remote.admits(branch.as_deref()).await.map_err(|reason| {
        let place = url.on_branch(branch.as_deref());
        Error::Git { action: format!("check push access to {place}"), reason }
    })?;
    let place = url.on_branch(Some(&branch));
    let who = who.as_ref().map_or_else(|| "without credentials".to_owned(), |who| format!("with {who}"));
    info!(
        "{place} may be pushed to {who}: the server accepts these credentials for a push; a protected branch or a hook can still refuse the push"
    );
    Ok(())
}
