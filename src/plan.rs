//! What will be done, as a value made before anything is touched: this module must not do any of it.

#![deny(clippy::disallowed_methods)]

use crate::edit::{Kind, Rules};
use crate::git::GitUrl;
use crate::policies;
use crate::secret::{Bound, Credentials};
use crate::settings::{Delivery, MirrorSettings, NamedImage, PreviewSettings, RepositorySettings, TargetSettings};

/// What stands for the environment in a file path.
pub const ENVIRONMENT: &str = "<env>";

/// One branch of one repository, and every place in it.
#[derive(Clone, Debug)]
pub struct PlannedRepository {
    /// Where it is.
    pub url: GitUrl,
    /// Who pushes.
    pub credentials: Option<Bound<Credentials>>,
    /// The branch; none means the remote's default branch.
    pub branch: Option<String>,
    /// How the commit gets there.
    pub delivery: Delivery,
    /// What copies it to where the controller reads it.
    pub mirror: Option<MirrorSettings>,
    /// The copy that the controller reads instead.
    pub copy: Option<GitUrl>,
    /// The places.
    pub targets: Vec<Target>,
    /// The copy that is made or removed instead.
    pub preview: Option<PreviewSettings>,
}

/// One place to write to.
#[derive(Clone, Debug)]
pub struct Target {
    /// File or directory, `/` between its components, none of them empty or `.`.
    pub file: String,
    /// What kind of place.
    pub kind: Kind,
    /// The images that may be written there, as indexes.
    pub images: Vec<usize>,
    /// How they are written.
    pub rules: Rules,
}

/// Why a plan cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A target names an image that isn't there.
    #[error("{file}: no image is named {name:?}")]
    UnknownImage {
        /// The target's file.
        file: String,
        /// The name it asks for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// A target names an image by a name that several have.
    #[error("{file}: several images are named {name:?}: {}", .images.join(", "))]
    SameName {
        /// The target's file.
        file: String,
        /// The name it asks for.
        name: String,
        /// The images.
        images: Vec<String>,
    },
    /// A target that could hold either of two tags of one repository.
    #[error("{file}: {one} and {other} have the same repository, and the target does not say which one it holds")]
    SeveralTags {
        /// The target's file.
        file: String,
        /// One image.
        one: String,
        /// The other.
        other: String,
    },
    /// `<env>` without an environment.
    #[error("{file}: the path has <env>, and no environment is set")]
    NoEnvironment {
        /// The target's file.
        file: String,
    },
    /// Entries for one branch that can't be one commit.
    #[error("{repository}{}: its entries have different {what}", branch.as_ref().map(|name| format!(" {name}")).unwrap_or_default())]
    Contradiction {
        /// The repository.
        repository: String,
        /// The branch, where one is named.
        branch: Option<String>,
        /// What differs.
        what: &'static str,
    },
    /// A path that leads out of the repository or into its `.git`.
    #[error("{file}: the path {reason}")]
    UnsafePath {
        /// The target's file.
        file: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A target is a file with which a repository says what may not be written.
    #[error("{file}: this file defines holds or freezes, so it can't be a target")]
    OwnFile {
        /// The target's file.
        file: String,
    },
}

impl PlanError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownImage { known, .. } => {
                format!("set image: to the name of one of the images: {}", known.join(", "))
            }
            Self::SameName { .. } => "give each image its own name under images: in the config file".into(),
            Self::SeveralTags { .. } => {
                "name the image and the place of every target that could hold one of them: in the config file, set \
                image:, and path: (Helm) or name: (Kustomize)"
                    .into()
            }
            Self::NoEnvironment { .. } => "set --environment, or set environment: in the job".into(),
            Self::Contradiction { what, .. } => {
                format!(
                    "set the same {what} for all entries of one repository and branch, because they become one commit"
                )
            }
            Self::UnsafePath { .. } => "write the path relative to the top of the infra repository".into(),
            Self::OwnFile { .. } => "name the file that holds the image".into(),
        }
    }
}

/// Plans for repositories; entries for the same branch of the same repository become one.
pub fn repositories(
    settings: &[RepositorySettings],
    images: &[NamedImage],
    environment: Option<&str>,
) -> Result<Vec<PlannedRepository>, PlanError> {
    let mut planned: Vec<PlannedRepository> = Vec::new();
    for entry in settings {
        let targets = targets(&entry.targets, images, environment)?;
        if let Some(target) = targets.iter().find(|target| unsafe_path(&target.file).is_some()) {
            let reason = unsafe_path(&target.file).unwrap_or_default();
            return Err(PlanError::UnsafePath { file: target.file.clone(), reason });
        }
        if let Some(target) = targets.iter().find(|target| policies::is_policy(&normal(&target.file))) {
            return Err(PlanError::OwnFile { file: target.file.clone() });
        }
        if let Some(what) =
            planned.iter().filter(|known| is_same_branch(known, entry)).find_map(|known| differ(known, entry))
        {
            return Err(PlanError::Contradiction {
                repository: entry.url.to_string(),
                branch: entry.branch.clone(),
                what,
            });
        }
        let same = planned.iter_mut().find(|known| is_same_branch(known, entry) && known.delivery == entry.delivery);
        match same {
            Some(known) => {
                known.targets.extend(targets);
                known.mirror = known.mirror.take().or_else(|| entry.mirror.clone());
                known.copy = known.copy.take().or_else(|| entry.copy.clone());
            }
            None => planned.push(PlannedRepository {
                url: entry.url.clone(),
                credentials: entry.credentials.clone(),
                branch: entry.branch.clone(),
                delivery: entry.delivery,
                mirror: entry.mirror.clone(),
                copy: entry.copy.clone(),
                targets,
                preview: None,
            }),
        }
    }
    for repository in &mut planned {
        for target in &mut repository.targets {
            target.file = normal(&target.file);
        }
    }
    Ok(planned)
}

