//! Follows one application until it runs what it should, or will not; this module must not judge what it sees.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::{debug, info, warn};

use super::application::{Application, short};
use super::decides;
use super::error::{ArgocdError, Rendered, RenderedCommit, Stopped, WaitEnd};
use super::history::Position;
use super::manifests::some;
use super::obstacle::{Obstacle, Severity};
use super::seeing::{Seeing, Watch};
use super::server::Refresh;
use super::verdict::{Question, Verdict};
use crate::api::ApiError;

/// How long something that failed must stay so: pods come and go while they are replaced.
const STEADY: Duration = Duration::from_secs(20);

/// How long the words of what is unwell may take when the time is up.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Follows an application; whether it renders the images that no other one does is for the tally.
pub(super) async fn follow(watch: Watch<'_>) -> Result<(), ArgocdError> {
    let mut course = Course::new(watch);
    let deadline = Instant::now() + watch.timeout;
    let mut refresh = Some(Refresh::Normal);
    loop {
        let step = timeout_at(deadline, course.step(refresh.take())).await;
        match step {
            Ok(step) => match step? {
                Step::Ended => return Ok(()),
                Step::Refresh(how) => refresh = Some(how),
                Step::Failed => return Err(course.stopped(WaitEnd::Failed).await),
                Step::On => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    sleep(watch.pause.min(left)).await;
                }
            },
            Err(_) => return Err(course.stopped(WaitEnd::TimedOut(watch.timeout)).await),
        }
    }
}

/// What comes after a look.
enum Step {
    Ended,
    Refresh(Refresh),
    Failed,
    On,
}

/// What was seen so far.
struct Course<'a> {
    watch: Watch<'a>,
    seeing: Seeing<'a>,
    /// The application as it was last, and what kept it.
    last: Option<(Application, Obstacle)>,
    /// The last line of the log.
    said: String,
    /// Since when nothing has changed.
    since: Instant,
    /// Why Argo CD may not have looked at the edited file.
    uncovered: Option<String>,
    /// Whether the server has shown it.
    is_known: bool,
    is_unanswered: bool,
}

impl<'a> Course<'a> {
    fn new(watch: Watch<'a>) -> Self {
        Self {
            watch,
            seeing: Seeing::new(watch),
            last: None,
            said: String::new(),
            since: Instant::now(),
            uncovered: None,
            is_known: false,
            is_unanswered: false,
        }
    }

