//! The conversation that fetches in version 0 or 1 of the protocol (gitprotocol-pack): the server lists its refs, is told
//! what is wanted, and sends it; this module must not decide what to fetch.
//!
//! Over HTTP each request stands alone, as in version 2. A server at the other end of a pipe is gone when it has sent a
//! pack, and lists all its refs again to the next connection: there it costs less to take all trees at once than to
//! walk them.

mod request;

use git2::Oid;

use self::request::{find_pack, request, side_band};
use super::advertised::Advertised;
use super::capabilities::{self, Capabilities, FEW_BYTES};
use super::error::{GitError, PackError};
use super::fetch::{self, Extent, FetchDepth};
use super::http::HttpService;
use super::pkt::Packet;
use super::refs::{self, Tip};
use super::service::Service;
use super::store::Store;
use super::transport::{Session, Transport};

/// How much is read of the refs that a server lists: enough for half a million.
const MOST_LISTED: usize = 64 << 20;

/// How much may stand before a pack: the commits at which the history ends.
const MOST_BEFORE: usize = 4 << 20;

/// A conversation in version 0 or 1.
#[derive(Debug)]
pub(super) struct Elder<'r> {
    transport: &'r Transport,
    capabilities: Capabilities,
    stage: Stage,
    /// The tip that was found ahead of the question, and the full name that it is the answer to.
    found: Option<(Option<String>, Tip)>,
}

/// How far a conversation has come.
#[derive(Debug)]
enum Stage {
    /// The server lists its refs; this was its first line, and without one it has none.
    Listing(Session, Option<String>),
    /// The server waits to be told what is wanted.
    Listed(Session),
    /// Nobody is at the other end.
    Over,
}

impl<'r> Elder<'r> {
    /// Goes on behind the first line of what the server says.
    pub(super) fn new(transport: &'r Transport, mut session: Session, first: Option<String>) -> Result<Self, GitError> {
        session.allow(MOST_LISTED);
        session.ask_for_no_version();
        let capabilities = match &first {
            Some(first) => Capabilities::of_first_ref(first)?.1,
            None => Capabilities::default(),
        };
        transport.remark_on_age();
        Ok(Self { transport, capabilities, stage: Stage::Listing(session, first), found: None })
    }

    /// Goes on with a server that has said what it can do. A pipe to it is opened when it is needed.
    pub(super) fn resume(transport: &'r Transport, service: Option<HttpService>, capabilities: Capabilities) -> Self {
        let stage = service.map_or(Stage::Over, |service| Stage::Listed(Session::resume(service)));
        Self { transport, capabilities, stage, found: None }
    }

    /// What a later conversation can be resumed from.
    pub(super) fn known(&self) -> (Option<HttpService>, Capabilities) {
        let service = match &self.stage {
            Stage::Listing(session, _) | Stage::Listed(session) => session.service().cloned(),
            Stage::Over => None,
        };
        (service, self.capabilities.clone())
    }

    /// Finds a branch's tip ahead of the question where the first line has it, and hangs up on an HTTP server that would
    /// go on listing refs until then.
    pub(super) async fn settle(&mut self, branch: Option<&str>) -> Result<(), GitError> {
        let wanted = branch.map(refs::wanted_name).transpose()?;
        if let (Stage::Listing(_, Some(first)), Transport::Http(_)) = (&self.stage, self.transport)
            && Advertised::new(first, wanted.as_deref())?.is_decided()
        {
            let tip = self.list(wanted.clone()).await?.tip()?;
            self.found = Some((wanted, tip));
        }
        Ok(())
    }

    /// The tip of a branch, or of the remote's default branch.
    pub(super) async fn tip(&mut self, branch: Option<&str>) -> Result<Tip, GitError> {
        let wanted = branch.map(refs::wanted_name).transpose()?;
        match self.found.take() {
            Some((name, tip)) if name == wanted => Ok(tip),
            _ => self.list(wanted).await?.tip(),
        }
    }

    /// Where a work branch stands; none when there is no such branch. The default branch is an error.
    pub(super) async fn work_branch(&mut self, branch: &str) -> Result<Option<Oid>, GitError> {
        let wanted = refs::work_name(branch)?;
        self.list(Some(wanted)).await?.work_branch()
    }

