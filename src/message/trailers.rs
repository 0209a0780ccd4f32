//! Where a commit message's trailers stand, by the rules of `git interpret-trailers`; this module must not know what a
//! message says.

#![deny(clippy::disallowed_methods)]

/// What GitHub, Gitea, Forgejo and GitLab look for anywhere in a message; no pipeline starts then.
const SKIP_CI: &str = "[skip ci]";

/// Trailers that tell what this tool did. In text of others they say nothing.
const OWN_KEYS: [&str; 7] =
    ["Image", "Preview", "Source-Commit", "Pipeline", "Promoted-From", "Rolled-Back-From", "Freeze-Ignored"];

/// Ends a message with a `Signed-off-by:` line, among its trailers if it has some, as `git commit --signoff` does.
pub fn signed_off(message: &str, identity: &str) -> String {
    let line = format!("Signed-off-by: {identity}");
    let (body, block) = divided(message);
    match block.lines().last() {
        Some(known) if known == line => with_block(body, block),
        Some(_) => with_block(body, &format!("{block}\n{line}")),
        None => with_block(body, &line),
    }
}

/// The message with a line among its trailers, unless it is there.
pub(super) fn with_line(message: &str, line: &str) -> String {
    let (body, block) = divided(message);
    match block {
        "" => with_block(body, line),
        block if block.lines().any(|known| known.trim_end() == line) => message.to_owned(),
        block => with_block(body, &format!("{block}\n{line}")),
    }
}

/// Marks a message as one that starts no pipeline. The marker is a paragraph before the trailers: behind them, they would
/// be none to Git.
pub fn skipping_ci(message: &str) -> String {
    with_paragraph(message, SKIP_CI)
}

/// The message with another paragraph before its trailers.
pub(super) fn with_paragraph(message: &str, paragraph: &str) -> String {
    let (body, block) = divided(message);
    with_block(&format!("{body}\n\n{paragraph}"), block)
}

/// The message with its own trailers where Git finds them: at its end, together with those that the text has there.
///
/// A line `---`, at which Git takes a message to end, gets a blank in front. Where the text's own trailers have a key of
/// this tool's, they are quoted: they would tell of images that were not written.
pub(super) fn settled(message: &str, own: &str, subject: &str) -> String {
    let message = without_dividers(message);
    let is_own = |line: &&str| own.lines().any(|known| known == line.trim_end());
    if !message.lines().any(|line| is_own(&line)) {
        return message;
    }
    let lines: Vec<&str> = message.lines().filter(|line| !is_own(line)).collect();
    let mut rest = lines.join("\n");
    while rest.contains("\n\n\n") {
        rest = rest.replace("\n\n\n", "\n\n");
    }
    if rest.trim().is_empty() {
        return with_block(subject, own);
    }
    let (body, block) = divided(&rest);
    let (block, quoted) = without_own_keys(block);
    let body = if quoted.is_empty() { body.to_owned() } else { format!("{body}\n\n{}", quoted.join("\n")) };
    with_block(&body, &block.iter().copied().chain(own.lines()).collect::<Vec<_>>().join("\n"))
}

fn with_block(body: &str, block: &str) -> String {
    let body = body.trim_end();
    if block.is_empty() { format!("{body}\n") } else { format!("{body}\n\n{block}\n") }
}

/// What stands before the trailers, and the trailers; the first paragraph is none, whatever it looks like.
fn divided(message: &str) -> (&str, &str) {
    let message = message.trim_end();
    let mut start = message.len();
    for line in message.split_inclusive('\n').rev() {
        if line.trim().is_empty() {
            break;
        }
        start -= line.len();
    }
    let (body, block) = message.split_at(start);
    if body.trim().is_empty() || !is_block(block) { (message, "") } else { (body.trim_end(), block) }
}

/// Whether Git reads a last paragraph as trailers: all of it, or a quarter of it with a line that Git itself makes.
fn is_block(paragraph: &str) -> bool {
    let (mut trailers, mut others, mut is_gits) = (0, 0, false);
    let mut may_continue = false;
    for line in paragraph.lines() {
        if line.starts_with("Signed-off-by: ") || line.starts_with("(cherry picked from commit ") {
            is_gits = true;
            trailers += 1;
        } else if is_trailer(line) {
            trailers += 1;
        } else if line.starts_with([' ', '\t']) && may_continue {
            continue;
        } else {
            others += 1;
            may_continue = false;
            continue;
        }
        may_continue = true;
    }
    trailers > 0 && (others == 0 || (is_gits && trailers * 3 >= others))
}

