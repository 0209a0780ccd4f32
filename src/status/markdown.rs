//! The rows as a Markdown table, for a wiki or a job's summary. This module must not print.

#![deny(clippy::disallowed_methods)]

use super::model::Status;
use super::rows::{BumpRow, HEADINGS, Linked, NOTHING, Row, problems, rows};
use crate::text::one_line;

/// What every environment names, a row for each place, and what could not be read.
pub fn markdown(status: &Status) -> String {
    let rows = rows(status);
    let mut text = format!("# What runs where\n\n{}\n\n", escaped(&status.generated));
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
        text.extend(problems.iter().map(|problem| format!("- {}\n", escaped(problem))));
    }
    text
}

fn line(cells: &[String; 8]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn cells(row: &Row) -> [String; 8] {
    let drift = if row.drift.is_empty() { NOTHING.to_owned() } else { row.drift.join(", ") };
    [
        escaped(&row.environment),
        escaped(&row.image),
        escaped(&row.tag),
        escaped(&row.digest),
        escaped(&row.registry),
        row.bump.as_ref().map_or_else(|| escaped(&row.no_bump), bump),
        escaped(&drift),
        escaped(&format!("{} {}", row.place, row.path)),
    ]
}

fn bump(bump: &BumpRow) -> String {
    let mut words = vec![format!("{} by {} {}", linked(&bump.commit), escaped(&bump.author), escaped(&bump.age))];
    words.extend([&bump.pipeline, &bump.source].into_iter().flatten().map(linked));
    words.extend(bump.is_stale.then(|| "changed since".to_owned()));
    words.join(", ")
}

fn linked(linked: &Linked) -> String {
    let text = escaped(&linked.text);
    match &linked.url {
        // In angle brackets an address may hold anything but those and line breaks.
        Some(url) => format!("[{text}](<{}>)", url.replace('<', "%3C").replace('>', "%3E").replace('|', "%7C")),
        None => text,
    }
}

/// Text that is no markup, nor HTML, nor the end of a cell.
fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            // GitLab would make a mention of it, and notify people.
            '@' => result.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '!' | '|' | '~' | '$' => {
                result.push('\\');
                result.push(c);
            }
            _ => result.push(c),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::super::model::tests::{bumped, place, status};
    use super::*;

    #[test]
    fn text_from_outside_is_text() {
        let mut hostile = bumped(place("r.io/team/app_1", "1", ""), "https://g.example.com/p/-/pipelines/7|8>");
        hostile.file = "a|b\n# <script>`x`[y](javascript:z)".into();
        hostile.last_bump.as_mut().unwrap().author = "@all *Ada*".into();
        let text = markdown(&status("prod", vec![hostile]));
        let row = text.lines().last().unwrap();
        assert_eq!(row.replace("\\|", "").matches('|').count(), 9, "{row}");
        for words in ["a\\|b \\# &lt;script&gt;\\`x\\`\\[y\\](javascript:z)", "&#64;all \\*Ada\\*", "r.io/team/app\\_1"]
        {
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
