//! Rules that keep the words of messages plain: of every literal of the source, and of the hints that a run prints. They can't
//! tell whether a text helps; they find the habits that hinder.

use std::fs;
use std::path::{Path, PathBuf};

/// What a plain sentence says in another way, with that way.
const UNPLAIN: [(&str, &str); 32] = [
    ("worked out", "evaluated, computed"),
    ("passed over", "skipped"),
    ("by itself", "automatically"),
    ("by hand", "manually"),
    ("it is no ", "it is not a"),
    ("this is no ", "this is not a"),
    ("that is no ", "that is not a"),
    ("which is no ", "which is not a"),
    ("} is no ", "is not a"),
    ("it is none", "the noun"),
    ("that is none", "the noun"),
    ("can't be told", "is not known, can't be determined"),
    ("does not tell", "does not report"),
    ("give it longer", "raise the flag of the limit"),
    ("left alone", "not changed"),
    ("stays as it is", "is not changed"),
    ("all the same", "but, in any case"),
    ("in spite of", "although"),
    ("anew", "again"),
    ("on and on", "without end"),
    ("beyond measure", "too many"),
    ("there already", "already exists"),
    ("nobody", "the role of the person"),
    ("stands in", "is in"),
    ("looked into", "read"),
    ("looked at", "read, checked"),
    ("leave out", "remove"),
    ("left out", "ignored, removed"),
    ("wins over", "overrides"),
    ("ask who runs", "ask the administrator of"),
    ("speaks version", "uses version"),
    ("is a variable not set?", "check that its variable is set"),
];

/// Longer than this no message is read: the hint about `CI_JOB_TOKEN` is the longest.
const LONGEST: usize = 900;

/// Names that begin an error's text in their own spelling.
const NAMES: [&str; 7] = ["Argo", "Flux", "GitLab", "Kustomize", "SOPS", "TLS", "Git"];

/// What is not plain in a text that a person reads.
fn text_faults(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let is_longer = |phrase: &str| phrase.ends_with(" no ") && lower.contains(&format!("{phrase}longer"));
    let unplain = UNPLAIN.iter().filter(|(phrase, _)| lower.contains(phrase) && !is_longer(phrase));
    let mut faults: Vec<String> = unplain.map(|(phrase, plain)| format!("{phrase:?}: write {plain:?}")).collect();
    faults.extend(
        (text.split("\n\n").any(|paragraph| paragraph.len() > LONGEST)).then(|| format!("longer than {LONGEST} bytes")),
    );
    faults
}

/// What is not an error's text: it says in lower case, without a full stop, what failed on what.
fn error_faults(text: &str) -> Vec<String> {
    let mut faults = text_faults(text);
    let first = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    if first.starts_with(char::is_uppercase) && !NAMES.contains(&first) {
        faults.push(format!("begins with the capital letter of {first:?}"));
    }
    faults.extend(text.ends_with('.').then(|| "ends with a full stop".to_owned()));
    faults
}

/// What is not a hint: it is a whole sentence. It may begin with a name, a flag, a file or code.
pub(crate) fn hint_faults(hint: &str) -> Vec<String> {
    let mut faults = text_faults(hint);
    let first = hint.split([' ', ',', ':']).next().unwrap_or_default();
    if first.chars().all(|c| c.is_ascii_lowercase()) {
        faults.push(format!("does not begin as a sentence, but with {first:?}"));
    }
    faults.extend((!hint.ends_with(['.', '!', '?', '…'])).then(|| "does not end as a sentence".to_owned()));
    faults.extend(hint.contains('\n').then(|| "has several lines".to_owned()));
    faults
}

/// The string literals of Rust source with their lines, without those of comments; lines that a backslash joins are one.
fn literals(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let line = || source[..at].matches('\n').count() + 1;
        at += if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(fence) = raw(rest, source[..at].chars().next_back()) {
            let end = format!("\"{}", &fence[1..fence.len() - 1]);
            let length = rest[fence.len()..].find(&end).expect("a raw literal ends");
            found.push((line(), rest[fence.len()..fence.len() + length].to_owned()));
            fence.len() + length + end.len()
        } else if let Some(literal) = rest.strip_prefix('"') {
            let length = length_of(literal);
            found.push((line(), joined(&literal[..length])));
            length + 2
        } else if let Some(length) = character(rest) {
            length
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
    }
    found
}

