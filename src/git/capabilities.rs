//! What a Git service says it can do (gitprotocol-v2, gitprotocol-pack); this module must not ask for anything.

use git2::Oid;

use super::error::GitError;
use super::pkt::Packet;
use super::service::Service;
use super::transport::{Session, Transport};
use super::words;

/// More than this many capabilities are none.
const MOST: usize = 256;

/// How much of a push's advertisement is read over HTTP. It lists every ref, and the cost of a bump must not grow
/// with them: a branch that can't be found here is asked for by its name.
const ENOUGH_BYTES: usize = 16 << 10;

/// How much of it is read when the branch is found: a new connection would cost more.
pub(super) const FEW_BYTES: usize = 8 << 10;

/// How much of it is drained from a pipe, which has to be read to its end.
const MOST_BYTES: usize = 256 << 20;

/// Capabilities by name, each maybe with a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Capabilities(Vec<(String, String)>);

/// What a push's advertisement says.
#[derive(Debug)]
pub(super) struct Receiving {
    pub(super) capabilities: Capabilities,
    /// Where the branch stands, when the part that was read names it.
    pub(super) tip: Option<Oid>,
    pub(super) session: Session,
}

impl Capabilities {
    /// A capability's value, empty when it has none.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Whether a command has a feature (`fetch=shallow filter`).
    pub(super) fn has_feature(&self, command: &str, feature: &str) -> bool {
        self.value(command).is_some_and(|value| value.split(' ').any(|known| known == feature))
    }

    /// What a server of version 2 can do: the lines behind the first.
    pub(super) async fn of_version_2(session: &mut Session) -> Result<Self, GitError> {
        let mut capabilities = Self::default();
        while let Packet::Data(line) = session.packet().await? {
            capabilities.add(&text(line))?;
        }
        session.finish().await?;
        capabilities.check_format()?;
        for (command, feature) in [("ls-refs", ""), ("fetch", "shallow")] {
            let is_there =
                capabilities.has(command) && (feature.is_empty() || capabilities.has_feature(command, feature));
            if !is_there {
                let what = format!("{command} {feature}");
                return Err(GitError::Unsupported(format!("the Git server has no {}", what.trim())));
            }
        }
        Ok(capabilities)
    }

    /// What a server of version 0 or 1 can do, and the ref that stands before that: `ID NAME\0CAPABILITIES`.
    pub(super) fn of_first_ref(line: &str) -> Result<(&str, Self), GitError> {
        let (first, listed) = line.split_once('\0').ok_or_else(|| GitError::protocol("it lists no capabilities"))?;
        let mut capabilities = Self::default();
        for capability in listed.split(' ').filter(|capability| !capability.is_empty()) {
            capabilities.add(capability)?;
        }
        capabilities.check_format()?;
        Ok((first, capabilities))
    }

    /// The branch that `HEAD` names, in full (`symref=HEAD:refs/heads/main`).
    pub(super) fn head(&self) -> Option<&str> {
        let mut symrefs = self.0.iter().filter(|(name, _)| name == "symref");
        symrefs.find_map(|(_, value)| value.strip_prefix("HEAD:"))
    }

    fn add(&mut self, text: &str) -> Result<(), GitError> {
        if self.0.len() >= MOST {
            return Err(GitError::Limit("it has too many capabilities".to_owned()));
        }
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        self.0.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    fn check_format(&self) -> Result<(), GitError> {
        match self.value("object-format") {
            None | Some("sha1") => Ok(()),
            Some(format) => Err(GitError::Unsupported(format!(
                "the repository's object format is {}, and only sha1 is supported",
                words::clean(format.as_bytes())
            ))),
        }
    }
}

/// Starts a conversation that pushes to a branch.
pub(super) async fn receiving(transport: &Transport, branch: &str) -> Result<Receiving, GitError> {
    let mut session = transport.open(Service::ReceivePack).await?;
    let is_http = matches!(transport, Transport::Http(_));
    session.allow(MOST_BYTES);
    let first = opening(&mut session).await?.ok_or_else(nothing)?;
    let mut advertisement = Advertisement::new(&first, branch)?;
    while let Packet::Data(line) = session.packet().await? {
        advertisement.line(line);
        // An answer that is read to its end leaves its connection to the push.
        if is_http && advertisement.taken > if advertisement.tip.is_some() { FEW_BYTES } else { ENOUGH_BYTES } {
            session.skip();
            break;
        }
    }
    session.finish().await?;
    let Advertisement { capabilities, tip, .. } = advertisement;
    Ok(Receiving { capabilities, tip, session })
}

/// What a push's advertisement says, line by line.
#[derive(Debug)]
pub struct Advertisement {
    name: String,
    capabilities: Capabilities,
    tip: Option<Oid>,
    /// How many bytes the lines had so far.
    taken: usize,
}

impl Advertisement {
    /// Reads the first line, `ID NAME\0CAPABILITIES`, looking for this branch.
    pub fn new(first: &str, branch: &str) -> Result<Self, GitError> {
        let (first, capabilities) = Capabilities::of_first_ref(first)?;
        let name = format!("refs/heads/{branch}");
        let tip = tip_in(first, &name);
        Ok(Self { name, capabilities, tip, taken: 0 })
    }

    /// Reads a further line, `ID NAME`.
    pub fn line(&mut self, line: &[u8]) {
        self.taken += line.len();
        self.tip = self.tip.or_else(|| tip_in(&text(line), &self.name));
    }
}

/// A full object id in hexadecimal digits.
pub(super) fn object_id(text: &str) -> Option<Oid> {
    if text.len() == 40 { Oid::from_str(text).ok() } else { None }
}

/// The first line of an advertisement, which may stand behind others: over HTTP the service's name and a flush, in
/// version 1 the version. None when there is no line at all: old servers say so of an empty repository.
pub(super) async fn opening(session: &mut Session) -> Result<Option<String>, GitError> {
    let mut first = line(session).await?;
    if first.as_ref().is_some_and(|first| first.starts_with("# service=")) {
        if line(session).await?.is_some() {
            return Err(GitError::protocol("no flush behind the service's name"));
        }
        first = line(session).await?;
    } else if first.is_none() && session.service().is_some() {
        return Err(nothing());
    }
    if first.as_deref() == Some("version 1") {
        first = line(session).await?;
    }
    Ok(first)
}

/// The next line, or none at a flush.
async fn line(session: &mut Session) -> Result<Option<String>, GitError> {
    match session.packet().await? {
        Packet::Data(line) => Ok(Some(text(line))),
        Packet::Flush => Ok(None),
        _ => Err(nothing()),
    }
}

fn nothing() -> GitError {
    GitError::protocol("it is empty")
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line)).into_owned()
}

fn tip_in(line: &str, name: &str) -> Option<Oid> {
    let (id, found) = line.split_once(' ')?;
    if found == name { object_id(id) } else { None }
}
