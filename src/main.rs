//! The command line: parses, runs, prints, exits. Everything else is the library's.

use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use gitops_bump::cli::{
    self, CheckArgs, CliError, Command, ConfigCommand, FormatArg, InitArgs, LogArgs, PreviewCommand, PromoteArgs,
    ReportArgs, RollbackArgs, RunArgs, SetArgs, StatusArgs, UpdateArgs,
};
use gitops_bump::environment::Environment;
use gitops_bump::error::{Error, ExitCode as Code, Stage};
use gitops_bump::outcome::Ledger;
use gitops_bump::registry::{CredentialSources, Depth};
use gitops_bump::report::{self, Report};
use gitops_bump::secret::{Audience, SharedRedactor};
use gitops_bump::settings::{self, ConfigText};
use gitops_bump::status::{self};
use gitops_bump::{config, diff, init, local, ports, set, show};
use signals::Signals;
use task::{Task, not_begun, report_error, reported};
use terminal::Terminal;
use tracing::{info, warn};

mod signals;
mod task;
mod terminal;

fn main() -> ExitCode {
    let environment: Environment = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect();
    let argv: Vec<OsString> = std::env::args_os().collect();
    let arguments: Vec<String> = argv.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    // Known before anything is parsed: an error repeats what it was given.
    let redactor = SharedRedactor::new(settings::redactor(&environment, &arguments, is_file));
    let cli = match cli::parse(&argv, &environment) {
        Ok(cli) => cli,
        Err(CliError::Usage(error)) => {
            terminal::usage(&error, &redactor);
            return ExitCode::from(if error.use_stderr() { Code::Usage as u8 } else { 0 });
        }
        Err(error) => {
            let terminal = Terminal::start(&LogArgs::default(), &environment, redactor);
            return failed(&terminal, &error.into());
        }
    };
    let terminal = Terminal::start(&cli.log, &environment, redactor);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&terminal, &anyhow::Error::from(error).into()),
    };
    let code = runtime.block_on(command(cli.command, &environment, &terminal));
    // A name that is still being looked up on a thread of its own does not keep a run from ending.
    runtime.shutdown_background();
    ExitCode::from(code as u8)
}

async fn command(command: Command, environment: &Environment, terminal: &Terminal) -> Code {
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return report_error(terminal, &anyhow::Error::from(error).into()),
    };
    let stopped = |signal| Err(Error::Interrupted { signal, stage: Stage::NothingPushed });
    let result = match command {
        Command::Update(args) => {
            let begun = resolved(&args, environment, terminal);
            return planned(begun, &args.run.publish.reports, (environment, terminal), &mut signals).await;
        }
        Command::Preview(command) => {
            let begun = previewed(&command, environment, terminal);
            return planned(begun, &command.run().publish.reports, (environment, terminal), &mut signals).await;
        }
        Command::Promote(args) => return promote(&args, environment, terminal, &mut signals).await,
        Command::Rollback(args) => return rollback(&args, environment, terminal, &mut signals).await,
        Command::Check(args) => return check(&args, environment, terminal, &mut signals).await,
        Command::Set(args) => signals.unless(set(&args, environment, terminal)).await.unwrap_or_else(stopped),
        Command::Status(args) => signals.unless(status(&args, environment, terminal)).await.unwrap_or_else(stopped),
        Command::Init(args) => signals.unless(init(&args, environment, terminal)).await.unwrap_or_else(stopped),
        Command::Config(ConfigCommand::Schema) => terminal.out_json(&format!("{:#}\n", config::schema())),
        Command::Config(ConfigCommand::Validate(args)) => validate(&args, environment, terminal),
        Command::Config(ConfigCommand::Show(args)) => described(&args, environment, terminal)
            .and_then(|(settings, _)| terminal.out(&show::yaml(&settings, |text| terminal.fact(text)))),
    };
    result.unwrap_or_else(|error| {
        terminal.error(&error);
        error.exit_code()
    })
}

/// Runs a command that is planned before anything is read.
async fn planned(
    begun: Result<Resolved, Error>,
    reports: &ReportArgs,
    (environment, terminal): (&Environment, &Terminal),
    signals: &mut Signals,
) -> Code {
    let begun = begun.and_then(|(settings, plan)| {
        let credentials = registry_credentials(environment, &settings.registry_servers, terminal)?;
        Ok((Task::Planned { settings, plan }, credentials))
    });
    task::run(begun, reports, (terminal, signals)).await
}

