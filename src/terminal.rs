//! The terminal: log lines on stderr, coloured where wanted, freed from escapes and secrets. This module must not
//! decide what is said.

use std::cell::Cell;
use std::fmt;
use std::io::{ErrorKind, IsTerminal as _, Write as _};

use gitops_bump::cli::{Color, LogArgs, Sources};
use gitops_bump::environment::Environment;
use gitops_bump::error::{Error, ExitCode as Code};
use gitops_bump::secret::{Credentials, SecretString, SharedRedactor};
use gitops_bump::text::{joined, printable};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;

use diff::Reader;

mod diff;

/// How this run talks to people.
pub(crate) struct Terminal {
    /// The log and the terminal hide the same secrets, also those that are learned later.
    redactor: SharedRedactor,
    /// Errors name the variable that gave a value, instead of the flag.
    sources: Sources,
    colour: bool,
    reader: Reader,
    level: LevelFilter,
    /// How many diffs were shown.
    diffs: Cell<usize>,
}

impl Terminal {
    /// Starts the log. Only this crate's own sentences are logged: a dependency's could hold a header.
    pub(crate) fn start(
        (log, sources): (&LogArgs, Sources),
        environment: &Environment,
        redactor: SharedRedactor,
    ) -> Self {
        let colour = match log.color.unwrap_or_default() {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if environment.get("NO_COLOR").is_some() => false,
            Color::Auto => environment.get("GITLAB_CI") == Some("true") || std::io::stderr().is_terminal(),
        };
        let level = match (log.quiet, log.verbose) {
            (true, _) => LevelFilter::ERROR,
            (false, 0) => LevelFilter::INFO,
            (false, 1) => LevelFilter::DEBUG,
            (false, _) => LevelFilter::TRACE,
        };
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .event_format(Sentence { redactor: redactor.clone(), colour });
        let subscriber =
            tracing_subscriber::registry().with(Targets::new().with_target("gitops_bump", level)).with(layer);
        // A second start in one process cannot happen; the first log would simply go on.
        let _ = tracing::subscriber::set_global_default(subscriber);
        let reader = if environment.get("GITLAB_CI") == Some("true") { Reader::Gitlab } else { Reader::Plain };
        Self { redactor, sources, colour, reader, level, diffs: Cell::new(0) }
    }

    /// Hides these too from now on.
    pub(crate) fn hide(&self, credentials: impl Iterator<Item = Credentials>) {
        credentials.for_each(|credentials| self.redactor.add_credentials(&credentials));
    }

    /// Hides these secrets too from now on.
    pub(crate) fn hide_secrets(&self, secrets: &[SecretString]) {
        for secret in secrets {
            self.redactor.add(secret);
        }
    }

    /// For whoever learns a secret on the way.
    pub(crate) fn redactor(&self) -> SharedRedactor {
        self.redactor.clone()
    }

    /// The changes that are published, unless only errors are to be said.
    pub(crate) fn diff(&self, text: &str) {
        if text.is_empty() || self.level < LevelFilter::INFO {
            return;
        }
        let colours = self.colour.then_some(["\x1b[32m", "\x1b[31m", "\x1b[36m"]);
        self.diffs.set(self.diffs.get() + 1);
        let shown = diff::shown(&self.redact(text), (self.reader, self.diffs.get()), colours);
        let _ = std::io::stderr().write_all(shown.as_bytes());
    }

    /// An error: what failed on what, then what to do about it.
    pub(crate) fn error(&self, error: &Error) {
        let (red, reset) = if self.colour { ("\x1b[31m", "\x1b[0m") } else { ("", "") };
        let text = self.safe(&self.message(error));
        let hint = self.safe(&self.sources.named(&self.redact(&error.hint())));
        let _ = writeln!(std::io::stderr(), "{red}error{reset}: {text}\n  {hint}");
    }

    /// What failed on what, without secrets. These are hidden first: a name put into one would disguise it. Where a setting is
    /// wrong, the variable that gave it is named; other messages hold words of servers and files, which stay as they are.
    pub(crate) fn message(&self, error: &Error) -> String {
        let message = self.redact(&error.to_string());
        match error.exit_code() {
            Code::Usage | Code::Configuration => self.sources.named(&message).into_owned(),
            _ => message,
        }
    }

    /// Text for stdout, without secrets.
    pub(crate) fn out(&self, text: &str) -> Result<Code, Error> {
        write_out(&self.redact(text))
    }

    /// The same for JSON, which stays JSON.
    pub(crate) fn out_json(&self, text: &str) -> Result<Code, Error> {
        write_out(&self.redact_json(text))
    }

    /// A report's text, without secrets.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.redactor.redact(text)
    }

    /// The same for JSON, which stays JSON.
    pub(crate) fn redact_json(&self, text: &str) -> String {
        self.redactor.redact_json(text)
    }

    /// A value that becomes a part of a report: without secrets and without what nobody sees.
    pub(crate) fn fact(&self, text: &str) -> String {
        printable(&self.redact(text)).into_owned()
    }

    fn safe(&self, text: &str) -> String {
        joined(self.redact(text).trim())
    }
}

/// What clap answers to a command line: help as it is, an error without secrets and control characters.
pub(crate) fn usage(answer: &clap::Error, redactor: &SharedRedactor) {
    // A closed stdout or stderr leaves nothing to say it on.
    if !answer.use_stderr() {
        let _ = answer.print();
        return;
    }
    let text = redactor.redact(&answer.render().to_string());
    let _ = std::io::stderr().write_all(printable(&text).as_bytes());
}

fn write_out(text: &str) -> Result<Code, Error> {
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    match written {
        // Whoever reads has read enough, as `head` does.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Code::Success),
        Err(error) => Err(anyhow::Error::from(error).context("write to stdout").into()),
        Ok(()) => Ok(Code::Success),
    }
}

/// A log line: the level only when it isn't the ordinary one, then the sentence.
struct Sentence {
    redactor: SharedRedactor,
    colour: bool,
}

impl<S, N> FormatEvent<S, N> for Sentence
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut message = Message(String::new());
        event.record(&mut message);
        let text = joined(&self.redactor.redact(&message.0));
        let (colour, label) = match *event.metadata().level() {
            Level::ERROR => ("\x1b[31m", "error: "),
            Level::WARN => ("\x1b[33m", "warning: "),
            Level::INFO => ("", ""),
            Level::DEBUG | Level::TRACE => ("\x1b[2m", ""),
        };
        if self.colour && !colour.is_empty() {
            writeln!(writer, "{colour}{label}{text}\x1b[0m")
        } else {
            writeln!(writer, "{label}{text}")
        }
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}
