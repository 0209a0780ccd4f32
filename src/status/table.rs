//! The rows in columns, for a terminal. This module must not print.

#![deny(clippy::disallowed_methods)]

use super::model::Status;
use super::rows::{BumpRow, HEADINGS, Row, rows};
use super::summary::summary;
use crate::text::one_line;

/// As wide as a table gets, in characters.
const WIDTH: usize = 120;

/// What stands between two columns.
const GAP: &str = "  ";

/// A column of a table that has to be narrow.
struct Column {
    heading: &'static str,
    cell: fn(&Row) -> String,
    cut: Cut,
    /// How much of the room it gets, compared with others that need more than there is.
    share: usize,
}

/// What is left out of a cell that is too long.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// The middle of a name, nearer to its beginning: the end tells names apart.
    Middle,
    /// The end of a sentence.
    End,
}

/// What there is room for: the digest only where it is written, the place without its path, no ages and no links.
const NARROW: [Column; 7] = [
    Column { heading: "ENVIRONMENT", cell: |row| row.environment.clone(), cut: Cut::Middle, share: 2 },
    Column { heading: "IMAGE", cell: |row| row.image.clone(), cut: Cut::Middle, share: 3 },
    Column { heading: "TAG", cell: version, cut: Cut::Middle, share: 2 },
    Column { heading: "REGISTRY", cell: |row| row.state.to_owned(), cut: Cut::End, share: 2 },
    Column { heading: "LAST BUMP", cell: bump, cut: Cut::End, share: 2 },
    Column { heading: "DRIFT", cell: Row::drift, cut: Cut::End, share: 2 },
    Column { heading: "PLACE", cell: |row| row.file.clone(), cut: Cut::Middle, share: 3 },
];

/// What every environment names, a line for each place. A line is at most 120 characters long; where that leaves
/// something out, the last line says how to see all.
pub fn table(status: &Status) -> String {
    let rows = rows(status);
    let summary = one_line(&summary(status));
    if rows.is_empty() {
        return format!("{summary}\nno image is named in the files that were read\n");
    }
    let heading = HEADINGS.map(str::to_ascii_uppercase).to_vec();
    let whole: Vec<Vec<String>> = std::iter::once(heading).chain(rows.iter().map(cells)).collect();
    let widths = widths(&whole);
    if widths.iter().sum::<usize>() + GAP.len() * (widths.len() - 1) <= WIDTH {
        return format!("{summary}\n{}", lines(&whole, &widths));
    }
    let heading = NARROW.iter().map(|column| column.heading.to_owned()).collect();
    let cells = |row: &Row| NARROW.iter().map(|column| one_line(&(column.cell)(row))).collect();
    let mut short: Vec<Vec<String>> = std::iter::once(heading).chain(rows.iter().map(cells)).collect();
    let widths = fitted(&short);
    for cells in &mut short {
        for ((cell, column), &width) in cells.iter_mut().zip(&NARROW).zip(&widths) {
            *cell = cut(cell, width, column.cut);
        }
    }
    let rest = "shortened to 120 columns: --format markdown, json or html has everything";
    format!("{summary}\n{}{rest}\n", lines(&short, &widths))
}

fn cells(row: &Row) -> Vec<String> {
    let bump = after_hold(row, row.bump.as_ref().map_or_else(|| row.no_bump.clone(), BumpRow::words));
    let (registry, drift, place) = (row.registry(), row.drift(), row.place());
    let cells = [&row.environment, &row.image, &row.tag, &row.digest, &registry, &bump, &drift, &place];
    cells.into_iter().map(|cell| one_line(cell)).collect()
}

/// The tag, and the digest where it is written.
fn version(row: &Row) -> String {
    let written = Some(row.digest.as_str()).filter(|digest| digest.starts_with("sha"));
    match (row.tag.as_str(), written) {
        (tag, None) => tag.to_owned(),
        (super::rows::NOTHING, Some(digest)) => digest.to_owned(),
        (tag, Some(digest)) => format!("{tag}@{digest}"),
    }
}

fn bump(row: &Row) -> String {
    let bump = row.bump.as_ref().map_or_else(
        || row.no_bump.clone(),
        |bump| format!("{}, {}{}", bump.age, bump.author, if bump.is_stale { ", changed since" } else { "" }),
    );
    after_hold(row, bump)
}

