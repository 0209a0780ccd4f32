//! Which places are written, and how: from the flags, else from the config file; this module must not know in which
//! repository they are.

#![deny(clippy::disallowed_methods)]

use super::{Giver, SettingsError, TargetSettings, environments};
use crate::cli::TargetArgs;
use crate::config::{Config, PinConfig, RepositoryConfig};
use crate::edit::{Kind, Path, Pin, Rules};

/// What a target of the config file says itself.
#[derive(Clone, Copy, Default)]
struct Own<'a> {
    image: Option<&'a String>,
    create: Option<bool>,
    any_repository: Option<bool>,
    any_tag: Option<bool>,
    environments: Option<&'a [String]>,
}

/// Takes what a target says itself out of the three shapes that targets have.
macro_rules! own {
    ($target:expr) => {
        Own {
            image: $target.image.as_ref(),
            create: $target.create,
            any_repository: $target.any_repository,
            any_tag: $target.any_tag,
            environments: $target.environments.as_deref(),
        }
    };
}

/// How places are written where a target says nothing of its own.
pub(super) fn rules(args: &TargetArgs, config: &Config) -> Rules {
    rules_of(Own::default(), args, config)
}

/// A flag beats what the target says, and that beats the top of the config file.
fn rules_of(own: Own<'_>, args: &TargetArgs, config: &Config) -> Rules {
    let from_config = config.pin.map(|pin| match pin {
        PinConfig::Tag => Pin::Tag,
        PinConfig::Digest => Pin::Digest,
    });
    Rules {
        pin: args.writing.pin.or(from_config).unwrap_or(Pin::Tag),
        create: args.writing.create.or(own.create).or(config.create).unwrap_or(false),
        any_repository: args.any_repository.or(own.any_repository).or(config.any_repository).unwrap_or(false),
        any_tag: args.writing.any_tag.or(own.any_tag).or(config.any_tag).unwrap_or(false),
    }
}

/// The targets that flags name.
pub(super) fn of_flags(args: &TargetArgs, config: &Config) -> Result<Vec<TargetSettings>, SettingsError> {
    let rules = rules(args, config);
    let target =
        |file: &str, kind| TargetSettings { file: file.to_owned(), kind, image: None, rules, environments: Vec::new() };
    let mut targets = Vec::new();
    for text in &args.places.helm {
        let (file, path) = split_target(text);
        targets.push(target(
            file,
            Kind::Helm { path: path.map(|path| parse_path(&format!("--helm {text}"), path)).transpose()? },
        ));
    }
    for text in &args.places.kustomize {
        let (path, name) = split_target(text);
        targets.push(target(path, Kind::Kustomize { name: name.map(str::to_owned) }));
    }
    targets.extend(args.places.manifest.iter().map(|path| target(path, Kind::Manifest)));
    refuse_empty(&targets, flag)?;
    Ok(targets)
}

fn flag(kind: &Kind) -> Giver {
    Giver::Flag(match kind {
        Kind::Helm { .. } => "helm",
        Kind::Kustomize { .. } => "kustomize",
        Kind::Manifest => "manifest",
    })
}

fn key(kind: &Kind) -> Giver {
    Giver::Key(match kind {
        Kind::Helm { .. } => "helm.file",
        Kind::Kustomize { .. } => "kustomize.path",
        Kind::Manifest => "manifest.path",
    })
}

/// The targets of one repository of the config file.
pub(super) fn of_config(
    entry: &RepositoryConfig,
    args: &TargetArgs,
    config: &Config,
) -> Result<Vec<TargetSettings>, SettingsError> {
    let target = |file: &str, kind, own: Own<'_>| -> Result<TargetSettings, SettingsError> {
        Ok(TargetSettings {
            file: file.to_owned(),
            kind,
            image: own.image.cloned(),
            rules: rules_of(own, args, config),
            environments: environments::of_target(file, own.environments, entry.environments.as_deref(), config)?,
        })
    };
    let mut targets = Vec::new();
    for helm in &entry.helm {
        let path = helm
            .path
            .as_deref()
            .map(|path| parse_path(&format!("config key helm.path of {}", helm.file), path))
            .transpose()?;
        targets.push(target(&helm.file, Kind::Helm { path }, own!(helm))?);
    }
    for kustomize in &entry.kustomize {
        let kind = Kind::Kustomize { name: kustomize.name.clone() };
        targets.push(target(&kustomize.path, kind, own!(kustomize))?);
    }
    for manifest in &entry.manifest {
        targets.push(target(&manifest.path, Kind::Manifest, own!(manifest))?);
    }
    refuse_empty(&targets, key)?;
    Ok(targets)
}

fn refuse_empty(targets: &[TargetSettings], giver: impl Fn(&Kind) -> Giver) -> Result<(), SettingsError> {
    let Some(empty) = targets.iter().find(|target| target.file.is_empty()) else { return Ok(()) };
    Err(SettingsError::Value { what: giver(&empty.kind).to_string(), reason: "the file name is empty".into() })
}

/// `FILE:PATH` and `DIR:NAME` are split at the first colon; an empty second part is none.
fn split_target(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((file, rest)) => (file, Some(rest).filter(|rest| !rest.is_empty())),
        None => (text, None),
    }
}

fn parse_path(target: &str, path: &str) -> Result<Path, SettingsError> {
    Path::parse(path).map_err(|source| SettingsError::Path { target: target.to_owned(), source })
}
