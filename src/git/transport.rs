//! One conversation with a Git service, over HTTP or a pipe alike; this module must not know what the packets mean.

use std::path::PathBuf;
use std::sync::Arc;

use super::error::GitError;
use super::hooks::Hooks;
use super::http::{HttpRemote, HttpService};
use super::pipe::Pipe;
use super::pkt::{self, Packet};
use super::service::Service;
use super::ssh::SshRemote;
use crate::http::Answer;
use crate::words;

/// How much one answer may be, unless a place sets another bound.
const MOST_ANSWER: usize = 16 << 20;

/// How a repository is reached.
#[derive(Debug)]
pub(super) enum Transport {
    Http(HttpRemote),
    Ssh(Arc<SshRemote>),
    Local(PathBuf, Hooks),
}

/// A conversation: what the service says first is its advertisement, then one answer after each request.
#[derive(Debug)]
pub(super) struct Session {
    wire: Wire,
    buffer: Vec<u8>,
    start: usize,
    budget: usize,
}

#[derive(Debug)]
enum Wire {
    Http { service: HttpService, answer: Option<Answer> },
    Pipe { pipe: Pipe, end: Peer },
}

/// What is at the other end of a pipe.
#[derive(Debug)]
enum Peer {
    Ssh(Arc<SshRemote>),
    Local(PathBuf),
}

impl Transport {
    /// Starts a conversation.
    pub(super) async fn open(&self, service: Service) -> Result<Session, GitError> {
        match self {
            Self::Http(remote) => {
                let (service, answer) = remote.advertisement(service).await?;
                let answer = Some(answer);
                Ok(Session::new(Wire::Http { service, answer }))
            }
            Self::Local(path, _) if !path.is_dir() => {
                Err(GitError::RepositoryMissing { url: path.display().to_string(), words: String::new() })
            }
            Self::Local(path, hooks) => {
                let pipe = Pipe::local(path, *hooks, service)?;
                Ok(Session::new(Wire::Pipe { pipe, end: Peer::Local(path.clone()) }))
            }
            Self::Ssh(remote) => {
                let pipe = Pipe::ssh(remote, service).await?;
                Ok(Session::new(Wire::Pipe { pipe, end: Peer::Ssh(Arc::clone(remote)) }))
            }
        }
    }
}

impl Transport {
    /// Says that the server speaks an earlier version, what that costs, and what ends it.
    pub(super) fn remark_on_age(&self) {
        match self {
            Self::Ssh(remote) => tracing::debug!(
                "{} uses version 0 of Git's protocol over SSH, so each fetch needs its own connection; to avoid \
                 this, add `AcceptEnv GIT_PROTOCOL` to the configuration of its sshd",
                remote.server()
            ),
            Self::Http(remote) => tracing::debug!(
                "{} uses version 0 of Git's protocol, so it always lists all its refs first; if a proxy is in front \
                 of it, let the proxy forward the header Git-Protocol",
                remote.host()
            ),
            Self::Local(path, _) => tracing::debug!(
                "git uses version 0 of its protocol for {}; a newer version of git needs fewer processes",
                path.display()
            ),
        }
    }
}

impl Session {
    fn new(wire: Wire) -> Self {
        Self { wire, buffer: Vec::new(), start: 0, budget: MOST_ANSWER }
    }

    /// A conversation with a service whose advertisement is known already.
    pub(super) fn resume(service: HttpService) -> Self {
        Self::new(Wire::Http { service, answer: None })
    }

    /// What a later conversation can be resumed from; none over a pipe, which always starts anew.
    pub(super) fn service(&self) -> Option<&HttpService> {
        match &self.wire {
            Wire::Http { service, .. } => Some(service),
            Wire::Pipe { .. } => None,
        }
    }

    /// Lets further requests ask for no version of the protocol.
    pub(super) fn ask_for_no_version(&mut self) {
        if let Wire::Http { service, .. } = &mut self.wire {
            service.ask_for_no_version();
        }
    }

    /// Leaves the rest of an answer unread.
    pub(super) fn skip(&mut self) {
        if let Wire::Http { answer, .. } = &mut self.wire {
            *answer = None;
        }
    }

    /// Sends a request; the packets that follow are its answer.
    pub(super) async fn send(&mut self, request: Vec<u8>) -> Result<(), GitError> {
        self.buffer.clear();
        self.start = 0;
        self.budget = MOST_ANSWER;
        match &mut self.wire {
            Wire::Http { service, answer } => {
                *answer = Some(service.post(request).await?);
                Ok(())
            }
            Wire::Pipe { pipe, .. } => match pipe.write(&request).await {
                Ok(()) => Ok(()),
                Err(error) => Err(self.broken(error).await),
            },
        }
    }

    /// Sets how many bytes the answer may still have.
    pub(super) fn allow(&mut self, budget: usize) {
        self.budget = budget;
    }

