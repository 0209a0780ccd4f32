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
    /// Copy of the repository that Argo CD reads
    ///
    /// Where Argo CD reads a copy instead of the infra repository, its applications name the copy. The address is compared with
    /// theirs; no request is made to it.
    #[arg(long, value_name = "URL")]
    pub mirror_copy: Option<String>,
    /// Argo CD server to wait for
    ///
    /// The run refreshes the applications and waits until they run the image. The token is ARGOCD_AUTH_TOKEN.
    #[arg(long, value_name = "URL")]
    pub argocd_server: Option<String>,
    /// Application to wait for; repeatable
    ///
    /// The form is NAME or NAMESPACE/NAME. Default: the applications that are made from what was changed.
    #[arg(long, value_name = "NAME")]
    pub argocd_app: Vec<String>,
    /// Labels of the applications to wait for
    ///
    /// The form is that of Kubernetes: `a=b,c in (d,e)`.
    #[arg(long, value_name = "LABELS")]
    pub argocd_selector: Option<String>,
    /// How long to wait for Argo CD [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub argocd_timeout: Option<Duration>,
    /// Commit status to wait for; repeatable
    ///
    /// The value is a pattern for the name, such as `kustomization/shop/*` of Flux. The status is that of the pushed commit, or of
    /// a later one.
    #[arg(long, value_name = "PATTERN")]
    pub wait_status: Vec<String>,
    /// How long to wait for statuses [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub wait_status_timeout: Option<Duration>,
    /// Record a deployment in the pipeline's project
    ///
    /// GitLab shows a deployment to --environment: as running, and then as success or failed, as the waits end.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_possible_values = true)]
    pub gitlab_deployment: Option<bool>,
}

/// The mirror of the infra repository.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "After the push")]
pub struct MirrorArgs {
    /// Project whose pipeline is the mirror
    ///
    /// The mirror is a pipeline that copies the infra repository to where Argo CD reads it, as on Cloud Pi Native. The value is the
    /// number of the project, or its path.
    #[arg(long, value_name = "ID")]
    pub mirror_project_id: Option<String>,
    /// Name of the infra repository in the mirror
    #[arg(long, value_name = "NAME")]
    pub mirror_repository: Option<String>,
    /// GitLab API of the mirror's project
    ///
    /// Default: `$CI_API_V4_URL`.
    #[arg(long, value_name = "URL")]
    pub mirror_url: Option<String>,
    /// When to mirror
    ///
    /// Default: changed.
    #[arg(long, value_enum)]
    pub mirror: Option<MirrorWhen>,
}
