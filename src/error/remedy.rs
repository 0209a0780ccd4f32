//! What to do about some failures, in one line; exit codes are not decided here.

#![deny(clippy::disallowed_methods)]

pub(super) fn nothing_to_propose(seen: &[String]) -> String {
    match seen.split_first() {
        None => "check the branch and --image: no YAML file names it".into(),
        Some((first, [])) => format!("what was seen: {first}"),
        Some((first, rest)) => format!("what was seen: {first} (and {} more: run it with -v)", rest.len()),
    }
}

/// What to do when the version that places are to go back to is gone.
pub(super) fn gone(older: Option<&str>) -> String {
    match older {
        // What has no tag can't be named by --to.
        Some(older) if older.starts_with('@') => {
            format!("the next older version is {older}: go back one version further with --steps")
        }
        Some(older) => {
            let tag = older.split_once('@').map_or(older, |(tag, _)| tag);
            format!("the next older version is {older}: go back to it with --to {tag}, or push the image again")
        }
        None => "there is no older version in the commits that were looked at: push the image again, or give --history a larger number".into(),
    }
}
