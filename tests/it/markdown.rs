//! The pages that people read: lines of a bounded length, links that lead somewhere, and examples that work.
//!
//! A code block is checked by its language, unless it says `text`. Nothing here judges how a page is written.

use std::fs;
use std::path::{Path, PathBuf};

use page::Page;

mod example;
mod names;
mod page;
mod shell;

/// The longest line outside of tables and code blocks, in characters.
const LONGEST: usize = 120;

/// A template that `update` fills in, and no page.
const TEMPLATE: &str = "src/merge_request.md";

/// What else names pages, from the top of the repository.
const MENTIONING: [&str; 6] = ["src", "templates", "ci", "scripts", "examples", ".gitlab-ci.yml"];

/// Pages of others, and one that a job writes.
const OTHERS: [&str; 3] = ["SIGNATURE_SPEC.md", "protocol.md", "release-notes.md"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages() -> Vec<Page> {
    let mut pages = Page::all(root());
    pages.retain(|page| page.file != Path::new(TEMPLATE));
    assert!(pages.len() > 15, "only {} pages were found", pages.len());
    pages
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_line_of_a_page_is_too_long() {
    assert_none(&pages().iter().flat_map(long_lines).collect::<Vec<_>>());
}

fn long_lines(page: &Page) -> Vec<String> {
    let words = |line: &str| line.trim_start_matches(['-', '*', '>', ' ']).split_whitespace().count();
    let may_be_long = |line: &str| line.trim_start().starts_with('|') || words(line) == 1;
    let prose = page.prose.iter().map(|(number, line)| (number, line, line.chars().count()));
    let long = prose.filter(|(_, line, length)| *length > LONGEST && !may_be_long(line));
    long.map(|(number, _, length)| format!("{}:{number}: {length} characters", page.file.display())).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let links: usize = pages.iter().map(|page| page.links().len()).sum();
    assert!(links > 50, "only {links} links were found");
    assert_none(&pages.iter().flat_map(|page| dead_links(page, &pages)).collect::<Vec<_>>());
}

fn dead_links(page: &Page, pages: &[Page]) -> Vec<String> {
    let links = page.links().into_iter();
    let dead = links.filter_map(|link| Some((link.line, leads_nowhere(page, &link.target, pages)?)));
    dead.map(|(line, why)| format!("{}:{line}: {why}", page.file.display())).collect()
}

fn leads_nowhere(page: &Page, target: &str, pages: &[Page]) -> Option<String> {
    let (file, heading) = target.split_once('#').unwrap_or((target, ""));
    let file = if file.is_empty() { page.file.clone() } else { normal(&page.file.with_file_name(file)) };
    if !file.is_relative() || !root().join(&file).exists() && !pages.iter().any(|known| known.file == file) {
        return Some(format!("there is no {}", file.display()));
    }
    if heading.is_empty() {
        return None;
    }
    let Some(page) = pages.iter().find(|known| known.file == file) else {
        return Some(format!("{} has no headings", file.display()));
    };
    let is_known = page.anchors().iter().flatten().any(|anchor| anchor == heading);
    (!is_known).then(|| format!("{} has no heading #{heading}, as both GitHub and GitLab call it", file.display()))
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => assert!(normal.pop(), "{} leaves the repository", path.display()),
            part => normal.push(part),
        }
    }
    normal
}

#[test]
fn every_page_that_a_message_or_a_script_names_is_there() {
    let pages = pages();
    let (mut mentions, mut wrong) = (0, Vec::new());
    let mentioning = |file: &PathBuf| MENTIONING.iter().any(|name| file.starts_with(name));
    for file in page::files(root()).into_iter().filter(mentioning).filter(|file| !is_a_test(file)) {
        let Ok(text) = fs::read_to_string(root().join(&file)) else { continue };
        for mention in mentioned(&text).filter(|mention| !OTHERS.contains(mention)) {
            mentions += 1;
            // A message names a page from the top of the repository, a file also from where it lies.
            let from = [Path::new("README.md").to_owned(), file.clone()].map(|file| Page::new(&file, ""));
            if from.iter().all(|from| leads_nowhere(from, mention, &pages).is_some()) {
                wrong.push(format!("{}: {mention}", file.display()));
            }
        }
    }
    assert!(mentions > 5, "only {mentions} were found");
    assert_none(&wrong);
}

fn is_a_test(file: &Path) -> bool {
    file.iter().any(|part| part == "tests" || part == "tests.rs")
}

/// Names of pages in a text, each with its heading: `docs/registry.md#credentials`.
fn mentioned(text: &str) -> impl Iterator<Item = &str> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "/._-#".contains(c);
    let words = text.split(move |c| !is_of_name(c)).map(|word| word.trim_end_matches(['.', '#']));
    words.filter(|word| {
        word.split('#').next().is_some_and(|name| Path::new(name).extension().is_some_and(|end| end == "md"))
    })
}

#[test]
fn every_example_is_right() {
    let pages = pages();
    let blocks = pages.iter().map(|page| page.blocks.len()).sum::<usize>();
    assert!(blocks > 40, "only {blocks} blocks were found");
    assert_none(&pages.iter().flat_map(wrong_examples).collect::<Vec<_>>());
}

#[test]
fn every_variable_of_a_page_is_one() {
    let known = names::variables(root());
    assert_none(&pages().iter().flat_map(|page| names::unknown_variables(page, &known)).collect::<Vec<_>>());
}

