//! `set`: the rewrite alone, on local files. This module must not read or write them itself.

use gitops_bump::cli::SetArgs;
use gitops_bump::error::{Error, ExitCode as Code};
use gitops_bump::rewrite::FileRewrite;
use gitops_bump::{diff, report, set, settings};
use tracing::warn;

use super::Outside;
use super::begin::warn_of_unknown;

/// Writes the files, and prints what changed.
pub(super) async fn run(args: &SetArgs, (environment, terminal): Outside<'_>) -> Result<Code, Error> {
    warn_of_unknown(None, environment);
    let settings = settings::set(args, environment)?;
    let files = set::run(&settings).await?;
    terminal.out(&diff::unified(&files))?;
    if files.iter().any(FileRewrite::is_changed) {
        return Ok(Code::Success);
    }
    let tags: Vec<_> = settings.images.iter().filter_map(|image| image.reference.tag.as_ref()).collect();
    warn!("{}", report::nothing_to_do(&tags));
    Ok(if settings.fail_on_unchanged { Code::Unchanged } else { Code::Success })
}
