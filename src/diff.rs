//! What changes in files, as people read it. This module must not print.

#![deny(clippy::disallowed_methods)]

use similar::TextDiff;

use crate::rewrite::{Fate, FileRewrite};
use crate::text::{one_line, printable};

/// What stands for a file that is not there.
const NOTHING: &str = "/dev/null";

/// A unified diff of every changed file, safe to print.
pub fn unified(files: &[FileRewrite]) -> String {
    let mut text = String::new();
    for file in files.iter().filter(|file| file.is_changed()) {
        let side = |side: &str, absent: Fate| {
            if file.fate == absent { NOTHING.to_owned() } else { format!("{side}/{}", file.path) }
        };
        let (old, new) = (side("a", Fate::Comes), side("b", Fate::Goes));
        let diff = TextDiff::from_lines(&file.old, &file.new);
        text.push_str(&diff.unified_diff().context_radius(3).header(&one_line(&old), &one_line(&new)).to_string());
    }
    printable(&text).into_owned()
}
