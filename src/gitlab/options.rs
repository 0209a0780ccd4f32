//! A merge request by push options, for who has no token for the API; this module must not push.
//!
//! The options are those of GitLab's "Push options". GitLab takes a push whose options fail, and only warns.

#![deny(clippy::disallowed_methods)]

use crate::links::WebUrl;
use crate::merge_request::Wish;
use crate::settings::Flag;
use crate::text::option_value;

/// A packet has room for this much and its own name.
const LONGEST: usize = 4000;

/// What a push asks for besides the push.
pub fn push_options(wish: &Wish<'_>) -> Vec<String> {
    let mut options = vec!["merge_request.create".to_owned()];
    let mut set = |name: &str, value: &str| options.push(format!("merge_request.{name}={}", safe(value)));
    set("target", wish.target);
    set("title", &wish.title);
    set("description", &wish.summary);
    wish.settings.labels.iter().for_each(|label| set("label", label));
    wish.settings.assignees.iter().for_each(|user| set("assign", user));
    let mut switch = |name: &str, flag: Flag| {
        if flag == Flag::On {
            options.push(format!("merge_request.{name}"));
        }
    };
    switch("draft", wish.settings.draft);
    switch("remove_source_branch", wish.settings.remove_source_branch);
    // The name before GitLab 17.11 and the one since; each version passes over the other.
    switch("merge_when_pipeline_succeeds", wish.settings.auto_merge);
    switch("auto_merge", wish.settings.auto_merge);
    options
}

/// One line without control characters, short enough for a packet.
fn safe(value: &str) -> String {
    let line = option_value(value);
    let end = line.char_indices().map(|(at, _)| at).find(|at| *at >= LONGEST);
    match end {
        Some(end) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// The address of the merge request that a server names in its words, when it is one of this host.
pub fn request_url(words: &str, host: &str) -> Option<WebUrl> {
    words.split_whitespace().find_map(|word| {
        let word = word.trim_end_matches([';', ',', '.']);
        let (_, number) = word.split_once("/-/merge_requests/")?;
        let is_request = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        WebUrl::said(word, [host]).filter(|_| is_request)
    })
}

/// Whether GitLab says that a request of the work branch is open already.
pub fn is_there_already(words: &str) -> bool {
    words.contains("open merge request already exists for this source branch")
}

/// What GitLab says of options that it did not follow. One is no trouble: the request that is open already.
pub fn warning(words: &str) -> Option<&str> {
    let (_, warning) = words.split_once("WARNINGS:")?;
    let warning = warning.trim();
    (!warning.contains("already exists")).then_some(warning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::ProposalSettings;

    #[test]
    fn values_are_made_safe() {
        let settings = ProposalSettings {
            labels: vec!["bump\nmerge_request.target=evil".into()],
            auto_merge: Flag::On,
            ..ProposalSettings::default()
        };
        let wish = Wish {
            settings: &settings,
            source: "gitops-bump/app",
            target: "main",
            title: "/merge\u{1b}[1m app".into(),
            description: "long".into(),
            summary: format!("/approve\\n/merge {}", "x".repeat(100_000)),
        };
        let options = push_options(&wish);
        assert!(options.iter().all(|option| option.len() < 5000 && !option.contains(char::is_control)), "{options:?}");
        assert!(!options.iter().any(|option| option.contains("=/") || option.contains("\\n")), "{options:?}");
        assert!(options.contains(&"merge_request.target=main".to_owned()));
        assert_eq!(options.iter().filter(|option| option.starts_with("merge_request.target=")).count(), 1);
        assert!(options.contains(&"merge_request.auto_merge".to_owned()));
    }

    #[test]
    fn finds_the_request_in_the_servers_words() {
        let words = "View merge request for gitops-bump/app:; https://g.example/a/b/-/merge_requests/7";
        let found = request_url(words, "g.example");
        assert_eq!(found.as_ref().map(WebUrl::as_str), Some("https://g.example/a/b/-/merge_requests/7"));
        assert_eq!(request_url(words, "other.example"), None);
        let new = "To create a merge request, visit: https://g.example/a/b/-/merge_requests/new?merge_request=x";
        assert_eq!(request_url(new, "g.example"), None);
        assert_eq!(warning("WARNINGS:; User x was not found"), Some("; User x was not found"));
        assert_eq!(warning("WARNINGS: Another open merge request already exists for this source branch: !7"), None);
    }
}
