//! The exchange with a Git server: reads files of a branch's tip and pushes one commit; this module must not know
//! what is in the files.
//!
//! There is no clone and no working tree. A snapshot fetches the tip, the trees on the wanted paths and the files
//! themselves, so that the cost is that of the paths, whatever the repository's size. A push sends the new objects
//! alone, and lands only on the tip that was read.

mod capabilities;
mod commit;
mod delta;
mod entries;
mod error;
mod fetch;
mod http;
mod inflate;
mod listing;
mod pack;
mod pipe;
mod pkt;
mod push;
mod refs;
mod report;
mod rsa;
mod signing;
mod snapshot;
mod ssh;
mod store;
mod transport;
mod url;
mod view;
mod walk;
mod words;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

pub use self::capabilities::Advertisement;
pub use self::commit::{Commit, CommitMeta, Identity, IdentityError};
pub use self::error::{GitError, HostKey};
pub use self::listing::{Listed, Listing};
pub use self::pack::{FILE_LIMIT, Pack, PackError};
pub use self::pkt::{Packet, PacketError, split as split_packet};
pub use self::push::Push;
pub use self::report::{Report, ReportError, read as read_report};
pub use self::signing::{SigningKey, SigningKeyError};
pub use self::ssh::{Ssh, SshDialect, SshProgram};
pub use self::url::{GitUrl, UrlError};
pub use self::view::{Log, Logged, Names};

use self::capabilities::{Capabilities, Receiving};
use self::http::{HttpRemote, HttpService};
use self::push::Update;
use self::refs::Tip;
use self::ssh::SshRemote;
use self::store::Store;
use self::transport::{Session, Transport};
use self::url::Place;
use crate::secret::Credentials;
use crate::tree::{Found, Want};

/// How long a snapshot or a push may take, even if the server never falls silent.
const DEADLINE: Duration = Duration::from_mins(10);

/// How long a server is left waiting at the other end of a pipe before a push takes a new one.
const WAITING: Duration = Duration::from_secs(15);

/// From this age on a tip is asked for again before a push: where the server is slow or many push, it has often moved,
/// and a push that is lost anyway costs the server far more than the question.
const FRESH: Duration = Duration::from_secs(1);

/// How much of a branch's earlier tips is kept to read the next one by.
const MOST_KEPT: usize = 16 << 20;

/// A repository and how to reach it.
#[derive(Debug)]
pub struct Remote {
    url: GitUrl,
    transport: Transport,
    /// What the server can do, once it has said so: later snapshots need not ask again.
    known: OnceLock<(HttpService, Capabilities)>,
    /// The same of its receiving side: a push that is made again need not ask.
    known_receiving: OnceLock<(HttpService, Capabilities)>,
}

/// What stood at the wanted paths when a branch's tip was read.
#[derive(Debug)]
pub struct Snapshot {
    tip: Tip,
    found: Vec<Found>,
    store: Store,
    receiving: Mutex<Option<Ahead>>,
    /// When the tip was asked for.
    started: Instant,
    /// How long it took to read.
    took: Duration,
}

/// What became of a commit on a work branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposed {
    /// The same change is there already, on the same tip.
    Already {
        /// The work branch's tip.
        commit: String,
    },
    /// The commit is the work branch's tip.
    Pushed {
        /// What the server said to that.
        words: String,
    },
    /// The work branch moved meanwhile.
    LostRace {
        /// What the server said to that.
        words: String,
    },
}

/// A push's conversation that was begun ahead of it.
#[derive(Debug)]
struct Ahead {
    receiving: Receiving,
    begun: Instant,
}

impl Remote {
    /// Sets up a remote. The builder brings certificates and proxies; redirects and timeouts are set here.
    pub fn new(
        url: GitUrl,
        credentials: Option<&Credentials>,
        http: reqwest::ClientBuilder,
        ssh: &Ssh,
    ) -> Result<Self, GitError> {
        let transport = match url.place() {
            Place::Http(url) => Transport::Http(HttpRemote::new(url.clone(), credentials, http)?),
            Place::Local(path) => Transport::Local(path.clone()),
            Place::Ssh { user, host, port, path } => Transport::Ssh(Arc::new(SshRemote {
                ssh: ssh.clone(),
                user: user.clone(),
                host: host.clone(),
                port: *port,
                path: path.clone(),
                url: url.to_string(),
                dialect: tokio::sync::OnceCell::new(),
            })),
        };
        Ok(Self { url, transport, known: OnceLock::new(), known_receiving: OnceLock::new() })
    }

    /// The repository's address.
    pub fn url(&self) -> &GitUrl {
        &self.url
    }

