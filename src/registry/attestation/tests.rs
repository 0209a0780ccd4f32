use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::*;
use crate::image::Digest;

const COMMIT: &str = "f0582e2c9a16b5cc2cde90e8be8f1b50fd67c631";
const OTHER: &str = "0123456789abcdef0123456789abcdef01234567";
const V02: &str = "https://slsa.dev/provenance/v0.2";
const V1: &str = "https://slsa.dev/provenance/v1";
const VULN: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";
const SPDX: &str = "https://spdx.dev/Document";
const CYCLONE_DX: &str = "https://cyclonedx.org/bom";

fn statement(kind: &str, predicate: &Value) -> Statement {
    let statement = json!({"_type": "https://in-toto.io/Statement/v1", "predicateType": kind,
        "subject": [{"name": "h.x/shop/app", "digest": {"sha256": "a".repeat(64)}}], "predicate": predicate});
    Statement::parse(statement.to_string().as_bytes()).unwrap()
}

fn now() -> SystemTime {
    "2026-11-26T08:00:00Z".parse::<jiff::Timestamp>().unwrap().into()
}

fn judge(rule: &str, kind: &str, predicate: &Value) -> Result<(), String> {
    Rule::parse(rule).unwrap().judge(&statement(kind, predicate), now())
}

#[track_caller]
fn refuses(rule: &str, kind: &str, predicate: &Value, words: &str) {
    let reason = judge(rule, kind, predicate).expect_err(rule);
    assert!(reason.contains(words), "{rule}: {reason}");
}

