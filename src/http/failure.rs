//! Tells why a connection failed, from what the HTTP and TLS libraries say. This module must not try again.

#![deny(clippy::disallowed_methods)]

use std::error::Error;

use super::error::{HttpError, Stray, Why};
use super::hop::Hop;
use super::route::NotPublic;
use super::tls_failure;
use crate::words;

/// The error for a connection or an answer that broke.
pub(super) fn unreachable(hop: &Hop, error: &reqwest::Error) -> HttpError {
    if causes(error).any(<dyn Error>::is::<NotPublic>) {
        return HttpError::Stray { host: hop.name.clone(), stray: Stray::Inward };
    }
    let (why, reason) = diagnose(error);
    let reason = if hop.is_own { words::short(reason) } else { why.plainly().to_owned() };
    HttpError::Unreachable { host: hop.name.clone(), why, reason }
}

/// The error for a server that takes too long.
pub(super) fn silent(hop: &Hop) -> HttpError {
    HttpError::Unreachable { host: hop.name.clone(), why: Why::Silence, reason: Why::Silence.plainly().to_owned() }
}

/// Finds the cause that says the most: TLS's own, else the innermost.
fn diagnose(error: &reqwest::Error) -> (Why, String) {
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return tls_failure::told(tls);
    }
    if error.is_timeout() && error.is_connect() {
        return (Why::Connection, "no connection in time".to_owned());
    }
    let innermost = causes(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    (Why::Connection, innermost)
}

/// The chain of causes; an I/O error hides the error that it wraps from `source`, so that one is looked into.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    let first: &(dyn Error + 'static) = error;
    std::iter::successors(Some(first), |error| {
        let outer: &(dyn Error + 'static) = *error;
        match outer.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => outer.source(),
        }
    })
}