/// The last bump; before it the hold, where there is one.
fn after_hold(row: &Row, bump: String) -> String {
    match &row.hold {
        Some(hold) => format!("{}; {bump}", hold.words()),
        None => bump,
    }
}

fn lines(rows: &[Vec<String>], widths: &[usize]) -> String {
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(widths).map(|(cell, &width)| format!("{cell:width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join(GAP).trim_end())
    };
    rows.iter().map(line).collect()
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// How wide each column has to be.
fn widths(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().filter_map(|cells| cells.get(column)).map(|cell| length(cell)).max();
    (0..columns).map(|column| width(column).unwrap_or_default()).collect()
}

/// How wide each narrow column can be: those that need least get it, the others share the rest. No heading is cut.
fn fitted(rows: &[Vec<String>]) -> Vec<usize> {
    let needed = widths(rows);
    let room = WIDTH - GAP.len() * (NARROW.len() - 1);
    let at_most = |unit: usize| -> Vec<usize> {
        let width =
            |(column, needed): (&Column, &usize)| (*needed).min((unit * column.share).max(length(column.heading)));
        NARROW.iter().zip(&needed).map(width).collect()
    };
    let fits = |unit: &usize| at_most(*unit).iter().sum::<usize>() <= room;
    let mut widths = at_most((0..=room).take_while(fits).last().unwrap_or_default());
    // What is left over, a character each, from the last column on.
    let mut left = room.saturating_sub(widths.iter().sum());
    for (width, needed) in widths.iter_mut().zip(&needed).rev() {
        if left > 0 && *width < *needed {
            *width += 1;
            left -= 1;
        }
    }
    widths
}

fn cut(text: &str, width: usize, cut: Cut) -> String {
    let long = length(text);
    if long <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let head = if cut == Cut::Middle { kept / 3 } else { kept };
    let (first, last) = (text.chars().take(head), text.chars().skip(long - (kept - head)));
    first.chain(['…']).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::super::model::tests::{bumped, place, status};
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let mut escaped = place("r.io/web", "2", &format!("sha256:{}", "a".repeat(64)));
        escaped.file = "a\u{1b}[31m.yaml".into();
        escaped.path = "tag".into();
        let mut status = status("prod", vec![place("r.io/app", "1.4.2", ""), escaped]);
        status.repositories[0].short = "i".into();
        let text = table(&status);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "1 environment, 2 images, 0 missing, 0 drifting");
        assert_eq!(lines[1].split_whitespace().collect::<Vec<_>>()[..4], ["ENVIRONMENT", "IMAGE", "TAG", "DIGEST"]);
        assert_eq!(lines[2].find("1.4.2"), lines[1].find("TAG"));
        assert!(lines[2].contains("unknown in 20 commits"), "{text}");
        assert!(lines[3].contains("sha256:aaaaaaaaaaaa ") && !text.contains('\u{1b}'), "{text}");
        status.environments[0].places.clear();
        assert!(table(&status).contains("no image"));
    }

    #[test]
    fn no_line_is_too_long() {
        let long = format!("registry.example.com/{}/app", "team/".repeat(40).trim_end_matches('/'));
        let mut deep = bumped(place(&long, &"1.".repeat(60), &format!("sha256:{}", "a".repeat(64))), "https://g/1");
        deep.file = "é".repeat(300);
        let short = bumped(place("r.io/a", "1", ""), "https://g.example.com/-/pipelines/7");
        let text = table(&status("eu-west-1-production-of-a-long-name", vec![deep, short]));
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert_eq!(longest, Some(WIDTH), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with("ENVIRONMENT") && lines[1].contains("LAST BUMP"), "{text}");
        assert!(lines[2].contains("/app ") && lines[3].contains("r.io/a ") && lines[3].contains(" ago, Ada"), "{text}");
        assert!(lines[2].ends_with("é:3") && lines[4].contains("--format markdown"), "{text}");
    }

    #[test]
    fn a_cut_keeps_the_ends_of_a_name_and_the_beginning_of_a_sentence() {
        assert_eq!(cut("registry.example.com/app", 10, Cut::Middle), "reg…om/app");
        assert_eq!(cut("unknown in 20 commits", 10, Cut::End), "unknown i…");
        for (width, text) in [(10, "0123456789"), (1, "…"), (0, "…")] {
            assert_eq!(cut("0123456789", width, Cut::Middle), text);
        }
    }
}
