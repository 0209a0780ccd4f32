//! The `set` command: the same rewrite on local files. This module must not reach a network.

use std::collections::BTreeSet;

use tracing::{info, warn};

use crate::edit::{KnownDigest, Wanted};
use crate::error::Error;
use crate::kustomize::Border;
use crate::local::{self, Disk, FileReplacement};
use crate::offload;
use crate::plan::{self, Target};
use crate::rewrite::{self, Around, Coverage, FileRewrite, Rewrite, Trees};
use crate::settings::{Mode, SetSettings};

/// Works out every file, then writes them all; returns them, changed or not. Whoever stops waiting while they are worked
/// out leaves them as they are; the writing is not interrupted.
pub async fn run(settings: &SetSettings) -> Result<Vec<FileRewrite>, Error> {
    let own = settings.clone();
    let files = offload::run(move || worked_out(&own)).await?;
    if settings.mode == Mode::Publish {
        write(&files)?;
    }
    Ok(files)
}

fn worked_out(settings: &SetSettings) -> Result<Vec<FileRewrite>, Error> {
    let targets = plan::targets(&settings.targets, &settings.images, settings.environment.as_deref())?;
    let wanted: Vec<Wanted> = settings
        .images
        .iter()
        .filter_map(|image| {
            let reference = image.reference.clone();
            Some(Wanted {
                repository: reference.repository,
                tag: Some(reference.tag?),
                digest: KnownDigest::on_the_users_word(reference.digest),
                same: Vec::new(),
            })
        })
        .collect();
    Ok(rewritten(&targets, &wanted)?.files)
}

fn rewritten(targets: &[Target], wanted: &[Wanted]) -> Result<Rewrite, Error> {
    let failed = |source| Error::Rewrite { place: String::new(), source: Box::new(source) };
    let mut disk = Disk::default();
    let mut found = Vec::new();
    for want in rewrite::wants(targets) {
        found.push(disk.find(want)?);
    }
    let trees = trees(targets);
    let look = |directory: &str| local::names(directory).map(|(files, directories)| Around { files, directories });
    let rewritten = rewrite::rewrite(targets, (&found, &trees), wanted);
    let rewrite = rewritten.map_err(|error| failed(error.with_subdirectories(look)))?;
    let mut coverage = Coverage::of(1);
    coverage.record(0, &rewrite);
    coverage.require_all(targets, wanted).map_err(failed)?;
    for note in rewrite.notes.iter().chain(&rewrite::stale_locks(&rewrite, look)) {
        warn!("{note}");
    }
    for sentence in &rewrite.unproved {
        info!("{sentence}");
    }
    Ok(rewrite)
}

/// Reads the kustomizations that build the targets' files. What can't be read there is left out, and the kustomization is one
/// that nobody can follow to its end.
fn trees(targets: &[Target]) -> Trees {
    // A file that has several paths is read under each of them.
    Trees::read(targets, Border::Anywhere, |want| Disk::default().find(want).ok())
}

fn write(files: &[FileRewrite]) -> Result<(), Error> {
    let changed = files.iter().filter(|file| file.is_changed());
    let replacements: Vec<FileReplacement<'_>> = changed
        .map(|file| FileReplacement { path: &file.path, old: file.old.as_bytes(), new: file.new.as_bytes() })
        .collect();
    local::replace(&replacements)?;
    let written: BTreeSet<&str> = replacements.iter().map(|replacement| replacement.path).collect();
    for path in written {
        info!("{path}: written");
    }
    Ok(())
}
