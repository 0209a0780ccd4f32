//! The exchange with a Git server: reads files of a branch's tip and pushes one commit; this module must not know
//! what is in the files.
//!
//! There is no clone and no working tree. A snapshot fetches the tip, the trees on the wanted paths and the files
//! themselves, so that the cost is that of the paths, whatever the repository's size. A push sends the new objects
//! alone, and lands only on the tip that was read.

mod advertised;
mod arrival;
mod budget;
mod cache;
mod capabilities;
mod commit;
mod deadline;
mod delta;
mod entries;
mod error;
mod fetch;
mod fetching;
mod graft;
mod header;
mod hooks;
mod http;
mod indexing;
mod inflate;
mod later;
mod listing;
mod pack;
mod passing;
mod past;
mod pipe;
mod pkt;
mod publish;
mod push;
mod refs;
mod report;
mod resolve;
mod rsa;
mod service;
mod signing;
mod snapshot;
mod ssh;
mod store;
mod transport;
mod url;
mod v0;
mod view;
mod walk;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

pub use self::advertised::Advertised;
pub use self::capabilities::Advertisement;
pub use self::commit::{Commit, CommitMeta, Identity, IdentityError};
pub use self::deadline::Deadline;
pub use self::error::{GitError, HostKey, PackError};
pub use self::graft::{Change, TreeId};
pub use self::http::JOB_USER;
pub use self::later::Later;
pub use self::listing::{Listed, Listing};
pub use self::pack::Pack;
pub use self::past::{Past, Stood};
pub use self::pkt::{Packet, PacketError, split as split_packet};
pub use self::publish::Proposed;
pub use self::push::Push;
pub use self::report::{RefStatus, ReportError, read as read_report};
pub use self::signing::{SigningKey, SigningKeyError};
pub use self::ssh::{Ssh, SshDialect, SshProgram};
pub use self::url::{GitUrl, UrlError};
pub use self::view::{Log, Logged, Names};

use self::budget::Budget;
use self::capabilities::Capabilities;
use self::fetch::FetchDepth;
use self::fetching::{Fetching, Known};
use self::http::{HttpRemote, HttpService};
use self::publish::Ahead;
use self::refs::Tip;
use self::ssh::SshRemote;
use self::store::Store;
use self::transport::Transport;
use self::url::Location;
use crate::http::Http;
use crate::offload;
use crate::secret::{Bound, Credentials};
use crate::tree::{Found, Want};
use crate::words;

/// How long a snapshot or a push may take, even if the server never falls silent.
const LONGEST: Duration = Duration::from_mins(10);

/// How much of a branch's earlier tips is kept to read the next one by.
const MOST_KEPT: usize = 16 << 20;

/// A repository and how to reach it.
#[derive(Debug)]
pub struct Remote {
    url: GitUrl,
    transport: Transport,
    deadline: Deadline,
    /// What the server can do, once it has said so: later snapshots need not ask again.
    known: OnceLock<Known>,
    /// The same of its receiving side: a push that is made again need not ask.
    known_receiving: OnceLock<(HttpService, Capabilities)>,
}

/// What stood at the wanted paths when a branch's tip was read.
#[derive(Debug)]
pub struct Snapshot {
    tip: Tip,
    found: Arc<[Found]>,
    store: Store,
    receiving: Mutex<Option<Ahead>>,
    /// When the tip was asked for.
    started: Instant,
    /// How long it took to read.
    took: Duration,
}

impl Remote {
    /// Sets up a remote. The credentials are shown only where they may be; until the deadline failures that may pass are
    /// followed by another try.
    pub fn new(
        url: GitUrl,
        credentials: Option<&Bound<Credentials>>,
        (http, ssh): (&Http, &Ssh),
        deadline: Deadline,
    ) -> Self {
        let transport = match url.location() {
            Location::Http(url) => Transport::Http(HttpRemote::new(url.clone(), credentials, http, deadline.clone())),
            Location::Local(path, hooks) => Transport::Local(path.clone(), *hooks),
            Location::Ssh { user, host, port, path } => Transport::Ssh(Arc::new(SshRemote {
                ssh: ssh.clone(),
                user: user.clone(),
                host: host.clone(),
                port: *port,
                path: path.clone(),
                url: url.to_string(),
                dialect: tokio::sync::OnceCell::new(),
            })),
        };
        Self { url, transport, deadline, known: OnceLock::new(), known_receiving: OnceLock::new() }
    }

