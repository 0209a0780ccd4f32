//! Pushes one commit as a compare-and-swap (gitprotocol-pack, "Reference Update Request"); this module must never
//! force a push.

use git2::Oid;

use super::capabilities::{Capabilities, Receiving};
use super::commit::Commit;
use super::error::GitError;
use super::pkt::{self, Packet};
use super::report::{self, RefStatus};
use super::transport::Session;
use super::words::{self, Words};

/// What became of a push that nobody refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Push {
    /// The commit is the branch's tip.
    Done {
        /// What the server said to that.
        words: String,
    },
    /// The branch moved since its tip was read.
    LostRace {
        /// What the server said to that.
        words: String,
    },
}

/// The longest report that is read.
const MOST_REPORT: usize = 1 << 20;

/// A branch and where it must still stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Update<'a> {
    /// The short name.
    pub(super) branch: &'a str,
    /// None for a branch that must not be there yet.
    pub(super) old: Option<Oid>,
    /// What the server is asked to do besides.
    pub(super) options: &'a [String],
}

/// Pushes a commit to a branch that must still stand where the update says.
pub(super) async fn push(receiving: Receiving, update: Update<'_>, commit: &Commit) -> Result<Push, GitError> {
    let Receiving { capabilities, tip, mut session } = receiving;
    let branch = update.branch;
    require_report(&capabilities)?;
    if !update.options.is_empty() && !capabilities.has("push-options") {
        return Err(GitError::NoPushOptions);
    }
    let old = update.old.unwrap_or(Oid::ZERO_SHA1);
    if let Some(tip) = tip.filter(|tip| *tip != old) {
        let words = format!("{branch} is at {tip}, not at {old}");
        return Ok(Push::LostRace { words });
    }
    let name = format!("refs/heads/{branch}");
    session.send(request(&capabilities, &name, (old, update.options), commit)).await?;
    session.allow(MOST_REPORT);
    let (answer, talk) = if capabilities.has("side-band-64k") {
        side_band(&mut session).await?
    } else {
        (plain(&mut session).await?, String::new())
    };
    session.finish().await?;
    let cut = session.cut(&talk);
    session.close().await;
    judge(&answer, &name, &talk, cut)
}

/// An error when the server would not say what became of a push.
pub(super) fn require_report(capabilities: &Capabilities) -> Result<(), GitError> {
    if capabilities.has("report-status") {
        return Ok(());
    }
    Err(GitError::Unsupported("the Git server does not report the result of a push".to_owned()))
}

fn request(capabilities: &Capabilities, name: &str, (old, options): (Oid, &[String]), commit: &Commit) -> Vec<u8> {
    let wanted = ["report-status", "side-band-64k", "atomic", "quiet"];
    let mut asked: Vec<&str> = wanted.into_iter().filter(|name| capabilities.has(name)).collect();
    if !options.is_empty() {
        asked.push("push-options");
    }
    if capabilities.has("object-format") {
        asked.push("object-format=sha1");
    }
    if capabilities.has("agent") {
        asked.push(concat!("agent=gitops-bump/", env!("CARGO_PKG_VERSION")));
    }
    let mut request = Vec::with_capacity(commit.pack().len() + 512);
    let line = format!("{old} {} {name}\0 {}", commit.oid(), asked.join(" "));
    pkt::line(&mut request, line.as_bytes());
    pkt::flush(&mut request);
    if !options.is_empty() {
        for option in options {
            pkt::line(&mut request, option.as_bytes());
        }
        pkt::flush(&mut request);
    }
    request.extend_from_slice(commit.pack());
    request
}

/// Takes the report out of its side band, and what the server says beside it.
async fn side_band(session: &mut Session) -> Result<(Vec<u8>, String), GitError> {
    let mut report = Vec::new();
    let mut talk = Words::default();
    loop {
        match session.packet().await? {
            Packet::Data([1, data @ ..]) => report.extend_from_slice(data),
            Packet::Data([2, data @ ..]) => {
                talk.add(data);
            }
            Packet::Data([3, words @ ..]) => {
                let words = words::clean(words);
                return Err(GitError::Remote { words });
            }
            Packet::Flush => return Ok((report, talk.text())),
            _ => return Err(GitError::protocol("a packet between those of the report")),
        }
    }
}

/// Reads a report that has no side band around it.
async fn plain(session: &mut Session) -> Result<Vec<u8>, GitError> {
    let mut report = Vec::new();
    while let Packet::Data(line) = session.packet().await? {
        pkt::line(&mut report, line);
    }
    Ok(report)
}

fn judge(answer: &[u8], name: &str, talk: &str, cut: GitError) -> Result<Push, GitError> {
    let words =
        |reason: &str| [talk, reason].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
    match report::read(answer, name) {
        Ok(RefStatus::Accepted) => {
            tracing::debug!(words = talk, "the push is accepted");
            Ok(Push::Done { words: talk.to_owned() })
        }
        Ok(RefStatus::Rejected(reason)) if report::is_lost_race(&reason, talk) => {
            Ok(Push::LostRace { words: words(&reason) })
        }
        Ok(RefStatus::Rejected(reason)) => Err(GitError::Refused { words: words(&reason) }),
        Err(_) if report::is_cut(answer) => Err(cut),
        Err(error) if talk.is_empty() => Err(GitError::protocol(error.to_string())),
        Err(_) => Err(GitError::Remote { words: talk.to_owned() }),
    }
}
