//! What is looked for in a text, in every spelling; this module must not know what becomes of what is found.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::spelling::readings;
use crate::text::CUT;

/// In how many ways the beginning of a needle may have been found: a run of backslashes has many readings.
const MOST_ENDS: usize = 8;

/// Secrets of one kind.
#[derive(Clone, Default)]
pub(super) struct Needles {
    all: Vec<Needle>,
    /// The needles that begin with a character.
    first: HashMap<char, Vec<usize>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Needle {
    text: Vec<char>,
    form: Form,
    /// How much of it is recognised where the text was cut.
    least: usize,
}

/// What the characters of a needle are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    /// Base64 of either alphabet. What stands in front of the secret in the encoded text shares a character with it when
    /// `is_shifted`.
    Base64 {
        is_shifted: bool,
    },
}

impl Needles {
    /// Looks for a text from now on: as it is, and as a part of something that is encoded in base64.
    pub(super) fn add(&mut self, secret: &str, least: usize) {
        let plain: Vec<char> = secret.split_whitespace().collect::<Vec<_>>().join(" ").chars().collect();
        self.push(Needle { text: plain, form: Form::Plain, least });
        for (shift, shared) in [(0, 0), (1, 2), (2, 3)] {
            let bytes = [&[0; 2][..shift], secret.as_bytes()].concat();
            let whole = bytes.len() * 8 / 6;
            let encoded = STANDARD_NO_PAD.encode(bytes);
            let text = encoded.chars().take(whole).skip(shared).collect();
            self.push(Needle { text, form: Form::Base64 { is_shifted: shift > 0 }, least: least + 1 });
        }
    }

    /// Where they are, in no order; ranges may overlap.
    pub(super) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut search = Search { text, ends: Vec::new(), next: Vec::new() };
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let mut begins = |first: char, length: usize| {
                for index in self.first.get(&first).into_iter().flatten() {
                    let needle = &self.all[*index];
                    if let Some(end) = search.end(needle, at + length) {
                        found.push(needle.whole(text, at..end));
                    }
                }
            };
            readings(&text[at..], &mut begins);
            at += c.len_utf8();
        }
        found
    }

    fn push(&mut self, needle: Needle) {
        let Some(&first) = needle.text.first() else { return };
        if self.all.contains(&needle) {
            return;
        }
        let firsts = match (needle.form, first) {
            (Form::Base64 { .. }, '+') => vec!['+', '-'],
            (Form::Base64 { .. }, '/') => vec!['/', '_'],
            _ => vec![first],
        };
        for first in firsts {
            self.first.entry(first).or_default().push(self.all.len());
        }
        self.all.push(needle);
    }
}

impl Needle {
    fn is(&self, wanted: char, c: char) -> bool {
        wanted == c
            || matches!((self.form, wanted, c), (Form::Base64 { .. }, '+', '-') | (Form::Base64 { .. }, '/', '_'))
    }

    /// The place with the characters of base64 that hold bits of the secret together with bits of its neighbours, and
    /// with the padding.
    fn whole(&self, text: &str, found: Range<usize>) -> Range<usize> {
        let Form::Base64 { is_shifted } = self.form else {
            return found;
        };
        let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
        let bytes = text.as_bytes();
        let has_neighbour = is_shifted && found.start > 0 && bytes.get(found.start - 1).is_some_and(is_base64);
        let start = if has_neighbour { found.start - 1 } else { found.start };
        let mut end = found.end;
        if bytes.get(end).is_some_and(is_base64) {
            end += 1;
        }
        while text[end..].starts_with('=') {
            end += 1;
        }
        start..end
    }
}

/// One pass over a text; keeps its buffers.
struct Search<'t> {
    text: &'t str,
    /// Where the part of the needle that was found may end.
    ends: Vec<usize>,
    next: Vec<usize>,
}

impl Search<'_> {
    /// Where the needle ends whose first character ends here; none when the rest does not follow.
    fn end(&mut self, needle: &Needle, after_first: usize) -> Option<usize> {
        self.ends.clear();
        self.ends.push(after_first);
        for (index, &wanted) in needle.text.iter().enumerate().skip(1) {
            self.next.clear();
            for &at in &self.ends {
                let rest = &self.text[at..];
                if index >= needle.least && rest.starts_with(CUT) {
                    return Some(at);
                }
                readings(rest, &mut |c, length| {
                    if needle.is(wanted, c) && self.next.len() < MOST_ENDS && !self.next.contains(&(at + length)) {
                        self.next.push(at + length);
                    }
                });
            }
            std::mem::swap(&mut self.ends, &mut self.next);
            if self.ends.is_empty() {
                return None;
            }
        }
        self.ends.iter().copied().max()
    }
}
