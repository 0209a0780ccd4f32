//! What ARCHITECTURE.md says of the modules, held against their source. Run by itself: `cargo test --test it architecture`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Name to the names that it imports.
type Graph = BTreeMap<String, BTreeSet<String>>;

/// A file of the library and the modules that lead to it: `["update", "race"]`.
struct Source {
    path: Vec<String>,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("the source is there") {
            let file = entry.expect("it stays").path();
            if file.is_dir() {
                directories.push(file);
            } else if file.extension().is_some_and(|extension| extension == "rs") {
                sources.push(Source { path: module_path(&root, &file), text: read_code(&file) });
            }
        }
    }
    // The binary's own files are no modules of the library.
    sources.retain(|source| !matches!(source.path.first().map_or("", String::as_str), "" | "main" | "lib" | "tests"));
    sources
}

fn module_path(root: &Path, file: &Path) -> Vec<String> {
    let relative: PathBuf = file.strip_prefix(root).expect("it is below").with_extension("");
    let mut path: Vec<String> = relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if path.last().is_some_and(|name| name == "mod") {
        path.pop();
    }
    path
}

/// A file without its comments and its tests.
fn read_code(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("source is text");
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let is_code = |line: &&str| !line.trim_start().starts_with("//");
    code.lines().filter(is_code).collect::<Vec<_>>().join("\n")
}

/// Every path behind a prefix such as `crate::`, in `use` lists, too: `crate::{a::b, c}` are `a::b` and `c`.
fn named_behind<'t>(text: &'t str, prefix: &str) -> BTreeSet<&'t str> {
    let ends = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let first = |path: &'t str| path.trim_start().split(ends).next().unwrap_or_default();
    let mut names = BTreeSet::new();
    for (at, _) in text.match_indices(prefix) {
        let rest = &text[at + prefix.len()..];
        let Some(list) = rest.strip_prefix('{') else {
            names.insert(first(rest));
            continue;
        };
        let mut depth = 0;
        let mut item = 0;
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                ',' | '}' if depth == 0 => {
                    names.insert(first(&list[item..at]));
                    item = at + 1;
                    if c == '}' {
                        break;
                    }
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    names
}

/// A circle, as the names on it; none when there is none.
fn circle(graph: &Graph) -> Option<Vec<String>> {
    fn walk(name: &str, graph: &Graph, path: &mut Vec<String>, done: &mut BTreeSet<String>) -> bool {
        if let Some(at) = path.iter().position(|known| known == name) {
            path.drain(..at);
            return true;
        }
        if done.contains(name) {
            return false;
        }
        path.push(name.to_owned());
        if graph.get(name).into_iter().flatten().any(|next| walk(next, graph, path, done)) {
            return true;
        }
        path.pop();
        done.insert(name.to_owned());
        false
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|name| {
        let mut path = Vec::new();
        walk(name, graph, &mut path, &mut done).then_some(path)
    })
}

/// Which top-level modules import which.
fn modules(sources: &[Source]) -> Graph {
    let mut graph = Graph::new();
    for source in sources {
        let imported = graph.entry(source.path[0].clone()).or_default();
        imported.extend(named_behind(&source.text, "crate::").into_iter().map(str::to_owned));
    }
    let names: BTreeSet<String> = graph.keys().cloned().collect();
    for (name, imported) in &mut graph {
        imported.retain(|other| names.contains(other) && other != name);
    }
    graph
}

/// Which files beside each other in a module import which.
fn files_of(module: &[String], sources: &[Source]) -> Graph {
    let below = |source: &&Source| source.path.len() > module.len() && source.path.starts_with(module);
    let mut graph = Graph::new();
    for source in sources.iter().filter(below) {
        let imported = graph.entry(source.path[module.len()].clone()).or_default();
        let up = "super::".repeat(source.path.len() - module.len());
        // Longer chains of `super::` end in the shorter one, and are another file's.
        let text = if up.is_empty() { source.text.clone() } else { source.text.replace(&format!("super::{up}"), "") };
        imported.extend(named_behind(&text, &up).into_iter().map(str::to_owned));
        let whole = format!("crate::{}::", module.join("::"));
        imported.extend(named_behind(&source.text, &whole).into_iter().map(str::to_owned));
    }
    let names: BTreeSet<String> = graph.keys().cloned().collect();
    for (name, imported) in &mut graph {
        imported.retain(|other| names.contains(other) && other != name);
    }
    graph
}

#[test]
fn no_module_imports_itself_through_others() {
    let graph = modules(&sources());
    assert!(graph.len() > 20, "{graph:?}");
    assert!(graph["update"].contains("outcome"), "{graph:?}");
    if let Some(names) = circle(&graph) {
        panic!("these modules import each other in a circle: {}", names.join(" -> "));
    }
}

#[test]
fn no_file_imports_itself_through_its_neighbours() {
    let sources = sources();
    let mut parents: BTreeSet<Vec<String>> = BTreeSet::new();
    for source in &sources {
        parents.extend((1..source.path.len()).map(|length| source.path[..length].to_vec()));
    }
    assert!(files_of(&["update".to_owned()], &sources)["publish"].contains("attempt"));
    for parent in &parents {
        let circle = circle(&files_of(parent, &sources)).map(|names| names.join(" -> "));
        assert_eq!(circle, None, "these files of {} import each other in a circle", parent.join("::"));
    }
}

#[test]
fn every_module_stands_in_the_architecture() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md")).expect("it is there");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| `")).collect();
    let named: Vec<String> = rows
        .iter()
        .filter_map(|row| row.split('|').nth(1))
        .flat_map(|names| names.split(',').map(|name| name.trim().trim_matches('`').to_owned()))
        .collect();
    let binary = ["main", "terminal", "signals"].map(str::to_owned);
    let modules: BTreeSet<String> = modules(&sources()).into_keys().chain(binary).collect();
    assert_eq!(named.iter().cloned().collect::<BTreeSet<_>>(), modules);
    assert_eq!(named.len(), modules.len(), "a module stands there twice: {named:?}");
}

