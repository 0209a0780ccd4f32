//! The commit message: a template and what it may use. This module must not know about Git.

#![deny(clippy::disallowed_methods)]

use std::io;
use std::time::Duration;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use crate::offload;
use crate::settings::Ci;
use crate::text::{cut, inert, without_closings, without_unsafe};

pub use preview::PreviewFacts;
pub use trailers::{signed_off, skipping_ci};

mod preview;
#[cfg(test)]
mod tests;
mod trailers;

/// The default message. Its subject names the images, its body every place, its trailers the way back.
const DEFAULT: &str = include_str!("message.txt");

/// The default description of a merge request.
const DESCRIPTION: &str = include_str!("merge_request.md");

/// GitLab takes a title of 255 characters.
const LONGEST_TITLE: usize = 240;

/// More of a diff helps nobody in a description.
const LONGEST_DIFF: usize = 20_000;

/// What a template may be long, what it may cost to render, and what it may come to.
const MAX_BYTES: usize = 64 * 1024;
const FUEL: u64 = 1_000_000;
const MAX_RENDERED: usize = 1 << 20;

/// How long rendering may take: fuel counts instructions, and one instruction may walk a list of any length.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a template can use.
#[derive(Debug, Serialize)]
pub struct Facts<'a> {
    /// The images of this commit.
    pub images: Vec<ImageFacts<'a>>,
    /// The places of this commit.
    pub changes: Vec<ChangeFacts<'a>>,
    /// The holds that it sets or ends, when it does.
    pub hold: Option<HoldFacts<'a>>,
    /// The environment's name, when there is one.
    pub environment: Option<&'a str>,
    /// The environment that the versions are promoted from, when there is one.
    pub promoted_from: Option<&'a str>,
    /// The branch that is updated.
    pub branch: &'a str,
    /// Why the run went on in a freeze window. A trailer says it whatever the template says.
    #[serde(skip)]
    pub freeze_ignored: Option<&'a str>,
    /// The preview, where the commit makes or removes one.
    pub preview: Option<PreviewFacts<'a>>,
}

/// An image as a template sees it.
#[derive(Debug, Serialize)]
pub struct ImageFacts<'a> {
    /// Its name in the config file, else the last component of its path.
    pub name: &'a str,
    /// Its repository.
    pub repository: &'a str,
    /// The new tag.
    pub tag: &'a str,
    /// The digest, when it is known.
    pub digest: Option<&'a str>,
    /// What its places held before a rollback, as `REPOSITORY:TAG[@DIGEST]`.
    pub rolled_back_from: Option<&'a str>,
}

/// A change as a template sees it.
#[derive(Debug, Serialize)]
pub struct ChangeFacts<'a> {
    /// The image's name.
    pub image: &'a str,
    /// The file.
    pub file: &'a str,
    /// The place in the file.
    pub path: &'a str,
    /// The line, from 1.
    pub line: usize,
    /// The old text.
    pub old: String,
    /// The new text.
    pub new: String,
}

/// Holds as a template sees them.
#[derive(Debug, Serialize)]
pub struct HoldFacts<'a> {
    /// Why they are set; none where they end.
    pub reason: Option<&'a str>,
    /// The places.
    pub places: Vec<HeldFacts<'a>>,
}

/// A held place as a template sees it.
#[derive(Debug, Serialize)]
pub struct HeldFacts<'a> {
    /// The file.
    pub file: &'a str,
    /// The place in the file.
    pub path: &'a str,
    /// What it holds.
    pub value: &'a str,
}

/// A template that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("message template: {0}")]
pub struct MessageError(String);

/// Checks a template before anything else is done.
pub fn check(template: &str) -> Result<(), MessageError> {
    if template.len() > MAX_BYTES {
        return Err(MessageError(format!("it is longer than {MAX_BYTES} bytes")));
    }
    let environment = environment();
    environment.template_from_str(template).map(|_| ()).map_err(|error| reason(&error))
}

