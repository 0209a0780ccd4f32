//! Windows on days on which clocks change, years end and lists overlap.

use std::time::{Duration, UNIX_EPOCH};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

fn entry(cron: &str, length: &str, timezone: &str) -> WindowConfig {
    WindowConfig {
        cron: cron.to_owned(),
        length: length.to_owned(),
        timezone: (!timezone.is_empty()).then(|| timezone.to_owned()),
        environments: None,
    }
}

fn windows(entries: &[(&str, &str, &str)]) -> Windows {
    let entries: Vec<_> = entries.iter().map(|(cron, length, zone)| entry(cron, length, zone)).collect();
    Windows::of_config(&entries).unwrap()
}

fn at(text: &str) -> SystemTime {
    text.parse::<Timestamp>().unwrap().into()
}

/// What is said at this time about when it is over; nothing outside of the windows.
fn over(windows: &Windows, now: &str) -> Option<String> {
    let said = windows.frozen(None, at(now))?.to_string();
    let (_, end) = said.split_once(", until ").unwrap_or_else(|| panic!("{said}"));
    Some(end.to_owned())
}

/// Requires that a window is on from the first of these instants on, up to the second, and what is said about its end.
#[track_caller]
fn assert_on((cron, length, zone): (&str, &str, &str), (start, end): (&str, &str), said: &str) {
    let windows = windows(&[(cron, length, zone)]);
    let second = Duration::from_secs(1);
    let is_on = |time: SystemTime| windows.frozen(None, time).is_some();
    assert!(!is_on(at(start) - second), "before {start}");
    assert!(is_on(at(start)), "at {start}");
    assert!(is_on(at(end) - second), "before {end}");
    assert!(!is_on(at(end)), "at {end}");
    let steps = std::iter::successors(Some(at(start)), |time| Some(*time + Duration::from_mins(10)));
    let off = steps.take_while(|time| *time < at(end)).find(|time| !is_on(*time));
    assert_eq!(off, None, "between {start} and {end}");
    assert_eq!(over(&windows, start).as_deref(), Some(said));
    let (_, span) = windows.next(1, at(start))[0];
    assert_eq!((span.start, span.end), (start.parse().unwrap(), end.parse().unwrap()));
}

#[test]
fn a_weekend_ends_on_monday_at_eight_in_any_week() {
    let weekend = ("0 16 * * 5", "64h", "Europe/Paris");
    assert_on(weekend, ("2026-03-20T15:00:00Z", "2026-03-23T07:00:00Z"), "Mon 2026-03-23 08:00 CET (Europe/Paris)");
    assert_on(weekend, ("2026-03-27T15:00:00Z", "2026-03-30T06:00:00Z"), "Mon 2026-03-30 08:00 CEST (Europe/Paris)");
    assert_on(weekend, ("2026-10-23T14:00:00Z", "2026-10-26T07:00:00Z"), "Mon 2026-10-26 08:00 CET (Europe/Paris)");
}

#[test]
fn each_time_zone_has_its_own_clock() {
    assert_on(
        ("0 16 * * fri", "64h", ""),
        ("2026-03-27T16:00:00Z", "2026-03-30T08:00:00Z"),
        "Mon 2026-03-30 08:00 UTC",
    );
    assert_on(
        ("0 18 * * *", "90m", "Asia/Kolkata"),
        ("2026-03-27T12:30:00Z", "2026-03-27T14:00:00Z"),
        "Fri 2026-03-27 19:30 IST (Asia/Kolkata)",
    );
    // Clocks are put back at midnight: the last hour of Saturday comes twice.
    assert_on(
        ("0 22 4 4 *", "1h30m", "America/Santiago"),
        ("2026-04-05T01:00:00Z", "2026-04-05T03:30:00Z"),
        "Sat 2026-04-04 23:30 -04 (America/Santiago)",
    );
    // Clocks are put forward at midnight: Sunday begins at one.
    assert_on(
        ("0 22 5 9 *", "2h30m", "America/Santiago"),
        ("2026-09-06T02:00:00Z", "2026-09-06T04:00:00Z"),
        "Sun 2026-09-06 01:00 -03 (America/Santiago)",
    );
}

#[test]
fn a_window_goes_over_the_end_of_the_year() {
    assert_on(
        ("0 12 24 12 *", "240h", "Europe/Paris"),
        ("2026-12-24T11:00:00Z", "2027-01-03T11:00:00Z"),
        "Sun 2027-01-03 12:00 CET (Europe/Paris)",
    );
}