fn is_same_branch(known: &PlannedRepository, entry: &RepositorySettings) -> bool {
    known.url == entry.url && known.branch == entry.branch
}

/// What two entries of one branch say differently, although the branch has only one of it. An entry without a mirror says
/// nothing of it.
fn differ(known: &PlannedRepository, entry: &RepositorySettings) -> Option<&'static str> {
    let is_same = match (&known.credentials, &entry.credentials) {
        (Some(one), Some(other)) => one.is_same_as(other),
        (one, other) => one.is_none() && other.is_none(),
    };
    let mirrors = known.mirror.as_ref().zip(entry.mirror.as_ref());
    let copies = known.copy.as_ref().zip(entry.copy.as_ref());
    match () {
        () if !is_same => Some("credentials"),
        () if mirrors.is_some_and(|(one, other)| !one.is_same_as(other)) => Some("mirrors"),
        () if copies.is_some_and(|(one, other)| one != other) => Some("copies"),
        () => None,
    }
}

/// The place that somebody only looks at, in one environment; it names no image.
pub fn at(target: &TargetSettings, environment: Option<&str>) -> Result<Target, PlanError> {
    let file = with_environment(&target.file, environment)?;
    match unsafe_path(&file) {
        Some(reason) => Err(PlanError::UnsafePath { file, reason }),
        None => Ok(Target { file: normal(&file), kind: target.kind.clone(), images: Vec::new(), rules: target.rules }),
    }
}

/// Plans for places on the local disk, where any path is the user's own.
pub fn targets(
    settings: &[TargetSettings],
    images: &[NamedImage],
    environment: Option<&str>,
) -> Result<Vec<Target>, PlanError> {
    let one = |target: &TargetSettings| {
        let file = with_environment(&target.file, environment)?;
        let indexes = image_indexes(target, images)?;
        require_one_tag(&file, &target.kind, &indexes, images)?;
        Ok(Target { file, kind: target.kind.clone(), images: indexes, rules: target.rules })
    };
    settings.iter().map(one).collect()
}

fn image_indexes(target: &TargetSettings, images: &[NamedImage]) -> Result<Vec<usize>, PlanError> {
    let Some(name) = &target.image else {
        return Ok((0..images.len()).collect());
    };
    let is_called = |(_, image): &(usize, &NamedImage)| image.is_called(name);
    let called: Vec<_> = images.iter().enumerate().filter(is_called).collect();
    match called.as_slice() {
        [(index, _)] => Ok(vec![*index]),
        [_, ..] => Err(PlanError::SameName {
            file: target.file.clone(),
            name: name.clone(),
            images: called.iter().map(|(_, image)| image.reference.to_string()).collect(),
        }),
        [] => Err(PlanError::UnknownImage {
            file: target.file.clone(),
            name: name.clone(),
            known: images.iter().map(|image| image.name.clone()).collect(),
        }),
    }
}

/// Several tags of one repository are told apart by what a target says itself, its image and its place; the files can't.
fn require_one_tag(file: &str, kind: &Kind, own: &[usize], images: &[NamedImage]) -> Result<(), PlanError> {
    if own.len() == 1 && kind.is_addressed() {
        return Ok(());
    }
    let candidates = own.iter().filter_map(|&index| images.get(index));
    let pair =
        candidates.into_iter().find_map(|image| Some((image, images.iter().find(|it| it.is_sibling_of(image))?)));
    match pair {
        None => Ok(()),
        Some((one, other)) => Err(PlanError::SeveralTags {
            file: file.to_owned(),
            one: one.reference.to_string(),
            other: other.reference.to_string(),
        }),
    }
}

fn with_environment(file: &str, environment: Option<&str>) -> Result<String, PlanError> {
    match environment {
        _ if !file.contains(ENVIRONMENT) => Ok(file.to_owned()),
        Some(name) => Ok(file.replace(ENVIRONMENT, name)),
        None => Err(PlanError::NoEnvironment { file: file.to_owned() }),
    }
}

fn unsafe_path(file: &str) -> Option<&'static str> {
    let any = |test: fn(&str) -> bool| file.split('/').any(test);
    match () {
        () if file.starts_with('/') => Some("is absolute"),
        () if any(|part| part == "..") => Some("contains .."),
        () if any(|part| part.eq_ignore_ascii_case(".git")) => Some("enters .git"),
        () if file.contains('\0') => Some("contains a NUL character"),
        () => None,
    }
}

/// Without empty and `.` components.
fn normal(file: &str) -> String {
    let parts: Vec<&str> = file.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests;
