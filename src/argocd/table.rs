//! What was found where no application is concerned, as a table; this module must not know why.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use super::concern::Unconcerned;
use crate::text::{cut, one_line};

/// How many rows are shown.
const MOST_ROWS: usize = 20;

/// How long a cell may be.
const LONGEST: usize = 80;

const HEADS: [&str; 5] = ["application", "source", "revision", "path", "why not"];

/// Applications that are not concerned.
#[derive(Debug)]
pub struct Table {
    rows: Vec<[String; 5]>,
    /// How many applications there were in all.
    count: usize,
}

impl Table {
    pub(super) fn new(unconcerned: Vec<Unconcerned>, count: usize) -> Self {
        let cells = |row: Unconcerned| {
            [row.application, row.source, row.revision, row.path, row.why]
                .map(|cell| one_line(&cut(&without_user(&cell), LONGEST)))
        };
        Self { rows: unconcerned.into_iter().take(MOST_ROWS).map(cells).collect(), count }
    }

    /// Whether Argo CD showed no application at all.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// An address without the credentials that somebody wrote into it.
fn without_user(text: &str) -> String {
    match text.split_once("://").map(|(scheme, rest)| (scheme, rest.rsplit_once('@'))) {
        Some((scheme, Some((_, rest)))) => format!("{scheme}://{rest}"),
        _ => text.to_owned(),
    }
}

impl Table {
    /// The table's lines.
    pub(super) fn lines(&self) -> Vec<String> {
        let heads = HEADS.map(str::to_owned);
        let all = || std::iter::once(&heads).chain(&self.rows);
        let width = |column: usize| {
            let cells = all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
            cells.max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
        let line = |row: &[String; 5]| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        if self.rows.is_empty() { Vec::new() } else { all().map(line).collect() }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.count, self.rows.first()) {
            (0, _) => f.write_str("Argo CD shows no application"),
            (1, Some([application, source, _, _, why])) => {
                write!(f, "the only application, {application} of {source}, does not: {why}")
            }
            (count, _) => write!(f, "none of the {count} applications that Argo CD shows does"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_bounded_and_shows_no_credentials() {
        let row = |number: usize| Unconcerned {
            application: format!("argocd/app-{number}"),
            source: "https://bot:pass@git.example.com/x.git".to_owned(),
            revision: "HEAD".to_owned(),
            path: "a\nb".to_owned(),
            why: "another repository".to_owned(),
        };
        let table = Table::new((0..50).map(row).collect(), 12_345);
        let lines = table.lines();
        assert_eq!(lines.len(), 1 + MOST_ROWS, "{lines:?}");
        assert_eq!(lines[0], "application    source                         revision  path  why not");
        assert_eq!(lines[1], "argocd/app-0   https://git.example.com/x.git  HEAD      a b   another repository");
        assert_eq!(table.to_string(), "none of the 12345 applications that Argo CD shows does");
        assert_eq!(Table::new(Vec::new(), 0).to_string(), "Argo CD shows no application");
    }
}
