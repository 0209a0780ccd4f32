//! The world a test runs in: servers, a scratch directory, infra repositories and the binary; knows no promise of its own.

mod argocd;
mod argocd_list;
mod argocd_recording;
mod canaries;
mod container;
mod detour;
mod directory;
mod echo;
mod forge;
mod front;
mod gitea;
mod github;
mod gitlab;
mod liar;
mod nginx;
mod pipeline;
mod project;
mod proxy;
mod registry;
mod reporter;
mod repository;
mod run;
mod script;
mod secrets;
mod servers;
mod shelf;
mod silent;
mod sshd;
mod tools;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

pub(crate) use argocd::{ARGOCD_TOKEN, Argocd, COPY, Others, application};
pub(crate) use argocd_list::ManyApplications;
pub(crate) use argocd_recording::{Recording, Renders};
pub(crate) use canaries::Canaries;
pub(crate) use container::Image;
pub(crate) use detour::{Detour, Turn};
pub(crate) use directory::{read, write};
pub(crate) use echo::{Echo, Manner};
pub(crate) use forge::{Act, FORGE_TOKEN, Forge, Product, Way};
pub(crate) use gitlab::{GITLAB_TOKEN, Gitlab};
pub(crate) use liar::{liar, liar_in_full, says};
pub(crate) use nginx::{Fault, Faults, Nginx};
pub(crate) use pipeline::Pipeline;
pub(crate) use project::{Executor, Project};
pub(crate) use proxy::Proxy;
pub(crate) use registry::OwnRegistry;
pub(crate) use reporter::{Host, JOB_TOKEN, Reporter, Script, recorded, status};
pub(crate) use repository::Repository;
pub(crate) use run::{Bump, Run, copies_of};
pub(crate) use script::{copied_script, own, path_with, said, skopeo_home};
pub(crate) use secrets::Secret;
pub(crate) use servers::Servers;
pub(crate) use shelf::{Shelf, index_of};
pub(crate) use silent::Silent;
pub(crate) use sshd::{Sshd, key as ssh_key};
pub(crate) use tools::{
    browser, check_gitlab_ci, helm_template, helm_template_with, kubectl_kustomize, openssl, output_of, sign, tool,
};

/// A scratch directory, and a corner of its own on the servers that all tests share.
pub(crate) struct World {
    servers: &'static Servers,
    scratch: TempDir,
    corner: String,
}

impl World {
    pub(crate) fn new() -> Self {
        static WORLDS: AtomicUsize = AtomicUsize::new(1);
        let scratch = TempDir::with_prefix("gitops-bump-world").expect("a scratch directory can be made");
        for name in ["home", "tmp", "work"] {
            std::fs::create_dir(scratch.path().join(name)).expect("the scratch directory is writable");
        }
        Self {
            servers: Servers::running(),
            scratch,
            corner: format!("world-{}", WORLDS.fetch_add(1, Ordering::Relaxed)),
        }
    }

    pub(crate) fn servers(&self) -> &'static Servers {
        self.servers
    }

    /// The directory that the binary is started in.
    pub(crate) fn work(&self) -> PathBuf {
        self.scratch.path().join("work")
    }

    /// Writes a file below [`World::work`].
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        write(&self.work(), name, content.as_ref())
    }

    /// Reads a file below [`World::work`].
    pub(crate) fn read(&self, name: &str) -> String {
        read(&self.work(), name)
    }

    /// `HOST/CORNER/NAME` in the registry that asks for no password.
    pub(crate) fn repository(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.servers.registry, self.corner)
    }

    /// `HOST/CORNER/NAME` in the registry that asks for a password.
    pub(crate) fn private_repository(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.servers.private_registry, self.corner)
    }

    /// Pushes the image as `HOST/CORNER/NAME:TAG` and returns that reference.
    pub(crate) fn push(&self, name: &str, tag: &str) -> String {
        let reference = format!("{}:{tag}", self.repository(name));
        self.servers.push(&reference);
        reference
    }

    /// Pushes the image to the registry that asks for a password.
    pub(crate) fn push_private(&self, name: &str, tag: &str) -> String {
        let reference = format!("{}:{tag}", self.private_repository(name));
        self.servers.push(&reference);
        reference
    }

    /// An infra repository on the Git server, with one commit that holds the files.
    pub(crate) fn infra(&self, name: &str, files: &[(&str, &str)]) -> Repository {
        let repository = self.empty_infra(name);
        repository.commit("main", "first commit", files);
        repository
    }

    /// An infra repository on the Git server, without a commit.
    pub(crate) fn empty_infra(&self, name: &str) -> Repository {
        let path = format!("{}/{name}.git", self.corner);
        Repository::create(&self.servers.git_repositories, &path, &self.servers.git)
    }

    /// The binary with these arguments, in a scrubbed environment that holds the Git token alone.
    pub(crate) fn bump<S: AsRef<str>>(&self, arguments: impl IntoIterator<Item = S>) -> Bump {
        Bump::new(self.scratch.path(), self.servers, arguments)
    }

    /// The scratch directory, for what is not in [`World::work`].
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }
}

impl Drop for World {
    /// Whatever a test was about: Git finds the trailers of every commit that it made.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let corner = self.servers.git_repositories.join(&self.corner);
            Repository::below(&corner).iter().for_each(Repository::assert_trailers);
        }
    }
}
