//! Scans for vulnerabilities: the worst finding, the time, and which of several counts.

use super::*;

/// A `jiff` time as text goes into a scan, with these findings.
fn scan(finished: &str, severities: &[&str]) -> Value {
    let one = |(number, severity): (usize, &&str)| json!({"VulnerabilityID": format!("CVE-{number}"), "Severity": severity, "Title": "x", "CVSS": {"nvd": {"V3Score": 9.8}}});
    let found: Vec<Value> = severities.iter().enumerate().map(one).collect();
    json!({"invocation": {"builder.id": ""}, "metadata": {"scanStartedOn": finished, "scanFinishedOn": finished},
        "scanner": {"uri": "pkg:github/aquasecurity/trivy@0.50.0", "version": "0.50.0", "db": {"uri": "", "version": ""},
            "result": {"SchemaVersion": 2, "ArtifactName": "app", "Results": [
                {"Target": "app (debian 12.5)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": found},
                {"Target": "Go", "Class": "lang-pkgs", "Vulnerabilities": null},
                {"Target": "Python", "Class": "lang-pkgs"}]}}})
}

#[test]
fn a_scan_is_judged_by_its_worst_finding() {
    let today = "2026-11-26T07:00:00.123456789+01:00";
    let found = scan(today, &["LOW", "CRITICAL", "HIGH", "CRITICAL", "UNKNOWN", "CRITICAL"]);
    for (rule, worse) in [
        (
            "vuln:max=high",
            "a scan of 2026-11-26T06:00:00Z with vulnerabilities that are worse than high (3 critical: CVE-1, CVE-3, CVE-5)",
        ),
        ("vuln:max=medium", "(3 critical, 1 high: CVE-1, CVE-3, CVE-5)"),
        ("vuln:max=unknown", "(3 critical, 1 high, 1 low: "),
    ] {
        refuses(rule, VULN, &found, worse);
    }
    assert_eq!(judge("vuln:max=critical", VULN, &found), Ok(()));
    assert_eq!(judge("vuln:max=unknown", VULN, &scan(today, &["UNKNOWN"])), Ok(()));
    refuses("vuln:max=unknown", VULN, &scan(today, &["Negligible"]), "1 negligible");
    assert_eq!(judge("vuln:max=negligible", VULN, &scan(today, &["Negligible", "UNKNOWN"])), Ok(()));
    assert_eq!(judge("vuln:max=high", VULN, &scan(today, &["HIGH"])), Ok(()));
    assert_eq!(judge("vuln:max=low", VULN, &scan(today, &[])), Ok(()));
}

#[test]
fn a_report_that_can_not_be_read_is_refused() {
    let with = |result: Value| {
        let mut scan = scan("2026-11-26T07:00:00Z", &[]);
        scan["scanner"]["result"] = result;
        scan
    };
    for result in [
        json!({}),
        Value::Null,
        json!("no report"),
        json!({"matches": []}),
        json!({"Results": {}}),
        json!({"Results": [{"Vulnerabilities": {}}]}),
        json!({"Results": [{"Vulnerabilities": [{"VulnerabilityID": "CVE-1"}]}]}),
        json!({"Results": [{"Vulnerabilities": [{"VulnerabilityID": "CVE-1", "Severity": "MODERATE"}]}]}),
        json!({"Results": [{"Vulnerabilities": [{"VulnerabilityID": "CVE-1", "Severity": 9}]}]}),
    ] {
        refuses("vuln:max=critical", VULN, &with(result.clone()), "not a report of Trivy");
        assert_eq!(judge("vuln", VULN, &with(result)), Ok(()), "without max it need only be there");
    }
    // What Trivy writes where it found nothing to scan.
    assert_eq!(judge("vuln:max=low", VULN, &with(json!({"SchemaVersion": 2, "ArtifactName": "app"}))), Ok(()));
    refuses("vuln", VULN, &json!({}), "can't be read");
    refuses("vuln", VULN, &json!([]), "can't be read");
    refuses("vuln", V1, &json!({"buildDefinition": {}, "runDetails": {}}), "an attestation of \"https://slsa.dev");
}