    /// The next packet. A server's parting word (`ERR …`) is an error.
    pub(super) async fn packet(&mut self) -> Result<Packet<'_>, GitError> {
        let length = loop {
            let rest = self.buffer.get(self.start..).unwrap_or_default();
            match pkt::split(rest) {
                Ok(Some((_, length))) => break length,
                Ok(None) => {
                    if !self.fill().await? {
                        return Err(self.ended().await);
                    }
                }
                Err(error) => return Err(GitError::protocol(error.to_string())),
            }
        };
        let start = self.start;
        self.start += length;
        let frame = self.buffer.get(start..self.start).unwrap_or_default();
        match pkt::split(frame) {
            Ok(Some((Packet::Data(data), _))) => match data.strip_prefix(b"ERR ") {
                Some(words) => Err(GitError::Remote { words: words::clean(words) }),
                None => Ok(Packet::Data(data)),
            },
            Ok(Some((packet, _))) => Ok(packet),
            _ => Err(GitError::protocol("a packet that is not valid")),
        }
    }

    /// The rest of an answer that has no packets.
    pub(super) async fn rest(&mut self) -> Result<Vec<u8>, GitError> {
        while self.fill().await? {}
        self.start = 0;
        Ok(std::mem::take(&mut self.buffer))
    }

    /// Reads to the end of the answer, so that the connection can be used again.
    pub(super) async fn finish(&mut self) -> Result<(), GitError> {
        // A connection that breaks only now has done its work.
        if let Wire::Http { answer, .. } = &mut self.wire
            && let Some(mut rest) = answer.take()
            && rest.more().await.is_ok_and(|piece| piece.is_some())
        {
            return Err(GitError::protocol("it has more data after its end"));
        }
        Ok(())
    }

    /// Ends a conversation that is over. A local service may still have hooks to run.
    pub(super) async fn close(self) {
        if let Wire::Pipe { pipe, end: Peer::Local(_) } = self.wire {
            pipe.close().await;
        }
    }

    /// Takes more from the wire; false at its end.
    async fn fill(&mut self) -> Result<bool, GitError> {
        self.buffer.drain(..self.start.min(self.buffer.len()));
        self.start = 0;
        let before = self.buffer.len();
        match &mut self.wire {
            Wire::Http { service, answer } => {
                if let Some(answer) = answer {
                    let piece = answer.more().await.map_err(|error| service.remote().failed(error))?;
                    self.buffer.extend_from_slice(piece.as_ref().map(AsRef::as_ref).unwrap_or_default());
                }
            }
            Wire::Pipe { pipe, .. } => match pipe.read().await {
                Ok(chunk) => self.buffer.extend_from_slice(&chunk),
                Err(error) => return Err(self.broken(error).await),
            },
        }
        let taken = self.buffer.len() - before;
        let budget = self.budget.checked_sub(taken);
        self.budget = budget.ok_or_else(|| GitError::Limit("it does not end".to_owned()))?;
        Ok(taken > 0)
    }

    /// The error for an answer that stops in its middle.
    async fn ended(&mut self) -> GitError {
        match &mut self.wire {
            Wire::Http { service, .. } => service.remote().cut(""),
            Wire::Pipe { pipe, end } => {
                let (status, words) = pipe.end().await;
                match (status, end) {
                    (Some(status), _) if words.is_empty() => GitError::protocol(format!("it ended with {status}")),
                    (_, Peer::Ssh(remote)) => remote.failure(words),
                    (_, Peer::Local(path)) if words.contains("does not appear to be a git repository") => {
                        GitError::RepositoryMissing { url: path.display().to_string(), words }
                    }
                    _ => GitError::Remote { words },
                }
            }
        }
    }

    /// The error for an answer that is not whole, with what was said beside it.
    pub(super) fn cut(&self, talk: &str) -> GitError {
        match &self.wire {
            Wire::Http { service, .. } => service.remote().cut(talk),
            Wire::Pipe { end: Peer::Ssh(remote), .. } => GitError::cut(remote.server(), talk),
            Wire::Pipe { .. } if talk.is_empty() => GitError::protocol("it is incomplete"),
            Wire::Pipe { .. } => GitError::Remote { words: talk.to_owned() },
        }
    }

    async fn broken(&mut self, error: std::io::Error) -> GitError {
        let host = match &self.wire {
            Wire::Pipe { end: Peer::Local(path), .. } => path.display().to_string(),
            Wire::Pipe { end: Peer::Ssh(remote), .. } => remote.server(),
            Wire::Http { service, .. } => service.remote().host(),
        };
        match error.kind() {
            // The process is gone; its last words say more than a broken pipe.
            std::io::ErrorKind::BrokenPipe => self.ended().await,
            _ => GitError::Unreachable { host, source: error.into() },
        }
    }
}
