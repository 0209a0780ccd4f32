//! Reads from a Git server what lies below the kustomizations of a run, a level of all of them at a time. This module must not
//! know what a kustomization says.

use std::sync::Arc;

use crate::git::{GitError, Remote, Snapshot};
use crate::offload;
use crate::plan::Target;
use crate::rewrite::{self, Growing, Trees};
use crate::tree::Want;

/// What the targets name, and behind it the kustomizations that build it.
pub(crate) fn wants<'w>(targets: &'w [Target], starts: &'w [String]) -> Vec<Want<'w>> {
    let mut wants = rewrite::wants(targets);
    wants.extend(starts.iter().map(|path| rewrite::want(path)));
    wants
}

/// Reads what lies below the kustomizations at `starts`, the last paths of the snapshot, and leaves in the snapshot what the
/// targets name.
pub(crate) async fn trees(
    mut growing: Growing,
    starts: Vec<String>,
    (remote, snapshot): (&Remote, &mut Snapshot),
) -> Result<Arc<Trees>, GitError> {
    let mut level = starts.into_iter().zip(snapshot.take_last(growing.wants().len())).collect::<Vec<_>>();
    loop {
        growing = offload::run(move || {
            growing.give(level);
            growing
        })
        .await;
        let wants = growing.wants();
        if wants.is_empty() {
            return Ok(Arc::new(growing.finish()));
        }
        let paths: Vec<Want<'_>> = wants.iter().map(|path| rewrite::want(path)).collect();
        let found = remote.look_further(snapshot, &paths).await?;
        level = wants.into_iter().zip(found).collect();
    }
}
