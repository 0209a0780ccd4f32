//! What changes in files, as people read it. This module must not print.

#![deny(clippy::disallowed_methods)]

use similar::TextDiff;

use crate::rewrite::FileRewrite;
use crate::text::{one_line, printable};

/// A unified diff of every changed file, safe to print.
pub fn unified(files: &[FileRewrite]) -> String {
    let mut text = String::new();
    for file in files.iter().filter(|file| file.is_changed()) {
        let (old, new) = (format!("a/{}", file.path), format!("b/{}", file.path));
        let diff = TextDiff::from_lines(&file.old, &file.new);
        text.push_str(&diff.unified_diff().context_radius(3).header(&one_line(&old), &one_line(&new)).to_string());
    }
    printable(&text).into_owned()
}
