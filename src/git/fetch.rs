//! What is fetched, and how version 2 of the protocol asks for it (gitprotocol-v2, "fetch"); this module must not decide
//! which objects.

use git2::Oid;

use super::capabilities::Capabilities;
use super::error::GitError;
use super::pack::{Kinds, Pack};
use super::pkt::{self, Packet};
use super::store::Store;
use super::transport::Session;
use super::words;
use crate::offload;

/// How much a pack may be that holds only what a path needs.
const MOST_PARTIAL: usize = 64 << 20;

/// How much a pack may be that holds a commit's whole tree.
const MOST_WHOLE: usize = 256 << 20;

/// What an answer may have around its pack.
const FRAMING: usize = 1 << 20;

/// What others changed meanwhile comes along when it is small; a wanted file that is bigger is asked for by its id.
const SMALL_FILES: &str = "blob:limit=65536";

/// How much may have been added since an earlier commit; reading the paths anew costs less than more of that.
const MOST_ADDED: usize = 1 << 20;

/// How much comes with a commit, by what the server can do; each next one costs more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FetchDepth {
    /// Its top tree alone.
    Top,
    /// All trees.
    Trees,
    /// All trees and files.
    Everything,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// A commit without its history.
    Commit(FetchDepth),
    /// What was added since this earlier commit. A server finds it along the history alone: with a depth it would
    /// send everything.
    Since(Oid),
    /// The commits that were added since this earlier commit, alone.
    After(Oid),
    /// Trees without what they hold.
    Trees,
    /// Files.
    Blobs,
    /// This many generations of commits, with so much of each.
    History(usize, FetchDepth),
    /// This many generations of commits, without what they hold.
    Commits(usize, Without),
}

/// What is left out of commits, by what the server can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Without {
    /// Trees and files.
    Trees,
    /// Files.
    Blobs,
    /// Nothing.
    Nothing,
}

/// Starts a request with what every command has in common.
pub(super) fn command(request: &mut Vec<u8>, name: &str, capabilities: &Capabilities) {
    pkt::line(request, format!("command={name}\n").as_bytes());
    if capabilities.has("agent") {
        pkt::line(request, concat!("agent=gitops-bump/", env!("CARGO_PKG_VERSION"), "\n").as_bytes());
    }
    if capabilities.has("object-format") {
        pkt::line(request, b"object-format=sha1\n");
    }
    pkt::delimiter(request);
}

/// Fetches objects by their ids, in one request, and adds them to a store.
pub(super) async fn fetch(
    session: &mut Session,
    capabilities: &Capabilities,
    wants: &[Oid],
    extent: Extent,
    store: &mut Store,
) -> Result<(), GitError> {
    store.budget().round()?;
    session.send(request(capabilities, wants, extent)).await?;
    session.allow(most(extent, store));
    find_pack(session).await?;
    let pack = receive(session).await?;
    session.finish().await?;
    add(pack, wants, extent, store).await
}

/// How much an answer may be.
pub(super) fn most(extent: Extent, store: &Store) -> usize {
    let most = match extent {
        Extent::Commit(FetchDepth::Everything | FetchDepth::Trees)
        | Extent::History(_, FetchDepth::Everything | FetchDepth::Trees) => MOST_WHOLE,
        Extent::Since(_) | Extent::After(_) => MOST_ADDED,
        _ => MOST_PARTIAL,
    };
    most.min(store.budget().receivable() + FRAMING)
}

/// Adds a pack that came for this to a store.
pub(super) async fn add(pack: Vec<u8>, wants: &[Oid], extent: Extent, store: &mut Store) -> Result<(), GitError> {
    tracing::debug!(bytes = pack.len(), wants = wants.len(), "fetched a pack");
    let (kinds, budget) = (kinds(extent), store.budget().clone());
    store.add(offload::run(move || Pack::read_within(pack, kinds, &budget)).await?);
    Ok(())
}

