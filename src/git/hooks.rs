//! What of a local repository may start programs, and how Git is kept from it; this module must not start anything.

#![deny(clippy::disallowed_methods)]

/// Whether a local repository may start programs: its hooks, and what its settings name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hooks {
    /// It may, as with Git's own commands.
    Run,
    /// It may not: somebody named it who may not choose what runs here.
    Never,
}

/// Each of these takes one thing away that a repository's own settings could start. `uploadpack.packObjectsHook` is not
/// among them, since Git takes it from no repository.
const NOTHING: [&str; 8] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    // It has to be a program, which is run when there are alternates.
    "core.alternateRefsCommand=true",
    "gc.auto=0",
    "maintenance.auto=false",
    "receive.autogc=false",
    // To update the files of a branch that is checked out would run filters.
    "receive.denyCurrentBranch=refuse",
    "protocol.allow=never",
];

/// What a partial clone lacks is not fetched, and by no protocol: some protocols are programs.
const NO_FETCH: [(&str, &str); 2] = [("GIT_NO_LAZY_FETCH", "1"), ("GIT_ALLOW_PROTOCOL", "none")];

impl Hooks {
    /// The settings that Git gets on its command line, where they beat the repository's.
    pub(super) fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Run => &[],
            Self::Never => &NOTHING,
        }
    }

    /// The variables that Git gets beside them.
    pub(super) fn variables(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Run => &[],
            Self::Never => &NO_FETCH,
        }
    }
}
