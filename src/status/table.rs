//! The rows in columns, for a terminal. This module must not print.

#![deny(clippy::disallowed_methods)]

use super::model::Status;
use super::rows::{HEADINGS, NOTHING, Row, rows};
use crate::text::one_line;

/// What every environment names, a line for each place.
pub fn table(status: &Status) -> String {
    let rows = rows(status);
    if rows.is_empty() {
        return "no image is named in the files that were read\n".to_owned();
    }
    let heading = HEADINGS.map(str::to_ascii_uppercase);
    let lines: Vec<[String; 8]> = std::iter::once(heading).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| lines.iter().map(|cells| cells[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let line = |cells: &[String; 8]| {
        let padded = cells.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    lines.iter().map(line).collect()
}

fn cells(row: &Row) -> [String; 8] {
    let drift = if row.drift.is_empty() { NOTHING.to_owned() } else { row.drift.join(", ") };
    let bump = row.bump.as_ref().map_or_else(|| row.no_bump.clone(), super::rows::BumpRow::words);
    let place = format!("{} {}", row.place, row.path);
    [&row.environment, &row.image, &row.tag, &row.digest, &row.registry, &bump, &drift, &place]
        .map(|cell| one_line(cell))
}

#[cfg(test)]
mod tests {
    use super::super::model::tests::{place, status};
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_cells() {
        let mut escaped = place("r.io/web", "2", &format!("sha256:{}", "a".repeat(64)));
        escaped.file = "a\u{1b}[31m.yaml".into();
        let text = table(&status("prod", vec![place("r.io/team/app", "1.4.2", ""), escaped]));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0].split_whitespace().collect::<Vec<_>>()[..4], ["ENVIRONMENT", "IMAGE", "TAG", "DIGEST"]);
        assert_eq!(lines[1].find("1.4.2"), lines[0].find("TAG"));
        assert!(lines[1].contains("unknown in 20 commits"), "{text}");
        assert!(lines[2].contains("sha256:aaaaaaaaaaaa ") && !text.contains('\u{1b}'), "{text}");
        assert!(table(&status("prod", Vec::new())).contains("no image"));
    }
}
