//! The proposal as the text of a config file; this module must not decide what is proposed.
//!
//! Whatever comes from the repository is quoted by a library where it is a value, and is one printable line where it is
//! a comment: it can't become a key, a variable or a line of its own.

#![deny(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Context;
use super::candidates::Passed;
use super::environments::ENVIRONMENT;
use super::propose::{Proposal, Section, Target};
use crate::text::one_line;

/// How many remarks are written down, and how many targets that are not in force.
const MOST: usize = 20;

/// How long a comment may be, in characters.
const LONGEST: usize = 300;

/// Writes the config file; `commands` are those to try it with.
pub(super) fn render(proposal: &Proposal, passed: &Passed, context: &Context, commands: &[String]) -> String {
    let mut text = String::new();
    comment(&mut text, 0, &format!("Proposed by gitops-bump init for {}.", context.place));
    comment(&mut text, 0, "Read this file, save it as .gitops-bump.yml, and try it with the commands at its end.");
    if context.url.starts_with("http") {
        comment(&mut text, 0, "Set GITOPS_BUMP_GIT_TOKEN to a token that may read from and push to the repository.");
    }
    list(&mut text, "Decisions left to you:", &proposal.remarks);
    list(&mut text, "Not read:", &passed.lines().collect::<Vec<_>>());
    if proposal.targets().next().is_none() {
        return text;
    }
    text.push_str("images:\n");
    for image in proposal.images.iter().filter(|image| image.is_used) {
        let _ = writeln!(text, "  {}: {}", value(&image.name), with_variables(&image.reference));
    }
    if !proposal.environments.is_empty() {
        comment(
            &mut text,
            0,
            "<env> is replaced by --environment, by default the environment of the job. One run writes for one of these:",
        );
        let _ = writeln!(text, "environments: {}", flow(&proposal.environments));
    }
    let _ = writeln!(text, "repositories:\n  - url: {}", value(&context.url));
    if let Some(branch) = &context.branch {
        let _ = writeln!(text, "    branch: {}", value(branch));
    }
    let held = proposal.items.iter().filter(|target| target.but.is_some()).count();
    let mut shown = 0;
    for section in [Section::Helm, Section::Kustomize, Section::Manifest] {
        let mut targets: Vec<&Target> = proposal.items.iter().filter(|target| target.section == section).collect();
        targets.retain(|target| {
            target.but.is_none()
                || shown < MOST && {
                    shown += 1;
                    true
                }
        });
        if targets.is_empty() {
            continue;
        }
        let is_used = targets.iter().any(|target| target.but.is_none());
        let _ = writeln!(text, "    {}{}:", if is_used { "" } else { "# " }, key(section));
        for entry in targets {
            target(&mut text, entry, proposal);
        }
    }
    if held > shown {
        comment(&mut text, 4, &format!("{} more places have no effect", held - shown));
    }
    if !commands.is_empty() {
        comment(&mut text, 0, "To try it, with a tag that is in the registry:");
        for command in commands {
            // A comment may be cut, and a command that is cut does something else.
            let _ = writeln!(text, "#   {}", one_line(command));
        }
    }
    text
}

fn list(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    text.push_str("#\n");
    comment(text, 0, title);
    for line in lines.iter().take(MOST) {
        comment(text, 0, &format!("- {line}"));
    }
    if lines.len() > MOST {
        comment(text, 0, &format!("- and {} more: run init with -v to see them", lines.len() - MOST));
    }
}

/// `[dev, prod]`.
fn flow(names: &BTreeSet<String>) -> String {
    let names: Vec<String> = names.iter().map(|name| in_flow(name)).collect();
    format!("[{}]", names.join(", "))
}

/// A name as an item of a flow sequence.
fn in_flow(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let text = value(name);
    if is_plain && text == *name { text } else { serde_json::Value::from(name.replace('$', "$$")).to_string() }
}

fn target(text: &mut String, target: &Target, proposal: &Proposal) {
    for why in &target.why {
        comment(text, 6, why);
    }
    let mut lines = vec![format!("- {}: {}", file_key(target.section), value(&target.file))];
    lines.extend(target.path.as_ref().map(|path| format!("  path: {}", value(path))));
    let image = target.images.first().filter(|_| !target.is_for_all).and_then(|image| proposal.images.get(*image));
    lines.extend(image.map(|image| format!("  image: {}", value(&image.name))));
    lines.extend(target.name.as_ref().map(|name| format!("  name: {}", value(name))));
    lines.extend(target.create.then(|| "  create: true".to_owned()));
    lines.extend(target.any_repository.then(|| "  any_repository: true".to_owned()));
    let is_for_some = !target.environments.is_empty()
        && (target.environments != proposal.environments || !target.file.contains(ENVIRONMENT));
    lines.extend(is_for_some.then(|| format!("  environments: {}", flow(&target.environments))));
    let prefix = if target.but.is_some() { "# " } else { "" };
    if let Some(but) = &target.but {
        comment(text, 6, &format!("Not active: {but}."));
    }
    // What `value` wrote is one line, so that a comment stays one.
    for line in lines {
        let _ = writeln!(text, "      {prefix}{line}");
    }
}

fn key(section: Section) -> &'static str {
    match section {
        Section::Helm => "helm",
        Section::Kustomize => "kustomize",
        Section::Manifest => "manifest",
    }
}

fn file_key(section: Section) -> &'static str {
    match section {
        Section::Helm => "file",
        Section::Kustomize | Section::Manifest => "path",
    }
}

/// A comment on a line of its own.
fn comment(text: &mut String, indent: usize, words: &str) {
    let words = one_line(words);
    let end = words.char_indices().nth(LONGEST).map(|(end, _)| end);
    let more = if end.is_some() { "…" } else { "" };
    let _ = writeln!(text, "{:indent$}# {}{more}", "", end.and_then(|end| words.get(..end)).unwrap_or(&words));
}

/// A text as a scalar in which nothing is a variable.
fn value(text: &str) -> String {
    with_variables(&text.replace('$', "$$"))
}

/// A text as a scalar, on one line.
fn with_variables(text: &str) -> String {
    let yaml = serde_yaml::to_string(text).unwrap_or_default();
    let line = yaml.trim_end_matches('\n');
    let is_simple = !line.is_empty() && !line.contains('\n') && !text.contains(char::is_control);
    if is_simple { line.to_owned() } else { serde_json::Value::from(text).to_string() }
}
