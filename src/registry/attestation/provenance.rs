//! SLSA provenance, versions 0.2 and 1, as `BuildKit`, GitLab and GitHub write it: what it must say, and what it says.
//! This module must not know where it is from.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::list::{Gather, List};
use super::origin::{Pattern, Repository};
use crate::glob;
use crate::registry::words;

/// More sources than a build has.
const MOST: usize = 10_000;

/// What provenance must say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The builder's identifier, with `*` and `?`.
    pub(super) builder: Option<String>,
    /// The repository.
    pub(super) source: Option<Pattern>,
    /// The commit in hexadecimal digits.
    pub(super) commit: Option<String>,
}

/// What was built, and by whom.
#[derive(Clone, Debug, Default)]
pub(super) struct Provenance {
    builder: String,
    /// Where it says what was built: the first that names a repository counts, since what comes later has more than that.
    tiers: [Vec<Material>; 3],
}

/// A repository or another thing that went into a build.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Material {
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    digest: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default)]
struct Materials(Vec<Material>);

#[derive(Deserialize)]
struct Builder {
    id: Option<String>,
}

/// Version 0.2: <https://slsa.dev/spec/v0.2/provenance>.
#[derive(Deserialize)]
struct Second {
    builder: Option<Builder>,
    invocation: Option<Invocation>,
    #[serde(default)]
    materials: List<Materials>,
    metadata: Option<SecondMetadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    config_source: Option<Material>,
}

#[derive(Deserialize)]
struct SecondMetadata {
    #[serde(rename = "https://mobyproject.org/buildkit@v1#metadata")]
    buildkit: Option<BuildKit>,
}

/// What buildx adds where the sources come from the directory that it was started in.
#[derive(Deserialize)]
struct BuildKit {
    vcs: Option<Checkout>,
}

#[derive(Deserialize)]
struct Checkout {
    source: Option<String>,
    revision: Option<String>,
}

/// Version 1: <https://slsa.dev/spec/v1.0/provenance>.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct First<'a> {
    #[serde(borrow)]
    build_definition: Definition<'a>,
    run_details: RunDetails,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition<'a> {
    #[serde(borrow)]
    external_parameters: Option<External<'a>>,
    #[serde(default)]
    resolved_dependencies: List<Materials>,
}

/// The parameters by which builders name the repository; each has a form of its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct External<'a> {
    /// `BuildKit`'s.
    #[serde(borrow)]
    config_source: Option<&'a RawValue>,
    /// GitLab's.
    #[serde(borrow)]
    source: Option<&'a RawValue>,
    /// GitHub's.
    #[serde(borrow)]
    workflow: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Workflow {
    repository: String,
}

#[derive(Deserialize)]
struct RunDetails {
    builder: Option<Builder>,
    metadata: Option<FirstMetadata>,
}

#[derive(Deserialize)]
struct FirstMetadata {
    buildkit_metadata: Option<BuildKit>,
}

impl Provenance {
    /// Reads a predicate of version 0.2.
    pub(super) fn parse_second(predicate: &str) -> Result<Self, String> {
        let read: Second = serde_json::from_str(predicate).map_err(|error| wrong(&error))?;
        Ok(Self {
            builder: id(read.builder),
            tiers: [
                read.invocation.and_then(|invocation| invocation.config_source).into_iter().collect(),
                read.materials.0.0,
                checkout(read.metadata.and_then(|metadata| metadata.buildkit)),
            ],
        })
    }

    /// Reads a predicate of version 1.
    pub(super) fn parse_first(predicate: &str) -> Result<Self, String> {
        let read: First<'_> = serde_json::from_str(predicate).map_err(|error| wrong(&error))?;
        let RunDetails { builder, metadata } = read.run_details;
        Ok(Self {
            builder: id(builder),
            tiers: [
                read.build_definition.external_parameters.map(External::sources).unwrap_or_default(),
                read.build_definition.resolved_dependencies.0.0,
                checkout(metadata.and_then(|metadata| metadata.buildkit_metadata)),
            ],
        })
    }

    /// Whether it says what it must; an error is the reason why not.
    pub(super) fn meets(&self, wanted: &Wanted) -> Result<(), String> {
        if let Some(pattern) = &wanted.builder {
            self.is_by(pattern)?;
        }
        if wanted.source.is_none() && wanted.commit.is_none() {
            return Ok(());
        }
        let repository = self.repository()?;
        if wanted.source.as_ref().is_some_and(|pattern| !pattern.matches(&repository)) {
            return Err(format!("provenance from the source {}", words::short(repository.to_string())));
        }
        match &wanted.commit {
            Some(commit) => self.is_of(commit, &repository),
            None => Ok(()),
        }
    }

    fn is_by(&self, pattern: &str) -> Result<(), String> {
        match self.builder.as_str() {
            "" => Err("provenance that names no builder".to_owned()),
            builder if glob::fits(pattern, builder) => Ok(()),
            builder => Err(format!("provenance by the builder {:?}", words::short(builder))),
        }
    }