    /// How a walk down some paths should begin.
    pub(super) fn start(&self) -> FetchDepth {
        if matches!(self.transport, Transport::Http(_)) { FetchDepth::Top } else { FetchDepth::Trees }
    }

    pub(super) fn filters(&self) -> bool {
        self.capabilities.has("filter")
    }

    /// Whether an object can be asked for that no ref stands at.
    pub(super) fn takes_any_id(&self) -> bool {
        ["allow-reachable-sha1-in-want", "allow-any-sha1-in-want"].iter().any(|name| self.capabilities.has(name))
    }

    /// Whether a tip can be asked for that another conversation has named. Over a pipe a server may refuse what it has
    /// not listed in this one.
    pub(super) fn takes_others_tips(&self) -> bool {
        matches!(self.transport, Transport::Http(_))
    }

    /// Fetches objects by their ids, in one request, and adds them to a store.
    pub(super) async fn fetch(&mut self, wants: &[Oid], extent: Extent, store: &mut Store) -> Result<(), GitError> {
        let fetched = self.exchange(wants, extent, store).await;
        fetched.map_err(|error| match (error, extent) {
            (
                error @ (GitError::Limit(_) | GitError::Pack(PackError::TooMany(_))),
                Extent::Commit(_) | Extent::History(..),
            ) => self.explained(error),
            (error, _) => error,
        })
    }

    async fn exchange(&mut self, wants: &[Oid], extent: Extent, store: &mut Store) -> Result<(), GitError> {
        store.budget().round()?;
        let mut session = self.listed().await?;
        session.send(request(&self.capabilities, wants, extent)).await?;
        session.allow(MOST_BEFORE);
        find_pack(&mut session).await?;
        session.allow(fetch::most(extent, store));
        let pack = match side_band(&self.capabilities) {
            Some(_) => fetch::receive(&mut session).await?,
            None => session.rest().await?,
        };
        session.finish().await?;
        if session.service().is_some() {
            self.stage = Stage::Listed(session);
        }
        fetch::add(pack, wants, extent, store).await
    }

    /// A conversation whose server waits to be told what is wanted.
    async fn listed(&mut self) -> Result<Session, GitError> {
        if !matches!(self.stage, Stage::Listed(_)) {
            self.list(None).await?;
        }
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Listed(session) => Ok(session),
            Stage::Listing(..) | Stage::Over => Err(GitError::protocol("it lists no refs")),
        }
    }

    /// Reads the refs, of a new connection where they were read before.
    async fn list(&mut self, wanted: Option<String>) -> Result<Advertised, GitError> {
        let (mut session, first) = match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Listing(session, first) => (session, first),
            Stage::Listed(_) | Stage::Over => self.connect().await?,
        };
        let advertised = match first {
            Some(first) => read_on(&mut session, Advertised::new(&first, wanted.as_deref())?).await?,
            None => Advertised::of_nothing(wanted),
        };
        session.finish().await?;
        self.stage = Stage::Listed(session);
        Ok(advertised)
    }

    async fn connect(&self) -> Result<(Session, Option<String>), GitError> {
        let mut session = self.transport.open(Service::UploadPack).await?;
        session.allow(MOST_LISTED);
        session.ask_for_no_version();
        let first = capabilities::opening(&mut session).await?;
        Ok((session, first))
    }

    /// Says what makes a whole commit too big to be read.
    fn explained(&self, error: GitError) -> GitError {
        if !self.capabilities.has("shallow") {
            return GitError::Limit(
                "it sends the whole history, because it does not support shallow fetches".to_owned(),
            );
        }
        if self.filters() { GitError::OldProtocol { what: error.to_string() } } else { error }
    }
}

/// Reads the refs behind the first. Over HTTP the rest is left unread where it can't change anything, unless it is so
/// little that a new connection would cost more.
async fn read_on(session: &mut Session, mut advertised: Advertised) -> Result<Advertised, GitError> {
    loop {
        if session.service().is_some() && advertised.is_decided() && advertised.taken() > FEW_BYTES {
            session.skip();
            return Ok(advertised);
        }
        match session.packet().await? {
            Packet::Data(line) => advertised.line(line)?,
            Packet::Flush => return Ok(advertised),
            Packet::Delimiter | Packet::End => return Err(GitError::protocol("a packet between the refs")),
        }
    }
}
