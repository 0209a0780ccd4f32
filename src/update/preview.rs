//! Reads the template of a preview, and says what a commit changes for it; this module must not push.
//!
//! Of the template come its trees, and the files that may hold an image or get a value. All else is copied by its id.

use std::sync::Arc;

use tracing::info;

use crate::error::Error;
use crate::git::{Change, GitError, Remote, Snapshot};
use crate::kustomize::Border;
use crate::offload;
use crate::plan::PlannedRepository;
use crate::preview::{self, Link, MARKER, Marker, PreviewError, Template};
use crate::rewrite::{self, Growing, Rewrite, Trees};
use crate::settings::{PreviewSettings, PreviewWish, Replacement};
use crate::tree::{Entry, Found, Want, join};

/// How many directories a template may have, how deep they may be, and how many files of it may be looked into.
const MOST_DIRECTORIES: usize = 2000;
const DEEPEST: usize = 16;
const MOST_FILES: usize = 2000;

/// What a read template is good for.
pub(super) struct ReadTemplate {
    pub(super) template: Arc<Template>,
    pub(super) trees: Arc<Trees>,
}

/// The paths that are read first: the template itself, and what stands where the copy goes.
pub(super) fn wants(preview: &PreviewSettings) -> Vec<Want<'_>> {
    let there = Want { path: &preview.to, pick: |name| name == MARKER };
    match &preview.wish {
        PreviewWish::Copy { template, .. } => vec![there, Want { path: template, pick: |_| false }],
        PreviewWish::Gone => vec![there],
    }
}

/// Reads what is looked into of the template, of a snapshot of [`wants`].
pub(super) async fn read_template(
    plan: &PlannedRepository,
    preview: &PreviewSettings,
    (remote, snapshot): (&Remote, &mut Snapshot),
) -> Result<ReadTemplate, Error> {
    let place = plan.url.on_branch(Some(snapshot.branch()));
    let failed = |source| Error::Preview { place: format!("{place}: "), source: Box::new(source) };
    let unread = |reason| Error::Git { action: format!("read {place}"), reason };
    if let Some(found) = snapshot.found().first() {
        Marker::require(preview, found).map_err(failed)?;
    }
    let nothing = ReadTemplate { template: Arc::default(), trees: Arc::default() };
    let PreviewWish::Copy { template, replace } = &preview.wish else { return Ok(nothing) };
    if !matches!(snapshot.found().last(), Some(Found::Directory(_))) {
        return Err(failed(PreviewError::NoTemplate { template: template.clone() }));
    }
    let (directories, links) = match directories(template, (remote, snapshot)).await.map_err(unread)? {
        Ok(walked) => walked,
        Err(refused) => return Err(failed(refused)),
    };
    if !links.is_empty() {
        let links = links.join(", ");
        info!("{place}: symbolic links are copied unchanged, so check that they are valid in the copy: {links}");
    }
    let found = files((template, &directories), replace, (remote, snapshot)).await.map_err(unread)?;
    let files = taken(template, &directories, found).map_err(failed)?;
    let inside = directories.iter().map(|path| relative(template, path).to_owned()).collect();
    let (from, to, replace) = (template.clone(), preview.to.clone(), replace.clone());
    let made = offload::run(move || Template::of((&from, &to), (inside, files), &replace)).await.map_err(failed)?;
    require_leading(preview, &made.links(), (remote, snapshot)).await.map_err(unread)?.map_err(failed)?;
    let template_ref = Arc::new(made);
    let trees = trees((template, &template_ref), (remote, snapshot)).await.map_err(unread)?;
    Ok(ReadTemplate { template: template_ref, trees })
}

/// The directories of the template, a level at a time, and the links in them.
async fn directories(
    template: &str,
    (remote, snapshot): (&Remote, &mut Snapshot),
) -> Result<Result<(Vec<String>, Vec<String>), PreviewError>, GitError> {
    let too_large = |what: String| Ok(Err(PreviewError::TooLarge { template: template.to_owned(), what }));
    let (mut all, mut links) = (vec![template.to_owned()], Vec::new());
    let mut level = all.clone();
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for directory in &level {
            let names = snapshot.names(directory)?.unwrap_or_default();
            if let Some(name) = names.submodules.first() {
                return Ok(Err(PreviewError::Submodule { path: join(directory, name) }));
            }
            links.extend(names.links.iter().map(|name| join(directory, name)));
            next.extend(names.directories.iter().map(|name| join(directory, name)));
        }
        if next.is_empty() {
            return Ok(Ok((all, links)));
        }
        if all.len() + next.len() > MOST_DIRECTORIES {
            return too_large(format!("it has more than {MOST_DIRECTORIES} directories"));
        }
        let wants: Vec<Want<'_>> = next.iter().map(|path| Want { path, pick: |_| false }).collect();
        remote.look_further(snapshot, &wants).await?;
        all.extend(next.iter().cloned());
        level = next;
    }
    too_large(format!("its directories are nested more than {DEEPEST} levels deep"))
}