    /// The repository's address.
    pub fn url(&self) -> &GitUrl {
        &self.url
    }

    /// Reads a branch's tip and what stands at the wanted paths; no branch means the remote's default.
    pub async fn snapshot(&self, branch: Option<&str>, wants: &[Want<'_>]) -> Result<Snapshot, GitError> {
        self.read_again(async || self.take(branch, wants).await).await
    }

    /// Until when failures that may pass are followed by another try.
    pub fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// Reads the branch again that a snapshot was taken of, fetching only what changed since.
    pub async fn snapshot_again(&self, before: Snapshot, wants: &[Want<'_>]) -> Result<Snapshot, GitError> {
        let Snapshot { tip, store, .. } = before;
        self.read_again(async || self.take_again((tip.clone(), store.clone()), wants).await).await
    }

    /// Reads other paths of the very commit that a snapshot was taken of, in the same exchange. What a path can't be, or what is too
    /// large, is not there for this: the snapshot stays one that can be pushed on.
    pub async fn look_further(&self, snapshot: &mut Snapshot, wants: &[Want<'_>]) -> Result<Vec<Found>, GitError> {
        let looked = async || {
            let mut store = snapshot.store.clone();
            let mut fetching = self.fetching().await?;
            let found = snapshot::read_more(&mut fetching, (snapshot.tip.id, wants), &mut store).await?;
            Ok((store, found))
        };
        let (store, found) = self.read_again(looked).await?;
        snapshot.store = store;
        Ok(found)
    }

    async fn take(&self, branch: Option<&str>, wants: &[Want<'_>]) -> Result<Snapshot, GitError> {
        let started = Instant::now();
        let branch = branch.map(refs::short_name);
        let fetching = async {
            let mut fetching = self.fetching().await?;
            fetching.settle(branch).await.map(|()| fetching)
        };
        let (fetching, ahead) = tokio::join!(fetching, self.receiving_ahead(branch));
        let mut fetching = fetching?;
        let seen = ahead.as_ref().and_then(|ahead| ahead.receiving.tip);
        let tip = match (branch, seen) {
            // The push's advertisement lists the branches: nobody has to be asked once more.
            (Some(branch), Some(id)) if fetching.takes_others_tips() => Tip { branch: branch.to_owned(), id },
            _ => fetching.tip(branch).await?,
        };
        tracing::debug!(repository = %self.url.short(), branch = %tip.branch, tip = %tip.id, "found the tip");
        let read = self.read(fetching, tip.id, wants);
        let (read, ahead) = if branch.is_some() {
            (read.await, ahead)
        } else {
            tokio::join!(read, self.receiving_ahead(Some(&tip.branch)))
        };
        let (store, found) = read?;
        Ok(Snapshot { tip, found: found.into(), store, receiving: Mutex::new(ahead), started, took: started.elapsed() })
    }

    async fn take_again(&self, (known, store): (Tip, Store), wants: &[Want<'_>]) -> Result<Snapshot, GitError> {
        if store.size() > MOST_KEPT {
            return self.take(Some(&known.branch), wants).await;
        }
        let started = Instant::now();
        let mut fetching = self.fetching().await?;
        let tip = fetching.tip(Some(&known.branch)).await?;
        tracing::debug!(repository = %self.url.short(), branch = %tip.branch, tip = %tip.id, "found the new tip");
        let read = snapshot::read_since(&mut fetching, (tip.id, wants), (known.id, store)).await;
        match read {
            Ok((store, found)) => {
                let took = started.elapsed();
                Ok(Snapshot { tip, found: found.into(), store, receiving: Mutex::new(None), started, took })
            }
            Err(error @ (GitError::Remote { .. } | GitError::Limit(_) | GitError::Pack(_))) => {
                tracing::debug!(%error, "the changes can't be fetched alone, so all files are read again");
                self.take(Some(&tip.branch), wants).await
            }
            Err(error) => Err(error),
        }
    }

    async fn fetching(&self) -> Result<Fetching<'_>, GitError> {
        if let Some(known) = self.known.get() {
            return Ok(Fetching::resume(&self.transport, known.clone()));
        }
        let fetching = Fetching::open(&self.transport).await?;
        if let Some(known) = fetching.known() {
            self.known.get_or_init(|| known);
        }
        Ok(fetching)
    }

    /// Reads the paths the cheapest way that the server lets through.
    async fn read(
        &self,
        mut fetching: Fetching<'_>,
        tip: git2::Oid,
        wants: &[Want<'_>],
    ) -> Result<(Store, Vec<Found>), GitError> {
        let budget = Budget::default();
        let start = if wants.is_empty() { FetchDepth::Top } else { fetching.start() };
        let mut reaches = fetching.reaches(start).iter().peekable();
        while let Some(&reach) = reaches.next() {
            match snapshot::read(&mut fetching, (tip, wants), reach, &budget).await {
                Err(GitError::Remote { words }) if reaches.peek().is_some() => {
                    tracing::debug!(%words, "the server refuses a partial fetch, so more is requested");
                    fetching = self.fetching().await?;
                }
                read => return read,
            }
        }
        Err(GitError::protocol("it supports no way to fetch"))
    }

    /// Reads, again where an answer broke off that another try may give whole.
    async fn read_again<T>(&self, read: impl AsyncFn() -> Result<T, GitError>) -> Result<T, GitError> {
        let reading = async {
            loop {
                match Box::pin(read()).await {
                    Ok(done) => {
                        self.deadline.answered();
                        return Ok(done);
                    }
                    Err(error) => self.deadline.before_again(error).await?,
                }
            }
        };
        self.in_time(reading).await
    }

    /// Ends an exchange that takes too long, whatever the server does meanwhile.
    async fn in_time<T>(&self, exchange: impl Future<Output = Result<T, GitError>>) -> Result<T, GitError> {
        let done = tokio::time::timeout(LONGEST, exchange).await;
        let done = done.unwrap_or_else(|_| {
            Err(GitError::Unreachable {
                host: self.url.host().map_or_else(|| self.url.to_string(), str::to_owned),
                source: format!("it takes longer than {} minutes", LONGEST.as_secs() / 60).into(),
            })
        });
        match &self.transport {
            Transport::Http(remote) if remote.shows_job_token => done.map_err(GitError::of_job_token),
            _ => done,
        }
    }
}

impl Snapshot {
    /// The branch's short name.
    pub fn branch(&self) -> &str {
        &self.tip.branch
    }

    /// The id of the branch's tip in hexadecimal digits.
    pub fn tip(&self) -> String {
        self.tip.id.to_string()
    }

    /// What stands at the wanted paths, in their order.
    pub fn found(&self) -> &[Found] {
        &self.found
    }

    /// The same, for work that goes on elsewhere.
    pub fn shared_found(&self) -> Arc<[Found]> {
        Arc::clone(&self.found)
    }

    /// What stands at the last of the wanted paths, which is no longer among those that were found.
    pub fn take_last(&mut self, count: usize) -> Vec<Found> {
        let first = self.found.len().saturating_sub(count);
        let last = self.found.get(first..).unwrap_or_default().to_vec();
        self.found = self.found.get(..first).unwrap_or_default().into();
        last
    }

    /// How long it took to read.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Makes a commit on the tip with these changes. The trees on their paths must be there: each path is one that was wanted.
    pub async fn commit(&self, changes: Vec<Change>, meta: &CommitMeta) -> Result<Commit, GitError> {
        let (store, tip, meta) = (self.store.clone(), self.tip.id, meta.clone());
        offload::run(move || commit::commit(&store, tip, &changes, &meta)).await
    }
}

#[cfg(test)]
mod tests;
