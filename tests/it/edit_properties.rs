//! Random files and random tags: what the edit promises, checked against a second, independent parser.

#![allow(clippy::unwrap_used, reason = "a text that can't be read is a failed test")]

use gitops_bump::edit::{Job, Kind, KnownDigest, Path, Rules, Wanted, rewrite};
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

/// A text as a literal block under `v`, between other keys.
fn in_block(text: &str, indent: usize, chomping: &str) -> String {
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut block = format!("u: [x]{line_break}v: |{indent}{chomping} # c{line_break}");
    for line in text.split_inclusive('\n') {
        let is_blank = line.trim_end_matches(['\r', '\n']).is_empty();
        block.extend([if is_blank { String::new() } else { " ".repeat(indent) }, line.to_owned()]);
    }
    if text.ends_with('\n') {
        block.push_str("w: 'y'");
    }
    block
}

fn edit_at(text: &str, path: &str, tag: &str) -> String {
    edit_as(Kind::Helm { path: Some(Path::parse(path).unwrap()) }, text, tag)
}

fn edit(text: &str, tag: &str) -> String {
    edit_as(Kind::Helm { path: None }, text, tag)
}

fn edit_as(kind: Kind, text: &str, tag: &str) -> String {
    let wanted = Wanted {
        repository: Repository::parse(REPOSITORY).unwrap(),
        tag: Some(Tag::parse(tag).unwrap()),
        digest: KnownDigest::Unknown,
        same: Vec::new(),
    };
    let job = Job { kind, images: vec![0], rules: Rules::default() };
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
    fn a_text_in_a_block_is_edited_as_a_file(
        file in file(),
        tag in tag(),
        indent in 1..9_usize,
        chomping in prop::sample::select(vec!["", "-", "+"]),
    ) {
        let text = file.text().trim_start_matches('\u{feff}').to_owned();
        let before = in_block(&text, indent, chomping);
        let holder = [vec!["v".to_owned()], file.keys.clone()].concat().join(".");
        let after = edit_at(&before, &format!("{holder}.tag"), &tag);
        prop_assert_eq!(&after, &in_block(&edit(&text, &tag), indent, chomping));
        if holder != "v" {
            prop_assert_eq!(edit_at(&before, &holder, &tag), after.clone());
        }
        let (before, after) = (read(&before), read(&after));
        prop_assert_eq!(before.get("u"), after.get("u"));
        let inner = |value: &Value| value.get("v").and_then(Value::as_str).unwrap().to_owned();
        prop_assert_eq!(read(&inner(&after)), with_tag(&inner(&before), &file.keys, &tag));
    }

    #[test]
    fn no_text_is_too_strange(text in "[\\[\\]{}:,&*!|>'\"%@`#\\-? \nab<.\u{feff}é]{0,80}", tag in tag()) {
        let wanted = Wanted {
            repository: Repository::parse("a").unwrap(),
            tag: Some(Tag::parse(&tag).unwrap()),
            digest: KnownDigest::Unknown,
 same: Vec::new(),
};
        let rules = Rules { create: true, any_repository: true, ..Rules::default() };
        let in_text = format!("kind: HelmChart\nspec:\n  valuesContent: |2\n    {}\n  x: a:1\n", text.replace('\n', "\n    "));
        for (text, kind) in [
            (&text, Kind::Helm { path: None }),
            (&text, Kind::Kustomize { name: None }),
            (&text, Kind::Manifest),
            (&in_text, Kind::Manifest),
            (&in_text, Kind::Helm { path: Path::parse("spec.valuesContent.a").ok() }),
        ] {
            let jobs = [Job { kind, images: vec![0], rules }];
            if let Ok(result) = rewrite("file.yaml", text.as_bytes(), &jobs, std::slice::from_ref(&wanted)) {
                let is_changed = result.places.iter().any(|place| place.changed);
                prop_assert_eq!(is_changed, &result.text != text);
            }
        }
    }
}
