//! What a preview is called; this module must not know where its copy stands.

#![deny(clippy::disallowed_methods)]

use sha2::{Digest as _, Sha256};

use crate::environment::Environment;
use crate::settings::{Giver, SettingsError};

/// The longest name: Helm takes release names of 53 characters, so that what it puts behind them stays a DNS label.
const LONGEST: usize = 53;

/// How many digits of a hash stand behind a name that was cut.
const DIGITS: usize = 8;

/// GitLab's own slugs are cut here.
const LONGEST_SLUG: usize = 63;

const SLUG: &str = "CI_COMMIT_REF_SLUG";

/// The name that was given, else the one that the pipeline's branch makes.
pub(super) fn name(given: Option<&str>, environment: &Environment) -> Result<String, SettingsError> {
    if let Some(name) = given {
        let reason = || {
            format!(
                "{name:?} is not a DNS label of up to {LONGEST} characters: small letters, digits and hyphens, without a hyphen at either end"
            )
        };
        return if is_label(name, LONGEST) {
            Ok(name.to_owned())
        } else {
            Err(wrong(&Giver::Flag("name").to_string(), reason()))
        };
    }
    let Some(slug) = environment.get(SLUG) else {
        return Err(SettingsError::Usage(format!("no name is given for the preview: --name, or ${SLUG} of GitLab CI")));
    };
    if !is_label(slug, LONGEST_SLUG) {
        return Err(wrong(SLUG, format!("{slug:?} is not a DNS label, which GitLab makes of a branch: set --name")));
    }
    // A slug that GitLab has cut is that of several branches.
    let whole = environment.get("CI_COMMIT_REF_NAME").filter(|_| slug.len() == LONGEST_SLUG).unwrap_or(slug);
    Ok(cut(slug, whole))
}

/// The slug, where it is longer than a name its beginning with a hash of the whole.
fn cut(slug: &str, whole: &str) -> String {
    if slug.len() <= LONGEST {
        return slug.to_owned();
    }
    let hash = Sha256::digest(whole.as_bytes());
    let digits: Vec<String> = hash.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    let start = slug.get(..LONGEST - DIGITS - 1).unwrap_or_default().trim_end_matches('-');
    format!("{start}-{}", digits.concat())
}

fn is_label(name: &str, longest: usize) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=longest).contains(&name.len()) && name.chars().all(fits) && !name.starts_with('-') && !name.ends_with('-')
}

fn wrong(what: &str, reason: String) -> SettingsError {
    SettingsError::Value { what: what.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_branch(slug: &str, branch: &str) -> String {
        let variables = [(SLUG, slug), ("CI_COMMIT_REF_NAME", branch)];
        name(None, &variables.into_iter().collect()).unwrap()
    }

    #[test]
    fn a_long_slug_is_cut_with_a_hash() {
        assert_eq!(of_branch("feature-x", "feature/x"), "feature-x");
        let whole = "a".repeat(LONGEST);
        assert_eq!(of_branch(&whole, "b"), whole);
        let (one, other) = (format!("{}1", "a".repeat(60)), format!("{}2", "a".repeat(60)));
        let names = [of_branch(&one, &one), of_branch(&other, &other)];
        assert_ne!(names[0], names[1]);
        assert!(names.iter().all(|name| name.len() == LONGEST && is_label(name, LONGEST)), "{names:?}");
        assert_eq!(of_branch(&one, &one), names[0]);
        // Both branches have the same slug, which GitLab has cut.
        let slug = "b".repeat(LONGEST_SLUG);
        assert_ne!(of_branch(&slug, &format!("{slug}/one")), of_branch(&slug, &format!("{slug}/two")));
        assert!(is_label(&of_branch(&format!("{}-{}", "a".repeat(43), "b".repeat(15)), "x"), LONGEST));
    }

    #[test]
    fn a_name_that_was_given_is_never_cut() {
        let nothing = Environment::default();
        assert_eq!(name(Some("x"), &nothing).unwrap(), "x");
        for wrong in ["", "A", "a_b", "-a", "a-", "a/b", "..", "a.b", "é", "a\n", &"a".repeat(LONGEST + 1)] {
            let error = name(Some(wrong), &nothing).unwrap_err();
            assert!(matches!(error, SettingsError::Value { .. }), "{wrong:?}: {error}");
        }
        let error = name(None, &nothing).unwrap_err();
        assert!(matches!(&error, SettingsError::Usage(text) if text.contains(SLUG)), "{error}");
        let odd = [(SLUG, "../x")].into_iter().collect();
        assert!(matches!(name(None, &odd), Err(SettingsError::Value { .. })));
    }
}
