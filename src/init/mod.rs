//! The `init` command: reads an infra repository's YAML files and proposes a config file for it. This module must not
//! print, write a file, or know how an image is written in one.
//!
//! `candidates` says which files are worth reading, `collect` what they hold, `propose` what is made of it, `render`
//! how that is written down, `commands` how it is tried; these are pure.

mod candidates;
mod collect;
mod commands;
mod environments;
mod flux;
mod hosts;
mod images;
mod kustomizations;
mod propose;
mod render;
mod templates;
#[cfg(test)]
mod tests;
mod trial;

use tracing::debug;

use self::candidates::Candidates;

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
    /// The host of `$CI_REGISTRY`.
    registry: Option<String>,
    /// The file that the proposal goes to, where it has a name already.
    output: Option<String>,
    /// The environments that a config file in the repository lists.
    environments: Vec<String>,
}

/// What `init` comes to.
#[derive(Debug)]
pub struct Proposed {
    /// The config file.
    pub text: String,
    /// What it has, in one sentence.
    pub summary: String,
    /// The commands to try it with, a line each.
    pub commands: Vec<String>,
}

/// Reads the repository and proposes a config file.
pub async fn run(settings: &InitSettings, redactor: &SharedRedactor) -> Result<Proposed, Error> {
    let action = format!("read {}", settings.url.on_branch(settings.branch.as_deref()));
    let failed = |reason: GitError| Error::Git { action: action.clone(), reason };
    let access = Access::to_read(&settings.network, [&settings.url], redactor)?;
    let (url, credentials) = (settings.url.clone(), settings.credentials.as_ref());
    let remote = Remote::new(url, credentials, (&access.http, &access.ssh), access.deadline());
    let mut listing = remote.list(settings.branch.as_deref(), candidates::is_name).await.map_err(failed)?;
    let mut candidates = candidates::choose(listing.files());
    let place = settings.url.on_branch(Some(listing.branch()));
    debug!("{place}: {} files are read", candidates.paths.len());
    let mut paths = std::mem::take(&mut candidates.paths);
    paths.extend(candidates.templates.iter().cloned());
    let contents = remote.contents(&mut listing, &paths).await.map_err(failed)?;
    let mut files = Vec::new();
    for (path, content) in paths.into_iter().zip(contents) {
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
        registry: settings.registry.clone(),
        output: settings.output.clone(),
        environments: Vec::new(),
    };
    offload::run(move || proposed(files, candidates, context)).await
}

/// From the files to the config file.
fn proposed(files: Vec<File>, candidates: Candidates, mut context: Context) -> Result<Proposed, Error> {
    let is_template = |file: &File| candidates.templates.contains(&file.path);
    let (templates, files): (Vec<File>, Vec<File>) = files.into_iter().partition(is_template);
    let (configs, files): (Vec<File>, Vec<File>) = files.into_iter().partition(|file| file.path == candidates::CONFIG);
    context.environments = configs.iter().flat_map(|file| environments::listed(&file.bytes)).collect();
    let collected = collect::collect(files, candidates.passed);
    let mut proposal = propose::propose(&collected, &context);
    proposal.remarks.extend(templates::remarks(&templates, &proposal.images, &context.images));
    for remark in &proposal.remarks {
        debug!("{remark}");
    }
    let targets = proposal.targets().count();
    if targets == 0 && !proposal.is_of_many {
        let wanted: Vec<&str> = context.images.iter().map(Repository::as_str).collect();
        let wanted = if wanted.is_empty() { "any image".to_owned() } else { wanted.join(", ") };
        return Err(Error::NothingToPropose { place: context.place.clone(), wanted, seen: proposal.remarks });
    }
    let images = proposal.images.iter().filter(|image| image.is_used).count();
    let remarks = proposal.remarks.len() + proposal.items.len() - targets;
    let summary = format!("proposed: {images} images, {targets} targets; {remarks} decisions are left to you");
    let commands = commands::commands(&proposal, &context);
    Ok(Proposed { text: render::render(&proposal, &collected.passed, &context, &commands), summary, commands })
}
