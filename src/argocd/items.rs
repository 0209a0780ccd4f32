//! Takes the applications out of a list while it comes in, one at a time; this module must not keep any.

#![deny(clippy::disallowed_methods)]

use serde::de::{DeserializeOwned, IgnoredAny};

/// The biggest application, in bytes: Kubernetes keeps no object that is larger.
const MOST_ITEM: usize = 2 << 20;

/// Why a list can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ListError {
    /// It breaks the grammar, or is no list of applications.
    #[error("it is not a list of applications")]
    Shape,
    /// It ended too early.
    #[error("the list ends too early")]
    Cut,
    /// One application, or what stands around them, is too large.
    #[error("one application in it is larger than {} MB", MOST_ITEM >> 20)]
    TooLarge,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Next {
    #[default]
    Start,
    /// A key of the list, or its end.
    Key,
    /// What stands behind this key.
    Items,
    Other,
    /// An application, or the end of them.
    Item,
    End,
}

/// The list as far as it came.
#[derive(Debug, Default)]
pub(super) struct Items {
    rest: Vec<u8>,
    at: usize,
    next: Next,
}

/// What one step came to.
enum Step {
    On(Next),
    Item(usize),
    /// More has to come.
    Wait,
}

impl Items {
    /// Takes the next piece of the list, and hands over the applications that it completes; an application of another shape
    /// comes as none.
    pub(super) fn take<T: DeserializeOwned>(
        &mut self,
        piece: &[u8],
        mut each: impl FnMut(Option<T>),
    ) -> Result<(), ListError> {
        if self.next == Next::End {
            return Ok(());
        }
        self.rest.drain(..self.at);
        self.at = 0;
        self.rest.extend_from_slice(piece);
        loop {
            match self.step()? {
                Step::On(next) => self.next = next,
                Step::Item(length) if length > MOST_ITEM => return Err(ListError::TooLarge),
                Step::Item(length) => {
                    let end = self.at + length;
                    each(serde_json::from_slice(self.rest.get(self.at..end).unwrap_or_default()).ok());
                    self.at = end;
                }
                Step::Wait if self.rest.len() - self.at > MOST_ITEM => return Err(ListError::TooLarge),
                Step::Wait => return Ok(()),
            }
            if self.next == Next::End {
                self.rest = Vec::new();
                self.at = 0;
                return Ok(());
            }
        }
    }

    /// Requires that the list came to its end.
    pub(super) fn finish(&self) -> Result<(), ListError> {
        if self.next == Next::End { Ok(()) } else { Err(ListError::Cut) }
    }

    fn step(&mut self) -> Result<Step, ListError> {
        let separators: &[u8] = match self.next {
            Next::Key | Next::Item => b", \n\r\t",
            Next::Items | Next::Other => b": \n\r\t",
            Next::Start | Next::End => b" \n\r\t",
        };
        let pending = self.rest.get(self.at..).unwrap_or_default();
        let blank = pending.iter().take_while(|byte| separators.contains(byte)).count();
        self.at += blank;
        let pending = self.rest.get(self.at..).unwrap_or_default();
        let Some(first) = pending.first() else { return Ok(Step::Wait) };
        let (skip, next) = match (self.next, first) {
            (Next::Start, b'{') | (Next::Item, b']') => (1, Next::Key),
            (Next::Key, b'}') => (1, Next::End),
            (Next::Items, b'[') => (1, Next::Item),
            (Next::Key, b'"') => match value::<String>(pending)? {
                Some((key, length)) => (length, if key == "items" { Next::Items } else { Next::Other }),
                None => return Ok(Step::Wait),
            },
            (Next::Items, b'n') | (Next::Other, _) => match value::<IgnoredAny>(pending)? {
                Some((_, length)) => (length, Next::Key),
                None => return Ok(Step::Wait),
            },
            (Next::Item, b'{') => {
                return Ok(value::<IgnoredAny>(pending)?.map_or(Step::Wait, |(_, length)| Step::Item(length)));
            }
            _ => return Err(ListError::Shape),
        };
        self.at += skip;
        Ok(Step::On(next))
    }
}

/// The value at the beginning of a text, and its length; none when more of it has to come.
fn value<T: DeserializeOwned>(text: &[u8]) -> Result<Option<(T, usize)>, ListError> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<T>();
    match values.next() {
        // A number may go on in the next piece.
        Some(Ok(_))
            if values.byte_offset() == text.len()
                && !text.ends_with(b"}")
                && !text.ends_with(b"]")
                && !text.ends_with(b"\"") =>
        {
            Ok(None)
        }
        Some(Ok(value)) => Ok(Some((value, values.byte_offset()))),
        Some(Err(error)) if error.is_eof() => Ok(None),
        None => Ok(None),
        Some(Err(_)) => Err(ListError::Shape),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn read(text: &str, size: usize) -> Result<Vec<String>, ListError> {
        let mut items = Items::default();
        let mut names = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            let each = |item: Option<Value>| names.push(item.map(|item| item["a"].to_string()).unwrap_or_default());
            items.take(piece, each)?;
        }
        items.finish().map(|()| names)
    }

    #[test]
    fn applications_come_one_by_one_however_the_list_is_cut() {
        let text = "{\"metadata\": {\"items\": [1]}, \"items\" : [ {\"a\": \"x]}\\\"\"} ,{\"b\": [{}], \"a\": 2}\n], \"z\": 10}\n";
        for size in 1..text.len() {
            assert_eq!(read(text, size).unwrap(), ["\"x]}\\\"\"", "2"], "{size}");
        }
        for none in ["{}", "{\"items\": null}", "{\"items\":[],\"metadata\":{}}"] {
            assert_eq!(read(none, 3), Ok(Vec::new()), "{none}");
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for wrong in ["[]", "<html>", "{\"items\": {}}", "{\"items\": [1]}", "{\"items\": [{]}", "{items: []}", "null"]
        {
            assert_eq!(read(wrong, 100), Err(ListError::Shape), "{wrong}");
        }
        for cut in ["", "{", "{\"items\": [", "{\"items\": [{\"a\": 1}", "{\"items\": [{\"a\": 1"] {
            assert_eq!(read(cut, 100), Err(ListError::Cut), "{cut}");
        }
        let deep = format!("{{\"items\": [{{\"a\": {}", "[".repeat(100_000));
        assert!(read(&deep, 4096).is_err());
        let large = format!("{{\"items\": [{{\"a\": \"{}\"}}]}}", "x".repeat(MOST_ITEM));
        assert_eq!(read(&large, 1 << 20), Err(ListError::TooLarge));
    }
}
