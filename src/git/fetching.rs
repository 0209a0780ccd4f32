//! The conversation that fetches, in the version of the protocol that the server speaks, which is decided when it begins;
//! this module must not know how a version puts things.

use git2::Oid;

use super::capabilities::{self, Capabilities};
use super::error::GitError;
use super::fetch::{self, Extent, FetchDepth};
use super::http::HttpService;
use super::refs::{self, Tip};
use super::service::Service;
use super::store::Store;
use super::transport::{Session, Transport};
use super::v0::Elder;

/// A conversation that fetches.
#[derive(Debug)]
pub(super) enum Fetching<'r> {
    /// Version 2: one command after the other.
    Commands(Session, Capabilities),
    /// Version 0 or 1.
    Elder(Elder<'r>),
}

/// What a server has said of itself, so that it need not be asked again.
#[derive(Clone, Debug)]
pub(super) enum Known {
    /// It speaks version 2, over HTTP; each pipe begins with what it says anyway.
    Commands(HttpService, Capabilities),
    /// It speaks version 0 or 1.
    Elder(Option<HttpService>, Capabilities),
}

impl<'r> Fetching<'r> {
    /// Begins a conversation: asks for version 2, and takes the version of the answer.
    pub(super) async fn open(transport: &'r Transport) -> Result<Self, GitError> {
        let mut session = transport.open(Service::UploadPack).await?;
        let first = capabilities::opening(&mut session).await?;
        if first.as_deref() == Some("version 2") {
            let capabilities = Capabilities::of_version_2(&mut session).await?;
            return Ok(Self::Commands(session, capabilities));
        }
        Ok(Self::Elder(Elder::new(transport, session, first)?))
    }

    /// Goes on with a server that is known.
    pub(super) fn resume(transport: &'r Transport, known: Known) -> Self {
        match known {
            Known::Commands(service, capabilities) => Self::Commands(Session::resume(service), capabilities),
            Known::Elder(service, capabilities) => Self::Elder(Elder::resume(transport, service, capabilities)),
        }
    }

    /// What later conversations can be resumed from, right after this one began.
    pub(super) fn known(&self) -> Option<Known> {
        match self {
            Self::Commands(session, capabilities) => {
                session.service().map(|service| Known::Commands(service.clone(), capabilities.clone()))
            }
            Self::Elder(elder) => {
                let (service, capabilities) = elder.known();
                Some(Known::Elder(service, capabilities))
            }
        }
    }

    /// Prepares for the question where a branch stands, while something else is waited for.
    pub(super) async fn settle(&mut self, branch: Option<&str>) -> Result<(), GitError> {
        match self {
            Self::Commands(..) => Ok(()),
            Self::Elder(elder) => Box::pin(elder.settle(branch)).await,
        }
    }

    /// The tip of a branch, or of the remote's default branch.
    pub(super) async fn tip(&mut self, branch: Option<&str>) -> Result<Tip, GitError> {
        match self {
            Self::Commands(session, capabilities) => refs::tip(session, capabilities, branch).await,
            Self::Elder(elder) => Box::pin(elder.tip(branch)).await,
        }
    }

    /// Where a work branch stands; none when there is no such branch. The default branch is an error: a work branch is
    /// replaced.
    pub(super) async fn work_branch(&mut self, branch: &str) -> Result<Option<Oid>, GitError> {
        match self {
            Self::Commands(session, capabilities) => refs::work_branch(session, capabilities, branch).await,
            Self::Elder(elder) => Box::pin(elder.work_branch(branch)).await,
        }
    }

    /// Fetches objects by their ids, in one request, and adds them to a store.
    pub(super) async fn fetch(&mut self, wants: &[Oid], extent: Extent, store: &mut Store) -> Result<(), GitError> {
        match self {
            Self::Commands(session, capabilities) => fetch::fetch(session, capabilities, wants, extent, store).await,
            Self::Elder(elder) => Box::pin(elder.fetch(wants, extent, store)).await,
        }
    }

    /// How a commit can be read from this server, the cheapest way first, when nothing cheaper than this is wanted.
    ///
    /// A server may know filters and still refuse some (`uploadpackfilter.tree.allow`), or an object by its id.
    pub(super) fn reaches(&self, from: FetchDepth) -> &'static [FetchDepth] {
        match from {
            _ if !self.sends_parts() => &[FetchDepth::Everything],
            FetchDepth::Top => &[FetchDepth::Top, FetchDepth::Trees, FetchDepth::Everything],
            FetchDepth::Trees => &[FetchDepth::Trees, FetchDepth::Everything],
            FetchDepth::Everything => &[FetchDepth::Everything],
        }
    }

    /// How a walk down some paths should begin.
    pub(super) fn start(&self) -> FetchDepth {
        match self {
            Self::Commands(..) => FetchDepth::Top,
            Self::Elder(elder) => elder.start(),
        }
    }

    /// Whether trees and files can be fetched by their ids, without what they stand in.
    pub(super) fn sends_parts(&self) -> bool {
        self.filters() && self.takes_any_id()
    }

    /// Whether the server can leave out a part of what a commit holds.
    pub(super) fn filters(&self) -> bool {
        match self {
            Self::Commands(_, capabilities) => capabilities.has_feature("fetch", "filter"),
            Self::Elder(elder) => elder.filters(),
        }
    }

    /// Whether an object can be asked for that no ref stands at.
    pub(super) fn takes_any_id(&self) -> bool {
        match self {
            Self::Commands(..) => true,
            Self::Elder(elder) => elder.takes_any_id(),
        }
    }

    /// Whether a tip can be asked for that another conversation has named.
    pub(super) fn takes_others_tips(&self) -> bool {
        match self {
            Self::Commands(..) => true,
            Self::Elder(elder) => elder.takes_others_tips(),
        }
    }
}
