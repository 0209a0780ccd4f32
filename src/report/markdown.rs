//! The report as Markdown, for a note on a merge request or a release; this module must not decide what is reported.

#![deny(clippy::disallowed_methods)]

use super::{FileReport, ImageReport, Report, RepositoryReport};
use crate::text::{markdown, markdown_link};

impl Report {
    /// What was deployed where, in GitLab's Markdown; text from outside is no markup in it.
    pub fn markdown(&self) -> String {
        let mut text = String::from("## Deployment\n\n");
        self.images.iter().for_each(|found| text.push_str(&image(found)));
        text.push_str("\n| repository | branch | outcome | |\n|---|---|---|---|\n");
        self.repositories.iter().for_each(|found| text.push_str(&repository(found)));
        let changes: Vec<String> = self.repositories.iter().flat_map(|found| &found.files).map(change).collect();
        if !changes.is_empty() {
            text.push_str("\n| file | place | before | now |\n|---|---|---|---|\n");
            text.push_str(&changes.concat());
        }
        if let Some(error) = &self.error {
            text.extend(["\n", &markdown(error), "\n"]);
        }
        text
    }
}

fn image(image: &ImageReport) -> String {
    let digest = image.digest.as_deref().map(|digest| format!(", {}", markdown(digest))).unwrap_or_default();
    let error = image.error.as_deref().map(|error| format!(": {}", markdown(error))).unwrap_or_default();
    format!("- {}{digest}{error}\n", markdown(&image.reference))
}

fn repository(repository: &RepositoryReport) -> String {
    let commit = repository.commit.as_deref().map(|commit| commit.get(..8).unwrap_or(commit));
    let links = [
        commit.map(|commit| markdown_link(commit, repository.commit_url.as_deref())),
        repository.merge_request.as_deref().map(|url| markdown_link("merge request", Some(url))),
        repository.error.as_deref().map(markdown),
    ];
    let links: Vec<String> = links.into_iter().flatten().collect();
    let branch = markdown(repository.branch.as_deref().unwrap_or_default());
    format!("| {} | {branch} | {} | {} |\n", markdown(&repository.short), repository.outcome, links.join(", "))
}

fn change(change: &FileReport) -> String {
    let cells = [&change.path, &change.place, &change.old, &change.new].map(|text| markdown(text));
    let [path, place, old, new] = cells;
    format!("| {path}:{} | {place} | {old} | {new} |\n", change.line)
}