    /// Reads a branch's tip and what stands at the wanted paths; no branch means the remote's default.
    pub async fn snapshot(&self, branch: Option<&str>, wants: &[Want<'_>]) -> Result<Snapshot, GitError> {
        let taken = tokio::time::timeout(DEADLINE, self.take(branch, wants)).await;
        taken.unwrap_or_else(|_| Err(self.too_slow()))
    }

    /// Reads the branch again that a snapshot was taken of, fetching only what changed since.
    pub async fn snapshot_again(&self, before: Snapshot, wants: &[Want<'_>]) -> Result<Snapshot, GitError> {
        let taken = tokio::time::timeout(DEADLINE, self.take_again(before, wants)).await;
        taken.unwrap_or_else(|_| Err(self.too_slow()))
    }

    /// Pushes a commit to the snapshot's branch, if that still stands where the snapshot found it, with push options.
    pub async fn push(&self, snapshot: &Snapshot, commit: &Commit, options: &[String]) -> Result<Push, GitError> {
        let update = Update { branch: &snapshot.tip.branch, old: Some(snapshot.tip.id), options };
        let pushed = tokio::time::timeout(DEADLINE, self.send(snapshot, update, commit)).await;
        pushed.unwrap_or_else(|_| Err(self.too_slow()))
    }

    /// Makes a commit on the snapshot's branch the tip of a work branch. What this tool left there is replaced, what
    /// somebody else made is not: [`GitError::ForeignCommit`].
    pub async fn propose(
        &self,
        snapshot: &Snapshot,
        commit: &Commit,
        branch: &str,
        options: &[String],
    ) -> Result<Proposed, GitError> {
        let proposed = tokio::time::timeout(DEADLINE, self.send_proposal(snapshot, commit, branch, options)).await;
        proposed.unwrap_or_else(|_| Err(self.too_slow()))
    }

    /// Whether the server takes push options.
    pub async fn takes_push_options(&self, snapshot: &Snapshot) -> Result<bool, GitError> {
        let ahead = snapshot.take_ahead(&self.transport);
        let receiving = match ahead {
            Some(receiving) => receiving,
            None => self.receiving(&snapshot.tip.branch).await?,
        };
        let takes = receiving.capabilities.has("push-options");
        let ahead = Ahead { receiving, begun: Instant::now() };
        *snapshot.receiving.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        Ok(takes)
    }

    async fn take(&self, branch: Option<&str>, wants: &[Want<'_>]) -> Result<Snapshot, GitError> {
        let started = Instant::now();
        let branch = branch.map(refs::short_name);
        let (fetching, ahead) = tokio::join!(self.fetching(), self.receiving_ahead(branch));
        let (mut session, capabilities) = fetching?;
        let seen = ahead.as_ref().and_then(|ahead| ahead.receiving.tip);
        let tip = match (branch, seen) {
            // The push's advertisement lists the branches: nobody has to be asked once more.
            (Some(branch), Some(id)) => Tip { branch: branch.to_owned(), id },
            _ => refs::tip(&mut session, &capabilities, branch).await?,
        };
        tracing::debug!(repository = %self.url.short(), branch = %tip.branch, tip = %tip.id, "found the tip");
        let read = self.read(session, &capabilities, tip.id, wants);
        let (read, ahead) = if branch.is_some() {
            (read.await, ahead)
        } else {
            tokio::join!(read, self.receiving_ahead(Some(&tip.branch)))
        };
        let (store, found) = read?;
        Ok(Snapshot { tip, found, store, receiving: Mutex::new(ahead), started, took: started.elapsed() })
    }

    async fn take_again(&self, before: Snapshot, wants: &[Want<'_>]) -> Result<Snapshot, GitError> {
        let Snapshot { tip: known, store, .. } = before;
        if store.size() > MOST_KEPT {
            return self.take(Some(&known.branch), wants).await;
        }
        let started = Instant::now();
        let (mut session, capabilities) = self.fetching().await?;
        let tip = refs::tip(&mut session, &capabilities, Some(&known.branch)).await?;
        tracing::debug!(repository = %self.url.short(), branch = %tip.branch, tip = %tip.id, "found the tip again");
        let read = snapshot::read_since(&mut session, &capabilities, (tip.id, wants), (known.id, store)).await;
        match read {
            Ok((store, found)) => {
                let took = started.elapsed();
                Ok(Snapshot { tip, found, store, receiving: Mutex::new(None), started, took })
            }
            Err(error @ (GitError::Remote { .. } | GitError::Limit(_) | GitError::Pack(_))) => {
                tracing::debug!(%error, "what changed can't be fetched alone, reading all again");
                self.take(Some(&tip.branch), wants).await
            }
            Err(error) => Err(error),
        }
    }

    async fn fetching(&self) -> Result<(Session, Capabilities), GitError> {
        if let Some((service, capabilities)) = self.known.get() {
            return Ok((Session::resume(service.clone()), capabilities.clone()));
        }
        let (session, capabilities) = capabilities::fetching(&self.transport).await?;
        if let Some(service) = session.service() {
            self.known.get_or_init(|| (service.clone(), capabilities.clone()));
        }
        Ok((session, capabilities))
    }

    /// Reads the paths the cheapest way that the server lets through.
    async fn read(
        &self,
        mut session: Session,
        capabilities: &Capabilities,
        tip: git2::Oid,
        wants: &[Want<'_>],
    ) -> Result<(Store, Vec<Found>), GitError> {
        let mut reaches = snapshot::reaches(capabilities).iter().peekable();
        while let Some(&reach) = reaches.next() {
            match snapshot::read(&mut session, capabilities, (tip, wants), reach).await {
                Err(GitError::Remote { words }) if reaches.peek().is_some() => {
                    tracing::debug!(%words, "the server refuses a partial fetch, asking for more");
                    session = self.fetching().await?.0;
                }
                read => return read,
            }
        }
        Err(GitError::protocol("there is no way to fetch"))
    }

    /// Asks what a push will need, beside what is asked to read. Whoever only reads may not be let in.
    async fn receiving_ahead(&self, branch: Option<&str>) -> Option<Ahead> {
        let branch = branch.filter(|_| !self.url.is_local())?;
        match capabilities::receiving(&self.transport, branch).await {
            Ok(receiving) => Some(Ahead { receiving, begun: Instant::now() }),
            Err(error) => {
                tracing::debug!(%error, "asking about a push ahead of it failed");
                None
            }
        }
    }

    async fn send(&self, snapshot: &Snapshot, update: Update<'_>, commit: &Commit) -> Result<Push, GitError> {
        let branch = update.branch;
        let is_http = matches!(self.transport, Transport::Http(_));
        let mut receiving = match snapshot.take_ahead(&self.transport) {
            Some(receiving) => receiving,
            None => self.receiving(branch).await?,
        };
        if let Some(service) = receiving.session.service() {
            self.known_receiving.get_or_init(|| (service.clone(), receiving.capabilities.clone()));
        }
        if branch != snapshot.tip.branch {
            receiving.tip = None;
        } else if is_http && snapshot.started.elapsed() > FRESH {
            receiving.tip = Some(self.tip(branch).await?);
        }
        match push::push(receiving, update, commit).await {
            // The answer broke off, and the commit may be there all the same.
            Err(error) if is_unsure(&error) && self.is_tip(branch, commit).await => {
                tracing::debug!(%error, "the push's answer is broken, but the commit is there");
                Ok(Push::Done { words: String::new() })
            }
            pushed => pushed,
        }
    }

    async fn send_proposal(
        &self,
        snapshot: &Snapshot,
        commit: &Commit,
        branch: &str,
        options: &[String],
    ) -> Result<Proposed, GitError> {
        let (mut session, capabilities) = self.fetching().await?;
        let old = refs::find(&mut session, &capabilities, branch).await?;
        if let Some(tip) = old {
            let (store, _) = self.read(self.fetching().await?.0, &capabilities, tip, &[]).await?;
            let (there, wanted) = (store.header(tip)?, commit.header());
            if there.committer != wanted.committer {
                return Err(GitError::ForeignCommit { branch: branch.to_owned(), committer: there.committer });
            }
            if (&there.tree, &there.parents) == (&wanted.tree, &wanted.parents) {
                return Ok(Proposed::Already { commit: tip.to_string() });
            }
        }
        let update = Update { branch, old, options };
        match self.send(snapshot, update, commit).await? {
            Push::Done { words } => Ok(Proposed::Pushed { words }),
            Push::LostRace { words } => Ok(Proposed::LostRace { words }),
        }
    }

    /// What a push needs to know, which is asked once.
    async fn receiving(&self, branch: &str) -> Result<Receiving, GitError> {
        let Some((service, capabilities)) = self.known_receiving.get() else {
            return capabilities::receiving(&self.transport, branch).await;
        };
        let session = Session::resume(service.clone());
        Ok(Receiving { capabilities: capabilities.clone(), tip: None, session })
    }

    async fn tip(&self, branch: &str) -> Result<git2::Oid, GitError> {
        let (mut session, capabilities) = self.fetching().await?;
        Ok(refs::tip(&mut session, &capabilities, Some(branch)).await?.id)
    }

    async fn is_tip(&self, branch: &str, commit: &Commit) -> bool {
        self.tip(branch).await.is_ok_and(|tip| tip == commit.oid())
    }

    fn too_slow(&self) -> GitError {
        GitError::Unreachable {
            host: self.url.host().map_or_else(|| self.url.to_string(), str::to_owned),
            source: format!("it takes longer than {} minutes", DEADLINE.as_secs() / 60).into(),
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

    /// The push's conversation that was begun ahead, unless it has waited too long at the other end of a pipe.
    fn take_ahead(&self, transport: &Transport) -> Option<Receiving> {
        let ahead = self.receiving.lock().unwrap_or_else(PoisonError::into_inner).take();
        let is_http = matches!(transport, Transport::Http(_));
        ahead.filter(|ahead| is_http || ahead.begun.elapsed() < WAITING).map(|ahead| ahead.receiving)
    }

    /// How long it took to read.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Makes a commit on the tip that gives these files (by path) new contents. Each of them must be one that was
    /// wanted and found.
    pub fn commit(&self, changes: &[(String, Vec<u8>)], meta: &CommitMeta) -> Result<Commit, GitError> {
        commit::commit(&self.store, self.tip.id, changes, meta)
    }
}

/// Whether an error leaves open what became of a push.
fn is_unsure(error: &GitError) -> bool {
    matches!(error, GitError::Unreachable { .. } | GitError::Protocol(_) | GitError::Remote { .. } | GitError::Limit(_))
}

#[cfg(test)]
mod tests;
