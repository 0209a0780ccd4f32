//! What to do about some failures, in one line; exit codes are not decided here.

#![deny(clippy::disallowed_methods)]

/// The text as a sentence: it begins with a capital letter, unless it begins with a name, and ends with a full stop.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    let first = text.split([' ', ',', ':']).next().unwrap_or_default();
    let is_word = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'\'');
    let (head, tail) = text.split_at(usize::from(is_word));
    let stop = if text.is_empty() || text.ends_with(['.', '!', '?', '…']) { "" } else { "." };
    format!("{}{tail}{stop}", head.to_ascii_uppercase())
}

pub(super) fn nothing_to_propose(seen: &[String]) -> String {
    match seen.split_first() {
        None => "no YAML file names the image: check the branch and --image".into(),
        Some((first, [])) => format!("decide about this finding: {first}"),
        Some((first, rest)) => {
            format!("decide about this finding: {first} (run the command with -v to see {} more)", rest.len())
        }
    }
}

/// What to do when the version that places are to go back to is gone.
pub(super) fn gone(older: Option<&str>) -> String {
    match older {
        // What has no tag can't be named by --to.
        Some(older) if older.starts_with('@') => {
            format!("the next older version is {older}: to go back to it, raise --steps by one")
        }
        Some(older) => {
            let tag = older.split_once('@').map_or(older, |(tag, _)| tag);
            format!("the next older version is {older}: go back to it with `--to {tag}`, or push the image again")
        }
        None => "the commits that were read contain no older version: push the image again, or raise --history".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_becomes_a_sentence() {
        for (text, wanted) in [
            ("check the URL; then run it again", "Check the URL; then run it again."),
            ("don't", "Don't."),
            ("values.yaml:2 names it", "values.yaml:2 names it."),
            ("gitops-bump config schema prints it", "gitops-bump config schema prints it."),
            ("--mr-label: correct it", "--mr-label: correct it."),
            ("CI_JOB_TOKEN may push.", "CI_JOB_TOKEN may push."),
            ("été: name `a.b`", "été: name `a.b`."),
            ("", ""),
        ] {
            assert_eq!(sentence(text), wanted);
        }
    }
}