/// Renders the commit message; ends with one newline. Its trailers are its last paragraph, wherever the template has them.
pub fn render(template: Option<&str>, facts: &Facts<'_>, ci: &Ci) -> Result<String, MessageError> {
    let Some(template) = template else {
        return finished(&lines(&text(DEFAULT, facts, ci, "")?));
    };
    let message = finished(&lines(&text(template, facts, ci, "")?))?;
    let message = trailers::settled(&message, &trailers(facts, ci), &subject(facts));
    // A template for new versions says nothing of a hold.
    let is_silent = facts.changes.is_empty() && facts.hold.is_some() && !message.contains(&subject(facts));
    let message = if is_silent { trailers::with_paragraph(&message, &subject(facts)) } else { message };
    // Without it a rollback would count as a version, and the next one would go back to what it left.
    let needed = rolled_back(facts).chain(freeze_trailer(facts));
    Ok(needed.fold(message, |message, line| trailers::with_line(&message, &line)))
}

/// Renders a merge request's title: the template's first line, or the commit's subject.
pub fn title(template: Option<&str>, facts: &Facts<'_>, ci: &Ci) -> Result<String, MessageError> {
    let template = template.unwrap_or("{{ subject }}");
    let title = finished(&lines(&text(template, facts, ci, "")?))?;
    let title = without_closings(title.lines().next().unwrap_or_default(), template);
    Ok(cut(&title, LONGEST_TITLE).into_owned())
}

/// Renders a merge request's description, which can use `diff` and a `fence` that the diff does not hold. What it holds from
/// outside acts nowhere: no quick action, no mention, nothing that closes an issue.
pub fn description(template: Option<&str>, facts: &Facts<'_>, ci: &Ci, diff: &str) -> Result<String, MessageError> {
    let template = template.unwrap_or(DESCRIPTION);
    let text = inert(&text(template, facts, ci, diff)?, template);
    let line = freeze_trailer(facts).map(|line| inert(&line, "")).unwrap_or_default();
    if text.contains(line.trim_end()) { finished(&text) } else { finished(&format!("{}\n\n{line}", text.trim_end())) }
}

/// What changes, on one line.
pub fn outline(facts: &Facts<'_>) -> String {
    let change = |change: &ChangeFacts<'_>| {
        let old = if change.old.is_empty() { "(nothing)" } else { &change.old };
        format!("{}:{} {}: {old} -> {}", change.file, change.line, change.path, change.new)
    };
    let held = |held: &HeldFacts<'_>| format!("{} {}: held at {}", held.file, held.path, held.value);
    let released = |held: &HeldFacts<'_>| format!("{} {}: no longer held at {}", held.file, held.path, held.value);
    let mut all: Vec<String> = facts.changes.iter().map(change).collect();
    if let Some(HoldFacts { reason, places }) = &facts.hold {
        all.extend(places.iter().map(|place| if reason.is_some() { held(place) } else { released(place) }));
    }
    inert(&all.join("; "), "")
}

fn text(template: &str, facts: &Facts<'_>, ci: &Ci, diff: &str) -> Result<String, MessageError> {
    let trailers = trailers(facts, ci);
    let diff = cut(diff, LONGEST_DIFF);
    let longest = diff.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let values = context! {
        fence => "`".repeat((longest + 1).max(3)),
        diff => diff.trim_end(),
        subject => subject(facts),
        ci => context! {
            commit_sha => clean(ci.commit_sha.as_deref()),
            commit_ref => clean(ci.commit_ref.as_deref()),
            project_path => clean(ci.project_path.as_deref()),
            project_url => clean(ci.project_url.as_deref()),
            pipeline_url => clean(ci.pipeline_url.as_deref()),
        },
        trailers => trailers,
        ..Value::from(Serde(facts))
    };
    let template = template.to_owned();
    let rendered = offload::briefly(PATIENCE, move || rendered(&template, &values));
    rendered.unwrap_or_else(|| Err(MessageError("it takes too long to render".to_owned())))
}

fn rendered(template: &str, values: &Value) -> Result<String, MessageError> {
    let environment = environment();
    let template = environment.template_from_str(template).map_err(|error| reason(&error))?;
    let mut text = Bounded(Vec::new());
    match template.render_captured_to(values.clone(), &mut text) {
        Ok(_) => Ok(String::from_utf8_lossy(&text.0).into_owned()),
        Err(_) if text.0.len() == MAX_RENDERED => {
            Err(MessageError(format!("it renders to more than {MAX_RENDERED} bytes")))
        }
        Err(error) => Err(reason(&error)),
    }
}

