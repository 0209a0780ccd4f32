//! Text as a part of Markdown: what others wrote is no markup, and no command to GitLab. This module must not decide what
//! a page says.

#![deny(clippy::disallowed_methods)]

use super::{is_unsafe, one_line, without_unsafe};

/// Text that is no markup of Markdown's, nor HTML, nor the end of a table's cell, nor one of GitLab's quick actions.
pub fn markdown(text: &str) -> String {
    let text = one_line(text);
    let mut result = String::with_capacity(text.len());
    if text.starts_with('/') {
        result.push('\\');
    }
    for c in text.chars() {
        match c {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            // GitLab would make a mention of it, and notify people.
            '@' => result.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '!' | '|' | '~' | '$' => {
                result.push('\\');
                result.push(c);
            }
            _ => result.push(c),
        }
    }
    result
}

/// A link in Markdown; the text alone where there is no address.
pub fn markdown_link(text: &str, url: Option<&str>) -> String {
    let text = markdown(text);
    match url {
        // In angle brackets an address may hold anything but those and line breaks.
        Some(url) => {
            format!("[{text}](<{}>)", one_line(url).replace('<', "%3C").replace('>', "%3E").replace('|', "%7C"))
        }
        None => text,
    }
}

/// Markdown of several lines in which no line is a quick action: GitLab runs a line that begins with `/` outside code,
/// such as `/merge`, with the rights of the token that sent the text.
///
/// Such lines get a backslash, which Markdown does not show. All kinds of line breaks become line feeds, and characters
/// that nobody sees are dropped. A line inside a fenced code block stays as it is, when every reading of Markdown agrees
/// that the block is one: it is fenced by backticks at the beginning of the line, it is closed, and nothing before it
/// opens another kind of block.
pub fn without_quick_actions(text: &str) -> String {
    each_line(text, neutral, str::to_owned)
}

/// The text with each of its lines changed: those outside of fenced code, and those in it, with the fences.
pub(super) fn each_line(
    text: &str,
    mut outside: impl FnMut(&str) -> String,
    inside: impl Fn(&str) -> String,
) -> String {
    let lines = lines(text);
    let mut result: Vec<String> = Vec::with_capacity(lines.len());
    let mut may_fence = true;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let code = if may_fence { code_length(&lines[at..]) } else { 0 };
        if code > 0 {
            result.extend(lines[at..at + code].iter().map(|line| inside(line)));
            at += code;
            continue;
        }
        may_fence &= !opens_other_block(line);
        result.push(outside(line));
        at += 1;
    }
    result.join("\n")
}

/// The text of a push option's value: one line, on which GitLab finds no quick action, also where it reads `\n` as a line
/// break.
pub fn option_value(text: &str) -> String {
    let line = one_line(text).replace("\\n", "\\ n").replace("\\r", "\\ r");
    neutral(&line)
}

/// The lines of a text, whatever ends them, without characters that nobody sees.
fn lines(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n");
    let breaks = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    text.split(breaks).map(without_unsafe).collect()
}

/// How many lines a fenced code block has that begins here, with its fences; 0 when there is none that is beyond doubt.
fn code_length(lines: &[String]) -> usize {
    let Some(fence) = lines.first().map(|line| backticks(line)).filter(|&length| length >= 3) else {
        return 0;
    };
    if lines.first().is_some_and(|line| line[fence..].contains('`')) {
        return 0;
    }
    // A shorter or longer fence in it ends the block to some readers.
    let next = lines.iter().skip(1).position(|line| line.trim_start().starts_with("```"));
    match next {
        Some(next) if lines[next + 1].len() == fence && backticks(&lines[next + 1]) == fence => next + 2,
        _ => 0,
    }
}

fn backticks(line: &str) -> usize {
    line.len() - line.trim_start_matches('`').len()
}

