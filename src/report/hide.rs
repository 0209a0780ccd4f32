//! Passes every text of a report through a filter, before anything is escaped, quoted or left out: afterwards a secret would
//! not look like itself. This module must not know what is a secret.

#![deny(clippy::disallowed_methods)]

use super::{DetailsReport, FileReport, ImageReport, Report, RepositoryReport, SignatureReport};

impl Report {
    /// Filters every text. The patterns name all fields, so that a new one can't be forgotten.
    pub fn hide(&mut self, filter: impl Fn(&str) -> String) {
        let Self { changed: _, images, repositories, error } = self;
        all(error, &filter);
        for found in images {
            image(found, &filter);
        }
        for found in repositories {
            repository(found, &filter);
        }
    }
}

impl Report {
    /// Has the error of a run that did not begin name things as this filter does.
    pub fn name(&mut self, filter: impl Fn(&str) -> String) {
        all(&mut self.error, &filter);
    }
}

fn all<'t>(texts: impl IntoIterator<Item = &'t mut String>, filter: &impl Fn(&str) -> String) {
    for text in texts {
        *text = filter(text);
    }
}

fn image(image: &mut ImageReport, filter: &impl Fn(&str) -> String) {
    let ImageReport { name, reference, repository, tag, digest, details, signature, error } = image;
    all([name, reference, repository, tag].into_iter().chain(digest).chain(error), filter);
    if let Some(DetailsReport { media_type, platforms, size: _, created, labels }) = details {
        all(std::iter::once(media_type).chain(platforms).chain(created), filter);
        *labels = labels.iter().map(|(key, value)| (filter(key), filter(value))).collect();
    }
    if let Some(SignatureReport { verified: _, key }) = signature {
        all(key, filter);
    }
}

fn repository(repository: &mut RepositoryReport, filter: &impl Fn(&str) -> String) {
    let RepositoryReport { url, short, branch, outcome: _, commit, commit_url, merge_request, files, error } =
        repository;
    let optional = [branch, commit, commit_url, merge_request, error].into_iter().flatten();
    all([url, short].into_iter().chain(optional), filter);
    for FileReport { path, place, line: _, old, new } in files {
        all([path, place, old, new], filter);
    }
}
