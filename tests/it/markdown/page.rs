//! A Markdown page as lines, code blocks, headings and links; this module must not judge any of them.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A page.
pub(super) struct Page {
    /// Its path from the top of the repository.
    pub(super) file: PathBuf,
    /// The lines that are not in a code block, each with its number.
    pub(super) prose: Vec<(usize, String)>,
    /// The code blocks.
    pub(super) blocks: Vec<Block>,
}

/// A fenced code block.
pub(super) struct Block {
    /// The line of its fence.
    pub(super) line: usize,
    /// What stands behind the fence: the language.
    pub(super) info: String,
    /// The lines, without the fence's own indentation.
    pub(super) text: String,
    /// Whether the page ends before the block does.
    pub(super) is_open: bool,
}

/// A link to something that is not on another server.
pub(super) struct Link {
    pub(super) line: usize,
    pub(super) target: String,
}

/// The directories that hold nothing of the project's own.
const SKIPPED: [&str; 4] = ["target", ".git", "corpus", "node_modules"];

impl Page {
    /// Every page below the directory.
    pub(super) fn all(root: &Path) -> Vec<Self> {
        let files = files(root).into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "md"));
        files.map(|file| Self::new(&file, &fs::read_to_string(root.join(&file)).expect("a page is text"))).collect()
    }

    pub(super) fn new(file: &Path, text: &str) -> Self {
        let mut page = Self { file: file.to_owned(), prose: Vec::new(), blocks: Vec::new() };
        let mut open: Option<(usize, Block)> = None;
        for (number, line) in (1..).zip(text.lines()) {
            let bare = line.trim_start();
            let indent = line.len() - bare.len();
            match open.as_mut() {
                Some(_) if bare.trim_end() == "```" => page.blocks.extend(open.take().map(|(_, block)| block)),
                Some((of_fence, block)) => {
                    block.text.push_str(&line[indent.min(*of_fence)..]);
                    block.text.push('\n');
                }
                None if bare.starts_with("```") => {
                    let info = bare.trim_start_matches('`').trim().to_owned();
                    open = Some((indent, Block { line: number, info, text: String::new(), is_open: false }));
                }
                None => page.prose.push((number, line.to_owned())),
            }
        }
        page.blocks.extend(open.map(|(_, block)| Block { is_open: true, ..block }));
        page
    }

    /// The links of the page, but for those to other servers.
    pub(super) fn links(&self) -> Vec<Link> {
        let mut links = Vec::new();
        for (line, text) in &self.prose {
            let text = without_code(text);
            let inline = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
            let defined = text.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target);
            let targets =
                inline.chain(defined).filter(|target| !target.contains("://") && !target.starts_with("mailto:"));
            links.extend(targets.map(|target| Link { line: *line, target: target.trim().to_owned() }));
        }
        links
    }

    /// How GitHub and GitLab call the headings in links; none where the two differ, so that no link works on both.
    pub(super) fn anchors(&self) -> Vec<Option<String>> {
        let headings = self.prose.iter().filter(|(_, line)| line.starts_with('#'));
        let mut seen: [HashMap<String, usize>; 2] = Default::default();
        let mut anchors = Vec::new();
        for (_, line) in headings {
            let title = line.trim_start_matches('#').trim();
            let github = numbered(slug(title), &mut seen[0]);
            let gitlab = numbered(collapsed(&slug(title)), &mut seen[1]);
            anchors.push((github == gitlab).then_some(github));
        }
        anchors
    }
}

/// Small letters, digits, hyphens and underscores; a blank becomes a hyphen, all else goes.
fn slug(title: &str) -> String {
    let kept = title.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// GitLab writes one hyphen for several.
fn collapsed(slug: &str) -> String {
    slug.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

fn numbered(slug: String, seen: &mut HashMap<String, usize>) -> String {
    let times = seen.entry(slug.clone()).or_default();
    *times += 1;
    if *times == 1 { slug } else { format!("{slug}-{}", *times - 1) }
}

/// The line with the text of code spans blanked out: brackets in it are no link.
fn without_code(line: &str) -> String {
    let parts = line.split('`').enumerate();
    parts.map(|(index, part)| if index % 2 == 0 { part } else { "_" }).collect()
}

/// Every file below the directory, by its path from there.
pub(super) fn files(root: &Path) -> Vec<PathBuf> {
    let (mut files, mut directories) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(root.join(&directory)).expect("the directory can be read") {
            let entry = entry.expect("it stays");
            let kind = entry.file_type().expect("it has a kind");
            let path = directory.join(entry.file_name());
            if kind.is_dir() && !SKIPPED.iter().any(|name| entry.file_name() == *name) {
                directories.push(path);
            } else if kind.is_file() {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
