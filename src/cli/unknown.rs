//! Variables that look like this tool's and are none of them; this module must not read a value.

use clap::CommandFactory as _;

use super::{Cli, twins};
use crate::environment::Environment;
use crate::secret::names::looks_secret;
use crate::text::{cut, one_line};

/// How the name of every variable of this tool begins, without anything between the words.
const PREFIX: &str = "GITOPSBUMP";

/// How the rest of the name begins where a component hands over an input.
const INPUT: &str = "INPUT";

/// Variables that are no flag's.
const OWN: [&str; 13] = [
    "GITOPS_BUMP_FORGE_TOKEN",
    "GITOPS_BUMP_GITLAB_TOKEN",
    "GITOPS_BUMP_GIT_HOSTS",
    "GITOPS_BUMP_GIT_TOKEN",
    "GITOPS_BUMP_GIT_USERNAME",
    "GITOPS_BUMP_JOB_TOKEN",
    "GITOPS_BUMP_MIRROR_TOKEN",
    "GITOPS_BUMP_REGISTRY_HOSTS",
    "GITOPS_BUMP_REGISTRY_PASSWORD",
    "GITOPS_BUMP_REGISTRY_USERNAME",
    "GITOPS_BUMP_SSH_KEY",
    "GITOPS_BUMP_SSH_KNOWN_HOSTS",
    "GITOPS_BUMP_TOOL_IMAGE",
];

/// How the names of variables begin that users choose, that a run hands on, or that tests take.
const OPEN: [&str; 3] = ["GITOPS_BUMP_GIT_TOKEN_", "GITOPS_BUMP_RESULT_", "GITOPS_BUMP_TEST_"];

/// How many unknown variables are named.
pub(super) const MOST: usize = 10;

/// How many characters of a name are shown. A longer one is like no other.
const LONGEST: usize = 80;

/// One sentence for each variable that is called like one of this tool and is none, with the name that was likely meant. The
/// variables that the config file names are known.
pub fn unknown_variables(environment: &Environment, config: Option<&str>) -> Vec<String> {
    let named = |name: &str| config.is_some_and(|text| text.contains(&format!("${{{name}}}")));
    let candidates = environment.iter().map(|(name, _)| name).filter(|name| is_ours(name));
    let mut candidates = candidates.filter(|name| !OPEN.iter().any(|open| name.starts_with(open))).peekable();
    if candidates.peek().is_none() {
        return Vec::new();
    }
    let mut known = twins::all(&Cli::command());
    known.extend(OWN.map(str::to_owned));
    let is_unknown = |name: &&str| !known.iter().any(|own| own == name) && !named(name);
    let unknown = candidates.filter(is_unknown).map(|name| (name, meant(name, &known)));
    let mut unknown: Vec<_> = unknown.filter(|(name, meant)| meant.is_some() || has_prefix(name)).collect();
    // Those of which something can be said come first.
    unknown.sort_by_key(|(_, meant)| meant.is_none());
    let mut sentences: Vec<String> = unknown.iter().take(MOST).map(|(name, meant)| sentence(name, *meant)).collect();
    if let Some(more @ 1..) = unknown.len().checked_sub(MOST) {
        sentences.push(format!("{more} more variables of the environment begin with GITOPS_BUMP_ and are not known"));
    }
    sentences
}

fn sentence(name: &str, meant: Option<&str>) -> String {
    let shown = one_line(name);
    let shown = cut(&shown, LONGEST);
    match meant {
        Some(meant) => format!("the variable {shown} is not known and has no effect: did you mean {meant}?"),
        None => format!("the variable {shown} is not known and has no effect"),
    }
}

fn is_ours(name: &str) -> bool {
    name.len() > PREFIX.len() && rest(name).is_some_and(|rest| !rest.is_empty())
}

/// Whether a name begins as this tool's names do, and not as a longer word (`GITOPS_BUMPER`) does.
fn has_prefix(name: &str) -> bool {
    name.to_ascii_uppercase().replace('-', "_").starts_with("GITOPS_BUMP_")
}

/// What follows the prefix, in capitals and without anything between the words.
fn rest(name: &str) -> Option<String> {
    let mut letters = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase());
    PREFIX.chars().all(|c| letters.next() == Some(c)).then(|| letters.collect())
}

/// The known name that is nearest; none where several are as near as each other, or none is near. A value that may be a secret is
/// never pointed to a variable whose value is shown.
fn meant<'k>(name: &str, known: &'k [String]) -> Option<&'k str> {
    let (asked, is_input) = word(name)?;
    if name.chars().count() > LONGEST || asked.len() < 2 {
        return None;
    }
    let is_safe = |known: &&String| !looks_secret(name) || looks_secret(known);
    let words = || known.iter().filter(is_safe).filter_map(|known| Some((word(known)?, known.as_str())));
    let same_form = || words().filter(|((_, form), _)| *form == is_input).map(|((word, _), known)| (word, known));
    let distances = same_form().map(|(word, known)| (strsim::osa_distance(&asked, &word), word, known));
    let limit = (asked.len() / 4).max(1);
    let nearest = distances.filter(|(distance, word, _)| *distance <= limit && *distance < word.len()).min();
    if let Some((_, _, known)) = nearest {
        return Some(known);
    }
    // A longer word for a known one (REPOSITORY), or a shorter one (ENV) that begins but one known name.
    let begun = same_form().filter(|(word, _)| word.len() > 3 && asked.starts_with(word.as_str()));
    if let Some((_, known)) = begun.max_by_key(|(word, _)| word.len()) {
        return Some(known);
    }
    let mut longer = same_form().filter(|(word, _)| asked.len() > 2 && word.starts_with(asked.as_str()));
    longer.next().filter(|_| longer.next().is_none()).map(|(_, known)| known)
}

/// What a name says beside the prefix, and whether it is an input's.
fn word(name: &str) -> Option<(String, bool)> {
    let rest = rest(name)?;
    Some(match rest.strip_prefix(INPUT).filter(|input| !input.is_empty()) {
        Some(input) => (input.to_owned(), true),
        None => (rest, false),
    })
}
