//! Hides secrets in text that others wrote, and tells what may not be published. This module must not learn a secret by
//! itself.

#![deny(clippy::disallowed_methods)]

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use super::needles::Needles;
use super::{Credentials, ExposeSecret as _, SecretString};

/// What stands in the place of a secret.
pub(crate) const HIDDEN: &str = "[hidden]";

/// The tool's own secrets are hidden from this many characters on.
const SHORTEST_OWN: usize = 4;

/// Others from this many on: a variable with such a name may hold any word. So are the lines of a secret that has several.
const SHORTEST: usize = 8;

/// Every secret of a run, so that text from outside (a server's words) can be freed from them.
///
/// A secret is found in every spelling: as it is, in URLs, in base64 of either alphabet wherever it stands in the encoded
/// text, escaped for JSON, YAML, Markdown, HTML or as Rust quotes it; and also its beginning in front of `…`, where a text
/// was cut.
#[derive(Clone, Default)]
pub struct Redactor {
    own: Needles,
    others: Needles,
}

/// A [`Redactor`] that its clones share: what one of them learns on the way, all of them hide.
#[derive(Clone, Default)]
pub struct SharedRedactor(Arc<RwLock<Redactor>>);

/// Something that was about to be published with a secret in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} contains a secret of this job")]
pub struct NotPublic {
    /// What it is: `the commit message`.
    pub what: String,
}

impl Redactor {
    /// Remembers a secret that this tool uses itself.
    pub fn add(&mut self, secret: &SecretString) {
        add(&mut self.own, secret, SHORTEST_OWN);
    }

    /// Remembers a secret that somebody else uses.
    pub fn add_foreign(&mut self, secret: &SecretString) {
        add(&mut self.others, secret, SHORTEST);
    }

    /// Remembers a pair: its password, and what an `Authorization: Basic` header makes of it.
    pub fn add_credentials(&mut self, credentials: &Credentials) {
        self.add(&credentials.password);
        let password = credentials.password.expose_secret();
        if !password.is_empty() {
            self.add(&SecretString::from(format!("{}:{password}", credentials.username)));
        }
    }

    /// Replaces every remembered secret by `[hidden]`.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut found = self.own.find(text);
        found.extend(self.others.find(text));
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut result = String::with_capacity(text.len());
        let mut done = 0;
        for place in merged(found) {
            result.push_str(&text[done..place.start]);
            result.push_str(HIDDEN);
            done = place.end;
        }
        result.push_str(&text[done..]);
        Cow::Owned(result)
    }

    /// Whether one of the tool's own secrets is in a text.
    pub fn finds_own(&self, text: &str) -> bool {
        !self.own.find(text).is_empty()
    }
}

impl SharedRedactor {
    /// Starts with what is known.
    pub fn new(redactor: Redactor) -> Self {
        Self(Arc::new(RwLock::new(redactor)))
    }

    /// See [`Redactor::add`].
    pub fn add(&self, secret: &SecretString) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).add(secret);
    }

    /// See [`Redactor::add_credentials`].
    pub fn add_credentials(&self, credentials: &Credentials) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).add_credentials(credentials);
    }

    /// See [`Redactor::redact`].
    pub fn redact(&self, text: &str) -> String {
        self.0.read().unwrap_or_else(PoisonError::into_inner).redact(text).into_owned()
    }

    /// The same in the values of a JSON text, one by one: its keys and its structure stay, whatever a secret is.
    pub fn redact_json(&self, json: &str) -> String {
        let mut result = String::with_capacity(json.len());
        let mut rest = json;
        while let Some(start) = rest.find('"') {
            let (before, quoted) = rest.split_at(start);
            let end = 1 + string_length(&quoted[1..]);
            let (string, after) = quoted.split_at(end);
            result.push_str(before);
            let is_key = after.starts_with("\":");
            if is_key {
                result.push_str(string);
            } else {
                result.push_str(&self.redact(string));
            }
            let closed = after.get(..1).unwrap_or_default();
            result.push_str(closed);
            rest = &after[closed.len()..];
        }
        result.push_str(rest);
        result
    }

    /// Refuses to publish a text that holds one of the tool's own secrets; `what` names it.
    pub fn require_public(&self, what: &str, text: &str) -> Result<(), NotPublic> {
        if self.0.read().unwrap_or_else(PoisonError::into_inner).finds_own(text) {
            return Err(NotPublic { what: what.to_owned() });
        }
        Ok(())
    }
}

impl fmt::Debug for SharedRedactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedRedactor")
    }
}

/// A secret of several lines, such as a key, may be quoted line by line; the lines that frame it are none.
fn add(needles: &mut Needles, secret: &SecretString, shortest: usize) {
    let whole = secret.expose_secret().trim();
    if whole.chars().count() >= shortest {
        needles.add(whole, shortest);
    }
    if whole.contains(['\n', '\r']) {
        let lines = whole.split(['\n', '\r']).map(str::trim);
        let lines = lines.filter(|line| line.chars().count() >= SHORTEST && !line.starts_with("-----"));
        lines.for_each(|line| needles.add(line, SHORTEST));
    }
}

/// The places in order; those that overlap are one.
fn merged(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_unstable_by_key(|place| (place.start, place.end));
    let mut result: Vec<Range<usize>> = Vec::with_capacity(places.len());
    for place in places {
        match result.last_mut() {
            Some(last) if place.start < last.end => last.end = last.end.max(place.end),
            _ => result.push(place),
        }
    }
    result
}

/// The bytes of a JSON string up to its closing quotation mark.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
