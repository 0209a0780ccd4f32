//! `check`: one line for each image on stdout, and nothing else there. This module must not check anything itself.

use std::io::IsTerminal as _;

use gitops_bump::cli::CheckArgs;
use gitops_bump::error::{Error, ExitCode as Code};
use gitops_bump::outcome::{Finished, Ledger};
use gitops_bump::registry::{CredentialSources, Depth};
use gitops_bump::report::{self, Report};
use gitops_bump::settings::{self, CheckSettings};
use tracing::info;

use super::Outside;
use super::begin::{known_config, registry_credentials};
use crate::signals::Signals;
use crate::task::{not_begun, report_error, reported};
use crate::terminal::Terminal;

/// Checks, and says what came of it.
pub(super) async fn run(args: &CheckArgs, outside: Outside<'_>, signals: &mut Signals) -> Code {
    let (_, terminal) = outside;
    let (settings, credentials) = match begun(args, outside) {
        Ok(begun) => begun,
        Err(error) => return not_begun(terminal, &args.reports, &error),
    };
    let on_terminal = std::io::stdout().is_terminal();
    let depth = if on_terminal || args.reports.report_json.is_some() { Depth::Details } else { Depth::Manifest };
    let ledger = Ledger::new(&settings.images, &[], |_, _, _| {});
    let finished = match signals.unless(gitops_bump::check(&settings, credentials, depth, &ledger)).await {
        Ok(Ok(())) => ledger.close(),
        Ok(Err(error)) => return not_begun(terminal, &args.reports, &error),
        Err(signal) => ledger.interrupted(signal),
    };
    let code = print(&finished, terminal);
    finished.failures().for_each(|error| terminal.error(error));
    if on_terminal {
        // Beside the lines, which are for pipes: stdout holds nothing else.
        report::table(&finished.images).lines().for_each(|line| info!("{line}"));
    }
    reported(terminal, &args.reports, Report::new(&finished), code)
}

fn begun(args: &CheckArgs, (environment, terminal): Outside<'_>) -> Result<(CheckSettings, CredentialSources), Error> {
    let config = known_config(args.config.as_deref(), (environment, terminal))?;
    let settings = settings::check(args, config.as_ref(), environment)?;
    terminal.hide(settings.secrets());
    let credentials = registry_credentials(environment, &settings.registry_servers, terminal)?;
    Ok((settings, credentials))
}

fn print(finished: &Finished, terminal: &Terminal) -> Code {
    let mut code = finished.exit_code(false);
    for verified in finished.images.iter().filter_map(|outcome| outcome.result.as_ref().ok()) {
        let repository = verified.repository();
        // The host also where Docker Hub's was left out: whoever reads the line need not know the short forms.
        let (host, path) = (repository.host(), repository.path());
        let tag = verified.tag().map(|tag| format!(":{tag}")).unwrap_or_default();
        let line = format!("{host}/{path}{tag}@{}\n", verified.digest());
        if let Err(error) = terminal.out(&line) {
            code = code.worse(report_error(terminal, &error));
        }
    }
    code
}