async fn promote(args: &PromoteArgs, environment: &Environment, terminal: &Terminal, signals: &mut Signals) -> Code {
    let begun = run_config(&args.run, environment, terminal).and_then(|config| {
        let settings = settings::promote(args, config.as_ref(), environment)?;
        terminal.hide(settings.secrets());
        let credentials = registry_credentials(environment, &settings.run.registry_servers, terminal)?;
        Ok((Task::Promote(settings), credentials))
    });
    task::run(begun, &args.run.publish.reports, (terminal, signals)).await
}

async fn rollback(args: &RollbackArgs, environment: &Environment, terminal: &Terminal, signals: &mut Signals) -> Code {
    let begun = run_config(&args.run, environment, terminal).and_then(|config| {
        let settings = settings::rollback(args, config.as_ref(), environment)?;
        terminal.hide(settings.run.secrets());
        let credentials = registry_credentials(environment, &settings.run.registry_servers, terminal)?;
        Ok((Task::Rollback(settings), credentials))
    });
    task::run(begun, &args.run.publish.reports, (terminal, signals)).await
}

async fn check(args: &CheckArgs, environment: &Environment, terminal: &Terminal, signals: &mut Signals) -> Code {
    let begun = known_config(args.config.as_deref(), environment, terminal).and_then(|config| {
        let settings = settings::check(args, config.as_ref(), environment)?;
        terminal.hide(settings.secrets());
        let credentials = registry_credentials(environment, &settings.registry_servers, terminal)?;
        Ok((settings, credentials))
    });
    let (settings, credentials) = match begun {
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
    finished.failures().for_each(|error| terminal.error(error));
    if on_terminal {
        // Beside the lines, which are for pipes: stdout holds nothing else.
        report::table(&finished.images).lines().for_each(|line| info!("{line}"));
    }
    reported(terminal, &args.reports, Report::new(&finished), code)
}

async fn set(args: &SetArgs, environment: &Environment, terminal: &Terminal) -> Result<Code, Error> {
    let settings = settings::set(args, environment)?;
    let files = set::run(&settings).await?;
    terminal.out(&diff::unified(&files))?;
    if files.iter().any(gitops_bump::rewrite::FileRewrite::is_changed) {
        return Ok(Code::Success);
    }
    let tags: Vec<_> = settings.images.iter().filter_map(|image| image.reference.tag.as_ref()).collect();
    warn!("{}", report::nothing_to_do(&tags));
    Ok(if settings.fail_on_unchanged { Code::Unchanged } else { Code::Success })
}

/// Reports and doesn't judge: only a repository that can't be read makes the exit code other than 0.
async fn status(args: &StatusArgs, environment: &Environment, terminal: &Terminal) -> Result<Code, Error> {
    let config = if args.repository.url.is_some() && args.config.is_none() {
        None
    } else {
        known_config(args.config.as_deref(), environment, terminal)?
    };
    let settings = settings::status(args, config.as_ref(), environment)?;
    terminal.hide(settings.secrets());
    let credentials = registry_credentials(environment, &settings.registry_servers, terminal)?;
    let mut looked = gitops_bump::status(&settings, credentials, std::time::SystemTime::now()).await?;
    looked.status.hide(|text| terminal.fact(text));
    let text = match settings.format {
        FormatArg::Table => status::table(&looked.status),
        FormatArg::Json => looked.status.json(),
        FormatArg::Markdown => status::markdown(&looked.status),
        FormatArg::Html => status::html(&looked.status).map_err(anyhow::Error::from)?,
    };
    let is_json = settings.format == FormatArg::Json;
    match &settings.output {
        Some(file) => {
            let text = if is_json { terminal.redact_json(&text) } else { terminal.redact(&text) };
            let what = format!("output {file}");
            local::write(file, text.as_bytes()).map_err(|error| Error::File { what, source: error.source })?;
        }
        None if is_json => terminal.out_json(&text).map(drop)?,
        None => terminal.out(&text).map(drop)?,
    }
    for repository in &looked.status.repositories {
        repository.problems.iter().for_each(|problem| warn!("{}: {problem}", repository.short));
    }
    Ok(looked.errors.iter().fold(Code::Success, |code, error| code.worse(report_error(terminal, error))))
}

async fn init(args: &InitArgs, environment: &Environment, terminal: &Terminal) -> Result<Code, Error> {
    let settings = settings::init(args, environment)?;
    terminal.hide(settings.credentials.iter().map(|credentials| credentials.to_hide().clone()));
    if let Some(file) = &settings.output
        && Path::new(file).symlink_metadata().is_ok()
    {
        return Err(Error::Exists { what: format!("proposal {file}") });
    }
    let proposed = init::run(&settings, &terminal.redactor()).await?;
    match &settings.output {
        Some(file) => write_new(file, &terminal.redact(&proposed.text))?,
        None => {
            terminal.out(&proposed.text)?;
        }
    }
    info!("{}", proposed.summary);
    for command in &proposed.commands {
        info!("{command}");
    }
    Ok(Code::Success)
}

/// Writes a file that must not be there yet.
fn write_new(file: &str, text: &str) -> Result<(), Error> {
    let what = format!("proposal {file}");
    let failed = |source: std::io::Error| match source.kind() {
        std::io::ErrorKind::AlreadyExists => Error::Exists { what: what.clone() },
        _ => Error::File { what: what.clone(), source },
    };
    let mut opened = std::fs::File::create_new(file).map_err(failed)?;
    opened.write_all(text.as_bytes()).map_err(failed)
}

fn validate(args: &UpdateArgs, environment: &Environment, terminal: &Terminal) -> Result<Code, Error> {
    let (settings, plan) = described(args, environment, terminal)?;
    let targets: usize = plan.iter().map(|repository| repository.targets.len()).sum();
    settings.notes().for_each(|note| info!("{note}"));
    settings.freeze.upcoming(std::time::SystemTime::now()).for_each(|sentence| info!("{sentence}"));
    info!("valid: {} images, {} repositories, {targets} targets", settings.images.len(), plan.len());
    Ok(Code::Success)
}

type Resolved = (settings::Settings, Vec<gitops_bump::plan::PlannedRepository>);

/// Settings and plan; their secrets are hidden from then on.
fn resolved(args: &UpdateArgs, environment: &Environment, terminal: &Terminal) -> Result<Resolved, Error> {
    let config = run_config(&args.run, environment, terminal)?;
    let settings = settings::update(args, config.as_ref(), environment)?;
    terminal.hide(settings.secrets());
    let plan = gitops_bump::plan(&settings)?;
    Ok((settings, plan))
}

/// The config file of a run that writes; that it is read beside flags which name a repository is said.
fn run_config(args: &RunArgs, environment: &Environment, terminal: &Terminal) -> Result<Option<ConfigText>, Error> {
    let config = known_config(args.publish.config.as_deref(), environment, terminal)?;
    if let Some(config) =
        config.as_ref().filter(|_| args.publish.config.is_none() && args.publish.repository.url.is_some())
    {
        let file = &config.file;
        info!(
            "{file} is read, too: its keys count but for images and repositories, which the flags give (--config /dev/null: none)"
        );
    }
    Ok(config)
}

/// The same for `preview`.
fn previewed(command: &PreviewCommand, environment: &Environment, terminal: &Terminal) -> Result<Resolved, Error> {
    let config = known_config(command.run().publish.config.as_deref(), environment, terminal)?;
    let settings = settings::preview(command, config.as_ref(), environment)?;
    terminal.hide(settings.secrets());
    let plan = gitops_bump::plan(&settings)?;
    Ok((settings, plan))
}

/// Where registry credentials may come from; their secrets are hidden from then on.
fn registry_credentials(
    environment: &Environment,
    servers: &Audience,
    terminal: &Terminal,
) -> Result<CredentialSources, Error> {
    let mut sources = ports::registry_credentials(environment, servers)?;
    terminal.hide(sources.secrets());
    sources.hidden = terminal.redactor();
    Ok(sources)
}

/// The same for people who look at a config file: it may leave images and repositories to the flags.
fn described(args: &UpdateArgs, environment: &Environment, terminal: &Terminal) -> Result<Resolved, Error> {
    let config = known_config(args.run.publish.config.as_deref(), environment, terminal)?;
    if config.is_none() && args.run.publish.repository.url.is_none() {
        let text = format!("there is no {} here, and no --config or --repo is given", config::DEFAULT_FILE);
        return Err(settings::SettingsError::Usage(text).into());
    }
    let settings = settings::merge(args, config.as_ref(), environment)?;
    terminal.hide(settings.secrets());
    let plan = if settings.images.is_empty() { Vec::new() } else { gitops_bump::plan(&settings)? };
    Ok((settings, plan))
}

/// The config file; its secrets are hidden before it is parsed.
fn known_config(
    file: Option<&str>,
    environment: &Environment,
    terminal: &Terminal,
) -> Result<Option<ConfigText>, Error> {
    let config = ports::config_file(file, environment)?;
    if let Some(config) = &config {
        terminal.hide_secrets(&settings::secrets_in_config(&config.text, environment, is_file));
    }
    Ok(config)
}

/// Whether a value is the path of a file: then it is no secret itself.
fn is_file(value: &str) -> bool {
    Path::new(value).is_file()
}

fn failed(terminal: &Terminal, error: &Error) -> ExitCode {
    ExitCode::from(report_error(terminal, error) as u8)
}
