use std::time::{Duration, SystemTime};

use super::*;
use crate::image::Digest;
use serde_json::{Value, json};

mod bills;
mod provenance;
mod scans;

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
        ("", "spdx, cyclonedx and vuln"),
        (
            "slsa",
            "not a known type of attestation: the known types are slsaprovenance (0.2 and 1), spdx, cyclonedx and vuln",
        ),
        ("slsaprovenance1", "not a known type"),
        ("vuln:", "max, age are known"),
        ("vuln:severity=high", "\"severity\" is not a key of vuln: max, age are known"),
        ("vuln:max", "the key max of vuln is empty"),
        ("vuln:max=", "check that its variable is set"),
        ("vuln:max=worst", "unknown, negligible, low, medium, high, critical"),
        ("vuln:max=low,max=high", "twice"),
        ("vuln:age=week", "age: \"week\""),
        ("vuln:max=high,", "\"\" is not a key"),
        ("vuln:max=high, age=7d", "contains a space"),
        ("spdx:version=2.3", "it has no keys"),
        ("slsaprovenance:commit=f0582e2c", "not a full commit hash"),
        ("slsaprovenance:commit=", "check that its variable is set"),
        ("slsaprovenance:source=https://h.x/a@refs/heads/main", "remove the user and the branch"),
        ("slsaprovenance:source=https://h.x/a#main", "remove the user and the branch"),
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
    assert!(judge("vuln:max=critical").unwrap_err().contains("not a report of Trivy"));
    assert!(judge("spdx").is_err());
}
