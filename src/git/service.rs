//! The two programs on a Git server's side, and how patient one is with them over any transport; this module must not
//! start or ask one.

#![deny(clippy::disallowed_methods)]

use std::time::Duration;

/// How long a connection may take to come about.
pub(super) const CONNECT: Duration = Duration::from_secs(20);

/// How long a server may be silent.
pub(super) const SILENCE: Duration = Duration::from_mins(1);

/// A program on the server's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// Gives objects.
    UploadPack,
    /// Takes objects.
    ReceivePack,
}

/// Which version of the protocol a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asking {
    /// Version 2; a server that does not speak it answers in an earlier one.
    Version2,
    /// None: the server answers in the oldest one.
    NoVersion,
}

impl Service {
    /// What the first request to a service asks for: receive-pack has no version 2.
    pub(super) fn asking(self) -> Asking {
        match self {
            Self::UploadPack => Asking::Version2,
            Self::ReceivePack => Asking::NoVersion,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }
}
