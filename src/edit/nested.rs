//! A literal text as a file of its own, and what is edited there as bytes of the file around it.
//! This module must not know what the text says.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use super::address::path_of;
use super::bounds::DEEPEST_TEXT;
use super::document::{Above, Document, Node, Shape, Style, TextOrigin};
use super::error::{Outcome, Reason, ReasonAt};
use super::reading;
use super::splice::{Edit, Expected, What, apply};

/// A literal text without its indentation, its line breaks as they are in the file.
pub(super) struct Nested<'d, 't> {
    around: &'d Document<'t>,
    node: Node,
    text: String,
    lines: Vec<Line>,
    /// The line breaks of its value that come before the text.
    blank: usize,
}

/// Where a line begins. The last one stands for the end of a text that ends in a line break.
struct Line {
    /// In the text.
    inner: usize,
    /// In the file.
    outer: usize,
    /// Behind the indentation, in the file.
    content: usize,
}

impl<'d, 't> Nested<'d, 't> {
    /// The text of a literal scalar.
    ///
    /// # Errors
    /// What makes it another text than the lines of the file, or none to be looked into.
    pub(super) fn of(around: &'d Document<'t>, node: Node) -> Outcome<Self> {
        let refuse = |reason| around.refuse(node, reason);
        if around.shape(node) != Shape::Scalar(Style::Block) || !is_literal(around, node) {
            return refuse(Reason::TextStyle);
        }
        if around.origin.depth >= DEEPEST_TEXT {
            return refuse(Reason::TextDepth);
        }
        let value = around.value(node);
        let content = value.trim_start_matches('\n');
        if content.trim().is_empty() {
            return refuse(Reason::TextNotYaml("it is empty".to_owned()));
        }
        if value.contains(['\u{85}', '\u{2028}', '\u{2029}', '\r']) {
            return refuse(Reason::TextLines);
        }
        let blank = value.len() - content.len();
        let mut nested = Self { around, node, text: String::with_capacity(content.len()), lines: Vec::new(), blank };
        nested.take(content)?;
        Ok(nested)
    }

    /// Takes the lines of the file that have this content, and refuses where they haven't.
    fn take(&mut self, content: &str) -> Outcome<()> {
        let start = self.around.start(self.node);
        let mut outer = self.around.line_start(start);
        let indent = start - outer;
        for line in content.split_inclusive('\n') {
            let rest = self.around.text.get(outer..).unwrap_or_default();
            let written = rest.split_inclusive('\n').next().unwrap_or_default();
            let ends = line.len() - line.trim_end_matches('\n').len();
            let line = line.trim_end_matches('\n');
            let own = written.strip_suffix('\n').map_or(written, |own| own.strip_suffix('\r').unwrap_or(own));
            let spaces = own.len() - own.trim_start_matches(' ').len();
            let depth = indent.min(spaces);
            let is_same = own.get(depth..) == Some(line) && (depth == indent || line.is_empty());
            let is_whole = ends == 0 || own.len() < written.len();
            if !is_same || !is_whole {
                return self.around.refuse(self.node, Reason::TextLines);
            }
            self.lines.push(Line { inner: self.text.len(), outer, content: outer + depth });
            self.text.push_str(line);
            self.text.push_str(written.get(own.len()..).filter(|_| ends > 0).unwrap_or_default());
            outer += if ends > 0 { written.len() } else { own.len() };
        }
        if self.text.ends_with('\n') {
            self.lines.push(Line { inner: self.text.len(), outer, content: outer });
        }
        Ok(())
    }

    /// Reads the text. `above` is what wins over its values, by their paths.
    pub(super) fn read(&self, above: HashMap<String, Above>) -> Outcome<Document<'_>> {
        let start = self.around.start(self.node);
        let origin = TextOrigin {
            lines: self.around.line(start) - 1,
            columns: self.around.origin.columns + start - self.around.line_start(start),
            path: path_of(self.around, self.node),
            document: self.around.number_of(self.node),
            depth: self.around.origin.depth + 1,
            above,
        };
        reading::read_within(&self.text, origin).map_err(|refusal| {
            let reason = match refusal.reason {
                Reason::InvalidYaml(words) => Reason::TextNotYaml(words),
                reason => reason,
            };
            self.refusal(ReasonAt { reason, ..refusal })
        })
    }

    /// A refusal in the text as one in the file.
    pub(super) fn refusal(&self, refusal: ReasonAt) -> ReasonAt {
        match refusal.offset {
            Some(offset) => refusal.reason.at(self.outer(offset)),
            None => self.around.refusal(self.node, refusal.reason),
        }
    }

    /// The edits of the text as those of the file: each changes its own bytes, and the first has the text's new value.
    pub(super) fn edits(&self, edits: &[Edit]) -> Outcome<Vec<Edit>> {
        let result = apply(&self.text, edits)?;
        let value = format!("{}{}", "\n".repeat(self.blank), result.replace("\r\n", "\n"));
        let whole = Expected { depth: self.around.record(self.node).depth, what: What::Literal(value) };
        let mut expects = Some(whole);
        let own = edits.iter().map(|edit| {
            let (range, text) = self.mapped(edit);
            let expects: Vec<_> = expects.take().into_iter().collect();
            Edit { range, text, at: self.node, replaces: !expects.is_empty(), expects }
        });
        Ok(own.collect())
    }

    /// The bytes of the file that an edit of the text means, and what they become.
    fn mapped(&self, edit: &Edit) -> (std::ops::Range<usize>, String) {
        let indent = " ".repeat(self.indent());
        let line = self.line(edit.range.start);
        let adds_lines = edit.range.is_empty() && edit.text.ends_with('\n');
        if let Some(line) = line.filter(|line| adds_lines && line.inner == edit.range.start) {
            let lines: String = edit.text.split_inclusive('\n').flat_map(|line| [indent.as_str(), line]).collect();
            return (line.outer..line.outer, lines);
        }
        let text = edit.text.replace('\n', &format!("\n{indent}"));
        (self.outer(edit.range.start)..self.outer(edit.range.end), text)
    }

    fn indent(&self) -> usize {
        self.lines.first().map_or(0, |line| line.content - line.outer)
    }

    /// The line on which a byte of the text stands.
    fn line(&self, inner: usize) -> Option<&Line> {
        let at = self.lines.partition_point(|line| line.inner <= inner);
        self.lines.get(at.saturating_sub(1))
    }

    fn outer(&self, inner: usize) -> usize {
        self.line(inner).map_or(0, |line| line.content + inner - line.inner)
    }
}

/// Whether a block scalar is a literal one: what stands before its first line says so.
fn is_literal(document: &Document<'_>, node: Node) -> bool {
    let before = document.text.get(..document.line_start(document.start(node))).unwrap_or_default().trim_end();
    let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let start = document.key(node).map_or(line, |key| document.end(key).max(line));
    let header = before.get(start..).unwrap_or_default().trim_start_matches(':');
    let words = header.split_whitespace().take_while(|word| !word.starts_with('#'));
    words.into_iter().find(|word| word.starts_with(['|', '>'])).is_some_and(|word| word.starts_with('|'))
}
