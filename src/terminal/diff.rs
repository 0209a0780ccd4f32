//! A diff as it is shown: in colour, and folded in a GitLab job's log; this module must not print.

use std::time::{SystemTime, UNIX_EPOCH};

/// What the log's reader can do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reader {
    /// A plain text.
    Plain,
    /// GitLab's job page, which folds sections.
    Gitlab,
}

/// The diff for a reader, of whom it is the first, second, … one; `colours` are for added and removed lines and for the places between them.
pub(super) fn shown(diff: &str, (reader, number): (Reader, usize), colours: Option<[&str; 3]>) -> String {
    let lines: Vec<String> = diff.lines().map(|line| coloured(line, colours)).collect();
    let text = lines.join("\n");
    match reader {
        Reader::Plain => format!("{text}\n"),
        // A section's name may stand only once in a job's log.
        Reader::Gitlab if number > 1 => section(&format!("gitops_bump_diff_{number}"), "Diff", &text),
        Reader::Gitlab => section("gitops_bump_diff", "Diff", &text),
    }
}

fn coloured(line: &str, colours: Option<[&str; 3]>) -> String {
    let colour = colours.and_then(|[added, removed, place]| match line.as_bytes().first() {
        Some(b'+') => Some(added),
        Some(b'-') => Some(removed),
        Some(b'@') => Some(place),
        _ => None,
    });
    colour.map_or_else(|| line.to_owned(), |colour| format!("{colour}{line}\x1b[0m"))
}

/// The markers of GitLab's "Custom collapsible sections".
fn section(name: &str, header: &str, text: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("\x1b[0Ksection_start:{now}:{name}\r\x1b[0K{header}\n{text}\n\x1b[0Ksection_end:{now}:{name}\r\x1b[0K\n")
}
