//! Tells in words why a connection or an answer failed, from what the HTTP and TLS libraries say: the one place where their
//! kinds of errors become sentences. This module must not try again.

#![deny(clippy::disallowed_methods)]

use std::error::Error;
use std::io::ErrorKind;

use super::error::{HttpError, NoAnswer, Stray};
use super::hop::Hop;
use super::route::PrivateAddress;
use super::tls_failure;
use crate::words;

/// An answer that was begun and not ended.
const CUT: &str = "the connection ended before the answer did";

/// The error for a connection or an answer that broke.
pub(super) fn unreachable(hop: &Hop, error: &reqwest::Error) -> HttpError {
    if causes(error).any(<dyn Error>::is::<PrivateAddress>) {
        return HttpError::Stray { host: hop.name.clone(), stray: Stray::Inward };
    }
    let (why, reason) = diagnose(error);
    let reason = if hop.is_own { words::short(reason) } else { why.plainly().to_owned() };
    HttpError::Unreachable { host: hop.name.clone(), why, reason }
}

/// The error for a server that takes too long.
pub(super) fn silent(hop: &Hop) -> HttpError {
    late(hop, NoAnswer::Silence.plainly())
}

/// The error for a server that sends next to nothing.
pub(super) fn slow(hop: &Hop) -> HttpError {
    late(hop, "its answer comes too slowly: less than 1 KiB in a minute")
}

fn late(hop: &Hop, reason: &str) -> HttpError {
    HttpError::Unreachable { host: hop.name.clone(), why: NoAnswer::Silence, reason: reason.to_owned() }
}

/// Finds the cause that says the most: TLS's own, the proxy's, the name's, HTTP's, the system's.
fn diagnose(error: &reqwest::Error) -> (NoAnswer, String) {
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return tls_failure::told(tls);
    }
    if error.is_timeout() && error.is_connect() {
        return (NoAnswer::Connection, "the connection timed out".to_owned());
    }
    let innermost = causes(error).last().map_or_else(|| error.to_string(), ToString::to_string);
    // The resolver's and the tunnel's errors have no type that can be named.
    let says = |words: &str| causes(error).any(|cause| cause.to_string().starts_with(words));
    if says("dns error") {
        return (NoAnswer::Connection, format!("its name can't be resolved ({innermost})"));
    }
    if says("tunnel error") || says("proxy authorization required") {
        return (NoAnswer::Connection, format!("the proxy does not let the connection through ({innermost})"));
    }
    let http = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    let system = causes(error).find_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    let broken = if error.is_connect() || http.is_some_and(hyper::Error::is_incomplete_message) {
        "it ended the connection without an answer"
    } else {
        CUT
    };
    let (why, reason) = match (http, system) {
        (Some(http), _) if http.is_parse() => (NoAnswer::NotHttp, "what it sends is not HTTP, or too long"),
        (_, Some(kind)) => match of_system(kind) {
            Some(reason) => (NoAnswer::Connection, reason),
            None if matches!(kind, ErrorKind::InvalidInput | ErrorKind::InvalidData) => {
                (NoAnswer::NotHttp, "the chunks of its answer are not valid HTTP")
            }
            None => (NoAnswer::Connection, broken),
        },
        (Some(_), None) => (NoAnswer::Connection, broken),
        (None, None) if error.is_decode() => (NoAnswer::NotHttp, "its answer can't be decoded"),
        (None, None) => return (NoAnswer::Connection, innermost),
    };
    (why, reason.to_owned())
}

/// What the system says of a connection that did not come about.
fn of_system(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::ConnectionRefused => Some("the connection is refused"),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Some("this network has no route to it"),
        ErrorKind::TimedOut => Some("the connection timed out"),
        ErrorKind::PermissionDenied => Some("this machine does not allow the connection"),
        _ => None,
    }
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
