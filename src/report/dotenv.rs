//! The report as variables for later jobs; this module must not decide what is reported.

#![deny(clippy::disallowed_methods)]

use super::Report;
use crate::secret::HIDDEN;
use crate::text::is_unsafe;

/// GitLab takes a dotenv report of at most 5 KiB.
const DOTENV_BYTES: usize = 5 * 1024;

/// The names are their own: GitLab lets a report of an earlier job win over a job's variables, and a result must not
/// become the input of a later run.
const DOTENV_PREFIX: &str = "GITOPS_BUMP_RESULT_";

impl Report {
    /// Lines of `NAME=VALUE` as GitLab reads them: no quotes, no blank lines, at most 5 KiB. Values that would not fit
    /// are left out from the end of their list, and so are those that could be read as anything but themselves.
    pub fn dotenv(&self) -> String {
        let commits = self.repositories.iter().filter_map(|repository| repository.commit.clone());
        let requests = self.repositories.iter().filter_map(|repository| repository.merge_request.clone());
        let images = || self.images.iter();
        let mut lists: Vec<(&str, Vec<String>)> = vec![
            ("CHANGED", vec![self.changed.to_string()]),
            ("IMAGE", images().map(|image| format!("{}:{}", image.repository, image.tag)).collect()),
            ("TAG", images().map(|image| image.tag.clone()).collect()),
            // Not of an image that must not be deployed.
            (
                "DIGEST",
                images().filter(|image| image.error.is_none()).filter_map(|image| image.digest.clone()).collect(),
            ),
            ("COMMIT", commits.collect()),
            ("MERGE_REQUEST", requests.collect()),
        ];
        for (_, values) in &mut lists {
            values.retain(|value| is_dotenv_value(value));
        }
        loop {
            let lines: Vec<String> =
                lists.iter().map(|(name, values)| format!("{DOTENV_PREFIX}{name}={}", values.join(","))).collect();
            let text = lines.join("\n") + "\n";
            if text.len() <= DOTENV_BYTES {
                return text;
            }
            let longest = lists.iter_mut().max_by_key(|(_, values)| values.iter().map(String::len).sum::<usize>());
            longest.and_then(|(_, values)| values.pop());
        }
    }
}

/// One word without quotation, expansion or anything that nobody sees; a secret's place is no value.
fn is_dotenv_value(value: &str) -> bool {
    let is_fit = |c: char| !(c.is_whitespace() || is_unsafe(c) || matches!(c, '"' | '\'' | '`' | '\\' | '$'));
    value.chars().all(is_fit) && !value.contains(HIDDEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_plain_word() {
        for value in
            ["r.example.com:5000/a/b:1.2_3-x", "https://[::1]:80/a/-/merge_requests/7?x=%22#1", "sha256:0af", ""]
        {
            assert!(is_dotenv_value(value), "{value}");
        }
        for value in [
            "a\nBASH_ENV=x",
            "a\rb",
            "a b",
            "a\u{85}b",
            "a\u{2028}b",
            "a\u{200b}",
            "\"a\"",
            "a'b",
            "$X",
            "a\\b",
            "`a`",
            "[hidden]",
        ] {
            assert!(!is_dotenv_value(value), "{value:?}");
        }
    }
}
