//! Why nothing can be gone back to, and what to do about it; exit codes are not decided here.

#![deny(clippy::disallowed_methods)]

use crate::text::one_line;

/// Why a history has nothing to go back to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    /// There are not so many earlier versions.
    #[error("{}", no_earlier(images, *steps, *versions, *looked))]
    NoEarlier {
        /// The images.
        images: Vec<String>,
        /// How many versions back was asked for.
        steps: usize,
        /// How many versions were seen, with the present one.
        versions: usize,
        /// How many commits were looked at.
        looked: usize,
    },
    /// No place held this tag.
    #[error("no place of these images held {tag} in the {}{}", commits(*looked), listed(seen, *more))]
    Never {
        /// The tag.
        tag: String,
        /// The versions that the places held, the newest first.
        seen: Vec<String>,
        /// How many more there were.
        more: usize,
        /// How many commits were looked at.
        looked: usize,
    },
    /// There are no places of the images.
    #[error("{}", absent(environment, images))]
    Absent {
        /// The environment.
        environment: String,
        /// The images; none where no place holds any.
        images: Vec<String>,
    },
    /// One image would go back to different versions in several repositories.
    #[error("{image} goes back to different versions: {}", versions.join(", "))]
    Apart {
        /// The image.
        image: String,
        /// The versions, each with its repository.
        versions: Vec<String>,
    },
    /// The places of one image held several versions at the same time.
    #[error("the places of {image} held different versions in {}: {}", short(commit), versions.join(", "))]
    Several {
        /// The image.
        image: String,
        /// The commit.
        commit: String,
        /// The versions.
        versions: Vec<String>,
    },
}

impl HistoryError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoEarlier { .. } => {
                "if the version is older, raise --history; otherwise write the version with update"
            }
            Self::Never { .. } => {
                "set --to to one of the versions that were found; if the version is older, raise --history"
            }
            Self::Absent { .. } => "check the image's name, the environment and the targets",
            Self::Apart { .. } => "set --to to the version, or roll back the repositories one at a time",
            Self::Several { .. } => {
                "set --to to one of the versions, or raise --steps to go back to an earlier version"
            }
        }
    }
}

fn no_earlier(images: &[String], steps: usize, versions: usize, looked: usize) -> String {
    let images = images.join(", ");
    let looked = commits(looked);
    match versions {
        0 => format!("{images}: no place held a version in the {looked}"),
        1 => format!("{images}: there is no earlier version in the {looked}"),
        _ => format!("{images}: --steps is {steps}, but the {looked} have only {}", earlier(versions - 1)),
    }
}

fn absent(environment: &str, images: &[String]) -> String {
    match images {
        [] => format!("{environment} has no place that holds an image"),
        images => format!("{environment} has no place that holds {}", images.join(" or ")),
    }
}

fn earlier(count: usize) -> String {
    if count == 1 { "one earlier version".to_owned() } else { format!("{count} earlier versions") }
}

fn commits(count: usize) -> String {
    if count == 1 { "only commit that was read".to_owned() } else { format!("{count} commits that were read") }
}

fn listed(seen: &[String], more: usize) -> String {
    if seen.is_empty() {
        return ", nor any other version".to_owned();
    }
    let seen: Vec<_> = seen.iter().map(|seen| one_line(seen)).collect();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("; the versions that were found are {}{more}", seen.join(", "))
}

fn short(commit: &str) -> &str {
    commit.get(..8).unwrap_or(commit)
}
