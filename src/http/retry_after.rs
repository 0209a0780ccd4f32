//! How long a server asks to wait: reads `Retry-After` (RFC 9110, 10.2.3). This module must not wait.

#![deny(clippy::disallowed_methods)]

use std::time::{Duration, SystemTime};

use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Nobody waits longer; and a number without bound would not fit the clock.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// Seconds, or the time until a date; none when the header is absent or neither.
pub(super) fn of(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true if text.is_empty() => return None,
        true => text.parse().map_or(LONGEST, Duration::from_secs),
        // A date that has passed asks for no wait at all.
        false => httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(text: &str) -> Option<u64> {
        let now = humantime::parse_rfc3339("1994-11-06T08:49:07Z").unwrap();
        let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
        of(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn reads_seconds_and_dates() {
        let longest = LONGEST.as_secs();
        for (text, expected) in [
            ("120", 120),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 30),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 30),
            ("Sun Nov  6 08:49:37 1994", 30),
            ("Sat, 05 Nov 1994 08:49:37 GMT", 0),
            ("18446744073709551615", longest),
            ("99999999999999999999999999", longest),
            ("Fri, 31 Dec 9999 23:59:59 GMT", longest),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in ["", "soon", "-1", "1.5", "Sun, 06 Foo 1994 08:49:37 GMT", "a b c d e GMT"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
