//! The command line: parses, runs, prints, exits. Everything else is the library's, or that of the modules beside this one.

use std::ffi::OsString;
use std::process::ExitCode;

use gitops_bump::cli::{self, CliError, LogArgs, Sources};
use gitops_bump::environment::Environment;
use gitops_bump::error::{Error, ExitCode as Code};
use gitops_bump::secret::SharedRedactor;
use gitops_bump::{ports, settings};
use task::report_error;
use terminal::Terminal;

mod commands;
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
    let redactor = SharedRedactor::new(settings::redactor(&environment, &arguments, ports::is_file));
    let cli = match cli::parse(&argv, &environment) {
        Ok(cli) => cli,
        Err(CliError::Usage(error)) => {
            terminal::usage(&error, &redactor);
            return ExitCode::from(if error.use_stderr() { Code::Usage as u8 } else { 0 });
        }
        Err(error) => {
            let terminal = Terminal::start((&LogArgs::default(), Sources::default()), &environment, redactor);
            return failed(&terminal, &error.into());
        }
    };
    let terminal = Terminal::start((&cli.log, cli.sources), &environment, redactor);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&terminal, &anyhow::Error::from(error).into()),
    };
    let code = runtime.block_on(commands::run(cli.command, (&environment, &terminal)));
    // A name that is still being looked up on a thread of its own does not keep a run from ending.
    runtime.shutdown_background();
    ExitCode::from(code as u8)
}

fn failed(terminal: &Terminal, error: &Error) -> ExitCode {
    ExitCode::from(report_error(terminal, error) as u8)
}
