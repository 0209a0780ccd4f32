//! Finds a branch's tip with `ls-refs` (gitprotocol-v2); this module must not fetch objects.

use git2::Oid;

use super::capabilities::{Capabilities, object_id};
use super::error::GitError;
use super::pkt::{self, Packet};
use super::transport::Session;

/// How many branches an error names.
pub(super) const MOST_NAMED: usize = 20;

/// How many refs are read at most.
const MOST_REFS: usize = 100_000;

/// A branch and the commit it stands at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tip {
    /// The short name, without `refs/heads/`.
    pub(super) branch: String,
    pub(super) id: Oid,
}

/// One line of `ls-refs`.
#[derive(Debug, PartialEq, Eq)]
struct Ref {
    name: String,
    /// None for a `HEAD` whose branch is not born yet.
    id: Option<Oid>,
    target: Option<String>,
}

/// Where a work branch stands; none when there is no such branch. The default branch is an error: a work branch is replaced.
pub(super) async fn work_branch(
    session: &mut Session,
    capabilities: &Capabilities,
    branch: &str,
) -> Result<Option<Oid>, GitError> {
    let wanted = work_name(branch)?;
    let refs = list(session, capabilities, &[&wanted, "HEAD"]).await?;
    if refs.iter().any(|found| found.name == "HEAD" && found.target.as_ref() == Some(&wanted)) {
        return Err(GitError::DefaultBranch { branch: branch.to_owned() });
    }
    Ok(refs.into_iter().find(|found| found.name == wanted).and_then(|found| found.id))
}

/// A branch's name without `refs/heads/`, which users may write.
pub(super) fn short_name(branch: &str) -> &str {
    branch.strip_prefix("refs/heads/").unwrap_or(branch)
}

/// The tip of a branch, or of the remote's default branch.
pub(super) async fn tip(
    session: &mut Session,
    capabilities: &Capabilities,
    branch: Option<&str>,
) -> Result<Tip, GitError> {
    let wanted = branch.map(wanted_name).transpose()?.unwrap_or_else(|| "HEAD".to_owned());
    let found = named(session, capabilities, &wanted).await?;
    let target = found.as_ref().and_then(|found| found.target.clone());
    let id = found.and_then(|found| found.id);
    // A name from the server is shown and asked for again, so it must be one.
    let target = target.filter(|target| is_name(target));
    let name = if branch.is_some() { Some(wanted) } else { target };
    let short = name.as_deref().and_then(|name| name.strip_prefix("refs/heads/"));
    match (short, id) {
        (Some(branch), Some(id)) => Ok(Tip { branch: branch.to_owned(), id }),
        _ => Err(missing(session, capabilities, short.unwrap_or("HEAD")).await?),
    }
}

/// The ref of this full name.
async fn named(session: &mut Session, capabilities: &Capabilities, name: &str) -> Result<Option<Ref>, GitError> {
    let refs = list(session, capabilities, &[name]).await?;
    Ok(refs.into_iter().find(|found| found.name == name))
}

/// The full name of a branch that is wanted.
pub(super) fn wanted_name(branch: &str) -> Result<String, GitError> {
    let name = full_name(branch);
    let missing = || GitError::BranchMissing { branch: branch.to_owned(), existing: Vec::new(), is_tag: false };
    is_name(&name).then_some(name).ok_or_else(missing)
}

/// The full name of a work branch, which need not be there.
pub(super) fn work_name(branch: &str) -> Result<String, GitError> {
    let name = full_name(branch);
    let wrong = || GitError::Unsupported(format!("{branch:?} is not a valid branch name"));
    is_name(&name).then_some(name).ok_or_else(wrong)
}

fn full_name(branch: &str) -> String {
    format!("refs/heads/{}", short_name(branch))
}

/// Whether Git would take it for a ref's name; of any length, it would not fit into a packet.
pub(super) fn is_name(name: &str) -> bool {
    name == "HEAD" || (name.len() < 4096 && git2::Reference::is_valid_name(name))
}

/// Finds out why there is no such branch.
async fn missing(session: &mut Session, capabilities: &Capabilities, branch: &str) -> Result<GitError, GitError> {
    let tag = format!("refs/tags/{branch}");
    let refs = list(session, capabilities, &["refs/heads/", &tag]).await?;
    if refs.is_empty() {
        return Ok(GitError::EmptyRepository);
    }
    let is_tag = refs.iter().any(|found| found.name == tag);
    let names = refs.iter().filter(|found| is_name(&found.name));
    let names = names.filter_map(|found| found.name.strip_prefix("refs/heads/"));
    Ok(GitError::BranchMissing {
        branch: branch.to_owned(),
        existing: names.take(MOST_NAMED).map(str::to_owned).collect(),
        is_tag,
    })
}

async fn list(session: &mut Session, capabilities: &Capabilities, prefixes: &[&str]) -> Result<Vec<Ref>, GitError> {
    session.send(request(capabilities, prefixes)).await?;
    let mut refs = Vec::new();
    while let Packet::Data(line) = session.packet().await? {
        if refs.len() >= MOST_REFS {
            return Err(GitError::Limit("it lists too many refs".to_owned()));
        }
        refs.push(parse(line).ok_or_else(|| GitError::protocol("a line in the list of refs"))?);
    }
    session.finish().await?;
    Ok(refs)
}

fn request(capabilities: &Capabilities, prefixes: &[&str]) -> Vec<u8> {
    let mut request = Vec::new();
    super::fetch::command(&mut request, "ls-refs", capabilities);
    pkt::line(&mut request, b"symrefs\n");
    if capabilities.has_feature("ls-refs", "unborn") {
        pkt::line(&mut request, b"unborn\n");
    }
    for prefix in prefixes {
        pkt::line(&mut request, format!("ref-prefix {prefix}\n").as_bytes());
    }
    pkt::flush(&mut request);
    request
}

/// `ID NAME [symref-target:NAME] …`, with `unborn` in place of the id where there is none.
fn parse(line: &[u8]) -> Option<Ref> {
    let text = std::str::from_utf8(line.strip_suffix(b"\n").unwrap_or(line)).ok()?;
    let mut words = text.split(' ');
    let id = match words.next()? {
        "unborn" => None,
        id => Some(object_id(id)?),
    };
    let name = words.next().filter(|name| !name.is_empty())?.to_owned();
    let target = words.find_map(|word| word.strip_prefix("symref-target:"));
    Some(Ref { name, id, target: target.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_ref() {
        let id = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        let read = parse(format!("{id} HEAD symref-target:refs/heads/main\n").as_bytes()).unwrap();
        assert_eq!((read.name.as_str(), read.target.as_deref()), ("HEAD", Some("refs/heads/main")));
        assert_eq!(read.id, object_id(id));
        let unborn = parse(b"unborn HEAD symref-target:refs/heads/main\n").unwrap();
        assert_eq!(unborn.id, None);
        for wrong in ["", "4b82 HEAD", id, "zz25dc642cb6eb9a060e54bf8d69288fbee4904 x"] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
