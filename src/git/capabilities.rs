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
const ENOUGH_REFS: usize = 16 << 10;

/// How much of it is read when the branch is found: a new connection would cost more.
const FEW_REFS: usize = 8 << 10;

/// How much of it is drained from a pipe, which has to be read to its end.
const MOST_REFS: usize = 256 << 20;

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

/// Starts a conversation that fetches.
pub(super) async fn fetching(transport: &Transport) -> Result<(Session, Capabilities), GitError> {
    let mut session = transport.open(Service::UploadPack).await?;
    let first = skip_service_line(&mut session).await?;
    if first != "version 2" {
        return Err(GitError::Unsupported("the Git server doesn't speak protocol version 2".to_owned()));
    }
    let mut capabilities = Capabilities::default();
    while let Packet::Data(line) = session.packet().await? {
        capabilities.add(&text(line))?;
    }
    session.finish().await?;
    capabilities.check_format()?;
    for (command, feature) in [("ls-refs", ""), ("fetch", "shallow")] {
        let is_there = capabilities.has(command) && (feature.is_empty() || capabilities.has_feature(command, feature));
        if !is_there {
            let what = format!("{command} {feature}");
            return Err(GitError::Unsupported(format!("the Git server has no {}", what.trim())));
        }
    }
    Ok((session, capabilities))
}

/// Starts a conversation that pushes to a branch.
pub(super) async fn receiving(transport: &Transport, branch: &str) -> Result<Receiving, GitError> {
    let mut session = transport.open(Service::ReceivePack).await?;
    let is_http = matches!(transport, Transport::Http(_));
    session.allow(MOST_REFS);
    let first = skip_service_line(&mut session).await?;
    let mut advertisement = Advertisement::new(&first, branch)?;
    while let Packet::Data(line) = session.packet().await? {
        advertisement.line(line);
        // An answer that is read to its end leaves its connection to the push.
        if is_http && advertisement.taken > if advertisement.tip.is_some() { FEW_REFS } else { ENOUGH_REFS } {
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
        let (first, listed) = first.split_once('\0').ok_or_else(|| GitError::protocol("it names no capabilities"))?;
        let mut capabilities = Capabilities::default();
        for capability in listed.split(' ').filter(|capability| !capability.is_empty()) {
            capabilities.add(capability)?;
        }
        capabilities.check_format()?;
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

/// The first line; over HTTP a line with the service's name and a flush may stand before it.
/// A full object id in hexadecimal digits.
pub(super) fn object_id(text: &str) -> Option<Oid> {
    if text.len() == 40 { Oid::from_str(text).ok() } else { None }
}

async fn skip_service_line(session: &mut Session) -> Result<String, GitError> {
    let first = first_line(session).await?;
    if !first.starts_with("# service=") {
        return Ok(first);
    }
    match session.packet().await? {
        Packet::Flush => first_line(session).await,
        _ => Err(GitError::protocol("no flush behind the service's name")),
    }
}

async fn first_line(session: &mut Session) -> Result<String, GitError> {
    match session.packet().await? {
        Packet::Data(line) => Ok(text(line)),
        _ => Err(GitError::protocol("it is empty")),
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line)).into_owned()
}

fn tip_in(line: &str, name: &str) -> Option<Oid> {
    let (id, found) = line.split_once(' ')?;
    if found == name { object_id(id) } else { None }
}
