//! The flags about holds; this module must not know what is held.

use clap::Args;

use crate::text::is_one_line;

/// How long a reason may be, in characters.
const LONGEST_REASON: usize = 500;

/// What becomes of the holds of the run's places.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Holds")]
pub struct HoldArgs {
    /// Keep later runs away from these places
    ///
    /// A later `update` or `promote` that would change one of the places ends with exit code 12 and names the reason. `rollback`
    /// goes on.
    #[arg(long, value_name = "REASON", value_parser = reason)]
    pub hold: Option<String>,
    /// End the holds of these places, and go on
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub release_hold: Option<bool>,
}

/// A reason that people read later: one line, in which nothing is hidden.
pub(crate) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("a reason is needed, in one line".to_owned());
    }
    if !is_one_line(text) {
        return Err("the reason has more than one line, or invisible characters".to_owned());
    }
    if text.chars().count() > LONGEST_REASON {
        return Err(format!("the reason is longer than {LONGEST_REASON} characters"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_visible_line() {
        assert_eq!(reason("  broken: see #7 "), Ok("broken: see #7".to_owned()));
        assert!(reason(&"é".repeat(LONGEST_REASON)).is_ok());
        for text in [
            "",
            " \n",
            "a\nb",
            "a\rb",
            "a\tb",
            "a\u{1b}[31m",
            "a\u{202e}b",
            "a\u{2028}b",
            &"x".repeat(LONGEST_REASON + 1),
        ] {
            assert!(reason(text).is_err(), "{text:?}");
        }
    }
}