    async fn step(&mut self, refresh: Option<Refresh>) -> Result<Step, ArgocdError> {
        match self.look(refresh).await {
            Ok(step) => {
                self.is_unanswered = false;
                step
            }
            // A server that is busy may answer the next time.
            Err(error) if error.may_pass() && self.is_known => {
                if !self.is_unanswered {
                    warn!("{}: {error}", self.name());
                }
                self.is_unanswered = true;
                Ok(Step::On)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn look(&mut self, refresh: Option<Refresh>) -> Result<Result<Step, ArgocdError>, ApiError> {
        let server = self.watch.server;
        let value = match refresh {
            None => server.look().await?,
            Some(how) => match server.refresh(how).await? {
                Some(value) => value,
                None => server.look().await?,
            },
        };
        let application = Application::read(&value, self.watch.concerned);
        self.is_known = true;
        let verdict = self.seeing.judge(&application).await?;
        Ok(self.take(&value, application, verdict))
    }

    fn take(&mut self, value: &Value, application: Application, verdict: Verdict) -> Result<Step, ArgocdError> {
        match verdict {
            Verdict::Done(named) => {
                self.done(&application, &named);
                Ok(Step::Ended)
            }
            Verdict::Another(images) => Err(self.another(value, &application, images)),
            Verdict::Wait(obstacle) => Ok(self.wait(application, obstacle)),
            Verdict::Ask(Question::Hard) => {
                self.render_anew(value);
                Ok(Step::Refresh(Refresh::Hard))
            }
            // The others are answered before anything is said.
            Verdict::Ask(_) => Ok(Step::On),
        }
    }

    /// Says why what Argo CD rendered before may not do.
    fn render_anew(&mut self, value: &Value) {
        self.uncovered = decides::read(value, self.watch.concerned, &self.watch.expected.files).uncovered;
        let name = self.name();
        if let Some(uncovered) = &self.uncovered {
            warn!("{name}: {uncovered}, so a hard refresh is requested from Argo CD");
        } else {
            info!("{name}: it renders another image, so a hard refresh is requested from Argo CD");
        }
        self.seeing.renders_anew();
    }

    fn done(&self, application: &Application, named: &[bool]) {
        let (name, page, summary) = (self.name(), self.watch.page, application.summary());
        if !named.contains(&true) {
            debug!("{name}: {summary}; it renders none of the images {page}");
            return;
        }
        info!("{name} runs the image ({summary}) {page}");
    }

    /// Says what keeps it, when that is new, and tells whether it is over.
    fn wait(&mut self, application: Application, obstacle: Obstacle) -> Step {
        let has_changed = self.last.as_ref().is_none_or(|(last, before)| {
            last.stand() != application.stand() || before.severity() != obstacle.severity()
        });
        if has_changed {
            self.since = Instant::now();
        }
        let severity = obstacle.severity();
        let line = format!("{}; {obstacle}", application.summary());
        if line != self.said {
            match severity {
                Severity::Passing => info!("{}: {line}", self.name()),
                Severity::Stuck | Severity::Failure => warn!("{}: {line}", self.name()),
            }
            self.said = line;
        }
        self.last = Some((application, obstacle));
        match severity {
            // Others may render the image, and what they do is their own matter.
            _ if !self.watch.tally.0.missing().is_empty() => Step::Ended,
            Severity::Failure if self.since.elapsed() >= STEADY => Step::Failed,
            _ => Step::On,
        }
    }

    fn another(&self, value: &Value, application: &Application, images: Vec<String>) -> ArgocdError {
        let deciding = decides::read(value, self.watch.concerned, &self.watch.expected.files);
        let rendered = Rendered {
            images,
            at: short(application.commit()).to_owned(),
            age: if self.seeing.compared() == Position::Later { RenderedCommit::Later } else { RenderedCommit::Ours },
            over: deciding.over,
            uncovered: deciding.uncovered,
        };
        ArgocdError::Another {
            app: self.watch.concerned.to_string(),
            rendered: Box::new(rendered),
            wanted: self.watch.wanted.iter().map(ToString::to_string).collect(),
            link: self.watch.page.to_owned(),
        }
    }

    /// What is said when it is over, with the words of what is unwell.
    async fn stopped(&mut self, how: WaitEnd) -> ArgocdError {
        let (application, obstacle) = self.last.take().unwrap_or((Application::default(), Obstacle::Unseen));
        let mut words = Vec::new();
        if application.health != "Healthy" {
            let tree = timeout(LAST_WORDS, self.watch.server.tree()).await;
            words.extend(tree.ok().and_then(Result::ok).map(|tree| tree.unwell()).unwrap_or_default());
        }
        words.extend(application.unwell.iter().chain(&application.errors).chain(&self.uncovered).cloned());
        let text = obstacle.to_string();
        let mut troubles: Vec<String> = Vec::new();
        for word in words {
            if !text.contains(&word) && !troubles.contains(&word) {
                troubles.push(word);
            }
        }
        ArgocdError::Stopped(Box::new(Stopped {
            app: self.watch.concerned.to_string(),
            how,
            summary: application.summary(),
            obstacle,
            troubles: some(troubles),
            link: self.watch.page.to_owned(),
        }))
    }

    /// Whose line it is.
    fn name(&self) -> String {
        let Watch { expected, concerned, .. } = self.watch;
        format!("{}: application {concerned}", expected.url.on_branch(Some(expected.branch)))
    }
}
