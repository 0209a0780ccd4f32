//! The rows as a Markdown table, for a wiki or a job's summary. This module must not print.

#![deny(clippy::disallowed_methods)]

use super::model::Status;
use super::rows::{BumpRow, HEADINGS, Linked, Row, problems, rows};
use super::summary::summary;
use crate::text::{markdown as markdown_text, markdown_link};

/// What every environment names, a row for each place, and what could not be read.
pub fn markdown(status: &Status) -> String {
    let rows = rows(status);
    let (summary, generated) = (summary(status), markdown_text(&status.generated));
    let mut text = format!("# What runs where\n\n{summary}, as of {generated}\n\n");
    if rows.is_empty() {
        text.push_str("No image is named in the files that were read.\n");
    } else {
        text.push_str(&line(&HEADINGS.map(str::to_owned)));
        text.push_str(&line(&HEADINGS.map(|_| "---".to_owned())));
        text.extend(rows.iter().map(|row| line(&cells(row))));
    }
    let problems = problems(status);
    if !problems.is_empty() {
        text.push_str("\n## What could not be read\n\n");
        text.extend(problems.iter().map(|problem| format!("- {}\n", markdown_text(problem))));
    }
    text
}

fn line(cells: &[String; 8]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn cells(row: &Row) -> [String; 8] {
    [
        markdown_text(&row.environment),
        markdown_text(&row.image),
        markdown_text(&row.tag),
        markdown_text(&row.digest),
        markdown_text(&row.registry()),
        last_bump(row),
        markdown_text(&row.drift()),
        markdown_text(&row.place()),
    ]
}

/// The last bump; before it the hold, where there is one.
fn last_bump(row: &Row) -> String {
    let bump = row.bump.as_ref().map_or_else(|| markdown_text(&row.no_bump), bump);
    row.hold.as_ref().map_or_else(|| bump.clone(), |hold| format!("{}; {bump}", markdown_text(&hold.words())))
}

fn bump(bump: &BumpRow) -> String {
    let mut words =
        vec![format!("{} by {} {}", linked(&bump.commit), markdown_text(&bump.author), markdown_text(&bump.age))];
    words.extend([&bump.pipeline, &bump.source].into_iter().flatten().map(linked));
    words.extend(bump.is_stale.then(|| "changed since".to_owned()));
    words.join(", ")
}

fn linked(linked: &Linked) -> String {
    markdown_link(&linked.text, linked.url.as_deref())
}

#[cfg(test)]
mod tests {
    use super::super::model::Held;
    use super::super::model::tests::{bumped, place, status};
    use super::*;

    #[test]
    fn text_from_outside_is_text() {
        let mut hostile = bumped(place("r.io/team/app_1", "1", ""), "https://g.example.com/p/-/pipelines/7|8>");
        hostile.file = "a|b\n# <script>`x`[y](javascript:z)".into();
        hostile.last_bump.as_mut().unwrap().author = "@all *Ada*".into();
        hostile.hold =
            Some(Held { reason: "a|b".into(), by: "*Bob*".into(), at: String::new(), seconds: 1_795_514_400 });
        let text = markdown(&status("prod", vec![hostile]));
        let row = text.lines().last().unwrap();
        assert_eq!(row.replace("\\|", "").matches('|').count(), 9, "{row}");
        for words in [
            "a\\|b \\# &lt;script&gt;\\`x\\`\\[y\\](javascript:z)",
            "&#64;all \\*Ada\\*",
            "r.io/team/app\\_1",
            "held by \\*Bob\\* 2 hours ago: a\\|b; ",
        ] {
            assert!(row.contains(words), "{words}: {row}");
        }
        assert!(row.contains("[pipeline 7\\|8&gt;](<https://g.example.com/p/-/pipelines/7%7C8%3E>)"), "{row}");
    }

    #[test]
    fn what_could_not_be_read_is_listed() {
        let mut status = status("prod", Vec::new());
        status.repositories[0].problems.push("values.yaml: it is gone".into());
        let text = markdown(&status);
        assert!(
            text.contains("No image is named") && text.contains("- shop/infra: values.yaml: it is gone\n"),
            "{text}"
        );
    }
}