#[test]
fn rules_are_read_and_shown_as_they_were_written() {
    for text in [
        "slsaprovenance",
        "slsaprovenance:builder=https://gitlab.example/*,source=https://gitlab.example/shop/app,commit=f0582e2c9a16b5cc2cde90e8be8f1b50fd67c631",
        "slsaprovenance:builder=https://b.example/?x=1",
        "spdx",
        "cyclonedx",
        "vuln",
        "vuln:max=HIGH",
        "vuln:age=7d,max=negligible",
    ] {
        assert_eq!(Rule::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn what_a_rule_can_not_be_is_said() {
    for (text, words) in [
        ("", "spdx, cyclonedx and vuln are"),
        ("slsa", "no known type of attestation: slsaprovenance (0.2 and 1), spdx, cyclonedx and vuln are"),
        ("slsaprovenance1", "no known type"),
        ("vuln:", "max, age are known"),
        ("vuln:severity=high", "\"severity\" is no key of vuln: max, age are known"),
        ("vuln:max", "max is empty"),
        ("vuln:max=", "is a variable not set?"),
        ("vuln:max=worst", "unknown, negligible, low, medium, high, critical are"),
        ("vuln:max=low,max=high", "twice"),
        ("vuln:age=week", "age: \"week\""),
        ("vuln:max=high,", "\"\" is no key"),
        ("vuln:max=high, age=7d", "blank"),
        ("spdx:version=2.3", "it takes none"),
        ("slsaprovenance:commit=f0582e2c", "no whole hash of a commit"),
        ("slsaprovenance:commit=", "is a variable not set?"),
        ("slsaprovenance:source=https://h.x/a@refs/heads/main", "no branch"),
        ("slsaprovenance:source=https://h.x/a#main", "no branch"),
        ("slsaprovenance:builder=a,b", "write ? for a comma"),
    ] {
        let reason = Rule::parse(text).expect_err(text);
        assert!(reason.contains(words), "{text}: {reason}");
    }
}

#[test]
fn a_statement_names_its_digests() {
    let digest = |c: &str| Digest::parse(&format!("sha256:{}", c.repeat(64))).unwrap();
    let found = statement(SPDX, &json!({}));
    assert!(found.is_about(&digest("a")) && !found.is_about(&digest("b")));
    for wrong in [
        "",
        "[]",
        "{}",
        r#"{"_type": "https://in-toto.io/Statement/v1", "subject": [], "predicateType": 1}"#,
        r#"{"_type": "https://evil.example/", "subject": [], "predicateType": "x"}"#,
        r#"{"_type": "https://in-toto.io/Statement/v1", "subject": [], "predicateType": "x", "predicateType": "y"}"#,
        r#"{"_type": "https://in-toto.io/Statement/v1", "subject": {}, "predicateType": "x"}"#,
    ] {
        assert!(Statement::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn hostile_payloads_end_in_an_answer() {
    let head = r#"{"_type": "https://in-toto.io/Statement/v1", "subject": "#;
    let many = format!("{head}[{}], \"predicateType\": \"x\"}}", vec![r#"{"digest": {"a": "b"}}"#; 10_001].join(","));
    assert!(Statement::parse(many.as_bytes()).unwrap_err().contains("more than 10000 digests"));
    let deep = |kind: &str, open: &str, close: &str| {
        let deep = format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
        let text = format!("{head}[], \"predicateType\": \"{kind}\", \"predicate\": {deep}}}");
        Statement::parse(text.as_bytes()).unwrap()
    };
    for (rule, kind) in [("spdx", SPDX), ("cyclonedx", CYCLONE_DX), ("vuln:max=critical", VULN), ("slsaprovenance", V1)]
    {
        for (open, close) in [("[", "]"), (r#"{"scanner": "#, "}"), (r#"{"Data": "#, "}")] {
            assert!(Rule::parse(rule).unwrap().judge(&deep(kind, open, close), now()).is_err(), "{rule} {open}");
        }
    }
    let sources = vec![json!({"uri": "https://h.x/a.git"}); 10_001];
    refuses("slsaprovenance", V02, &json!({"materials": sources}), "more than 10000 sources");
}

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
        refuses("vuln:max=critical", VULN, &with(result.clone()), "no report of Trivy");
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
        refuses(rule, VULN, &at("2026-11-26T08:05:01Z"), "lies in the future");
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
    assert!(end(&[("a", two, clean), ("a", "", clean)]).unwrap_err()[0].contains("one does not say when"));
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

#[test]
fn a_bill_of_materials_is_one() {
    let tags = "# made by hand\nSPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\n";
    let document = json!({"spdxVersion": "SPDX-2.3", "packages": [{"name": "bash"}]});
    for (kind, predicate) in [
        (SPDX, document.clone()),
        ("https://spdx.dev/Document/v2.3", document.clone()),
        (SPDX, json!(tags)),
        (SPDX, json!(document.to_string())),
        (SPDX, json!({"Data": document.to_string(), "Timestamp": ""})),
        (SPDX, json!({"Data": document})),
        (
            SPDX,
            json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [{"type": "CreationInfo"}]}),
        ),
    ] {
        assert_eq!(judge("spdx", kind, &predicate), Ok(()), "{predicate}");
        refuses("cyclonedx", kind, &predicate, "an attestation of \"https://spdx.dev/Document");
    }
    for predicate in
        [json!(null), json!({}), json!(""), json!([]), json!({"spdxVersion": 2}), json!({"bomFormat": "CycloneDX"})]
    {
        refuses("spdx", SPDX, &predicate, "holds no SPDX document");
    }
    let document = json!({"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []});
    for (kind, predicate) in [
        (CYCLONE_DX, document.clone()),
        ("https://cyclonedx.org/bom/v1.5", document.clone()),
        (CYCLONE_DX, json!({"Data": document})),
    ] {
        assert_eq!(judge("cyclonedx", kind, &predicate), Ok(()), "{predicate}");
    }
    for predicate in [json!(null), json!({"bomFormat": "SPDX", "specVersion": "1"}), json!({"bomFormat": "CycloneDX"})]
    {
        refuses("cyclonedx", CYCLONE_DX, &predicate, "holds no CycloneDX document");
    }
}

/// What builders write of a build of <https://gitlab.example/shop/app> at [`COMMIT`].
fn provenances() -> Vec<(&'static str, &'static str, Value)> {
    let base = json!({"uri": "pkg:docker/debian@12?platform=linux%2Famd64", "digest": {"sha256": "b".repeat(64)}});
    let file = json!({"uri": "https://files.example/x.tar", "digest": {"sha256": "c".repeat(64)}});
    vec![
        (
            "GitLab's runner, 0.2",
            V02,
            json!({
            "builder": {"id": "https://gitlab.example/shop/app/-/runners/7"}, "materials": [],
            "buildType": "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/v15.1.0/PROVENANCE.md",
            "invocation": {"configSource": {"uri": "https://gitlab.example/shop/app", "digest": {"sha256": COMMIT},
                "entryPoint": "build"}, "environment": {}, "parameters": {"CI": ""}},
            "metadata": {"buildFinishedOn": "2026-11-26T07:00:00Z"}}),
        ),
        (
            "GitLab, 1",
            V1,
            json!({
            "buildDefinition": {"buildType": "x", "internalParameters": {"name": "r"},
                "externalParameters": {"source": "https://gitlab.example/shop/app", "entryPoint": "build", "variables": {}},
                "resolvedDependencies": [{"uri": "https://gitlab.example/shop/app", "digest": {"sha256": COMMIT}}]},
            "runDetails": {"builder": {"id": "https://gitlab.example/shop/app/-/runners/7", "version": {}}, "metadata": {}}}),
        ),
        (
            "BuildKit from Git, 0.2",
            V02,
            json!({
            "builder": {"id": "https://gitlab.example/shop/app/-/runners/7"},
            "invocation": {"configSource": {"uri": "https://gitlab.example/shop/app.git#refs/heads/main:deploy",
                "digest": {"sha1": COMMIT}, "entryPoint": "Dockerfile"}, "parameters": {"frontend": "dockerfile.v0"}},
            "materials": [base, {"uri": "https://gitlab.example/shop/app.git#refs/heads/main:deploy",
                "digest": {"sha1": COMMIT}}, file]}),
        ),
        (
            "BuildKit from Git, 1",
            V1,
            json!({
            "buildDefinition": {
                "externalParameters": {"configSource": {"uri": "https://gitlab.example/shop/app.git#main",
                    "digest": {"sha1": COMMIT}, "path": "Dockerfile"}, "request": {"frontend": "dockerfile.v0"}},
                "resolvedDependencies": [base, {"uri": "https://gitlab.example/shop/app.git#main", "digest": {"sha1": COMMIT}}]},
            "runDetails": {"builder": {"id": "https://gitlab.example/shop/app/-/runners/7"}, "metadata": {}}}),
        ),
        (
            "BuildKit from a directory, 0.2",
            V02,
            json!({
            "builder": {"id": "https://gitlab.example/shop/app/-/runners/7"},
            "invocation": {"configSource": {"entryPoint": "Dockerfile"}}, "materials": [base, file],
            "metadata": {"https://mobyproject.org/buildkit@v1#metadata": {
                "vcs": {"source": "git@gitlab.example:shop/app.git", "revision": COMMIT}}}}),
        ),
        (
            "BuildKit from a directory, 1",
            V1,
            json!({
            "buildDefinition": {"externalParameters": {"configSource": {"path": "Dockerfile"}}, "resolvedDependencies": null},
            "runDetails": {"builder": {"id": "https://gitlab.example/shop/app/-/runners/7"}, "metadata": {"buildkit_metadata": {
                "vcs": {"source": "https://ci:secret@gitlab.example/shop/app", "revision": COMMIT}}}}}),
        ),
        (
            "Tekton's materials, 0.2",
            V02,
            json!({
            "builder": {"id": "https://gitlab.example/shop/app/-/runners/7"}, "invocation": {},
            "materials": [base, {"uri": "git+https://gitlab.example/shop/app.git", "digest": {"sha1": COMMIT}}]}),
        ),
        (
            "GitHub's workflow, 1",
            V1,
            json!({
            "buildDefinition": {
                "externalParameters": {"workflow": {"ref": "refs/heads/main", "repository": "https://gitlab.example/shop/app"}},
                "resolvedDependencies": [{"uri": "git+https://gitlab.example/shop/app@refs/heads/main",
                    "digest": {"gitCommit": COMMIT}}]},
            "runDetails": {"builder": {"id": "https://gitlab.example/shop/app/-/runners/7"}}}),
        ),
    ]
}

#[test]
fn provenance_is_read_in_every_form() {
    for (name, kind, predicate) in provenances() {
        let is_ssh = predicate.to_string().contains("git@");
        let source = if is_ssh { "ssh://gitlab.example/shop/app" } else { "https://gitlab.example/shop/app" };
        for rule in [
            "slsaprovenance".to_owned(),
            format!("slsaprovenance:commit={COMMIT}"),
            format!("slsaprovenance:commit={}", COMMIT.to_ascii_uppercase()),
            format!("slsaprovenance:source={source},commit={COMMIT},builder=https://gitlab.example/*/-/runners/?"),
            format!("slsaprovenance:source={source}.git/"),
            format!("slsaprovenance:source=git+{source}.git"),
            "slsaprovenance:source=*://gitlab.example/shop/*".to_owned(),
        ] {
            assert_eq!(judge(&rule, kind, &predicate), Ok(()), "{name}: {rule}");
        }
        for (rule, words) in [
            (
                "slsaprovenance:builder=https://gitlab.example/other/*".to_owned(),
                "by the builder \"https://gitlab.example/shop",
            ),
            ("slsaprovenance:source=https://gitlab.example/shop".to_owned(), "gitlab.example/shop/app"),
            ("slsaprovenance:source=https://gitlab.example/shop/application".to_owned(), "from the source"),
            ("slsaprovenance:source=https://evil.example/shop/app".to_owned(), "from the source"),
            ("slsaprovenance:source=https://files.example/*".to_owned(), "from the source"),
            (format!("slsaprovenance:commit={OTHER}"), COMMIT),
        ] {
            let reason = judge(&rule, kind, &predicate).expect_err(name);
            assert!(reason.contains(words) && !reason.contains("secret"), "{name}: {rule}: {reason}");
        }
    }
}

#[test]
fn what_is_built_with_is_not_what_was_built() {
    let wanted = format!("slsaprovenance:source=https://gitlab.example/shop/app,commit={COMMIT}");
    let own = json!({"uri": "https://gitlab.example/shop/app.git", "digest": {"sha1": COMMIT}});
    let evil = json!({"uri": "https://evil.example/app.git", "digest": {"sha1": OTHER}});
    let second = |parameters: Value, materials: Value| {
        json!({"builder": {"id": "b"}, "materials": materials,
        "invocation": {"configSource": parameters}})
    };
    assert_eq!(judge(&wanted, V02, &second(own.clone(), json!([evil]))), Ok(()));
    refuses(&wanted, V02, &second(evil.clone(), json!([own])), "from the source https://evil.example/app");
    refuses(&wanted, V02, &second(json!({}), json!([own, evil])), "from several sources");
    refuses(&wanted, V02, &second(json!({"uri": "pkg:generic/x"}), json!([own])), "which is no repository");
    refuses(&wanted, V02, &second(json!({}), json!([])), "names no source");
    let twice = json!([{"uri": "https://gitlab.example/shop/app.git", "digest": {"sha1": OTHER}}]);
    refuses(&wanted, V02, &second(own.clone(), twice), "of the commit");
    refuses(&wanted, V02, &second(json!({"uri": "https://gitlab.example/shop/app"}), json!([])), "names no commit");
    refuses("slsaprovenance:builder=*", V02, &json!({"builder": {"id": ""}}), "names no builder");
    refuses("slsaprovenance:builder=*", V02, &json!({}), "names no builder");
    refuses("slsaprovenance", V02, &json!({"materials": 1}), "can't be read");
    refuses("slsaprovenance", V1, &json!({"builder": {"id": "b"}}), "can't be read");
    let first = |parameters: Value| {
        json!({"runDetails": {}, "buildDefinition": {"externalParameters": parameters,
        "resolvedDependencies": [own]}})
    };
    refuses(
        &wanted,
        V1,
        &first(json!({"source": "https://evil.example/app"})),
        "from the source https://evil.example/app",
    );
    refuses(
        &wanted,
        V1,
        &first(
            json!({"source": "https://gitlab.example/shop/app", "workflow": {"repository": "https://evil.example/app"}}),
        ),
        "several",
    );
}

#[test]
fn an_address_does_not_pretend_to_be_another() {
    let wanted = "slsaprovenance:source=https://gitlab.example/shop/*";
    for (uri, is_one) in [
        ("https://GitLab.example:443/shop/app", true),
        ("git+https://token@gitlab.example/shop/app.git", true),
        ("https://gitlab.example/shop/../evil/app", false),
        ("https://gitlab.example/shop/%2e%2E/evil/app", false),
        ("https://gitlab.example/shop/x@/../../evil/app", false),
        ("https://gitlab.example@evil.example/shop/app", false),
        ("https://gitlab.example\\@evil.example/shop/app", false),
        ("https://gitlab.example.evil.example/shop/app", false),
        ("https://gitlab.example:8443/shop/app", false),
        ("http://gitlab.example/shop/app", false),
        ("https://gitlab.example/shop", false),
        ("https://evil.example/https://gitlab.example/shop/app", false),
        ("https://evil.example/#https://gitlab.example/shop/app", false),
    ] {
        let predicate = json!({"invocation": {"configSource": {"uri": uri}}});
        assert_eq!(judge(wanted, V02, &predicate).is_ok(), is_one, "{uri}");
    }
}

#[test]
fn an_age_is_a_span_of_time() {
    let rule = Rule::parse("vuln:age=1h30m").unwrap();
    let old = statement(VULN, &scan("2026-11-26T06:30:00Z", &[]));
    assert_eq!(rule.judge(&old, now()), Ok(()));
    assert!(rule.judge(&old, now() + Duration::from_secs(1)).is_err());
}

#[test]
fn a_statement_of_cosign_3_is_read() {
    use base64::Engine as _;
    let bundle = include_bytes!(
        "../../../tests/fixtures/cosign/cosign3.1-attestation-and-signature/blobs/sha256-c07cb9f5008b071992e1e5b416cf3a8d18305232fee08f34cfc364e92b13fe6a"
    );
    let bundle: Value = serde_json::from_slice(bundle).unwrap();
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    let found = Statement::parse(&base64::engine::general_purpose::STANDARD.decode(payload).unwrap()).unwrap();
    let image = "sha256:8f5ba936d763331c2c5fe91d135a90770f61b3331ec4241381da50e5a7d99b25";
    assert!(found.is_about(&Digest::parse(image).unwrap()));
    assert_eq!(found.time(), Some("2026-11-01T00:00:01Z".parse::<jiff::Timestamp>().unwrap().into()));
    let judge = |rule: &str| Rule::parse(rule).unwrap().judge(&found, now());
    assert_eq!(judge("vuln:age=30d"), Ok(()));
    assert!(judge("vuln:age=24d").unwrap_err().contains("a scan of 2026-11-01T00:00:01Z"));
    assert!(judge("vuln:max=critical").unwrap_err().contains("no report of Trivy"));
    assert!(judge("spdx").is_err());
}
