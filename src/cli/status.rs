//! The flags of `status`; this module must not judge their values.

use clap::{Args, ValueEnum};

use super::NetworkArgs;

/// The flags of `status`.
#[derive(Args, Clone, Debug, Default)]
pub struct StatusArgs {
    /// Show only this image: [HOST[:PORT]/]PATH, a tag is ignored (repeatable) [default: every image of the files]
    #[arg(long = "image", value_name = "REF")]
    pub image: Vec<String>,
    /// Infra repository: https://…, http://…, ssh://…, user@host:path, file://… or a local path
    #[arg(long, value_name = "URL", help_heading = "Repository")]
    pub repo: Option<String>,
    /// Branch to look at [default: the remote's default branch]
    #[arg(long, value_name = "NAME", help_heading = "Repository")]
    pub branch: Option<String>,
    /// Helm values, or any YAML file with an image in it (repeatable)
    #[arg(long, value_name = "FILE[:PATH]", help_heading = "Targets")]
    pub helm: Vec<String>,
    /// Kustomization; NAME is the entry's `name:` (repeatable)
    #[arg(long, value_name = "DIR_OR_FILE[:NAME]", help_heading = "Targets")]
    pub kustomize: Vec<String>,
    /// Plain Kubernetes manifests; a directory means its *.yaml and *.yml (repeatable)
    #[arg(long, value_name = "FILE_OR_DIR", help_heading = "Targets")]
    pub manifest: Vec<String>,
    /// What <env> stands for in the file paths (repeatable) [default: every environment that the repository has]
    #[arg(long, value_name = "NAME", help_heading = "Targets")]
    pub environment: Vec<String>,
    /// Config file [default: .gitops-bump.yml when present]
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// How many commits of the branch to read, at most 500, to find each place's last bump; 0 reads none [default: 20]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(0..=500))]
    pub history: Option<u16>,
    /// How to print it [default: table]
    #[arg(long, value_enum)]
    pub format: Option<FormatArg>,
    /// How to reach servers.
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// `--format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// Columns, for a terminal
    #[default]
    Table,
    /// One object
    Json,
    /// A table for a wiki or a job's summary
    Markdown,
    /// One page that needs nothing else, for GitLab Pages
    Html,
}