    /// The one repository that was built.
    fn repository(&self) -> Result<Repository, String> {
        let [parameters, materials, checkouts] = &self.tiers;
        let named = parameters.iter().filter(|source| source.is_named());
        if let Some(other) = named.clone().find(|source| source.repository().is_none()) {
            let uri = other.uri.as_deref().unwrap_or_default();
            return Err(format!("provenance from {:?}, which is not a repository", words::short(uri)));
        }
        let materials = materials.iter().filter(|source| source.is_repository());
        let tiers: [BTreeSet<Repository>; 3] =
            [found(named), found(materials), found(checkouts.iter().filter(|source| source.is_named()))];
        let mut repositories = tiers.into_iter().find(|tier| !tier.is_empty()).unwrap_or_default().into_iter();
        match (repositories.next(), repositories.next()) {
            (Some(repository), None) => Ok(repository),
            (Some(one), Some(other)) => {
                Err(format!("provenance from several sources: {}", words::short(format!("{one}, {other}"))))
            }
            (None, _) => Err("provenance that names no source".to_owned()),
        }
    }

    fn is_of(&self, wanted: &str, repository: &Repository) -> Result<(), String> {
        let own = self.tiers.iter().flatten().filter(|source| source.repository().as_ref() == Some(repository));
        let commits: BTreeSet<&str> = own.filter_map(Material::commit).collect();
        match (commits.len(), commits.iter().next()) {
            (1, Some(commit)) if commit.eq_ignore_ascii_case(wanted) => Ok(()),
            (0, _) | (_, None) => Err("provenance that names no commit".to_owned()),
            _ => {
                let commits: Vec<&str> = commits.into_iter().take(3).collect();
                Err(format!("provenance of the commit {}", words::short(commits.join(" and "))))
            }
        }
    }
}

impl Material {
    fn repository(&self) -> Option<Repository> {
        Repository::parse(self.uri.as_deref()?)
    }

    fn is_named(&self) -> bool {
        self.uri.as_ref().is_some_and(|uri| !uri.is_empty())
    }

    /// Whether it is a repository and no file or base image.
    fn is_repository(&self) -> bool {
        let uri = self.uri.as_deref().unwrap_or_default();
        let bare = uri.split(['#', '?']).next().unwrap_or_default();
        let is_git = uri.starts_with("git+") || bare.strip_suffix(".git").is_some() || uri.starts_with("git@");
        (is_git || self.has_commit()) && self.repository().is_some()
    }

    /// Whether a digest is a commit's by its name or length: GitLab's runner calls it `sha256`.
    fn has_commit(&self) -> bool {
        let digest = self.digest.iter().flatten();
        digest.into_iter().any(|(name, hex)| matches!(name.as_str(), "gitCommit" | "sha1") || hex.len() == 40)
    }

    fn commit(&self) -> Option<&str> {
        let digest = self.digest.as_ref()?;
        ["gitCommit", "sha1", "sha256"].iter().find_map(|name| digest.get(*name)).map(String::as_str)
    }
}

impl External<'_> {
    fn sources(self) -> Vec<Material> {
        let workflow = self.workflow.and_then(|raw| serde_json::from_str::<Workflow>(raw.get()).ok());
        let workflow = workflow.map(|workflow| Material { uri: Some(workflow.repository), digest: None });
        let named = [self.config_source, self.source].into_iter().flatten().filter_map(named);
        named.chain(workflow).filter(Material::is_named).collect()
    }
}

impl Gather for Materials {
    type Item = Material;

    fn add(&mut self, source: Material) -> Result<(), String> {
        if self.0.len() >= MOST {
            return Err(format!("it has more than {MOST} sources"));
        }
        self.0.push(source);
        Ok(())
    }
}

fn wrong(error: &serde_json::Error) -> String {
    format!("provenance that can't be read ({})", words::short(error.to_string()))
}

fn id(builder: Option<Builder>) -> String {
    builder.and_then(|builder| builder.id).unwrap_or_default()
}

fn checkout(buildkit: Option<BuildKit>) -> Vec<Material> {
    let vcs = buildkit.and_then(|buildkit| buildkit.vcs);
    let source = |vcs: Checkout| Material {
        uri: vcs.source,
        digest: vcs.revision.map(|revision| BTreeMap::from([("gitCommit".to_owned(), revision)])),
    };
    vcs.map(source).into_iter().collect()
}

/// An address alone, or one with a digest.
fn named(raw: &RawValue) -> Option<Material> {
    let uri = serde_json::from_str::<String>(raw.get()).ok().map(|uri| Material { uri: Some(uri), digest: None });
    uri.or_else(|| serde_json::from_str(raw.get()).ok())
}

fn found<'s>(sources: impl Iterator<Item = &'s Material>) -> BTreeSet<Repository> {
    sources.filter_map(Material::repository).collect()
}
