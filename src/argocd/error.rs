//! Why an application does not run what it should, and what to do about it; this module must not find out.

#![deny(clippy::disallowed_methods)]

use std::borrow::Cow;
use std::time::Duration;

use super::obstacle::Obstacle;
use super::table::Table;
use crate::api::ApiError;
use crate::http::NoAnswer;

/// Why an application does not run what it should.
#[derive(Debug, thiserror::Error)]
pub enum ArgocdError {
    /// The API did not give what was asked for.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// No application takes its manifests from the files.
    #[error("no application of Argo CD uses the files that were edited in {place}: {table}")]
    NoApplication {
        /// The repository and its branch.
        place: String,
        /// What Argo CD has.
        table: Table,
    },
    /// The applications have nothing to do with an image.
    #[error("{} an image of {}", nobody(apps), images.join(" or "))]
    NotRendered {
        /// The images.
        images: Vec<String>,
        /// The applications.
        apps: Vec<String>,
    },
    /// It renders another image than the one that was written.
    #[error("{}", another(app, rendered, wanted, link))]
    Another {
        /// The application.
        app: String,
        /// What it renders and where.
        rendered: Box<Rendered>,
        /// What it should.
        wanted: Vec<String>,
        /// Its page.
        link: String,
    },
    /// It does not run what it should.
    #[error("application {} {} ({}): {}{}; {}", .0.app, .0.how, .0.summary, .0.obstacle, list(&.0.troubles), .0.link)]
    Stopped(Box<Stopped>),
}

/// What an application renders instead.
#[derive(Debug)]
pub struct Rendered {
    /// Each image, and in which resource.
    pub(super) images: Vec<String>,
    /// `at commit …`.
    pub(super) at: String,
    /// Whether the commit was made after the push.
    pub(super) age: RenderedCommit,
    /// What can decide there.
    pub(super) over: Vec<String>,
    /// Why Argo CD may not have looked at the file.
    pub(super) uncovered: Option<String>,
}

/// Which commit is rendered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RenderedCommit {
    /// The one that was pushed.
    Ours,
    /// One that was made on it.
    Later,
}

/// An application that does not run what it should.
#[derive(Debug)]
pub struct Stopped {
    pub(super) app: String,
    pub(super) how: WaitEnd,
    /// Its state.
    pub(super) summary: String,
    /// What keeps it.
    pub(super) obstacle: Obstacle,
    /// What is wrong besides, in its own words.
    pub(super) troubles: Vec<String>,
    /// Its page.
    pub(super) link: String,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitEnd {
    /// It failed and stayed so.
    Failed,
    /// It took too long.
    TimedOut(Duration),
}

impl std::fmt::Display for WaitEnd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed => f.write_str("has failed"),
            Self::TimedOut(waited) => {
                write!(f, "does not run the image after {}", humantime::format_duration(*waited))
            }
        }
    }
}

impl ArgocdError {
    /// What the user can do about it, in one line.
    pub fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Api(error) => of_api(error),
            Self::NoApplication { table, .. } if table.is_empty() => {
                "grant the account of ARGOCD_AUTH_TOKEN the right to read the applications (applications, get), and check --argocd-selector".into()
            }
            Self::NoApplication { .. } => {
                "if Argo CD reads a copy of the repository, set --mirror-copy; otherwise correct --argocd-app and --argocd-selector".into()
            }
            Self::NotRendered { .. } => {
                "check which image the application deploys instead (it may use another repository, or a condition may disable the component), or remove the image from this job".into()
            }
            Self::Another { rendered, .. } if rendered.age == RenderedCommit::Later => {
                "a later commit changed the image: check the history of the branch, and run the job again if you still want this image".into()
            }
            Self::Another { rendered, .. } if rendered.uncovered.is_some() => {
                "add the path of the file to the annotation; if the application then still renders the other image, write the image at the place that decides it".into()
            }
            Self::Another { .. } => {
                "the commit is pushed: write the image at the place that decides it, or remove there what overrides the file".into()
            }
            Self::Stopped(stopped) => stopped.obstacle.hint().into(),
        }
    }
}

fn of_api(error: &ApiError) -> Cow<'static, str> {
    match error {
        ApiError::Denied { status: 401, .. } => {
            "the server does not accept ARGOCD_AUTH_TOKEN, or the token has expired: generate a new token (argocd account generate-token)".into()
        }
        ApiError::Denied { .. } => {
            "Argo CD gives this answer for an application that does not exist, too: check the name of the application (NAMESPACE/NAME), and that the account of ARGOCD_AUTH_TOKEN may read it (policy: applications, get, PROJECT/NAME)".into()
        }
        ApiError::NotFound { leads: Some(base), .. } => {
            format!("set `--argocd-server {}`", base.trim_end_matches("/api/v1")).into()
        }
        ApiError::NotFound { words, .. } if words.contains("redirects") => {
            "a sign-in page seems to answer instead of Argo CD: set --argocd-server to an address at which Argo CD itself accepts ARGOCD_AUTH_TOKEN".into()
        }
        ApiError::NotFound { words, .. } if words.contains("not found") && words.contains("applications") => {
            "check the name of the application: `--argocd-app NAMESPACE/NAME`".into()
        }
        ApiError::NotFound { .. } => {
            "the API of Argo CD is not at this address: check the address in --argocd-server, and the path under which Argo CD is served".into()
        }
        ApiError::Unreachable { why: NoAnswer::Certificate(remedy), .. } => remedy.hint().into(),
        ApiError::Unreachable { .. } => {
            "the commit is pushed: check --argocd-server, the network, the proxy variables and --ca-file".into()
        }
        ApiError::Withheld(withheld) => withheld.hint().into(),
        ApiError::BadAnswer { .. } => {
            "the commit is pushed: check that --argocd-server is the address of Argo CD, and not of a sign-in page or a proxy".into()
        }
        _ => "the commit is pushed: check the application in Argo CD, then run the job again".into(),
    }
}

fn nobody(apps: &[String]) -> String {
    match apps {
        [app] => format!("application {app} does not render"),
        apps => format!("none of the applications {} renders", apps.join(", ")),
    }
}

fn another(app: &str, rendered: &Rendered, wanted: &[String], link: &str) -> String {
    let Rendered { images, at, age, over, uncovered } = rendered;
    let later = if *age == RenderedCommit::Later { "the later commit" } else { "commit" };
    let (images, wanted) = (images.join(", "), wanted.join(" or "));
    let mut text = format!("application {app} renders {images} at {later} {at}, not {wanted}");
    if *age == RenderedCommit::Ours && !over.is_empty() {
        text = format!("{text}; the image may be set by: {}", over.join(", "));
    }
    if let Some(uncovered) = uncovered {
        text = format!("{text}; {uncovered}");
    }
    format!("{text}; {link}")
}

fn list(troubles: &[String]) -> String {
    if troubles.is_empty() { String::new() } else { format!("; {}", troubles.join("; ")) }
}
