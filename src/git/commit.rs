//! Makes a commit on a tip without a working tree; this module must not read a clock or talk to a server.

#![deny(clippy::disallowed_methods)]

use std::fmt;

use git2::{Buf, Config, ObjectType, Odb, Oid, Repository, Signature, Time};

use super::error::GitError;
use super::graft::{Change, Plan};
use super::header::Header;
use super::signing::SigningKey;
use super::store::Store;

/// A commit's message, people and time.
#[derive(Clone, Debug)]
pub struct CommitMeta {
    /// The whole message.
    pub message: String,
    /// Who made the change.
    pub author: Identity,
    /// Who made the commit.
    pub committer: Identity,
    /// Seconds since 1970.
    pub time: i64,
    /// Minutes east of Greenwich.
    pub offset: i32,
    /// Who signs; none leaves the commit unsigned.
    pub signing_key: Option<SigningKey>,
}

/// A name and a mail address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    name: String,
    email: String,
}

/// A text that is no `NAME <EMAIL>`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not of the form NAME <EMAIL>")]
pub struct IdentityError(String);

/// A commit that is made and not yet pushed.
#[derive(Clone, Debug)]
pub struct Commit {
    id: Oid,
    header: Header,
    pack: Vec<u8>,
}

impl Identity {
    /// Takes a name and an address that Git would take, too.
    pub fn new(name: &str, email: &str) -> Result<Self, IdentityError> {
        let wrong = || IdentityError(format!("{name} <{email}>"));
        let (name, email) = (name.trim(), email.trim());
        if [name, email].iter().any(|text| text.contains(['<', '>']) || text.contains(char::is_control)) {
            return Err(wrong());
        }
        Signature::new(name, email, &Time::new(0, 0)).map_err(|_| wrong())?;
        Ok(Self { name: name.to_owned(), email: email.to_owned() })
    }

    /// Parses `NAME <EMAIL>`.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let wrong = || IdentityError(text.to_owned());
        let rest = text.trim().strip_suffix('>').ok_or_else(wrong)?;
        let (name, email) = rest.split_once('<').ok_or_else(wrong)?;
        Self::new(name, email).map_err(|_| wrong())
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The mail address.
    pub fn email(&self) -> &str {
        &self.email
    }

    fn sign(&self, meta: &CommitMeta) -> Result<Signature<'static>, git2::Error> {
        Signature::new(&self.name, &self.email, &Time::new(meta.time, meta.offset))
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.email)
    }
}

impl Commit {
    /// The commit's id in hexadecimal digits.
    pub fn id(&self) -> String {
        self.id.to_string()
    }

    pub(super) fn oid(&self) -> Oid {
        self.id
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// The new objects alone, packed.
    pub(super) fn pack(&self) -> &[u8] {
        &self.pack
    }
}

/// Makes a commit on the tip with these changes.
pub(super) fn commit(store: &Store, tip: Oid, changes: &[Change], meta: &CommitMeta) -> Result<Commit, GitError> {
    let plan = Plan::of(changes)?;
    let mut objects = Objects::new(store)?;
    let top = plan.apply((store, store.top(tip)?), &mut |kind, content| objects.write(kind, content))?;
    let (id, header) = objects.commit(tip, top, meta)?;
    Ok(Commit { id, header, pack: objects.pack()? })
}

/// Git's objects in memory: the fetched ones that a commit builds on, and the new ones.
struct Objects<'a> {
    store: &'a Store,
    repository: Repository,
    new: Vec<Oid>,
}

impl<'a> Objects<'a> {
    fn new(store: &'a Store) -> Result<Self, git2::Error> {
        let odb = Odb::new()?;
        odb.add_new_mempack_backend(1)?;
        let repository = Repository::from_odb(odb)?;
        // Without one, libgit2 would look for the user's on the disk.
        repository.set_config(&Config::new()?)?;
        Ok(Self { store, repository, new: Vec::new() })
    }

    fn commit(&mut self, tip: Oid, top: Oid, meta: &CommitMeta) -> Result<(Oid, Header), GitError> {
        let parent = self.store.object(tip, ObjectType::Commit)?;
        self.repository.odb()?.write(ObjectType::Commit, &parent)?;
        let commit = self.buffer(tip, top, meta)?;
        let signed = match &meta.signing_key {
            Some(key) => with_signature(&commit, &key.sign(&commit)?),
            None => commit.to_vec(),
        };
        Ok((self.write(ObjectType::Commit, &signed)?, Header::parse(&signed)))
    }

    fn buffer(&self, tip: Oid, top: Oid, meta: &CommitMeta) -> Result<Buf, git2::Error> {
        let (author, committer) = (meta.author.sign(meta)?, meta.committer.sign(meta)?);
        let message = format!("{}\n", meta.message.trim_end());
        let tree = self.repository.find_tree(top)?;
        let parent = self.repository.find_commit(tip)?;
        self.repository.commit_create_buffer(&author, &committer, &message, &tree, &[&parent])
    }

    fn write(&mut self, kind: ObjectType, content: &[u8]) -> Result<Oid, git2::Error> {
        let id = self.repository.odb()?.write(kind, content)?;
        // What was fetched is on the server already.
        if !self.store.has(id) {
            self.new.push(id);
        }
        Ok(id)
    }

    fn pack(&self) -> Result<Vec<u8>, git2::Error> {
        let mut builder = self.repository.packbuilder()?;
        for id in &self.new {
            builder.insert_object(*id, None)?;
        }
        let mut pack = Buf::new();
        builder.write_buf(&mut pack)?;
        Ok(pack.to_vec())
    }
}

/// Puts a signature behind the other headers; its further lines begin with a space (gitformat-signature).
fn with_signature(commit: &[u8], signature: &str) -> Vec<u8> {
    let end = commit.windows(2).position(|window| window == b"\n\n").unwrap_or(commit.len());
    let (headers, message) = commit.split_at(end);
    let header = format!("\ngpgsig {}", signature.replace('\n', "\n "));
    [headers, header.as_bytes(), message].concat()
}