#[test]
fn a_time_that_is_left_out_or_comes_twice_freezes_rather_more_than_less() {
    // Half past two is not there: the window begins, or is over, when the clocks are put forward.
    assert_on(
        ("30 2 29 3 *", "1h", "Europe/Paris"),
        ("2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"),
        "Sun 2026-03-29 03:30 CEST (Europe/Paris)",
    );
    assert_on(
        ("30 1 29 3 *", "1h", "Europe/Paris"),
        ("2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"),
        "Sun 2026-03-29 03:00 CEST (Europe/Paris)",
    );
    // Half past two is there twice: the window begins at the first, and is over after the second.
    assert_on(
        ("30 2 25 10 *", "1h", "Europe/Paris"),
        ("2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"),
        "Sun 2026-10-25 03:30 CET (Europe/Paris)",
    );
    assert_on(
        ("30 1 25 10 *", "1h", "Europe/Paris"),
        ("2026-10-24T23:30:00Z", "2026-10-25T01:30:00Z"),
        "Sun 2026-10-25 02:30 CET (Europe/Paris)",
    );
}

#[test]
fn the_end_that_is_said_is_when_it_is_really_over() {
    let overlapping = windows(&[
        ("0 16 * * 5", "64h", "Europe/Paris"),
        // It touches the end of the first, which is at eight in the morning.
        ("0 8 30 3 *", "4h", "Europe/Paris"),
        ("0 9 30 3 *", "1h", "UTC"),
        // Not before an hour later.
        ("0 13 30 3 *", "1h", "Europe/Paris"),
    ]);
    let said = overlapping.frozen(None, at("2026-03-28T12:00:00Z")).unwrap().to_string();
    assert_eq!(
        said,
        "frozen by the window \"0 16 * * 5\" for 64h of the config file, until Mon 2026-03-30 12:00 CEST (Europe/Paris)"
    );
    assert_eq!(over(&overlapping, "2026-03-30T10:00:00Z"), None);
    assert!(over(&overlapping, "2026-03-30T11:00:00Z").is_some());
}

#[test]
fn what_never_ends_is_said_and_takes_no_time() {
    let lists = [
        vec![("* * * * *", "8760h", "Europe/Paris"); MOST_WINDOWS],
        vec![("* * * * *", "1m", "UTC")],
        vec![("*/5 * * * *", "1h", "America/Santiago"); MOST_WINDOWS],
    ];
    for list in &lists {
        let windows = windows(list);
        let said = windows.frozen(None, at("2026-11-26T12:00:00Z")).unwrap().to_string();
        assert!(said.ends_with("several windows follow each other"), "{said}");
        assert_eq!(windows.next(3, at("2026-11-26T12:00:00Z")).len(), 3);
    }
}

#[test]
fn a_window_is_for_its_environments() {
    let prod =
        WindowConfig { environments: Some(vec!["prod".to_owned(), "demo".to_owned()]), ..entry("* * * * *", "1h", "") };
    let windows = Windows::of_config(&[prod]).unwrap();
    let now = at("2026-11-26T12:00:00Z");
    assert!(windows.frozen(Some("prod"), now).is_some());
    assert!(windows.frozen(Some("demo"), now).is_some());
    assert!(windows.frozen(Some("production"), now).is_none());
    assert!(windows.frozen(None, now).is_none());
    let all = super::tests::windows(&[("* * * * *", "1h", "")]);
    assert!(all.frozen(Some("prod"), now).is_some() && all.frozen(None, now).is_some());
}

#[test]
fn the_next_windows_come_in_their_order() {
    let windows = windows(&[("0 16 * * 5", "64h", "Europe/Paris"), ("0 12 24 12 *", "48h", "")]);
    let next = |now: &str| -> Vec<String> {
        let next = windows.next(3, at(now));
        next.iter().map(|(window, span)| window.local(span.start)).collect()
    };
    assert_eq!(
        next("2026-12-15T00:00:00Z"),
        [
            "Fri 2026-12-18 16:00 CET (Europe/Paris)",
            "Thu 2026-12-24 12:00 UTC",
            "Fri 2026-12-25 16:00 CET (Europe/Paris)"
        ]
    );
    assert_eq!(next("2026-12-20T00:00:00Z")[0], "Fri 2026-12-18 16:00 CET (Europe/Paris)");
    assert_eq!(next("2026-12-21T07:00:00Z")[0], "Thu 2026-12-24 12:00 UTC");
}