/// A text that takes no more than [`MAX_RENDERED`] bytes.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = MAX_RENDERED - self.0.len();
        self.0.extend(bytes.iter().take(room));
        // Nothing written makes an error of the whole.
        Ok(bytes.len().min(room))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The text without characters that nobody sees; each of its lines ends with a line feed.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    without_unsafe(&text.replace(['\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}'], " "))
}

fn finished(text: &str) -> Result<String, MessageError> {
    match text.trim() {
        "" => Err(MessageError("the rendered message is empty".to_owned())),
        text => Ok(format!("{text}\n")),
    }
}

/// `Update app to 1.4.2 in staging`, in at most 72 characters or so; `Hold app at 1.4.2 in staging` where that is all.
fn subject(facts: &Facts<'_>) -> String {
    let tag = facts.images.first().map_or("", |image| image.tag);
    let names: Vec<&str> = facts.images.iter().map(|image| image.name).collect();
    let (verb, to) = match &facts.hold {
        Some(hold) if facts.changes.is_empty() && hold.reason.is_some() => ("Hold", " at "),
        Some(_) if facts.changes.is_empty() => ("End the hold of", " at "),
        _ if facts.promoted_from.is_some() => ("Promote", " "),
        _ if rolled_back(facts).next().is_some() => ("Roll back", " to "),
        _ => ("Update", " to "),
    };
    // A digest is too long for a subject.
    let version = if tag.is_empty() { String::new() } else { format!("{to}{tag}") };
    let what = match names.as_slice() {
        [name] => format!("{name}{version}"),
        names if facts.images.iter().any(|image| image.tag != tag) || names.len() > 3 => {
            format!("{} images", names.len())
        }
        names => format!("{}{version}", names.join(", ")),
    };
    match (&facts.preview, facts.promoted_from, facts.environment) {
        (Some(PreviewFacts { name, template: None, .. }), ..) => format!("Remove the preview {name}"),
        (Some(PreviewFacts { name, .. }), ..) => format!("Preview {what} as {name}"),
        (None, Some(from), Some(environment)) if verb == "Promote" => {
            format!("{verb} {what} from {from} to {environment}")
        }
        (None, _, Some(environment)) => format!("{verb} {what} in {environment}"),
        (None, _, None) => format!("{verb} {what}"),
    }
}

/// What tells a rollback from other commits.
fn rolled_back<'f>(facts: &'f Facts<'_>) -> impl Iterator<Item = String> + 'f {
    facts.images.iter().filter_map(|image| Some(format!("Rolled-Back-From: {}", image.rolled_back_from?)))
}

/// Git trailers, one a line.
fn trailers(facts: &Facts<'_>, ci: &Ci) -> String {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(clean(facts.promoted_from).map(|from| format!("Promoted-From: {from}")));
    lines.extend(rolled_back(facts));
    // A commit that only holds writes no image.
    for image in facts.images.iter().filter(|_| !facts.changes.is_empty() || facts.preview.is_some()) {
        let digest = image.digest.map(|digest| format!("@{digest}")).unwrap_or_default();
        let colon = if image.tag.is_empty() { "" } else { ":" };
        lines.push(format!("Image: {}{colon}{}{digest}", image.repository, image.tag));
    }
    lines.extend(facts.preview.map(|preview| format!("Preview: {}", preview.name)));
    match (clean(ci.project_url.as_deref()), clean(ci.commit_sha.as_deref())) {
        (Some(project), Some(sha)) => lines.push(format!("Source-Commit: {project}/-/commit/{sha}")),
        (None, Some(sha)) => lines.push(format!("Source-Commit: {sha}")),
        _ => {}
    }
    lines.extend(clean(ci.pipeline_url.as_deref()).map(|url| format!("Pipeline: {url}")));
    lines.extend(freeze_trailer(facts));
    lines.join("\n")
}

fn freeze_trailer(facts: &Facts<'_>) -> Option<String> {
    Some(format!("Freeze-Ignored: {}", clean(facts.freeze_ignored)?))
}

/// A variable's value on one line: a line break in it could forge a trailer.
fn clean(value: Option<&str>) -> Option<String> {
    value.map(|value| value.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment
}

fn reason(error: &minijinja::Error) -> MessageError {
    let line = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    MessageError(format!("{line}{detail}"))
}
