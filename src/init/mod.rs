//! The `init` command: reads an infra repository's YAML files and proposes a config file for it. This module must not
//! print, write a file, or know how an image is written in one.
//!
//! `candidates` says which files are worth reading, `collect` what they hold, `propose` what is made of it, `render`
//! how that is written down; these four are pure.

mod candidates;
mod collect;
mod environments;
mod images;
mod kustomizations;
mod propose;
mod render;
#[cfg(test)]
mod tests;

use tracing::debug;

use crate::error::Error;
use crate::git::{GitError, Remote};
use crate::image::Repository;
use crate::offload;
use crate::ports::Access;
use crate::secret::SharedRedactor;
use crate::settings::InitSettings;

/// A file of the repository.
#[derive(Clone, Debug)]
struct File {
    path: String,
    bytes: Vec<u8>,
}

/// What the proposal is made from, beside the files.
#[derive(Clone, Debug)]
struct Context {
    /// The repository's address, as it goes into the config file.
    url: String,
    /// `shop/infra main`.
    place: String,
    /// The branch, when one was asked for.
    branch: Option<String>,
    /// The images that were asked for; none means all.
    images: Vec<Repository>,
    /// `$IMAGE_REPOSITORY`.
    prefix: Option<Repository>,
}

/// What `init` comes to.
#[derive(Debug)]
pub struct Proposed {
    /// The config file.
    pub text: String,
    /// What it has, in one sentence.
    pub summary: String,
}

/// Reads the repository and proposes a config file.
pub async fn run(settings: &InitSettings, redactor: &SharedRedactor) -> Result<Proposed, Error> {
    let action = format!("read {}", settings.url.on_branch(settings.branch.as_deref()));
    let failed = |reason: GitError| Error::Git { action: action.clone(), reason };
    let access = Access::to_read(&settings.network, [&settings.url], redactor)?;
    let (url, credentials) = (settings.url.clone(), settings.credentials.as_ref());
    let remote = Remote::new(url, credentials, &access.http, &access.ssh);
    let mut listing = remote.list(settings.branch.as_deref(), candidates::is_name).await.map_err(failed)?;
    let mut candidates = candidates::choose(listing.files());
    let place = settings.url.on_branch(Some(listing.branch()));
    debug!("{place}: {} files are read", candidates.paths.len());
    let contents = remote.contents(&mut listing, &candidates.paths).await.map_err(failed)?;
    let mut files = Vec::new();
    for (path, content) in std::mem::take(&mut candidates.paths).into_iter().zip(contents) {
        match content.filter(|bytes| bytes.len() <= candidates::MOST_BYTES) {
            Some(bytes) => files.push(File { path, bytes }),
            None => candidates.passed.add("larger than 1 MiB", &path),
        }
    }
    candidates.passed.add_many("of another kind than YAML", listing.others());
    let context = Context {
        url: settings.url.to_string(),
        place,
        branch: settings.branch.clone(),
        images: settings.images.clone(),
        prefix: settings.prefix.clone(),
    };
    offload::run(move || proposed(files, candidates.passed, &context)).await
}

/// From the files to the config file.
fn proposed(files: Vec<File>, passed: candidates::Passed, context: &Context) -> Result<Proposed, Error> {
    let collected = collect::collect(files, passed);
    let proposal = propose::propose(&collected, context);
    if proposal.targets().next().is_none() {
        for remark in &proposal.remarks {
            debug!("{remark}");
        }
        let wanted: Vec<&str> = context.images.iter().map(Repository::as_str).collect();
        let wanted = if wanted.is_empty() { "any image".to_owned() } else { wanted.join(", ") };
        return Err(Error::NothingToPropose { place: context.place.clone(), wanted, seen: proposal.remarks });
    }
    let targets = proposal.targets().count();
    let images = proposal.images.iter().filter(|image| image.is_used).count();
    let remarks = proposal.remarks.len() + proposal.items.len() - targets;
    let summary = format!("proposed: {images} images, {targets} targets; {remarks} things are left to decide");
    Ok(Proposed { text: render::render(&proposal, &collected.passed, context), summary })
}
