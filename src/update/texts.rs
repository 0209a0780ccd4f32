//! What a commit and a merge request say, worked out before anything is pushed; this module must not push.

use std::time::{SystemTime, UNIX_EPOCH};

use sha2::{Digest as _, Sha256};

use super::context::Context;
use crate::diff;
use crate::edit::Kind;
use crate::error::Error;
use crate::git::CommitMeta;
use crate::hold::Deed;
use crate::image::Tag;
use crate::merge_request::Wish;
use crate::message::{self, ChangeFacts, Facts, HeldFacts, HoldFacts, ImageFacts, PreviewFacts};
use crate::plan::PlannedRepository;
use crate::rewrite::{FileRewrite, Rewrite};
use crate::settings::{Delivery, SettingsError, SignOff};

/// Everything of a work branch's default name but the images stands behind this.
const PREFIX: &str = "gitops-bump/";

/// How much of the images' names a branch's name shows.
const SHOWN: usize = 60;

/// What a commit says, and the merge request that it is for.
pub(super) struct Texts {
    message: String,
    /// None where the commit goes to its branch by itself.
    pub(super) request: Option<Request>,
}

/// The texts of a merge request.
pub(super) struct Request {
    /// The work branch.
    pub(super) source: String,
    target: String,
    title: String,
    description: String,
    summary: String,
}

impl Texts {
    /// Works out the texts for what changes on a branch.
    pub(super) fn of(
        plan: &PlannedRepository,
        (rewrite, deed, branch): (&Rewrite, Option<&Deed>, &str),
        freeze_ignored: Option<&str>,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        let settings = context.settings;
        let facts = Facts { freeze_ignored, ..facts((rewrite, deed), branch, context) };
        let message = message::render(
            settings.commit.message.as_ref().map(|message| message.value.as_str()),
            &facts,
            &settings.ci,
        )?;
        let message = match settings.commit.sign_off {
            SignOff::Committer => message::signed_off(&message, &settings.commit.committer.to_string()),
            SignOff::Nobody => message,
        };
        let request = match plan.delivery {
            Delivery::Push => None,
            Delivery::MergeRequest => Some(Request::of(plan, (rewrite, branch), &facts, context)?),
        };
        Ok(Self { message, request })
    }

    /// The commit's message, people and key.
    pub(super) fn commit_meta(&self, context: &Context<'_>) -> CommitMeta {
        let commit = &context.settings.commit;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        CommitMeta {
            message: self.message.clone(),
            author: commit.author.clone(),
            committer: commit.committer.clone(),
            time: i64::try_from(now).unwrap_or(i64::MAX),
            offset: 0,
            signing_key: context.access.signing_key.clone(),
        }
    }
}

impl Request {
    fn of(
        plan: &PlannedRepository,
        (rewrite, target): (&Rewrite, &str),
        facts: &Facts<'_>,
        context: &Context<'_>,
    ) -> Result<Self, Error> {
        let (settings, ci) = (&context.settings.proposal, &context.settings.ci);
        let description = settings.description.as_deref();
        Ok(Self {
            source: source_branch(plan, target, context),
            target: target.to_owned(),
            title: message::title(settings.title.as_deref(), facts, ci)?,
            description: message::description(description, facts, ci, &diff::unified(&rewrite.files))?,
            summary: match description {
                Some(_) => message::description(description, facts, ci, "")?,
                None => message::outline(facts),
            },
        })
    }

    /// What is asked of the server.
    pub(super) fn wish<'a>(&'a self, context: &'a Context<'_>) -> Wish<'a> {
        Wish {
            settings: &context.settings.proposal,
            source: &self.source,
            target: &self.target,
            title: self.title.clone(),
            description: self.description.clone(),
            summary: self.summary.clone(),
        }
    }
}

