//! The commands that a proposal is tried with, as lines for a shell; this module must not run one.

#![deny(clippy::disallowed_methods)]

use super::Context;
use super::images::{PREFIX_VARIABLE, TAG_VARIABLE};
use super::propose::Proposal;

/// Stands for a tag where no place holds one.
const ANY_TAG: &str = "1.0.0";

/// What checks the proposal, and what runs it without publishing anything, for one of its environments.
pub(super) fn commands(proposal: &Proposal, context: &Context) -> Vec<String> {
    if proposal.targets().next().is_none() {
        return Vec::new();
    }
    let mut environments = proposal.environments.iter();
    let environment = environments.clone().find(|name| name.starts_with("dev")).or_else(|| environments.next());
    let tags = [environment.cloned(), None].into_iter().find_map(|name| proposal.tags.get(&name));
    let tag = tags.or_else(|| proposal.tags.values().next()).map_or(ANY_TAG, String::as_str);
    let mut before = format!("{TAG_VARIABLE}={}", quoted(tag));
    let prefix = context.prefix.as_ref().filter(|_| {
        let uses = |reference: &str| reference.contains(PREFIX_VARIABLE);
        proposal.images.iter().any(|image| image.is_used && uses(&image.reference))
    });
    if let Some(prefix) = prefix {
        before = format!("{PREFIX_VARIABLE}={} {before}", quoted(prefix.as_str()));
    }
    let mut after = String::new();
    if let Some(output) = &context.output {
        after = format!(" --config {}", quoted(output));
    }
    if let Some(environment) = environment {
        after = format!("{after} --environment {}", quoted(environment));
    }
    ["config validate", "update --dry-run"]
        .iter()
        .map(|command| format!("{before} gitops-bump {command}{after}"))
        .collect()
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+,=-".contains(c);
    let is_word = !text.is_empty() && text.chars().all(is_plain);
    if is_word { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stays_one_word() {
        for (text, word) in [
            ("dev", "dev"),
            ("a b", "'a b'"),
            ("", "''"),
            ("it's", "'it'\\''s'"),
            ("$(x)", "'$(x)'"),
            ("r.io:5/a", "r.io:5/a"),
        ] {
            assert_eq!(quoted(text), word);
        }
    }
}
