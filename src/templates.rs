//! Tries the templates of a run before anything is asked or read, so that a broken one shows also where nothing has to
//! change. This module must not keep what they render to.

#![deny(clippy::disallowed_methods)]

use crate::message::{self, ChangeFacts, Facts, HeldFacts, HoldFacts, ImageFacts, MessageError, PreviewFacts};
use crate::settings::{Giver, HoldWish, NamedImage, Settings, SettingsError, Task};

/// How many changes the trial has at least: a template may count on several.
const CHANGES: usize = 8;

/// A digest of no image.
const DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// Renders every template that was given, with the run's own images and facts that stand for a real commit's.
pub(crate) fn try_all(settings: &Settings) -> Result<(), SettingsError> {
    let (ci, proposal) = (&settings.ci, &settings.proposal);
    let facts = facts(settings);
    let diff = "-old\n+new\n";
    let message = settings.commit.message.as_ref().map(|message| (message.by, message.value.as_str()));
    attempt(message, |template| message::render(template, &facts, ci))?;
    let flag = |name, text| Option::<&String>::map(text, |text| (Giver::Flag(name), text.as_str()));
    attempt(flag("mr-title", proposal.title.as_ref()), |template| message::title(template, &facts, ci))?;
    attempt(flag("mr-description", proposal.description.as_ref()), |template| {
        message::description(template, &facts, ci, diff)
    })
}

fn attempt(
    template: Option<(Giver, &str)>,
    render: impl FnOnce(Option<&str>) -> Result<String, MessageError>,
) -> Result<(), SettingsError> {
    let Some((by, text)) = template else { return Ok(()) };
    let rendered = message::check(text).and_then(|()| render(Some(text)));
    rendered.map(|_| ()).map_err(|error| SettingsError::Template { by, reason: error.to_string() })
}

fn facts(settings: &Settings) -> Facts<'_> {
    let rolled_back_from = (settings.task == Task::Rollback).then_some("registry.example.com/team/app:1.0.1");
    let mut images: Vec<ImageFacts<'_>> = settings.images.iter().map(of_run).collect();
    if images.is_empty() {
        // The run finds its images later.
        let (name, repository) = ("app", "registry.example.com/team/app");
        images.push(ImageFacts { name, repository, tag: "1.0.0", digest: Some(DIGEST), rolled_back_from });
    }
    let names: Vec<&str> = images.iter().map(|image| image.name).collect();
    let change = |image| ChangeFacts {
        image,
        file: "values.yaml",
        path: "image.tag",
        line: 1,
        old: "1.0.0".to_owned(),
        new: "1.0.1".to_owned(),
    };
    Facts {
        changes: names.iter().cycle().take(CHANGES.max(names.len())).map(|name| change(name)).collect(),
        images,
        hold: hold(settings),
        environment: settings.environment.as_deref(),
        promoted_from: (settings.task == Task::Promote).then_some("staging"),
        branch: settings.repositories.iter().find_map(|repository| repository.branch.as_deref()).unwrap_or("main"),
        freeze_ignored: settings.freeze.ignored.as_deref(),
        preview: settings.preview.as_ref().map(PreviewFacts::of),
    }
}

fn hold(settings: &Settings) -> Option<HoldFacts<'_>> {
    let places = vec![HeldFacts { file: "values.yaml", path: "image.tag", value: "1.0.1" }];
    match &settings.hold {
        HoldWish::Nothing => None,
        HoldWish::Hold { reason } => Some(HoldFacts { reason: Some(reason), places }),
        HoldWish::Release => Some(HoldFacts { reason: None, places }),
    }
}

fn of_run(image: &NamedImage) -> ImageFacts<'_> {
    ImageFacts {
        name: &image.name,
        repository: image.reference.repository.as_str(),
        tag: image.reference.tag.as_ref().map_or("1.0.0", |tag| tag.as_str()),
        digest: Some(DIGEST),
        rolled_back_from: None,
    }
}
