//! What a run does about holds; this module must not read one.

#![deny(clippy::disallowed_methods)]

use super::SettingsError;
use crate::cli::HoldArgs;

/// What a run does about holds, beside keeping to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HoldWish {
    /// Nothing.
    #[default]
    Nothing,
    /// It holds its places from now on.
    Hold {
        /// Why.
        reason: String,
    },
    /// It ends the holds of its places.
    Release,
}

/// Merges the flags.
pub(super) fn wish(args: &HoldArgs) -> Result<HoldWish, SettingsError> {
    match (&args.hold, args.release_hold.unwrap_or(false)) {
        (Some(_), true) => Err(SettingsError::Usage(
            "--hold and --release-hold are given: a run either holds its places or releases them".into(),
        )),
        (Some(reason), false) => Ok(HoldWish::Hold { reason: reason.clone() }),
        (None, true) => Ok(HoldWish::Release),
        (None, false) => Ok(HoldWish::Nothing),
    }
}
