//! The commands: each reads what it needs, runs, and says what came of it. This module must not decide anything that the library
//! decides.

use gitops_bump::cli::{self, Command, ConfigCommand};
use gitops_bump::config;
use gitops_bump::environment::Environment;
use gitops_bump::error::{Error, ExitCode as Code, Stage};

use crate::signals::Signals;
use crate::task::report_error;
use crate::terminal::Terminal;

mod begin;
mod check;
mod describe;
mod init;
mod set;
mod status;
mod write;

/// What every command has: the variables, and whom it talks to.
type Outside<'o> = (&'o Environment, &'o Terminal);

/// Runs a command until it is done or a signal comes; what it came to is said.
pub(crate) async fn run(command: Command, outside: Outside<'_>) -> Code {
    let (_, terminal) = outside;
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => return report_error(terminal, &anyhow::Error::from(error).into()),
    };
    let stopped = |signal| Err(Error::Interrupted { signal, stage: Stage::NothingPushed });
    let result = match command {
        Command::Update(args) => return write::update(&args, outside, &mut signals).await,
        Command::Preview(command) => return write::preview(&command, outside, &mut signals).await,
        Command::Promote(args) => return write::promote(&args, outside, &mut signals).await,
        Command::Rollback(args) => return write::rollback(&args, outside, &mut signals).await,
        Command::Check(args) => return check::run(&args, outside, &mut signals).await,
        Command::Set(args) => signals.unless(set::run(&args, outside)).await.unwrap_or_else(stopped),
        Command::Status(args) => signals.unless(status::run(&args, outside)).await.unwrap_or_else(stopped),
        Command::Init(args) => signals.unless(init::run(&args, outside)).await.unwrap_or_else(stopped),
        Command::Completions(args) => terminal.out(&cli::completions(args.shell)),
        Command::Man => terminal.out(&cli::man()),
        Command::Version => terminal.out(&cli::version()),
        Command::Config(ConfigCommand::Schema) => terminal.out_json(&format!("{:#}\n", config::schema())),
        Command::Config(ConfigCommand::Validate(args)) => describe::validate(&args, outside),
        Command::Config(ConfigCommand::Show(args)) => describe::show(&args, outside),
    };
    result.unwrap_or_else(|error| report_error(terminal, &error))
}