/// The files that may hold an image, by directory, and behind them those that get a value.
async fn files(
    (template, directories): (&str, &[String]),
    replace: &[Replacement],
    (remote, snapshot): (&Remote, &mut Snapshot),
) -> Result<Vec<(String, Found)>, GitError> {
    let named: Vec<String> = replace.iter().map(|replacement| join(template, &replacement.file)).collect();
    let in_directories = directories.iter().map(|path| Want { path, pick: preview::is_candidate });
    let wants: Vec<Want<'_>> = in_directories.chain(named.iter().map(|path| Want { path, pick: |_| false })).collect();
    let found = remote.look_further(snapshot, &wants).await?;
    Ok(directories.iter().chain(&named).cloned().zip(found).collect())
}

/// The files that were found, by their paths in the template.
fn taken(
    template: &str,
    directories: &[String],
    found: Vec<(String, Found)>,
) -> Result<Vec<(String, Vec<u8>)>, PreviewError> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for (number, (path, found)) in found.into_iter().enumerate() {
        match found {
            Found::Directory(entries) if number < directories.len() => {
                let own = entries.into_iter().filter_map(|Entry { name, found }| match found {
                    Found::File(bytes) => Some((relative(template, &join(&path, &name)).to_owned(), bytes)),
                    _ => None,
                });
                files.extend(own);
            }
            Found::File(bytes) => files.push((relative(template, &path).to_owned(), bytes)),
            Found::TooLarge { .. } => {
                let what = "its YAML files are too large to read".to_owned();
                return Err(PreviewError::TooLarge { template: template.to_owned(), what });
            }
            // What is to get a value and is not there is refused where the value is put in.
            _ => {}
        }
        if files.len() > MOST_FILES {
            let what = format!("it has more than {MOST_FILES} YAML files");
            return Err(PreviewError::TooLarge { template: template.to_owned(), what });
        }
    }
    Ok(files)
}

/// Requires that relative paths out of the copy lead to something.
async fn require_leading(
    preview: &PreviewSettings,
    links: &[Link],
    (remote, snapshot): (&Remote, &mut Snapshot),
) -> Result<Result<(), PreviewError>, GitError> {
    if links.is_empty() {
        return Ok(Ok(()));
    }
    let wants: Vec<Want<'_>> = links
        .iter()
        .map(|link| Want { path: if link.path.is_empty() { "." } else { &link.path }, pick: |_| false })
        .collect();
    let found = remote.look_further(snapshot, &wants).await?;
    let is_gone = |found: &Found| matches!(found, Found::Missing { .. });
    let gone: Vec<String> =
        links.iter().zip(&found).filter(|(_, found)| is_gone(found)).map(|(link, _)| link.shown.clone()).collect();
    Ok(if gone.is_empty() { Ok(()) } else { Err(PreviewError::Leads { to: preview.to.clone(), links: gone }) })
}

/// The kustomizations of the copy with what lies below them, in the copy or elsewhere.
async fn trees(
    (source, template): (&str, &Arc<Template>),
    (remote, snapshot): (&Remote, &mut Snapshot),
) -> Result<Arc<Trees>, GitError> {
    let mut growing = Growing::of(&template.kustomizations(), Border::Inside);
    loop {
        let wants = growing.wants();
        if wants.is_empty() {
            return Ok(Arc::new(growing.finish()));
        }
        let known: Vec<(String, Option<Found>)> =
            wants.into_iter().map(|path| (path.clone(), template.find(&path))).collect();
        let unknown: Vec<String> =
            known.iter().filter(|(_, found)| found.is_none()).map(|(path, _)| template.source(source, path)).collect();
        let paths: Vec<Want<'_>> = unknown.iter().map(|path| rewrite::want(path)).collect();
        let found = if paths.is_empty() { Vec::new() } else { remote.look_further(snapshot, &paths).await? };
        let mut found = found.into_iter();
        let level: Vec<(String, Found)> =
            known.into_iter().filter_map(|(path, known)| Some((path, known.or_else(|| found.next())?))).collect();
        growing = offload::run(move || {
            growing.give(level);
            growing
        })
        .await;
    }
}

/// What a commit changes for a preview; nothing where all is there already, and then no file of the edit changes either.
pub(super) fn changes(
    preview: &PreviewSettings,
    snapshot: &Snapshot,
    rewrite: &mut Rewrite,
) -> Result<Vec<Change>, GitError> {
    let change = match &preview.wish {
        PreviewWish::Gone => Change::Remove(preview.to.clone()),
        PreviewWish::Copy { template, .. } => {
            let tree = snapshot.tree(template)?.ok_or_else(|| GitError::Path { path: template.clone() })?;
            let file = |path: &str, text: &str| (relative(&preview.to, path).to_owned(), text.as_bytes().to_vec());
            let mut files: Vec<_> = rewrite.changed().map(|changed| file(&changed.path, &changed.new)).collect();
            files.push((MARKER.to_owned(), Marker::new(preview, template).text().into_bytes()));
            Change::Graft { path: preview.to.clone(), tree, files }
        }
    };
    let changes = vec![change];
    if !snapshot.has(&changes)? {
        return Ok(changes);
    }
    for file in &mut rewrite.files {
        file.old.clone_from(&file.new);
        file.places.iter_mut().for_each(|place| place.changed = false);
    }
    Ok(Vec::new())
}

/// A path below a directory, from there on; empty for the directory itself.
fn relative<'p>(directory: &str, path: &'p str) -> &'p str {
    path.strip_prefix(directory).map_or(path, |rest| rest.strip_prefix('/').unwrap_or(rest))
}
