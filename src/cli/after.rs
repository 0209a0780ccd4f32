//! The flags of what happens after the push; this module must not know a default of the job.

use std::time::Duration;

use clap::Args;

use crate::choices::MirrorWhen;

/// The mirror and the controller.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "After the push")]
pub struct AfterArgs {
    /// The mirror.
    #[command(flatten)]
    pub mirror: MirrorArgs,
    /// Copy of the infra repository that Argo CD reads instead of it; it is only compared, never asked
    #[arg(long, value_name = "URL")]
    pub mirror_copy: Option<String>,
    /// Argo CD server that is to run the image; its token is `ARGOCD_AUTH_TOKEN`
    #[arg(long, value_name = "URL")]
    pub argocd_server: Option<String>,
    /// Application to refresh and wait for, as NAME or NAMESPACE/NAME [default: those made from what was edited] (repeatable)
    #[arg(long, value_name = "NAME")]
    pub argocd_app: Vec<String>,
    /// Labels of the applications to wait for, as Kubernetes writes them: `a=b,c in (d,e)`
    #[arg(long, value_name = "LABELS")]
    pub argocd_selector: Option<String>,
    /// How long it may take until the application runs the image [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub argocd_timeout: Option<Duration>,
    /// Commit statuses to wait for on the pushed commit or a later one, by name, as `kustomization/shop/*` of Flux (repeatable)
    #[arg(long, value_name = "PATTERN")]
    pub wait_status: Vec<String>,
    /// How long it may take until these statuses say success [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub wait_status_timeout: Option<Duration>,
    /// Record a deployment of --environment in the pipeline's project: running, then success or failed as the waits tell
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub gitlab_deployment: Option<bool>,
}

/// The mirror of the infra repository.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "After the push")]
pub struct MirrorArgs {
    /// Project whose pipeline mirrors the infra repository (Cloud Pi Native)
    #[arg(long, value_name = "ID")]
    pub mirror_project_id: Option<String>,
    /// Name of the infra repository there
    #[arg(long, value_name = "NAME")]
    pub mirror_repository: Option<String>,
    /// GitLab API of that project [default: `$CI_API_V4_URL`]
    #[arg(long, value_name = "URL")]
    pub mirror_url: Option<String>,
    /// Trigger the mirror when something was pushed, or also when nothing had to change [default: changed]
    #[arg(long, value_enum)]
    pub mirror: Option<MirrorWhen>,
}