#[test]
fn only_set_takes_a_digest_on_the_users_word() {
    let users: BTreeSet<String> = sources()
        .into_iter()
        .filter(|source| source.text.contains("on_the_users_word(") && source.path.last().is_some_and(|n| n != "tests"))
        .map(|source| source.path.join("::"))
        .collect();
    assert_eq!(users, BTreeSet::from(["edit::job", "image::proven", "set"].map(str::to_owned)));
}

#[test]
fn only_the_command_line_names_clap() {
    let users: BTreeSet<String> = sources()
        .into_iter()
        .filter(|source| source.text.contains("clap::") || source.text.contains("clap_"))
        .map(|source| source.path[0].clone())
        .collect();
    assert_eq!(users, BTreeSet::from(["cli", "terminal"].map(str::to_owned)));
}

#[test]
fn a_circle_is_found_and_named() {
    let text = "use crate::one;\nuse crate::{two::{Deep, deeper::Down}, three};\nlet x = crate::four::five();";
    assert_eq!(named_behind(text, "crate::"), BTreeSet::from(["one", "two", "three", "four"]));
    let graph = |edges: &[[&str; 2]]| {
        let mut graph = Graph::new();
        for [from, to] in edges.iter().map(|names| names.map(str::to_owned)) {
            graph.entry(from).or_default().insert(to);
        }
        graph
    };
    assert_eq!(circle(&graph(&[["a", "b"], ["a", "c"], ["b", "d"], ["c", "d"]])), None);
    let named = circle(&graph(&[["a", "b"], ["b", "c"], ["c", "d"], ["d", "b"]]));
    assert_eq!(named, Some(vec!["b".to_owned(), "c".to_owned(), "d".to_owned()]));
}