/// The opening of a raw literal, such as `r#"`, unless a name goes before it.
fn raw(rest: &str, before: Option<char>) -> Option<&str> {
    let is_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let hashes = rest.strip_prefix('r')?.trim_start_matches('#');
    let opening = &rest[..rest.len() - hashes.len()];
    (hashes.starts_with('"') && !is_name).then(|| &rest[..=opening.len()])
}

/// How long a literal is, to the quote that ends it.
fn length_of(rest: &str) -> usize {
    let mut is_escaped = false;
    rest.find(|c| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    })
    .expect("a literal ends")
}

/// The length of a character literal; a lifetime is none.
fn character(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix('\'')?;
    let escaped = inner.strip_prefix('\\').map(|escaped| 1 + escaped.chars().next().map_or(0, char::len_utf8));
    let from = escaped.or_else(|| inner.chars().next().map(char::len_utf8))?;
    let end = inner[from..].find('\'').filter(|end| *end == 0 || escaped.is_some())?;
    Some(1 + from + end + 1)
}

fn joined(literal: &str) -> String {
    let mut parts = literal.split("\\\n");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.trim_start())
}

/// The source without its tests: each file's path and code.
fn sources() -> Vec<(PathBuf, String)> {
    let mut directories = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut sources = Vec::new();
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("the source is there") {
            let path = entry.expect("it stays").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("its name is text");
            if name == "tests" {
                continue;
            }
            if path.is_dir() {
                directories.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !name.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).expect("source is text");
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
                sources.push((path, code));
            }
        }
    }
    sources
}

/// Whether a literal is a sentence or a part of one, rather than a name, a key or a format.
fn is_words(text: &str) -> bool {
    let is_word = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_ascii_lowercase() || c == '\'');
    text.split([' ', ',', ':', ';']).filter(is_word).count() > 2
}

#[test]
fn the_words_of_messages_are_plain() {
    let mut seen = 0;
    let mut faults = Vec::new();
    for (path, code) in sources() {
        for (line, text) in literals(&code).into_iter().filter(|(_, text)| is_words(text)) {
            seen += 1;
            faults.extend(text_faults(&text).iter().map(|fault| format!("{}:{line}: {fault}: {text}", path.display())));
        }
    }
    assert!(seen > 1000, "only {seen} texts were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_texts_of_errors_are_lower_case_without_a_full_stop() {
    let mut seen = 0;
    let mut faults = Vec::new();
    for (path, code) in sources() {
        for piece in code.split("#[error(").skip(1) {
            let Some((_, text)) = literals(piece.split(")]\n").next().unwrap_or_default()).into_iter().next() else {
                continue;
            };
            seen += 1;
            faults.extend(error_faults(&text).iter().map(|fault| format!("{}: {fault}: {text}", path.display())));
        }
    }
    assert!(seen > 150, "only {seen} texts were found");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_not_plain_is_found() {
    for (text, words) in [
        ("a lost race is worked out again", "worked out"),
        ("{text:?} is no tag", "is no "),
        ("Passed over: values.yaml", "passed over"),
        (&*"long ".repeat(200), "longer than"),
    ] {
        assert!(text_faults(text).concat().contains(words), "{text}");
    }
    assert_eq!(text_faults("the tag {tag} no longer exists, which is no longer supported"), Vec::<String>::new());
    assert_eq!(
        error_faults("The branch is gone."),
        ["begins with the capital letter of \"The\"", "ends with a full stop"]
    );
    assert_eq!(error_faults("SOPS has signed it"), Vec::<String>::new());
    for (hint, count) in [
        ("check the URL", 2),
        ("Check the URL", 1),
        ("check the URL.", 1),
        ("Check the URL.\nThen run it again.", 1),
        ("Check the URL.", 0),
        ("--create adds it.", 0),
        ("values.yaml:2 names it.", 0),
        ("`git` is missing.", 0),
    ] {
        assert_eq!(hint_faults(hint).len(), count, "{hint}: {:?}", hint_faults(hint));
    }
}

#[test]
fn literals_are_found_in_any_code() {
    let code =
        "// \"no\"\nfn a<'a>(c: char) { f('\"', '\\'', \"one \\\"two\\\"\"); g(r#\"raw \"x\"\"#); h(\"a \\\n    b\") }";
    let found: Vec<(usize, String)> = literals(code);
    let expected = [(2, "one \\\"two\\\""), (2, "raw \"x\""), (2, "a b")];
    assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
}
