//! One run of a command that writes versions into infra repositories: its ledger, its reports and its end, also by a signal. This
//! module must not know how a command finds its versions.

use gitops_bump::cli::ReportArgs;
use gitops_bump::error::{Error, ExitCode as Code};
use gitops_bump::outcome::{Finished, Ledger, News, RepositoryOutcome};
use gitops_bump::plan::PlannedRepository;
use gitops_bump::registry::CredentialSources;
use gitops_bump::report::{self, Line, Report};
use gitops_bump::settings::{Mode, PromoteSettings, RollbackSettings, Settings};
use gitops_bump::{diff, ports};
use tracing::{info, warn};

use crate::signals::Signals;
use crate::terminal::Terminal;

/// What is to be done.
pub(crate) enum Task {
    /// Writes images that were built, or makes or removes a preview.
    Planned {
        /// What it is to do.
        settings: Settings,
        /// The images' places.
        plan: Vec<PlannedRepository>,
    },
    /// Writes what another environment runs.
    Promote(PromoteSettings),
    /// Writes what ran before.
    Rollback(RollbackSettings),
}

impl Task {
    fn settings(&self) -> &Settings {
        match self {
            Self::Planned { settings, .. } => settings,
            Self::Promote(settings) => &settings.run,
            Self::Rollback(settings) => &settings.run,
        }
    }

    async fn work(&self, credentials: CredentialSources, ledger: &Ledger<'_>) -> Result<(), Error> {
        match self {
            Self::Planned { settings, plan } => gitops_bump::update(settings, plan, credentials, ledger).await,
            Self::Promote(settings) => gitops_bump::promote(settings, credentials, ledger).await,
            Self::Rollback(settings) => gitops_bump::rollback(settings, credentials, ledger).await,
        }
    }
}

/// Does what is to be done until it is done or a signal comes, and says and reports what it came to.
pub(crate) async fn run(
    begun: Result<(Task, CredentialSources), Error>,
    reports: &ReportArgs,
    (terminal, signals): (&Terminal, &mut Signals),
) -> Code {
    let (task, credentials) = match begun {
        Ok(begun) => begun,
        Err(error) => return not_begun(terminal, reports, &error),
    };
    let settings = task.settings();
    settings.notes().for_each(|note| info!("{note}"));
    let (images, plan): (&[_], &[_]) = match &task {
        Task::Planned { settings, plan } => (&settings.images, plan),
        Task::Promote(_) | Task::Rollback(_) => (&[], &[]),
    };
    let ledger = Ledger::new(images, plan, |finished, outcome, news| {
        match news {
            News::Pushed => {
                terminal.diff(&diff::unified(&outcome.files));
                say(report::published(outcome));
            }
            News::Opened => say(report::opened(outcome)),
        }
        if let Err(error) = write_reports(terminal, reports, Report::new(finished)) {
            warn!("{error}");
        }
    });
    let mut is_ended = false;
    let finished = match signals.unless(Box::pin(task.work(credentials, &ledger))).await {
        Ok(Ok(())) => ledger.close(),
        Ok(Err(error)) => return not_begun(terminal, reports, &error),
        Err(signal) => {
            is_ended = true;
            ledger.interrupted(signal)
        }
    };
    let code = finished.exit_code(settings.fail_on_unchanged);
    let code = match tell(terminal, &finished, settings.mode) {
        Ok(()) => code,
        Err(error) => code.worse(report_error(terminal, &error)),
    };
    let code = reported(terminal, reports, Report::new(&finished), code);
    if is_ended {
        // Whoever sent a signal may end the process any moment, so this comes last; another signal ends it at once.
        let hidden = terminal.redactor();
        signals.unless(gitops_bump::abandon(settings, &finished, &hidden)).await.unwrap_or_default();
    }
    code
}

/// Says what was not said when it was published.
fn tell(terminal: &Terminal, finished: &Finished, mode: Mode) -> Result<(), Error> {
    let is_told = |repository: &&RepositoryOutcome| repository.end.commit().is_some();
    let untold = finished.repositories.iter().filter(|repository| !is_told(repository));
    let diffs: String = untold.map(|repository| diff::unified(&repository.files)).collect();
    match mode {
        Mode::DryRun => {
            terminal.out(&diffs)?;
        }
        Mode::Publish => terminal.diff(&diffs),
    }
    say(report::summary(finished));
    finished.failures().for_each(|error| terminal.error(error));
    Ok(())
}

fn say(lines: Vec<Line>) {
    for line in lines {
        match line {
            Line::Info(text) => info!("{text}"),
            Line::Notice(text) => warn!("{text}"),
        }
    }
}

/// A run that failed before it did anything: said and reported.
pub(crate) fn not_begun(terminal: &Terminal, reports: &ReportArgs, error: &Error) -> Code {
    let mut report = Report::of_failure(error);
    report.name(|_| terminal.message(error));
    reported(terminal, reports, report, report_error(terminal, error))
}

/// Writes the reports; the code gets worse when one can't be written.
pub(crate) fn reported(terminal: &Terminal, reports: &ReportArgs, report: Report, code: Code) -> Code {
    match write_reports(terminal, reports, report) {
        Ok(()) => code,
        Err(error) => code.worse(report_error(terminal, &error)),
    }
}

fn write_reports(terminal: &Terminal, files: &ReportArgs, mut report: Report) -> Result<(), Error> {
    report.hide(|text| terminal.fact(text));
    let reports = [
        // Every value in them is filtered already; what is filtered again keeps its form.
        ("--report-dotenv", &files.report_dotenv, report.dotenv()),
        ("--report-json", &files.report_json, terminal.redact_json(&report.json())),
        ("--report-annotations", &files.report_annotations, terminal.redact_json(&report.annotations())),
        ("--report-markdown", &files.report_markdown, terminal.redact(&report.markdown())),
    ];
    for (flag, file, text) in reports {
        let Some(file) = file else { continue };
        ports::write_report(&format!("report {file} ({flag})"), file, &text)?;
    }
    Ok(())
}

/// Says an error, and gives its exit code.
pub(crate) fn report_error(terminal: &Terminal, error: &Error) -> Code {
    terminal.error(error);
    error.exit_code()
}
