//! Random files and random tags: what the edit promises, checked against a second, independent parser.

#![allow(clippy::unwrap_used, reason = "a text that can't be read is a failed test")]

use gitops_bump::edit::{Job, Kind, KnownDigest, Rules, Wanted, rewrite};
use gitops_bump::image::{Repository, Tag};
use proptest::prelude::*;
use serde_yaml::Value;

const REPOSITORY: &str = "r.io/team/app";

/// A file cut at the tag: its text is `head`, the tag in its style, `tail`.
#[derive(Debug)]
struct File {
    head: String,
    tag: String,
    tail: String,
    /// The keys from the root to the mapping that holds the tag.
    keys: Vec<String>,
}

impl File {
    fn text(&self) -> String {
        format!("{}{}{}", self.head, self.tag, self.tail)
    }
}

/// Lines that are no images, in every style; the indent is put before each.
fn neighbour() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![
        Just(vec![""]),
        Just(vec!["# tag: 1.0 é"]),
        Just(vec!["   ", "    # x"]),
        Just(vec!["é1: \"日本語 🎉\" # ü"]),
        Just(vec!["k2: {tag: 1, l: [a, 'b', \"c\"], m: {}}"]),
        Just(vec!["k3: |", "  tag: 1", "", "  # no comment"]),
        Just(vec!["k4: >-", "  repository: r.io/team/app", "  tag: 1"]),
        Just(vec!["k5:", "- a: 1", "  tag: x", "-   b: &anchor-k 2", "- *anchor-k"]),
        Just(vec!["k6: \"two", "  lines\""]),
        Just(vec!["k7: plain", "  over lines # end"]),
        Just(vec!["k8:", "k9: ~", "'k 10': !!str 1"]),
        Just(vec!["? k11", ": v"]),
    ]
}

/// Before and behind the tag on its line.
fn style() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![
        Just(("tag: ", "")),
        Just(("tag:    ", " # bump")),
        Just(("tag: '", "'")),
        Just(("\"tag\": \"", "\"  # bump")),
        Just(("tag: &anchor ", "")),
        Just(("tag: !!str ", "\t# x")),
        Just(("tag : ", "  ")),
    ]
}

/// The lines with keys of their own, since the same neighbour may come twice.
fn numbered(name: &str, neighbours: &[Vec<&str>]) -> Vec<String> {
    let own = |(at, lines): (usize, &Vec<&str>)| {
        let rename = |line: &&str| line.replace('k', &format!("k{name}{at}")).replace("é1", &format!("é{name}{at}"));
        lines.iter().map(rename).collect::<Vec<_>>()
    };
    neighbours.iter().enumerate().flat_map(own).collect()
}

fn file() -> impl Strategy<Value = File> {
    let neighbours = || prop::collection::vec(neighbour(), 0..3);
    let shape = (0..4_usize, 1..6_usize, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (neighbours(), neighbours(), neighbours(), style(), "v[0-9]{1,3}(\\.[0-9]{1,3}){0,2}", shape).prop_map(
        |(top, inside, bottom, (before, behind), tag, (depth, indent, is_first, is_crlf, has_bom, ends))| {
            let line_break = if is_crlf { "\r\n" } else { "\n" };
            let keys: Vec<_> = (0..depth).map(|level| format!("level{level}")).collect();
            let pad = " ".repeat(indent * depth);
            let mut head = String::from(if has_bom { "\u{feff}" } else { "" });
            let mut tail = String::new();
            let line = |text: &mut String, pad: &str, line: &str| text.extend([pad, line, line_break]);
            let block = |text: &mut String, pad: &str, name: &str, lines: &[Vec<&str>]| {
                for own in numbered(name, lines) {
                    line(text, pad, &own);
                }
            };
            if depth > 0 {
                block(&mut head, "", "t", &top);
            }
            for (level, key) in keys.iter().enumerate() {
                line(&mut head, &" ".repeat(indent * level), &format!("{key}:"));
            }
            let repository = format!("repository: {REPOSITORY}");
            if is_first {
                line(&mut head, &pad, &repository);
            }
            block(&mut head, &pad, "i", &inside);
            head.extend([pad.as_str(), before]);
            tail.extend([behind, line_break]);
            if !is_first {
                line(&mut tail, &pad, &repository);
            }
            block(&mut tail, &pad, "b", &bottom);
            if !ends && bottom.is_empty() {
                tail.truncate(tail.trim_end_matches(['\r', '\n']).len());
            }
            File { head, tag, tail, keys }
        },
    )
}

fn tag() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_][A-Za-z0-9._-]{0,12}",
        "[0-9]{1,4}([._e-]?[0-9]{1,3}){0,3}",
        "0[xobXOB][0-9a-f_]{0,4}",
        "(y|n|yes|no|on|off|true|false|null|Yes|NO|True|2026-11-23|1e3|1_e3)",
    ]
}

fn edit(text: &str, tag: &str) -> String {
    let wanted = Wanted {
        repository: Repository::parse(REPOSITORY).unwrap(),
        tag: Tag::parse(tag).unwrap(),
        digest: KnownDigest::Unknown,
    };
    let job = Job { kind: Kind::Helm { path: None }, images: vec![0], rules: Rules::default() };
    rewrite("file.yaml", text.as_bytes(), &[job], &[wanted]).unwrap_or_else(|error| panic!("{error}\n{text}")).text
}

/// What the second parser reads. It takes a byte-order mark for a document of its own.
fn read(text: &str) -> Value {
    serde_yaml::from_str(text.trim_start_matches('\u{feff}')).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn with_tag(text: &str, keys: &[String], tag: &str) -> Value {
    let mut value = read(text);
    let mut place = &mut value;
    for key in keys {
        place = place.get_mut(key.as_str()).unwrap();
    }
    *place.get_mut("tag").unwrap() = Value::String(tag.to_owned());
    value
}

proptest! {
    #[test]
    fn only_the_value_changes(file in file(), tag in tag()) {
        let before = file.text();
        let after = edit(&before, &tag);
        let middle = after
            .strip_prefix(file.head.as_str())
            .and_then(|rest| rest.strip_suffix(file.tail.as_str()));
        prop_assert!(middle == Some(&tag) || middle == Some(&format!("\"{tag}\"")), "{after}");
        prop_assert_eq!(read(&after), with_tag(&before, &file.keys, &tag));
        prop_assert_eq!(edit(&after, &tag), after.clone());
        if middle == Some(&tag) {
            prop_assert_eq!(edit(&after, &file.tag), before);
        }
    }

    #[test]
    fn no_text_is_too_strange(text in "[\\[\\]{}:,&*!|>'\"%@`#\\-? \nab<.\u{feff}é]{0,80}", tag in tag()) {
        let wanted = Wanted {
            repository: Repository::parse("a").unwrap(),
            tag: Tag::parse(&tag).unwrap(),
            digest: KnownDigest::Unknown,
        };
        let rules = Rules { create: true, any_repository: true, ..Rules::default() };
        for kind in [Kind::Helm { path: None }, Kind::Kustomize { name: None }, Kind::Manifest] {
            let jobs = [Job { kind, images: vec![0], rules }];
            if let Ok(result) = rewrite("file.yaml", text.as_bytes(), &jobs, std::slice::from_ref(&wanted)) {
                let is_changed = result.places.iter().any(|place| place.changed);
                prop_assert_eq!(is_changed, result.text != text);
            }
        }
    }
}