/// Whether a line may open a block in which a fence is none: HTML, another kind of fence, mathematics, GitLab's quotes.
fn opens_other_block(line: &str) -> bool {
    let text = content(line);
    ["<", "~~~", "$$", ">>>", "```", ":::"].iter().any(|opening| text.starts_with(opening))
        || line.trim() == "---"
        || line.contains(">>>")
        || line.contains("<!--")
}

/// The line with a backslash before the `/` that it begins with behind blanks, quotes and lists.
pub(super) fn neutral(line: &str) -> String {
    let rest = content(line);
    let is_action = rest.starts_with('/')
        || ["&#47;", "&#x2f;", "&#x2F;", "&#X2F;", "&#X2f;", "&sol;"].iter().any(|slash| rest.starts_with(slash));
    if !is_action {
        return line.to_owned();
    }
    let (before, rest) = line.split_at(line.len() - rest.len());
    format!("{before}\\{rest}")
}

/// What a line holds behind blanks, quotation marks, list markers and task boxes.
fn content(line: &str) -> &str {
    let mut rest = line;
    loop {
        let before = rest;
        rest =
            rest.trim_start_matches(|c: char| c.is_whitespace() || is_unsafe(c) || matches!(c, '>' | '-' | '*' | '+'));
        let numbered = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        if numbered.len() < rest.len() {
            rest = numbered.strip_prefix(['.', ')']).unwrap_or(rest);
        }
        for task in ["[ ]", "[x]", "[X]", "[~]"] {
            rest = rest.strip_prefix(task).unwrap_or(rest);
        }
        if rest.len() == before.len() {
            return rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_begins_with_a_slash_outside_code() {
        let breaks = ["\n", "\r\n", "\r", "\n\n", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"];
        let before = [
            "", " ", "\t", "    ", "> ", ">> ", "- ", "* ", "+ ", "1. ", "12) ", "- [ ] ", "> - 1. ", "\u{a0}",
            "\u{200b}", "\u{feff}", "\u{3000}",
        ];
        for (line_break, before) in breaks.iter().flat_map(|line_break| before.map(|before| (line_break, before))) {
            for action in ["/merge", "/approve x", "//x", "&#47;merge", "&sol;merge"] {
                let text = without_quick_actions(&format!("First{line_break}{before}{action}{line_break}last"));
                let line = text.lines().find(|line| line.contains(action)).unwrap_or_else(|| panic!("{text:?}"));
                assert!(line.contains(&format!("\\{action}")), "{before:?} {line_break:?}: {text:?}");
            }
        }
        for action in ["/merge", "  /merge", "- /merge"] {
            assert!(option_value(action).contains("\\/merge"), "{action}");
            assert!(without_quick_actions(action).contains("\\/merge"), "{action}");
        }
        assert!(!option_value("x\\n/merge\\r/merge").contains("\\n/"));
        assert_eq!(markdown("/merge"), "\\/merge");
    }

    #[test]
    fn code_stays_as_it_is() {
        for code in
            ["```\n/usr/bin/x\n  /y\n```", "```diff\n- /a\n+ /b\n```", "````\n/usr\n````", "a/b and /c\n    x: /y"]
        {
            let text = format!("- `r/app:1`, line 1\n\n{code}\n\nImage: x\n");
            assert_eq!(without_quick_actions(&text), text);
        }
    }

    #[test]
    fn what_is_code_to_some_readers_alone_is_not_spared() {
        for text in [
            "```\n/merge",
            "`````\n```\n/merge\n`````",
            "```\n````\n/merge\n```",
            "~~~\n```\n~~~\n/merge\n```",
            "<!--\n```\n-->\n/merge\n```",
            "<details>\n```\n</details>\n\n/merge\n```",
            "$$\n```\n$$\n/merge\n```",
            ">>>\n```\n>>>\n/merge\n```",
            "    ```\n/merge\n    ```",
            "- ```\n/merge\n  ```",
            "``` a`b\n/merge\n```",
            "---\n```\n---\n/merge\n```",
            "text <!-- x\n```\n-->\n/merge\n```",
        ] {
            assert!(without_quick_actions(text).contains("\\/merge"), "{text}");
        }
    }
}
