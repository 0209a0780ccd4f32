//! Text as a part of what people read on a forge, in which names from outside mention nobody and close no issue. This module
//! must not decide what a page says.
//!
//! GitLab, GitHub and Gitea notify whoever stands behind an `@`, link a number behind a `#`, and close the issue behind a word such
//! as `closes` when the request is merged.

#![deny(clippy::disallowed_methods)]

use super::markdown::{each_line, neutral};

/// Nothing that people see, between a sign and what it would refer to; written so that no reader drops it.
const NOTHING: &str = "&#8203;";

/// What begins a word that closes an issue.
const CLOSING: [&str; 4] = ["clos", "fix", "resolv", "implement"];

/// Markdown of several lines in which nothing acts: no quick action, no mention, no reference to an issue. What the template
/// itself says stays. In code people are not mentioned, so only what closes an issue is taken apart there: GitLab looks into it.
pub fn inert(text: &str, template: &str) -> String {
    let mut is_plain = true;
    let outside = |line: &str| {
        // After this, what is code to us may be none to others.
        is_plain &= has_plain_spans(line);
        without_references(&neutral(line), template, is_plain)
    };
    each_line(text, outside, |line| without_closings(line, template))
}

/// A text that is no Markdown, such as a title, in which nothing closes an issue.
pub fn without_closings(line: &str, template: &str) -> String {
    let mut result = String::with_capacity(line.len());
    for (at, c) in line.char_indices() {
        result.push(c);
        let after = &line[at + c.len_utf8()..];
        if refers(c, after, template) && c == '#' && is_closing(&line[..at]) {
            result.push(' ');
        }
    }
    result
}

fn without_references(line: &str, template: &str, has_code: bool) -> String {
    let line = without_closings(line, template);
    let mut result = String::with_capacity(line.len());
    let (mut is_code, mut before) = (false, ' ');
    for (at, c) in line.char_indices() {
        is_code ^= has_code && c == '`';
        result.push(c);
        // Behind a letter an `@` belongs to a digest or a mail address.
        let is_sign = c != '@' || !before.is_alphanumeric();
        if !is_code && is_sign && refers(c, &line[at + c.len_utf8()..], template) {
            result.push_str(NOTHING);
        }
        before = c;
    }
    result
}

/// Whether a sign and the text behind it refer to a person or an issue, and the template does not say the same.
fn refers(sign: char, after: &str, template: &str) -> bool {
    let is_part = |c: char| match sign {
        '@' => c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'),
        '#' => c.is_ascii_digit(),
        _ => false,
    };
    let name: String = after.chars().take_while(|&c| is_part(c)).collect();
    !name.is_empty() && !template.contains(&format!("{sign}{name}"))
}

/// Whether a text ends with a word that closes the issue behind it, and maybe with that one's project.
fn is_closing(before: &str) -> bool {
    let project = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let rest = before.trim_end_matches(project);
    let rest = if rest.is_empty() { before } else { rest };
    let word = rest.trim_end_matches([' ', ':', '\t']).rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    let word = word.to_lowercase();
    CLOSING.iter().any(|closing| word.starts_with(closing))
}

/// Whether backticks make the same code spans to every reader: alone, in pairs, and none of them escaped.
fn has_plain_spans(line: &str) -> bool {
    !line.contains("``") && !line.contains("\\`") && line.matches('`').count().is_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_outside_do_nothing() {
        for (text, shown) in [
            ("values/@ops.yaml: 1 → 2", "values/@&#8203;ops.yaml: 1 → 2"),
            ("(@ada) #12", "(@&#8203;ada) #&#8203;12"),
            ("closes #1", "closes # 1"),
            ("Fixes: shop/api#1, fixed", "Fixes: shop/api# 1, fixed"),
            ("- `closes #1.yaml`, `@ops`", "- `closes # 1.yaml`, `@ops`"),
            ("`a` @ops `b`", "`a` @&#8203;ops `b`"),
            ("`a @ops", "`a @&#8203;ops"),
            ("r.example/app:1@sha256:0af, a@b.example, # 1, #", "r.example/app:1@sha256:0af, a@b.example, # 1, #"),
            ("/merge @ops", "\\/merge @&#8203;ops"),
        ] {
            assert_eq!(inert(text, ""), shown);
        }
        // An odd backtick shifts what is code below it.
        assert_eq!(inert("a ` b\n`x` `@ops`", ""), "a ` b\n`x` `@&#8203;ops`");
        assert_eq!(inert("```\n@ops\nresolves #3\n```", ""), "```\n@ops\nresolves # 3\n```");
    }

    #[test]
    fn what_the_template_says_stays() {
        assert_eq!(
            inert("cc @ops, closes #7; @opsy #77", "cc @ops, closes #7; {{ x }}"),
            "cc @ops, closes #7; @&#8203;opsy #&#8203;77"
        );
        assert_eq!(without_closings("Deploy closes #7", "Deploy closes #7"), "Deploy closes #7");
        assert_eq!(without_closings("Deploy closes #7 @ops", ""), "Deploy closes # 7 @ops");
    }
}