#[test]
fn what_is_no_window_is_refused() {
    for (cron, length, zone, words) in [
        ("0 0 31 2 *", "1h", "UTC", "no date matches it"),
        ("0 16 * *", "1h", "UTC", "cron: "),
        ("0 0 16 * * 5", "1h", "UTC", "cron: "),
        ("61 16 * * 5", "1h", "UTC", "cron: "),
        ("", "1h", "UTC", "cron: "),
        ("0 16 * * 5", "", "UTC", "for: "),
        ("0 16 * * 5", "64", "UTC", "for: "),
        ("0 16 * * 5", "-1h", "UTC", "for: "),
        ("0 16 * * 5", "0s", "UTC", "whole minutes"),
        ("0 16 * * 5", "90s", "UTC", "whole minutes"),
        ("0 16 * * 5", "8785h", "UTC", "at most one year"),
        ("0 16 * * 5", "1h", "Europe/Pari", "not an IANA time zone"),
        ("0 16 * * 5", "1h", "../../etc/passwd", "not an IANA time zone"),
    ] {
        let error = Windows::of_config(&[entry(cron, length, zone)]).unwrap_err().to_string();
        assert!(error.starts_with("entry 1: ") && error.contains(words), "{error}");
    }
    let long = entry(&"0,".repeat(200), "1h", "UTC");
    assert!(Windows::of_config(&[long]).unwrap_err().to_string().contains("longer than 200"));
    let many = vec![entry("0 0 * * *", "1h", "UTC"); MOST_WINDOWS + 1];
    assert!(Windows::of_config(&many).unwrap_err().to_string().contains("more than 100"));
    for cron in [
        "0 0 29 2 *",
        "0 16 * * FRI",
        "0 0 L dec *",
        "0 16 * * fri#2",
        "0 16 15W * *",
        "*/5 8-18,20 1,15 * 1-5",
        "@weekly",
    ] {
        assert!(Windows::of_config(&[entry(cron, "8784h", "")]).is_ok(), "{cron}");
    }
}

#[test]
fn a_repositorys_file_is_read_strictly() {
    let file = "# ours\nfreeze:\n  - { cron: '0 16 * * 5', for: 64h }\n\n  - cron: '* * * * *'\n    for: 1h\n";
    let windows = Windows::of_file(file).unwrap();
    assert_eq!(windows.list().iter().map(Window::line).collect::<Vec<_>>(), [Some(3), Some(5)]);
    let said = windows.frozen(None, at("2026-11-26T12:00:00Z")).unwrap().to_string();
    assert!(said.contains("of .gitops-bump-freeze:5, beyond "), "{said}");
    for empty in ["", "# nothing\n", "freeze:\n", "freeze: []\n", "~\n"] {
        assert!(Windows::of_file(empty).unwrap().list().is_empty(), "{empty}");
    }
    for (text, words) in [
        ("freeze:\n  - cron: '0 16 * * 5'\n", ".gitops-bump-freeze:2: "),
        ("freeze:\n  - { cron: '0 16 * * 5', for: 64h, zone: UTC }\n", ".gitops-bump-freeze:2: "),
        ("windows: []\n", ".gitops-bump-freeze:1: "),
        ("- { cron: '0 16 * * 5', for: 64h }\n", ".gitops-bump-freeze:1: "),
        ("freeze: [\n", "invalid YAML"),
        ("freeze: []\nfreeze: []\n", ".gitops-bump-freeze:2: "),
        ("freeze: []\n---\nfreeze: []\n", "second YAML document"),
        (
            "freeze:\n\n  - { cron: '0 0 31 2 *', for: 64h }\n",
            ".gitops-bump-freeze:3: cron: \"0 0 31 2 *\": no date matches it",
        ),
        ("freeze:\n  - { cron: '0 16 * * 5', for: 64h, environments: [] }\n", ".gitops-bump-freeze:2: environments: "),
    ] {
        let error = Windows::of_file(text).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.hint.contains(".gitops-bump-freeze"));
    }
}

/// Seconds between UTC and Paris in the years around 2026, by the rule: clocks change on the last Sunday of March and of October,
/// at one o'clock UTC.
fn paris(seconds: i64) -> i64 {
    let year = |date: &str| date.parse::<Timestamp>().unwrap().as_second();
    let summers = [
        (year("2025-03-30T01:00:00Z"), year("2025-10-26T01:00:00Z")),
        (year("2026-03-29T01:00:00Z"), year("2026-10-25T01:00:00Z")),
        (year("2027-03-28T01:00:00Z"), year("2027-10-31T01:00:00Z")),
    ];
    if summers.iter().any(|(start, end)| (*start..*end).contains(&seconds)) { 7200 } else { 3600 }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn a_weekly_window_is_on_when_the_clock_on_the_wall_says_so(
        day in 0i64..7, hour in 0i64..24, minute in 0i64..60, length in 1i64..10_000, now in 0i64..365 * 86_400
    ) {
        let now = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap().as_second() + now;
        let windows = windows(&[(&format!("{minute} {hour} * * {day}"), &format!("{length}m"), "Europe/Paris")]);
        let time = UNIX_EPOCH + Duration::from_secs(now.unsigned_abs());
        // The first Sunday of 1970 was the fourth of January.
        let begins = 3 * 86_400 + day * 86_400 + hour * 3600 + minute * 60;
        let on = |wall: i64| (wall - begins).rem_euclid(7 * 86_400) < length * 60;
        // Within two hours of a change of the clocks other tests say what is right.
        prop_assume!(paris(now - 7200) == paris(now + 7200));
        prop_assert_eq!(windows.frozen(None, time).is_some(), on(now + paris(now)));
    }
}