#[test]
fn a_scan_must_be_of_its_time() {
    let at = |finished: &str| scan(finished, &[]);
    assert_eq!(judge("vuln:age=7d", VULN, &at("2026-11-19T08:00:00Z")), Ok(()));
    refuses("vuln:age=7d", VULN, &at("2026-11-19T07:59:59Z"), "of 2026-11-19T07:59:59Z, which is more than 7d old");
    assert_eq!(judge("vuln:max=low", VULN, &at("2020-01-01T00:00:00Z")), Ok(()));
    assert_eq!(judge("vuln:age=7d", VULN, &at("2026-11-26T08:05:00Z")), Ok(()));
    for rule in ["vuln", "vuln:max=critical", "vuln:age=7d"] {
        refuses(rule, VULN, &at("2026-11-26T08:05:01Z"), "is in the future");
    }
    for unreadable in ["", "yesterday", "2026-11-26"] {
        refuses("vuln:age=7d", VULN, &at(unreadable), "does not say when it was finished");
    }
    let mut timeless = at("");
    timeless["metadata"] = json!({});
    refuses("vuln:age=7d", VULN, &timeless, "does not say when it was finished");
    assert_eq!(statement(VULN, &at("2026-11-26T08:00:00Z")).time(), Some(now()));
}

#[test]
fn an_age_is_a_span_of_time() {
    let rule = Rule::parse("vuln:age=1h30m").unwrap();
    let old = statement(VULN, &scan("2026-11-26T06:30:00Z", &[]));
    assert_eq!(rule.judge(&old, now()), Ok(()));
    assert!(rule.judge(&old, now() + Duration::from_secs(1)).is_err());
}

#[test]
fn of_several_scans_by_one_signer_the_newest_counts() {
    let rule = Rule::parse("vuln:max=high").unwrap();
    let (clean, bad) = (&[][..], &["CRITICAL"][..]);
    let end = |scans: &[(&str, &str, &[&str])]| {
        let heard = |order: &mut dyn Iterator<Item = &(&str, &str, &[&str])>| {
            let mut hearing = Hearing::new(&rule, now());
            for (signer, time, severities) in order {
                assert_eq!(hearing.hear(signer, &statement(VULN, &scan(time, severities))), Heard::Kept);
            }
            hearing.end()
        };
        let result = heard(&mut scans.iter());
        assert_eq!(heard(&mut scans.iter().rev()), result, "the order does not matter");
        result
    };
    let (one, two) = ("2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z");
    assert_eq!(end(&[("a", one, bad), ("a", two, clean)]), Ok("a".to_owned()));
    assert!(end(&[("a", one, clean), ("a", two, bad)]).unwrap_err()[0].contains("of 2026-11-25"));
    assert!(end(&[("a", one, clean), ("a", one, bad)]).is_err(), "equally old: both have to be clean");
    assert_eq!(end(&[("a", two, bad), ("b", one, clean)]), Ok("b".to_owned()));
    assert!(end(&[("a", two, clean), ("a", "", clean)]).unwrap_err()[0].contains("one of them without the time"));
    assert_eq!(end(&[("a", "", clean)]), Ok("a".to_owned()));
    assert_eq!(end(&[]), Err(Vec::new()));
}

#[test]
fn other_attestations_are_met_by_any_that_fits() {
    let rule = Rule::parse("spdx").unwrap();
    let mut hearing = Hearing::new(&rule, now());
    assert!(matches!(hearing.hear("a", &statement(VULN, &scan("", &[]))), Heard::Refused(_)));
    assert!(matches!(hearing.hear("a", &statement(SPDX, &json!({}))), Heard::Refused(_)));
    assert_eq!(hearing.hear("a", &statement(SPDX, &json!({"spdxVersion": "SPDX-2.3"}))), Heard::Met);
    let rule = Rule::parse("slsaprovenance").unwrap();
    for other in ["https://slsa.dev/provenance/v0.1", "https://slsa.dev/provenance/v1evil", "https://evil.example/"] {
        let heard = Hearing::new(&rule, now()).hear("a", &statement(other, &json!({})));
        assert!(matches!(heard, Heard::Refused(_)), "{other}");
    }
}
