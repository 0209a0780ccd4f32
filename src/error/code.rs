//! The exit codes, and which of two counts; this module must not know what went wrong.

#![deny(clippy::disallowed_methods)]

/// The exit codes; their numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Updated, or nothing to do.
    Success = 0,
    /// Unexpected failure.
    Unexpected = 1,
    /// Wrong command line.
    Usage = 2,
    /// Wrong config file, variable or reference; missing credentials.
    Configuration = 3,
    /// The image is not in the registry.
    ImageMissing = 4,
    /// The target is missing, ambiguous or not safe to edit.
    Target = 5,
    /// The push kept losing races.
    Race = 6,
    /// The registry is unreachable or denies access.
    Registry = 7,
    /// The Git remote is unreachable, denies access or refuses the push.
    Git = 8,
    /// The image is there but fails a requirement.
    Requirement = 9,
    /// Nothing changed, and `--fail-on-unchanged`.
    Unchanged = 10,
    /// Pushed, but a step after the push failed.
    After = 11,
    /// A hold or a freeze window keeps the run away.
    NotNow = 12,
}

impl ExitCode {
    /// The worse of two: the unexpected first, then from 9 down to 2, then what is kept away for now, what failed after a push, and
    /// "unchanged".
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        let rank = |code: Self| match code {
            Self::Success => 0,
            Self::Unchanged => 1,
            // Every other code but 12 tells of a mistake, or of a server that could not be reached.
            Self::After => 2,
            Self::NotNow => 3,
            Self::Unexpected => u8::MAX,
            code => code as u8 + 2,
        };
        if rank(other) > rank(self) { other } else { self }
    }

    /// Whether it tells of a mistake in the job's own description, which must not publish anything anywhere.
    pub fn holds_everything(self) -> bool {
        !matches!(self, Self::Success | Self::Unchanged | Self::Git | Self::Race | Self::After | Self::NotNow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_exit_code_is_that_of_the_whole_run() {
        use ExitCode::{
            After, Configuration, Git, ImageMissing, NotNow, Race, Registry, Requirement, Success, Target, Unchanged,
            Unexpected, Usage,
        };
        let from_the_worst_on = [
            Unexpected,
            Requirement,
            Git,
            Registry,
            Race,
            Target,
            ImageMissing,
            Configuration,
            Usage,
            NotNow,
            After,
            Unchanged,
            Success,
        ];
        assert_eq!(from_the_worst_on.map(|code| code as u8), [1, 9, 8, 7, 6, 5, 4, 3, 2, 12, 11, 10, 0]);
        for (at, worse) in from_the_worst_on.into_iter().enumerate() {
            for other in from_the_worst_on.into_iter().skip(at) {
                assert_eq!((worse.worse(other), other.worse(worse)), (worse, worse));
            }
        }
    }
}
