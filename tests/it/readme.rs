//! What the READMEs promise to a newcomer: the commands run as they are typed, the picture and the version are today's.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::component_examples::fenced;
use crate::world::{World, output_of, own, path_with, said};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const FRENCH: &str = "docs/fr/README.md";

/// Puts the program that these tests have built where `cargo install` puts it: to compile it once more as a release would take
/// minutes, and `scripts/test` builds that one anyway.
fn cargo() -> String {
    let program = env!("CARGO_BIN_EXE_gitops-bump");
    format!(
        "#!/bin/sh\n[ \"$*\" = 'install --locked --path .' ] && [ -e Cargo.lock ] && cp '{program}' \"$(dirname \"$0\")\"\n"
    )
}

/// The project as it is in this checkout, as a repository to clone.
fn published(world: &World) -> PathBuf {
    let published = world.scratch().join("published");
    let git = |arguments: &[&str]| {
        let directory = format!("--git-dir={}", published.display());
        let identity = ["-c", "user.name=Team", "-c", "user.email=team@example.com", "-c", "gc.auto=0"];
        let mut git = Command::new("git");
        git.args([&directory, &format!("--work-tree={ROOT}")]).args(identity).args(arguments);
        output_of(git.env("HOME", world.scratch()).env("GIT_CONFIG_NOSYSTEM", "1"));
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "--", "."]);
    git(&["commit", "--quiet", "--message", "the project"]);
    published
}

#[test]
fn a_newcomer_comes_to_a_first_bump() {
    let world = World::new();
    let typed = fenced(&own("README.md"), "sh", "git clone");
    assert!(typed.lines().count() < 15, "{typed}");
    let address =
        typed.lines().next().and_then(|line| line.strip_prefix("git clone ")).expect("the first is the clone");
    let instead = format!("url.{}.insteadOf", published(&world).display());

    let mut shell = Command::new("bash");
    shell.args(["--noprofile", "--norc", "-e"]).current_dir(world.work()).stdin(Stdio::piped());
    shell.env_clear().env("PATH", path_with(&world, "cargo", &cargo())).env("HOME", world.scratch());
    shell.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_COUNT", "1");
    shell.env("GIT_CONFIG_KEY_0", instead).env("GIT_CONFIG_VALUE_0", address).env("GITOPS_BUMP_TOOLS", tools());
    let mut shell = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("bash is there");
    let mut stdin = shell.stdin.take().expect("the input is piped");
    // It fits into the pipe.
    stdin.write_all(typed.as_bytes()).expect("bash reads");
    drop(stdin);
    let output = shell.wait_with_output().expect("the shell ends");

    let said = said(&output);
    assert!(output.status.success(), "{said}");
    let wanted = [
        "-  tag: \"1.4.1\"\n+  tag: \"1.4.2\"",
        "nothing is published, because this is a dry run",
        "    Update api to 1.4.2\n",
        "2 environments, 1 image, 0 missing, 1 drifting",
        "shop/infra main: values-prod.yaml:4 image.tag: 1.4.1 -> 1.4.2",
    ];
    for words in wanted {
        assert!(said.contains(words), "{words:?} is missing in: {said}");
    }
    assert_eq!(said.matches("shop/infra main: pushed ").count(), 2, "{said}");
}

#[test]
fn the_picture_is_what_the_program_prints() {
    let world = World::new();
    let drawn = world.work().join("terminal.svg");
    let program = Path::new(env!("CARGO_BIN_EXE_gitops-bump")).parent().expect("a file has a directory");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());

    let mut picture = Command::new(format!("{ROOT}/scripts/picture"));
    output_of(picture.arg(&drawn).env("PATH", path).env("GITOPS_BUMP_TOOLS", tools()));

    let (drawn, kept) = (fs::read_to_string(drawn).expect("it was drawn"), own("docs/pictures/terminal.svg"));
    let differing = drawn.lines().find(|line| !kept.lines().any(|old| old == *line));
    assert!(drawn == kept, "docs/pictures/terminal.svg is old (run scripts/picture --build): {differing:?}");
}

#[test]
fn the_french_readme_has_the_examples_of_the_english_one() {
    let (english, french) = (own("README.md"), own(FRENCH));
    let mut blocks = 0;
    for block in french.split("```").skip(1).step_by(2) {
        assert!(english.contains(block), "{FRENCH} has a block that README.md does not have: {block}");
        blocks += 1;
    }
    assert_eq!(blocks, 3);
}

#[test]
fn the_readme_is_short() {
    let lines = own("README.md").lines().count();
    assert!(lines <= 260, "README.md has {lines} lines; details belong into docs/");
}

#[test]
fn documents_and_examples_name_this_version() {
    let version = env!("CARGO_PKG_VERSION");
    let mut files = Vec::new();
    for name in ["docs", "examples", "templates", "ci"] {
        files_below(&Path::new(ROOT).join(name), &mut files);
    }
    files.push(Path::new(ROOT).join("README.md"));
    let mut references = 0;
    for file in files {
        let text = String::from_utf8_lossy(&fs::read(&file).expect("it is there")).into_owned();
        for before in
            ["gitops-bump/gitops-bump@", "gitops-bump/promote@", "gitops-bump:", "    ref: ", "git tag --annotate "]
        {
            for rest in text.split(before).skip(1).filter(|rest| is_version(rest)) {
                let line = rest.lines().next().unwrap_or_default();
                let names_it = rest.strip_prefix(version).is_some_and(|rest| !rest.starts_with(['.', '-']));
                assert!(names_it, "{}: {before}{line} is not {version}", file.display());
                references += 1;
            }
        }
    }
    assert!(references > 15, "{references}");
    let heading = format!("## [{version}]");
    let changelog = own("CHANGELOG.md");
    assert!(changelog.lines().any(|line| line.starts_with(&heading)), "CHANGELOG.md has no section {heading}");
}

/// Whether it begins as `1.2` does.
fn is_version(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_ascii_digit()) && characters.next() == Some('.')
}

fn files_below(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("it stays").path();
        if path.is_dir() { files_below(&path, files) } else { files.push(path) }
    }
}

/// Where `scripts/install` has put the tools.
fn tools() -> PathBuf {
    crate::world::tool("helm").parent().expect("a file has a directory").to_owned()
}
