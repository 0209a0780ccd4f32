//! The one floor for HTTP is the only place in the sources that does what only it may do.

use std::fs;
use std::path::{Path, PathBuf};

/// What stands nowhere but in `src/http/`: clients, redirects, the headers that show a secret, pieces of a body.
const FLOOR_ONLY: [&str; 15] = [
    "reqwest::client",
    "client::builder",
    "clientbuilder",
    "requestbuilder",
    "reqwest::response",
    "redirect::",
    "policy::none",
    "get(location",
    "header::location",
    "authorization",
    "private-token",
    "job-token",
    "get(retry_after",
    ".chunk()",
    ".bytes_stream()",
];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the sources are there") {
        let path = entry.expect("it stays").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The code of a file in lower case: no comments, and nothing of its unit tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("sources are text");
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| line.to_ascii_lowercase() + "\n").collect()
}

#[test]
fn nothing_but_the_floor_speaks_http() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let (floor, others): (Vec<_>, Vec<_>) = files.iter().partition(|path| path.starts_with(root.join("http")));
    let of_floor: String = floor.iter().map(|path| code(path)).collect();
    for path in others.iter().filter(|path| !path.ends_with("tests.rs") && !path.iter().any(|part| part == "tests")) {
        let code = code(path);
        for word in FLOOR_ONLY {
            let at = code.lines().find(|line| line.contains(word));
            assert!(at.is_none(), "{} has {word:?}: {}", path.display(), at.unwrap_or_default());
        }
    }
    // What nobody does any more would be looked for in vain.
    for word in
        ["client::builder", "clientbuilder", "redirect::", "policy::none", "authorization", "private-token", ".chunk()"]
    {
        assert!(of_floor.contains(word), "the floor has no {word:?}");
    }
}
