//! gitops-bump writes the tag of a freshly built image into GitOps infra repositories.
//!
//! Data flows one way: `cli` and `config` describe the run, `settings` merges them, `plan` makes it a value; `registry`
//! checks the images while `git` fetches the files; `rewrite` and `edit` work out the new text; `update` commits and
//! pushes; `report` says what happened. ARCHITECTURE.md has the picture and the rules.

pub mod cli;
pub mod config;
pub mod edit;
pub mod environment;
pub mod git;
pub mod http;
pub mod image;
pub mod links;
pub mod plan;
pub mod registry;
pub mod secret;
pub mod settings;
pub mod text;
pub mod tree;