fn wrong_examples(page: &Page) -> Vec<String> {
    let wrong = page.blocks.iter().flat_map(|block| {
        let found = example::check(root(), block).into_iter();
        found.map(|why| format!("{}:{}: {why}", page.file.display(), block.line))
    });
    wrong.collect()
}

/// What the checks above say of a page with this text.
fn said_of(text: &str) -> String {
    let pages =
        [Page::new(Path::new("docs/page.md"), text), Page::new(Path::new("other.md"), "# One -- two\n## Three\n")];
    let [page, _] = &pages;
    let unknown =
        names::unknown_variables(page, &["GITOPS_BUMP_GIT_TOKEN_ONE", "GITOPS_BUMP_HELM"].map(str::to_owned).into());
    [long_lines(page), dead_links(page, &pages), wrong_examples(page), unknown].concat().join("\n")
}

#[test]
fn the_checks_find_what_is_wrong() {
    let long = "word ".repeat(25);
    let cases = [
        (long.as_str(), "docs/page.md:1: 125 characters"),
        ("[x](missing.md)", "there is no docs/missing.md"),
        ("[x](#nowhere)", "docs/page.md has no heading #nowhere"),
        ("[x](../other.md#four)", "other.md has no heading #four"),
        // GitHub says #one----two, GitLab #one-two.
        ("[x](../other.md#one----two)", "has no heading #one----two"),
        ("[x]: missing.md", "there is no docs/missing.md"),
        ("```\nwhatever\n```", "no language"),
        ("```toml\na = 1\n```", "nothing checks `toml`"),
        ("```sh\ntrue", "no end"),
        ("```sh\ngitops-bump update --imaeg a:1\n```", "--imaeg"),
        ("```sh\nA=1 gitops-bump \\\n  chekc\n```", "chekc"),
        ("```sh\ndocker run --rm IMAGE gitops-bump set --wait 1m\n```", "--wait"),
        ("```sh\nif true\n```", "yntax error"),
        ("```sh\nscripts/missing --now\n```", "there is no scripts/missing"),
        ("```json\n{\"a\": }\n```", "expected value"),
        ("```diff\nnot a diff\n```", "no line of a diff"),
        ("```yaml\na: [\n```", "docs/page.md:1"),
        ("```yaml\nrequire: { lables: { a: b } }\n```", "lables"),
        ("```yaml\nimages: { app: r.io/team/app }\nrepositories: [{ url: https://git.example }]\n```", "r.io/team/app"),
        ("```yaml\nfreze: []\n```", "`freze` is no key of the config file and no job"),
        ("```yaml\njob: { scripts: [true] }\n```", "`scripts`"),
        ("```yaml\njob:\n  script:\n    - gitops-bump update --imgae a:1\n```", "--imgae"),
        (
            "```yaml\ninclude: [{ component: h/gitops-bump/gitops-bump@1.0.0, inputs: { imaeg: a } }]\n```",
            "the component gitops-bump has no input imaeg",
        ),
        ("Set `GITOPS_BUMP_HELMS`.", "there is no GITOPS_BUMP_HELMS"),
        ("```text\nGITOPS_BUMP_REG_\n```", "there is no GITOPS_BUMP_REG_"),
        ("```yaml\n- { file: a, place: b }\n```", "docs/page.md:1"),
        ("```yaml\nimage: r.io/team/app:1.4.1 # becomes 1.4.3\n```", "becomes `image: r.io/team/app:1.4.2"),
    ];
    for (text, words) in cases {
        let said = said_of(text);
        assert!(said.contains(words), "{text}\n{said}");
    }
}

#[test]
fn the_checks_pass_what_is_right() {
    let long = format!("- [x]({}.md)", "a/".repeat(70));
    assert!(!said_of(&long).contains("characters"));
    let cases = [
        "| a table may be as wide as it needs to be | and this one is quite wide | indeed it is so wide that it is over the bound |",
        "[x](../other.md#three) and `[x](missing.md)`, [site](https://example.com/missing.md)\n[y]: ../other.md",
        "```text\nwhatever GITOPS_BUMP_HELM\n```",
        "`GITOPS_BUMP_…`, `GITOPS_BUMP_GIT_TOKEN_` and `GITOPS_BUMP_HELM`",
        "```yaml\ninclude: [{ component: h/gitops-bump/gitops-bump@1.0.0, inputs: { image: a } }]\n```",
        "- a list\n\n  ```sh\n  # a comment\n  A=\"b c\" gitops-bump check --image \"$A/b:1\" --wait 10m >'a file' && gitops-bump help set\n  ```",
        "```yaml\nwait: 10m\n```",
        "```yaml\nstages: [build]\nbuild: { script: [make] }\n```",
        "```yaml\nimage: r.io/team/app:1.4.1 # becomes r.io/team/app:1.4.2\nother: r.io/team/web:1.4.1\n```",
    ];
    for text in cases {
        assert_eq!(said_of(text), "", "{text}");
    }
}

#[test]
fn words_of_a_command_are_what_a_shell_makes_of_them() {
    let text = "a 'b c' \"d $e\" f\\ g # h\nA=1 b >out <in; c | d && e \\\n  '' 'x'y";
    let expected = [&["a", "b c", "d $e", "f g"][..], &["A=1", "b"], &["c"], &["d"], &["e", "", "xy"]];
    assert_eq!(shell::commands(text), expected);
}
