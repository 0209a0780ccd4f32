//! Where the wall clock of a time zone and the instants of the world meet; this module must not know what begins or ends.

#![deny(clippy::disallowed_methods)]

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// When the wall clock shows this time first. A time that clocks which are put forward leave out is the moment when they are.
pub(super) fn first(zone: &TimeZone, wall: DateTime) -> Option<Timestamp> {
    let at = zone.to_ambiguous_timestamp(wall);
    match at.offset() {
        AmbiguousOffset::Gap { .. } => change_before(zone, at.later().ok()?),
        _ => at.earlier().ok(),
    }
}

/// When the wall clock has come to this time and shows no earlier one again. A time that clocks which are put forward leave out is
/// the moment when they are.
pub(super) fn last(zone: &TimeZone, wall: DateTime) -> Option<Timestamp> {
    let at = zone.to_ambiguous_timestamp(wall);
    match at.offset() {
        AmbiguousOffset::Gap { .. } => change_before(zone, at.later().ok()?),
        _ => at.later().ok(),
    }
}

/// The latest time that the wall clock has shown by an instant: while clocks that were put back show an hour for the second time,
/// that is the end of this hour.
pub(super) fn latest(zone: &TimeZone, now: Timestamp) -> Option<DateTime> {
    let wall = zone.to_datetime(now);
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Fold { before, after } if zone.to_offset(now) == after => {
            let change = change_before(zone, now)?;
            before.to_datetime(change).checked_sub(SignedDuration::from_nanos(1)).ok()
        }
        _ => Some(wall),
    }
}

/// The last change of the clocks up to this instant.
fn change_before(zone: &TimeZone, at: Timestamp) -> Option<Timestamp> {
    let behind = at.checked_add(SignedDuration::from_nanos(1)).ok()?;
    zone.preceding(behind).next().map(|change| change.timestamp())
}
