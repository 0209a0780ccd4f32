//! A server's report on a push (gitprotocol-pack, "Report Status"), and what its words mean; this module must not
//! push again.

#![deny(clippy::disallowed_methods)]

use super::pkt::{self, Packet};
use super::words::clean;

/// How servers say that the branch moved: libgit2's and Git's own words, and GitLab's.
const LOST: [&str; 9] = [
    "incorrect old value provided",
    "fetch first",
    "non-fast-forward",
    "cannot lock ref",
    "stale info",
    "failed to update ref",
    "atomic transaction failed",
    "reference already exists",
    "remote ref has changed",
];

/// How a server says that the push would be turned down again, whatever else it says.
const REFUSED: [&str; 6] = [
    "hook declined",
    "protected branch",
    "you are not allowed",
    "gl-hook-err",
    "prohibited",
    // A branch `a` leaves no room for `a/b`, however often that is pushed.
    "exists; cannot create",
];

/// What became of the pushed ref.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefStatus {
    /// The ref is where it should be.
    Accepted,
    /// It isn't, for this reason.
    Rejected(String),
}

/// A report that breaks the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the report on the push is malformed or doesn't name the branch")]
pub struct ReportError;

/// Reads what a report says about a ref.
pub fn read(report: &[u8], name: &str) -> Result<RefStatus, ReportError> {
    let mut rest = report;
    let mut unpacked = false;
    while let Some((packet, taken)) = pkt::split(rest).map_err(|_| ReportError)? {
        rest = rest.get(taken..).unwrap_or_default();
        let Packet::Data(line) = packet else { break };
        let line = String::from_utf8_lossy(line.strip_suffix(b"\n").unwrap_or(line)).into_owned();
        match line.split_once(' ') {
            Some(("unpack", "ok")) => unpacked = true,
            Some(("unpack", reason)) => {
                return Ok(RefStatus::Rejected(format!("unpack failed: {}", clean(reason.as_bytes()))));
            }
            Some(("ok", found)) if found == name && unpacked => return Ok(RefStatus::Accepted),
            Some(("ng", found)) => {
                if let Some(reason) = found.strip_prefix(name).and_then(|rest| rest.strip_prefix(' ')) {
                    return Ok(RefStatus::Rejected(clean(reason.as_bytes())));
                }
            }
            _ => {}
        }
    }
    Err(ReportError)
}

/// Whether a report that doesn't name the branch is only the beginning of one, or nothing at all.
pub(super) fn is_cut(report: &[u8]) -> bool {
    let mut rest = report;
    loop {
        match pkt::split(rest) {
            Ok(Some((Packet::Data(line), taken))) if line.starts_with(b"unpack ok") => {
                rest = rest.get(taken..).unwrap_or_default();
            }
            Ok(Some((Packet::Flush, _)) | None) => return true,
            _ => return false,
        }
    }
}

/// Whether a rejection means that the branch moved meanwhile, so that the push can be made again on its new tip.
pub(super) fn is_lost_race(reason: &str, talk: &str) -> bool {
    let (reason, talk) = (reason.to_lowercase(), talk.to_lowercase());
    let is_refused = REFUSED.iter().any(|words| reason.contains(words) || talk.contains(words));
    !is_refused && LOST.iter().any(|words| reason.contains(words) || talk.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(lines: &[&str]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in lines {
            pkt::line(&mut bytes, line.as_bytes());
        }
        pkt::flush(&mut bytes);
        bytes
    }

    #[test]
    fn reads_each_outcome() {
        let main = "refs/heads/main";
        let read = |lines: &[&str]| read(&report(lines), main);
        assert_eq!(read(&["unpack ok\n", "ok refs/heads/main\n"]), Ok(RefStatus::Accepted));
        assert_eq!(
            read(&["unpack ok", "ok refs/heads/main2", "ng refs/heads/main pre-receive hook declined"]),
            Ok(RefStatus::Rejected("pre-receive hook declined".to_owned()))
        );
        assert_eq!(
            read(&["unpack index-pack abnormal exit", "ng refs/heads/main unpacker error"]),
            Ok(RefStatus::Rejected("unpack failed: index-pack abnormal exit".to_owned()))
        );
        assert_eq!(read(&["unpack ok"]), Err(ReportError));
        assert_eq!(read(&["ok refs/heads/main"]), Err(ReportError));
        assert_eq!(super::read(b"<html>", main), Err(ReportError));
        for (beginning, cut) in
            [("", true), ("0000", true), ("000eunpack ok\n", true), ("000eunpack ok\n0000", true), ("000eunp", true)]
        {
            assert_eq!(is_cut(beginning.as_bytes()), cut, "{beginning}");
        }
        for whole in ["<html>", "000eunpack ok\n0017ok refs/heads/next\n0000", "0015unpack no memory\n0000"] {
            assert!(!is_cut(whole.as_bytes()), "{whole}");
        }
    }

    #[test]
    fn tells_a_lost_race_from_a_refusal() {
        assert!(is_lost_race("failed to update ref", ""));
        assert!(is_lost_race("Incorrect old value provided", ""));
        assert!(is_lost_race("failed", "error: cannot lock ref 'refs/heads/main': is at 1 but expected 2"));
        assert!(!is_lost_race("pre-receive hook declined", ""));
        assert!(!is_lost_race("pre-receive hook declined", "please fetch first, then see the wiki"));
        assert!(!is_lost_race("failed to update ref", "GL-HOOK-ERR: You are not allowed to push code"));
        assert!(!is_lost_race("deny updating a hidden ref", ""));
        let no_room = "error: cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists; cannot create 'refs/heads/a/b'";
        assert!(!is_lost_race("failed to update ref", no_room));
    }
}
