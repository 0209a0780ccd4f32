//! Images that a chart's templates name themselves, which no values can change: they are said, and never proposed. This module
//! must not read a template as YAML, which it seldom is.

#![deny(clippy::disallowed_methods)]

use super::File;
use super::hosts::is_official;
use super::images::Image;
use crate::image::{Reference, Repository};

/// How many are named.
const NAMED: usize = 5;

/// A sentence for the first few, and one for the others. `asked` are the images that were asked for; none means all.
pub(super) fn remarks(templates: &[File], images: &[Image], asked: &[Repository]) -> Vec<String> {
    let is_meant = |repository: &Repository| {
        let is_known = images.iter().any(|image| image.is_of(repository));
        is_known || (asked.is_empty() && repository.written_host().is_some() && !is_official(repository))
    };
    let mut remarks = Vec::new();
    let mut more = 0;
    for file in templates {
        let Ok(text) = std::str::from_utf8(&file.bytes) else { continue };
        for (line, reference) in text.lines().enumerate().filter_map(|(at, line)| Some((at + 1, literal(line)?))) {
            if !is_meant(&reference.repository) {
                continue;
            }
            if remarks.len() < NAMED {
                let place = format!("{}:{line}", file.path);
                remarks.push(format!(
                    "{place}: the template of a chart contains {reference}: move the image to the values of the chart"
                ));
            } else {
                more += 1;
            }
        }
    }
    if more > 0 {
        remarks.push(format!("the templates of charts contain {more} more images"));
    }
    remarks
}

/// The image of a line `image: REFERENCE` that has nothing to be filled in.
fn literal(line: &str) -> Option<Reference> {
    let line = line.trim_start().trim_start_matches("- ");
    let text = line.strip_prefix("image:")?.split(" #").next()?.trim().trim_matches(['"', '\'']);
    if text.contains("{{") { None } else { Reference::parse(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_written_out_is_an_image() {
        for (line, image) in [
            ("        image: r.example.com/team/api:1 # here", Some("r.example.com/team/api:1")),
            ("      - image: \"r.example.com/team/api:1\"", Some("r.example.com/team/api:1")),
            ("        image: {{ .Values.image }}", None),
            ("        image: r.example.com/team/api:{{ .Values.tag }}", None),
            ("        imagePullPolicy: Always", None),
        ] {
            assert_eq!(literal(line).map(|reference| reference.to_string()).as_deref(), image, "{line}");
        }
    }
}
