//! The proposal as the text of a config file; this module must not decide what is proposed.
//!
//! Whatever comes from the repository is quoted by a library where it is a value, and is one printable line where it is
//! a comment: it can't become a key, a variable or a line of its own.

#![deny(clippy::disallowed_methods)]

use std::fmt::Write as _;

use super::Context;
use super::candidates::Passed;
use super::propose::{Proposal, Section, Target};
use crate::text::one_line;

/// How many remarks are written down.
const MOST_REMARKS: usize = 100;

/// How long a comment may be, in characters.
const LONGEST: usize = 300;

/// Writes the config file.
pub(super) fn render(proposal: &Proposal, passed: &Passed, context: &Context) -> String {
    let mut text = String::new();
    head(&mut text, proposal, context);
    remarks(&mut text, "Left to decide:", &proposal.remarks);
    remarks(&mut text, "Not read:", &passed.lines().collect::<Vec<_>>());
    text.push_str("images:\n");
    for image in &proposal.images {
        if image.is_used {
            let _ = writeln!(text, "  {}: {}", value(&image.name), with_variables(&image.reference));
        } else {
            comment(&mut text, 2, &format!("{}: {}", image.name, image.reference));
        }
    }
    if proposal.creates {
        comment(&mut text, 0, "Adds the tags and entries that are missing.");
        text.push_str("create: true\n");
    }
    let _ = writeln!(text, "repositories:\n  - url: {}", value(&context.url));
    if let Some(branch) = &context.branch {
        let _ = writeln!(text, "    branch: {}", value(branch));
    }
    for section in [Section::Helm, Section::Kustomize, Section::Manifest] {
        let targets: Vec<&Target> = proposal.items.iter().filter(|target| target.section == section).collect();
        if targets.is_empty() {
            continue;
        }
        let is_used = targets.iter().any(|target| target.but.is_none());
        let _ = writeln!(text, "    {}{}:", if is_used { "" } else { "# " }, key(section));
        for entry in targets {
            target(&mut text, entry, proposal);
        }
    }
    text
}

fn head(text: &mut String, proposal: &Proposal, context: &Context) {
    comment(text, 0, &format!("Proposed by gitops-bump init for {}. Read it, then keep it as", context.place));
    comment(text, 0, ".gitops-bump.yml and try it: gitops-bump config validate, gitops-bump update --dry-run.");
    comment(text, 0, "GITOPS_BUMP_GIT_TOKEN holds the token that reads and pushes.");
    if !proposal.environments.is_empty() {
        let names: Vec<&str> = proposal.environments.iter().map(String::as_str).collect();
        let seen = format!("<env> is --environment, by default the job's environment. Seen: {}.", names.join(", "));
        comment(text, 0, &seen);
    }
}

fn remarks(text: &mut String, title: &str, remarks: &[String]) {
    if remarks.is_empty() {
        return;
    }
    text.push_str("#\n");
    comment(text, 0, title);
    for remark in remarks.iter().take(MOST_REMARKS) {
        comment(text, 0, &format!("- {remark}"));
    }
    if remarks.len() > MOST_REMARKS {
        comment(text, 0, &format!("- and {} more", remarks.len() - MOST_REMARKS));
    }
}

fn target(text: &mut String, target: &Target, proposal: &Proposal) {
    for why in &target.why {
        comment(text, 6, why);
    }
    let mut lines = vec![format!("- {}: {}", file_key(target.section), value(&target.file))];
    lines.extend(target.path.as_ref().map(|path| format!("  path: {}", value(path))));
    let name = target.image.and_then(|image| proposal.images.get(image)).map(|image| &image.name);
    lines.extend(name.map(|name| format!("  image: {}", value(name))));
    let prefix = if target.but.is_some() { "# " } else { "" };
    if let Some(but) = &target.but {
        comment(text, 6, &format!("Not in force: {but}."));
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