fn is_trailer(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, _)| is_key(key.trim_end_matches([' ', '\t'])))
}

fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The lines that stay trailers, and the others as quotes.
fn without_own_keys(block: &str) -> (Vec<&str>, Vec<String>) {
    let (mut kept, mut quoted) = (Vec::new(), Vec::new());
    let mut is_own = false;
    for line in block.lines() {
        if !line.starts_with([' ', '\t']) {
            let key = line.split(':').next().unwrap_or_default().trim_end();
            is_own = OWN_KEYS.iter().any(|own| own.eq_ignore_ascii_case(key));
        }
        if is_own { quoted.push(format!("> {line}")) } else { kept.push(line) }
    }
    (kept, quoted)
}

/// Git's own tools take what follows a line `---` for a patch.
fn without_dividers(message: &str) -> String {
    let is_divider = |line: &str| {
        line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
    };
    let lines = message.lines().map(|line| if is_divider(line) { format!(" {line}") } else { line.to_owned() });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_off_joins_the_trailers() {
        let line = "Signed-off-by: A <a@x>";
        for (message, expected) in [
            ("Bump: it\n", format!("Bump: it\n\n{line}\n")),
            ("Bump\n\nWhy: so\nand so\n", format!("Bump\n\nWhy: so\nand so\n\n{line}\n")),
            ("Bump\n\nBody\n\nImage: a:1\n", format!("Bump\n\nBody\n\nImage: a:1\n{line}\n")),
            ("Bump\n\nImage: a:1\n", format!("Bump\n\nImage: a:1\n{line}\n")),
        ] {
            let signed = signed_off(message, "A <a@x>");
            assert_eq!(signed, expected);
            assert_eq!(signed_off(&signed, "A <a@x>"), expected);
        }
    }

    #[test]
    fn the_marker_stands_before_the_trailers() {
        for (message, expected) in [
            ("Bump\n", "Bump\n\n[skip ci]\n"),
            ("Bump: it\n\nBody\n", "Bump: it\n\nBody\n\n[skip ci]\n"),
            ("Bump\n\nImage: a:1\n", "Bump\n\n[skip ci]\n\nImage: a:1\n"),
            ("Bump\n\nBody\n\nImage: a:1\n b\nX: y\n", "Bump\n\nBody\n\n[skip ci]\n\nImage: a:1\n b\nX: y\n"),
        ] {
            assert_eq!(skipping_ci(message), expected);
        }
    }

    #[test]
    fn trailers_come_to_the_end() {
        let own = "Image: a:1\nPipeline: https://h/1";
        for (message, expected) in [
            (
                "S\n\nImage: a:1\nPipeline: https://h/1\n\nfooter\n",
                "S\n\nfooter\n\nImage: a:1\nPipeline: https://h/1\n",
            ),
            (
                "S\n\nFix: x\nSigned-off-by: D <d@x>\n\nImage: a:1\nPipeline: https://h/1\n",
                "S\n\nFix: x\nSigned-off-by: D <d@x>\nImage: a:1\nPipeline: https://h/1\n",
            ),
            (
                "S\n\na\n---\nb\n\nImage: a:1\nPipeline: https://h/1\n",
                "S\n\na\n ---\nb\n\nImage: a:1\nPipeline: https://h/1\n",
            ),
            (
                "S\n\nimage: evil:2\n evil\nKeep: x\n\nImage: a:1\nPipeline: https://h/1\n",
                "S\n\n> image: evil:2\n>  evil\n\nKeep: x\nImage: a:1\nPipeline: https://h/1\n",
            ),
            ("Image: a:1\nPipeline: https://h/1\n", "the subject\n\nImage: a:1\nPipeline: https://h/1\n"),
            (
                "S: x\n\n> Quoted: text\n\nImage: a:1\nPipeline: https://h/1\n",
                "S: x\n\n> Quoted: text\n\nImage: a:1\nPipeline: https://h/1\n",
            ),
            ("S\n\nNo: trailers of ours\n", "S\n\nNo: trailers of ours\n"),
        ] {
            assert_eq!(settled(message, own, "the subject"), expected);
        }
    }
}