/// The kinds of objects that are read of an answer.
fn kinds(extent: Extent) -> Kinds {
    match extent {
        Extent::Commit(FetchDepth::Top | FetchDepth::Trees)
        | Extent::History(_, FetchDepth::Top | FetchDepth::Trees)
        | Extent::Trees => Kinds::COMMITS_AND_TREES,
        Extent::Commits(..) | Extent::After(_) => Kinds::COMMITS,
        Extent::Commit(FetchDepth::Everything)
        | Extent::History(_, FetchDepth::Everything)
        | Extent::Since(_)
        | Extent::Blobs => Kinds::ALL,
    }
}

fn request(capabilities: &Capabilities, wants: &[Oid], extent: Extent) -> Vec<u8> {
    let mut request = Vec::new();
    command(&mut request, "fetch", capabilities);
    pkt::line(&mut request, b"no-progress\n");
    pkt::line(&mut request, b"ofs-delta\n");
    if let Some(depth) = depth(extent) {
        pkt::line(&mut request, format!("deepen {depth}\n").as_bytes());
    }
    if let Some(filter) = filter(extent).filter(|_| capabilities.has_feature("fetch", "filter")) {
        pkt::line(&mut request, format!("filter {filter}\n").as_bytes());
    }
    for want in wants {
        pkt::line(&mut request, format!("want {want}\n").as_bytes());
    }
    if let Extent::Since(known) = extent {
        // Shallow: what only the commits before it hold isn't here.
        pkt::line(&mut request, format!("shallow {known}\n").as_bytes());
    }
    if let Some(known) = known(extent) {
        pkt::line(&mut request, format!("have {known}\n").as_bytes());
    }
    pkt::line(&mut request, b"done\n");
    pkt::flush(&mut request);
    request
}

/// How many generations of commits are asked for; none where their number doesn't matter.
pub(super) fn depth(extent: Extent) -> Option<usize> {
    match extent {
        Extent::Commit(_) => Some(1),
        Extent::History(depth, _) | Extent::Commits(depth, _) => Some(depth),
        Extent::Since(_) | Extent::After(_) | Extent::Trees | Extent::Blobs => None,
    }
}

/// The commit behind which nothing is asked for.
pub(super) fn known(extent: Extent) -> Option<Oid> {
    match extent {
        Extent::Since(known) | Extent::After(known) => Some(known),
        _ => None,
    }
}

/// What is left out of an answer.
pub(super) fn filter(extent: Extent) -> Option<&'static str> {
    match extent {
        Extent::Commit(FetchDepth::Top) | Extent::History(_, FetchDepth::Top) => Some("tree:1"),
        Extent::Trees | Extent::After(_) | Extent::Commits(_, Without::Trees) => Some("tree:0"),
        Extent::Commit(FetchDepth::Trees)
        | Extent::History(_, FetchDepth::Trees)
        | Extent::Commits(_, Without::Blobs) => Some("blob:none"),
        Extent::Since(_) => Some(SMALL_FILES),
        Extent::Commit(FetchDepth::Everything)
        | Extent::History(_, FetchDepth::Everything)
        | Extent::Blobs
        | Extent::Commits(_, Without::Nothing) => None,
    }
}

/// Reads on to the section with the pack; the ones before it say nothing that we need.
async fn find_pack(session: &mut Session) -> Result<(), GitError> {
    loop {
        match session.packet().await? {
            Packet::Data(line) if line.strip_suffix(b"\n").unwrap_or(line) == b"packfile" => return Ok(()),
            Packet::Data(_) | Packet::Delimiter => {}
            Packet::Flush | Packet::End => return Err(GitError::protocol("no pack")),
        }
    }
}

/// Takes the pack out of its side band.
pub(super) async fn receive(session: &mut Session) -> Result<Vec<u8>, GitError> {
    let mut pack = Vec::new();
    loop {
        match session.packet().await? {
            Packet::Data([1, data @ ..]) => pack.extend_from_slice(data),
            Packet::Data([2, ..]) => {}
            Packet::Data([3, words @ ..]) => {
                let words = words::clean(words);
                return Err(GitError::Remote { words });
            }
            Packet::Flush => return Ok(pack),
            _ => return Err(GitError::protocol("a packet between those of the pack")),
        }
    }
}
