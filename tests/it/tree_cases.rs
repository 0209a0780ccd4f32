//! The cases of `set` on a tree of files: every directory of `tests/cases/tree` is one.
//!
//! `arguments` begins with a line `# REASON`; then come flags of `set`, one a line with its value. `in` is the directory in
//! which it runs. Either `out` has every file that comes out changed, or `refusal.txt` has lines that the refusal (exit 5)
//! says, and nothing changes. Each line of `stderr.txt` is said, too. `build` names a directory of `in` in its first line;
//! the others are all images that `kubectl kustomize` builds there afterwards, sorted and each once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::effect::judge;
use crate::world::{Run, World};

/// Files by their path.
type Files = BTreeMap<String, String>;

#[test]
fn tree_cases_hold() {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/tree");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(all).expect("there are cases").map(|e| e.expect("a case").path()).collect();
    cases.sort();
    let only = std::env::var("GITOPS_BUMP_TEST_CASE").unwrap_or_default();
    let chosen: Vec<&PathBuf> = cases.iter().filter(|case| case.to_string_lossy().contains(&only)).collect();
    assert!(!chosen.is_empty(), "no case is called so");
    let failures: Vec<String> = chosen.into_iter().filter_map(|case| check(case).err()).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
}

fn check(case: &Path) -> Result<(), String> {
    let name = case.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let before = files(&case.join("in"));
    let flags = flags(&case.join("arguments"));
    let world = World::new();
    for (path, text) in &before {
        world.write(path, text);
    }
    let run = world.bump(&flags).run();
    let said = |what: &str| Err(format!("{name}: {what}: exit {}\n{}{}", run.code, run.stdout, run.stderr));
    if let Some(line) = unsaid(&case.join("stderr.txt"), &run).or_else(|| unsaid(&case.join("refusal.txt"), &run)) {
        return said(&format!("it does not say `{line}`"));
    }
    let mut expected = before.clone();
    if case.join("refusal.txt").is_file() {
        if run.code != 5 {
            return said("not refused");
        }
    } else {
        if run.code != 0 {
            return said("not done");
        }
        expected.extend(files(&case.join("out")));
    }
    let after = files(&world.work());
    if after != expected {
        let differs =
            |(path, text): (&String, &String)| (expected.get(path) != Some(text)).then(|| format!("{path}:\n{text}"));
        let texts: Vec<String> = after.iter().filter_map(differs).collect();
        return said(&format!("other files than expected\n{}", texts.join("\n")));
    }
    if run.code == 0 {
        let again = world.bump(&flags).run();
        if again.code != 0 || files(&world.work()) != after {
            return Err(format!("{name}: a second run is not the same: exit {}\n{}", again.code, again.stderr));
        }
    }
    built(&case.join("build"), &world.work()).map_err(|words| format!("{name}: {words}"))
}

/// The flags of a case. A value is what stands behind the flag's name.
fn flags(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).expect("a case has arguments");
    assert!(text.starts_with("# "), "{}: a case begins with its reason", file.display());
    let words = text.lines().skip(1).flat_map(|line| {
        let (flag, value) = line.split_once(' ').unwrap_or((line, ""));
        [flag, value].map(str::to_owned)
    });
    std::iter::once("set".to_owned()).chain(words.filter(|word| !word.is_empty())).collect()
}

/// The first line of a file that the run does not say.
fn unsaid(file: &Path, run: &Run) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find(|line| !run.stderr.contains(line)).map(str::to_owned)
}

/// What the real tool builds is what the case says.
fn built(file: &Path, directory: &Path) -> Result<(), String> {
    let Ok(text) = fs::read_to_string(file) else { return Ok(()) };
    let (start, images) = text.split_once('\n').unwrap_or((&text, ""));
    let is: BTreeSet<String> = judge::build_in(directory, start)?.into_iter().map(|[.., image]| image).collect();
    let is: Vec<&str> = is.iter().map(String::as_str).collect();
    let should: Vec<&str> = images.lines().collect();
    if is == should { Ok(()) } else { Err(format!("the build has {is:#?}\nand not {should:#?}")) }
}

fn files(directory: &Path) -> Files {
    let mut files = Files::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(next) = directories.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.expect("the directory can be read").path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let name = path.strip_prefix(directory).expect("it is below").to_string_lossy().into_owned();
                files.insert(name, fs::read_to_string(&path).expect("a case is text"));
            }
        }
    }
    files
}
