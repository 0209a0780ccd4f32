//! The files that results are written to; this module must not know what is in them.

use clap::Args;

/// Where to write results.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Reports")]
pub struct ReportArgs {
    /// File for the results as variables
    ///
    /// The variables begin with GITOPS_BUMP_RESULT_; GitLab hands them to later jobs (`artifacts: reports: dotenv`).
    #[arg(long, value_name = "FILE")]
    pub report_dotenv: Option<String>,
    /// File for the results as JSON
    #[arg(long, value_name = "FILE")]
    pub report_json: Option<String>,
    /// File for links on the page of the GitLab job
    ///
    /// GitLab shows them as `artifacts: reports: annotations`.
    #[arg(long, value_name = "FILE")]
    pub report_annotations: Option<String>,
    /// File for the results as Markdown
    ///
    /// It is meant for a note on a merge request or a release.
    #[arg(long, value_name = "FILE")]
    pub report_markdown: Option<String>,
}

impl ReportArgs {
    /// Whether one of the reports shows where commits and merge requests are on the web.
    pub fn have_links(&self) -> bool {
        [&self.report_json, &self.report_annotations, &self.report_markdown].into_iter().any(Option::is_some)
    }
}
