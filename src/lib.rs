//! gitops-bump writes the tag of a freshly built image into GitOps infra repositories.

pub mod edit;
pub mod git;
pub mod http;
pub mod image;
pub mod registry;
pub mod secret;
pub mod tree;
