//! The flag that goes on in a freeze window; this module must not know whether one is on.

use clap::Args;

use crate::text::is_unsafe;

/// How long a reason may be, in characters.
const LONGEST: usize = 500;

/// What happens in a freeze window.
#[derive(Args, Clone, Debug, Default)]
pub struct FreezeArgs {
    /// Go on in a freeze window, for this reason
    ///
    /// The commit names the reason in its trailer Freeze-Ignored.
    #[arg(long, value_name = "REASON", value_parser = reason, help_heading = "Commit")]
    pub ignore_freeze: Option<String>,
}

/// A reason as one line that can be read.
pub(super) fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    match () {
        () if text.is_empty() => Err("a reason is expected".to_owned()),
        () if text.contains(|c| matches!(c, '\n' | '\t') || is_unsafe(c)) => {
            Err("a reason is one line of text without control characters".to_owned())
        }
        () if text.chars().count() > LONGEST => Err(format!("a reason has at most {LONGEST} characters")),
        () => Ok(text.to_owned()),
    }
}
