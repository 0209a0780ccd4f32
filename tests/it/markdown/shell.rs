//! Command lines of the pages: every `gitops-bump` in them is parsed by the binary's own parser. Nothing is run.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use gitops_bump::cli::{self, CliError};
use gitops_bump::environment::Environment;

/// What is wrong with the lines, or nothing.
pub(super) fn check(root: &Path, text: &str) -> Vec<String> {
    let mut wrong: Vec<String> = syntax(text).into_iter().collect();
    for words in commands(text) {
        let own = words.iter().position(|word| word == "gitops-bump");
        wrong.extend(own.and_then(|at| not_a_command(&words[at..])));
        let scripts = words.iter().take(1).filter(|word| word.starts_with("scripts/"));
        wrong.extend(scripts.filter(|word| !root.join(word).is_file()).map(|word| format!("there is no {word}")));
    }
    wrong
}

/// What the shell itself says of the lines.
fn syntax(text: &str) -> Option<String> {
    let mut shell = Command::new("sh");
    shell.arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut shell = shell.spawn().expect("sh can be started");
    shell.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("it reads");
    let output = shell.wait_with_output().expect("it ends");
    (!output.status.success()).then(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

fn not_a_command(words: &[String]) -> Option<String> {
    let argv: Vec<OsString> = words.iter().map(OsString::from).collect();
    match cli::parse(&argv, &Environment::default()) {
        Ok(_) => None,
        // `--help` and `help` are answers and no errors.
        Err(CliError::Usage(error)) if error.exit_code() == 0 => None,
        Err(error) => Some(format!("`{}`: {error}", words.join(" "))),
    }
}

/// The words of each simple command. Variables and substitutions stay as they are written; redirections are left out.
pub(super) fn commands(text: &str) -> Vec<Vec<String>> {
    let mut reader = Reader::default();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match (reader.quote, character) {
            (Some('\''), '\'') | (Some('"'), '"') => reader.quote = None,
            (Some('\''), _) => reader.push(character),
            (_, '\\') => match characters.next() {
                Some('\n') | None => {}
                Some(escaped) => reader.push(escaped),
            },
            (None, '\'' | '"') => {
                reader.quote = Some(character);
                reader.word.get_or_insert_default();
            }
            (None, '#') if reader.word.is_none() => while characters.next_if(|next| *next != '\n').is_some() {},
            (None, '\n' | ';' | '&' | '|') => reader.end_command(),
            (None, '<' | '>') => {
                reader.end_word();
                reader.skips_next = true;
            }
            (None, blank) if blank.is_whitespace() => reader.end_word(),
            (Some(_) | None, _) => reader.push(character),
        }
    }
    reader.end_command();
    reader.commands
}

#[derive(Default)]
struct Reader {
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    word: Option<String>,
    quote: Option<char>,
    skips_next: bool,
}

impl Reader {
    fn push(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    fn end_word(&mut self) {
        let Some(word) = self.word.take() else { return };
        if !std::mem::take(&mut self.skips_next) {
            self.words.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        if !self.words.is_empty() {
            self.commands.push(std::mem::take(&mut self.words));
        }
    }
}
