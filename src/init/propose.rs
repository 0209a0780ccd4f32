//! What is proposed for what was seen; this module must not know how a config file is written.
//!
//! Only what an edit was tried with, and what then has an effect, is proposed: `finding` looks for places, `deciding` says
//! which of them decide, `targets` makes targets of them, `check` runs these for every environment. What needs a decision
//! stays beside it, not in force.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

mod check;
mod deciding;
mod finding;
mod targets;

use super::Context;
use super::collect::{Collected, SurveyedFile, WritablePlace};
use super::environments::Environments;
use super::flux::Policies;
use super::images::{self, Choice, Image};
use super::kustomizations::MadeOf;
use super::trial::{self, Files};
use crate::edit::{Kind, Path, Rules, Wanted};
use crate::kustomize::directory;
use crate::plan;
use crate::rewrite::Trees;

/// What is proposed.
#[derive(Debug, Default)]
pub(super) struct Proposal {
    pub(super) images: Vec<Image>,
    /// The targets, those that are not in force among them.
    pub(super) items: Vec<Target>,
    /// What could not be decided, a sentence each.
    pub(super) remarks: Vec<String>,
    /// The environments that targets in force belong to.
    pub(super) environments: BTreeSet<String>,
    /// A tag that a place in force holds, by its environment; of a place of all environments by none.
    pub(super) tags: BTreeMap<Option<String>, String>,
    /// Whether there are so many images that they were listed by their hosts.
    pub(super) is_of_many: bool,
}

/// A target of the config file.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) section: Section,
    /// File or directory, maybe with `<env>`.
    pub(super) file: String,
    pub(super) path: Option<String>,
    /// The `name:` of a kustomization's entry.
    pub(super) name: Option<String>,
    /// The images, of which one is named in the target; all where it names none.
    pub(super) images: BTreeSet<usize>,
    /// Whether the target is for every image that its files name.
    pub(super) is_for_all: bool,
    pub(super) create: bool,
    pub(super) any_repository: bool,
    /// The environments that it belongs to; none means every run.
    pub(super) environments: BTreeSet<String>,
    /// What was seen there, a sentence each.
    pub(super) why: Vec<String>,
    /// Why it is not in force; none when it is.
    pub(super) but: Option<String>,
}

/// A section of the config file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    Helm,
    Kustomize,
    Manifest,
}

/// One image in one file.
#[derive(Clone, Debug)]
struct Item {
    file: usize,
    /// The environment, where the place inside the file says it and not the file's path.
    inside: Option<String>,
    how: TargetOptions,
    image: usize,
    spots: Vec<WritablePlace>,
    /// What is to be known of it, a sentence each.
    notes: Vec<String>,
    but: Option<String>,
}

/// How a place is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct TargetOptions {
    section: Section,
    path: Option<String>,
    name: Option<String>,
    create: bool,
    any_repository: bool,
}

impl TargetOptions {
    fn rules(&self) -> Rules {
        Rules { create: self.create, any_repository: self.any_repository, ..Rules::default() }
    }

    fn kind(&self) -> Kind {
        match self.section {
            Section::Helm => Kind::Helm { path: self.path.as_deref().and_then(|path| Path::parse(path).ok()) },
            Section::Kustomize => Kind::Kustomize { name: self.name.clone() },
            Section::Manifest => Kind::Manifest,
        }
    }

    fn of(kind: &Kind, rules: Rules) -> Self {
        let (section, path, name) = match kind {
            Kind::Helm { path } => (Section::Helm, path.as_ref().map(Path::to_string), None),
            Kind::Kustomize { name } => (Section::Kustomize, None, name.clone()),
            Kind::Manifest => (Section::Manifest, None, None),
        };
        Self { section, path, name, create: rules.create, any_repository: rules.any_repository }
    }
}

impl Proposal {
    /// The targets that are in force.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Target> {
        self.items.iter().filter(|target| target.but.is_none())
    }
}

/// Decides what to make of the files.
pub(super) fn propose(collected: &Collected, context: &Context) -> Proposal {
    let paths = collected.files.iter().map(|file| file.path.as_str());
    let environments = Environments::of(paths, &context.environments);
    let Choice { images, remarks, is_of_many, renamed } = images::images(collected, &environments, context);
    let wanted = images.iter().map(|image| trial::wanted(&image.repository)).collect();
    let files = Files::of(collected.files.iter().map(|file| (file.path.as_str(), file.bytes.as_slice())));
    let (reach, policies) = (MadeOf::new(collected), Policies::of(collected));
    let mut maker = Maker {
        collected,
        environments,
        files,
        policies,
        reach,
        images,
        wanted,
        trees: Trees::default(),
        items: Vec::new(),
        remarks,
    };
    maker.find();
    maker.overlays();
    maker.try_each();
    maker.decide();
    maker.elsewhere(&renamed);
    Proposal { is_of_many, ..maker.finish() }
}

struct Maker<'c> {
    collected: &'c Collected,
    environments: Environments,
    files: Files<'c>,
    policies: Policies,
    reach: MadeOf,
    images: Vec<Image>,
    wanted: Vec<Wanted>,
    trees: Trees,
    items: Vec<Item>,
    remarks: Vec<String>,
}

impl<'c> Maker<'c> {
    fn seen(&self, file: usize) -> &'c SurveyedFile {
        &self.collected.files[file]
    }

    fn path(&self, file: usize) -> &'c str {
        &self.seen(file).path
    }

    /// The environment that a file's path names.
    fn environment(&self, file: usize) -> Option<&str> {
        self.environments.of_file(self.path(file)).map(|member| member.environment.as_str())
    }

    /// The environment that a place belongs to.
    fn environment_of<'i>(&'i self, item: &'i Item) -> Option<&'i str> {
        self.environment(item.file).or(item.inside.as_deref())
    }

    /// The environments of the kustomizations that nothing else is made of, and that are made of a file.
    fn environments_above(&self, file: usize) -> BTreeSet<&str> {
        let above: BTreeSet<usize> = self.reach.above(file).collect();
        let tops = self.reach.tops().iter().filter(|top| above.contains(top));
        tops.filter_map(|top| self.environment(*top)).collect()
    }

    /// The target of one image in one file, as `update` would have it.
    fn target_of(&self, file: usize, image: usize, how: &TargetOptions) -> plan::Target {
        let path = self.path(file);
        let file =
            if how.section == Section::Kustomize { trial::kustomization(directory(path)) } else { path.to_owned() };
        plan::Target { file, kind: how.kind(), images: vec![image], rules: how.rules() }
    }
}

/// Whether a path lies in a directory or below it.
fn is_within(path: &str, directory: &str) -> bool {
    directory.is_empty() || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a file has what the values files of environments have in common.
fn is_base(file: &SurveyedFile) -> bool {
    let stem = file.name().rsplit_once('.').map_or("", |(stem, _)| stem);
    let rest = stem.strip_prefix("values").map(|rest| rest.trim_start_matches(['-', '.', '_']));
    file.is_values() && rest.is_some_and(|rest| rest.is_empty() || crate::environment_names::is_shared(rest))
}