/// A merge request's source is a branch of its own: the commit would go to another one without a request, and replace what
/// is there.
pub(super) fn require_work_branch(plan: &PlannedRepository, target: &str, context: &Context<'_>) -> Result<(), Error> {
    if plan.delivery == Delivery::Push {
        return Ok(());
    }
    let source = source_branch(plan, target, context);
    let others = || context.plan.iter().filter(|other| other.url == plan.url && other.branch != plan.branch);
    let is_given = context.settings.proposal.branch.is_some();
    let short = plan.url.short();
    let reason = if source == target {
        format!("{target} is the target branch of the merge request of {short}")
    } else if others().any(|other| other.branch.as_deref() == Some(source.as_str())) {
        format!("this run writes to the branch {source} of {short}")
    } else if is_given && others().any(|other| other.delivery == Delivery::MergeRequest) {
        format!("{source} can't be the work branch of two merge requests of {short}")
    } else {
        return Ok(());
    };
    Err(SettingsError::Value { what: "--mr-branch".to_owned(), reason }.into())
}

fn facts<'a>((rewrite, deed): (&'a Rewrite, Option<&'a Deed>), branch: &'a str, context: &'a Context<'_>) -> Facts<'a> {
    let places = || {
        let of = |file: &'a FileRewrite| file.changed_places().map(move |place| (file, place));
        rewrite.changed().flat_map(of)
    };
    let preview = context.settings.preview.as_ref();
    let all = || rewrite.files.iter().flat_map(|file| &file.places);
    let writes = places().next().is_some();
    let held = |index: usize| deed.is_some_and(|deed| deed.places.iter().any(|place| place.image == index));
    let written = |index: usize| match preview {
        // The copy of a preview gets every image that it holds, whatever the template has.
        Some(_) => all().any(|place| place.image == index),
        None if writes => places().any(|(_, place)| place.image == index),
        None => held(index),
    };
    let named = &context.settings.images;
    let images = named.iter().zip(context.proofs.images()).enumerate();
    Facts {
        images: images
            .filter(|(index, _)| written(*index))
            .map(|(index, (image, verified))| ImageFacts {
                name: &image.name,
                repository: image.reference.repository.as_str(),
                tag: verified.tag().map_or("", Tag::as_str),
                digest: Some(verified.digest().as_str()),
                rolled_back_from: context.origin.rolled_back_from(index),
            })
            .collect(),
        changes: places()
            .filter_map(|(file, place)| {
                Some(ChangeFacts {
                    image: &named.get(place.image)?.name,
                    file: &file.path,
                    path: &place.path,
                    line: place.line,
                    old: place.old.to_string(),
                    new: place.new.to_string(),
                })
            })
            .collect(),
        hold: deed.map(hold_facts),
        environment: context.settings.environment.as_deref(),
        promoted_from: context.origin.promoted_from(),
        branch,
        freeze_ignored: None,
        preview: preview.map(PreviewFacts::of),
    }
}

fn hold_facts(deed: &Deed) -> HoldFacts<'_> {
    let places = deed.places.iter();
    let places = places.map(|place| HeldFacts { file: &place.file, path: &place.name, value: &place.value });
    HoldFacts { reason: deed.reason.as_deref(), places: places.collect() }
}

/// The work branch: the same for the same images, places, environment and target branch, whatever the tags are, so that
/// a later run refreshes the request that is open.
fn source_branch(plan: &PlannedRepository, target: &str, context: &Context<'_>) -> String {
    if let Some(branch) = &context.settings.proposal.branch {
        return branch.clone();
    }
    let images = &context.settings.images;
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(text.as_bytes());
        hash.update([0]);
    };
    add(target);
    add(context.settings.environment.as_deref().unwrap_or_default());
    if let Some(preview) = &plan.preview {
        add(&preview.to);
    }
    for image in images {
        add(image.reference.repository.as_str());
    }
    for place in &plan.targets {
        add(&place.file);
        match &place.kind {
            Kind::Helm { path } => add(&path.as_ref().map(ToString::to_string).unwrap_or_default()),
            Kind::Kustomize { name } => add(name.as_deref().unwrap_or_default()),
            Kind::Manifest => add(""),
        }
    }
    let hash = hash.finalize();
    let digest: Vec<String> = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let names = images.iter().map(|image| image.name.as_str());
    let preview = plan.preview.as_ref().map(|preview| preview.name.as_str());
    let names: Vec<&str> = preview.into_iter().chain(names).chain(context.settings.environment.as_deref()).collect();
    format!("{PREFIX}{}-{}", slug(&names.join("-")), digest.concat())
}

/// Letters, digits and single hyphens: what every server takes in a branch's name.
fn slug(text: &str) -> String {
    let plain = text.chars().take(SHOWN).map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join("-")
}
