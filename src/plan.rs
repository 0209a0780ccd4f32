//! What will be done, as a value made before anything is touched: this module must not do any of it.

#![deny(clippy::disallowed_methods)]

use crate::edit::{Kind, Rules};
use crate::git::GitUrl;
use crate::secret::{Bound, Credentials};
use crate::settings::{Delivery, MirrorSettings, NamedImage, RepositorySettings, TargetSettings};

/// What stands for the environment in a file path.
pub const ENVIRONMENT: &str = "<env>";

/// One branch of one repository, and every place in it.
#[derive(Clone, Debug)]
pub struct PlannedRepository {
    /// Where it is.
    pub url: GitUrl,
    /// Who pushes.
    pub credentials: Option<Bound<Credentials>>,
    /// The branch; none means the remote's default branch.
    pub branch: Option<String>,
    /// How the commit gets there.
    pub delivery: Delivery,
    /// What copies it to where the controller reads it.
    pub mirror: Option<MirrorSettings>,
    /// The places.
    pub targets: Vec<Target>,
}

/// One place to write to.
#[derive(Clone, Debug)]
pub struct Target {
    /// File or directory, `/` between its components, none of them empty or `.`.
    pub file: String,
    /// What kind of place.
    pub kind: Kind,
    /// The images that may be written there, as indexes.
    pub images: Vec<usize>,
    /// How they are written.
    pub rules: Rules,
}

/// Why a plan cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// A target names an image that isn't there.
    #[error("{file}: there is no image named {name:?}")]
    UnknownImage {
        /// The target's file.
        file: String,
        /// The name it asks for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// `<env>` without an environment.
    #[error("{file}: no environment is given for <env>")]
    NoEnvironment {
        /// The target's file.
        file: String,
    },
    /// Entries for one branch that can't be one commit.
    #[error("{repository}{}: its entries have different {what}", branch.as_ref().map(|name| format!(" {name}")).unwrap_or_default())]
    Contradiction {
        /// The repository.
        repository: String,
        /// The branch, where one is named.
        branch: Option<String>,
        /// What differs.
        what: &'static str,
    },
    /// A path that leads out of the repository or into its `.git`.
    #[error("{file}: the path {reason}")]
    UnsafePath {
        /// The target's file.
        file: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl PlanError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownImage { known, .. } => format!("the images are: {}", known.join(", ")),
            Self::NoEnvironment { .. } => "give --environment NAME, or set environment: in the job".into(),
            Self::Contradiction { what, .. } => {
                format!("give the entries of one repository and branch the same {what}: they are one commit")
            }
            Self::UnsafePath { .. } => "write it relative to the top of the infra repository".into(),
        }
    }
}

/// Plans for repositories; entries for the same branch of the same repository become one.
pub fn repositories(
    settings: &[RepositorySettings],
    images: &[NamedImage],
    environment: Option<&str>,
) -> Result<Vec<PlannedRepository>, PlanError> {
    let mut planned: Vec<PlannedRepository> = Vec::new();
    for entry in settings {
        let targets = targets(&entry.targets, images, environment)?;
        if let Some(target) = targets.iter().find(|target| unsafe_path(&target.file).is_some()) {
            let reason = unsafe_path(&target.file).unwrap_or_default();
            return Err(PlanError::UnsafePath { file: target.file.clone(), reason });
        }
        if let Some(what) =
            planned.iter().filter(|known| is_same_branch(known, entry)).find_map(|known| differ(known, entry))
        {
            return Err(PlanError::Contradiction {
                repository: entry.url.to_string(),
                branch: entry.branch.clone(),
                what,
            });
        }
        let same = planned.iter_mut().find(|known| is_same_branch(known, entry) && known.delivery == entry.delivery);
        match same {
            Some(known) => {
                known.targets.extend(targets);
                known.mirror = known.mirror.take().or_else(|| entry.mirror.clone());
            }
            None => planned.push(PlannedRepository {
                url: entry.url.clone(),
                credentials: entry.credentials.clone(),
                branch: entry.branch.clone(),
                delivery: entry.delivery,
                mirror: entry.mirror.clone(),
                targets,
            }),
        }
    }
    for repository in &mut planned {
        for target in &mut repository.targets {
            target.file = normal(&target.file);
        }
    }
    Ok(planned)
}

fn is_same_branch(known: &PlannedRepository, entry: &RepositorySettings) -> bool {
    known.url == entry.url && known.branch == entry.branch
}

/// What two entries of one branch say differently, although the branch has only one of it. An entry without a mirror says
/// nothing of it.
fn differ(known: &PlannedRepository, entry: &RepositorySettings) -> Option<&'static str> {
    let is_same = match (&known.credentials, &entry.credentials) {
        (Some(one), Some(other)) => one.is_same_as(other),
        (one, other) => one.is_none() && other.is_none(),
    };
    match (&known.mirror, &entry.mirror) {
        _ if !is_same => Some("credentials"),
        (Some(one), Some(other)) if !one.is_same_as(other) => Some("mirrors"),
        _ => None,
    }
}

/// The place that somebody only looks at, in one environment; it names no image.
pub fn at(target: &TargetSettings, environment: Option<&str>) -> Result<Target, PlanError> {
    let file = with_environment(&target.file, environment)?;
    match unsafe_path(&file) {
        Some(reason) => Err(PlanError::UnsafePath { file, reason }),
        None => Ok(Target { file: normal(&file), kind: target.kind.clone(), images: Vec::new(), rules: target.rules }),
    }
}

/// Plans for places on the local disk, where any path is the user's own.
pub fn targets(
    settings: &[TargetSettings],
    images: &[NamedImage],
    environment: Option<&str>,
) -> Result<Vec<Target>, PlanError> {
    let one = |target: &TargetSettings| {
        Ok(Target {
            file: with_environment(&target.file, environment)?,
            kind: target.kind.clone(),
            images: image_indexes(target, images)?,
            rules: target.rules,
        })
    };
    settings.iter().map(one).collect()
}

fn image_indexes(target: &TargetSettings, images: &[NamedImage]) -> Result<Vec<usize>, PlanError> {
    let Some(name) = &target.image else {
        return Ok((0..images.len()).collect());
    };
    match images.iter().position(|image| image.name == *name) {
        Some(index) => Ok(vec![index]),
        None => Err(PlanError::UnknownImage {
            file: target.file.clone(),
            name: name.clone(),
            known: images.iter().map(|image| image.name.clone()).collect(),
        }),
    }
}

fn with_environment(file: &str, environment: Option<&str>) -> Result<String, PlanError> {
    match environment {
        _ if !file.contains(ENVIRONMENT) => Ok(file.to_owned()),
        Some(name) => Ok(file.replace(ENVIRONMENT, name)),
        None => Err(PlanError::NoEnvironment { file: file.to_owned() }),
    }
}

fn unsafe_path(file: &str) -> Option<&'static str> {
    let any = |test: fn(&str) -> bool| file.split('/').any(test);
    match () {
        () if file.starts_with('/') => Some("is absolute"),
        () if any(|part| part == "..") => Some("has a .. in it"),
        () if any(|part| part.eq_ignore_ascii_case(".git")) => Some("enters .git"),
        () if file.contains('\0') => Some("has a NUL in it"),
        () => None,
    }
}

/// Without empty and `.` components.
fn normal(file: &str) -> String {
    let parts: Vec<&str> = file.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Reference;
    use crate::secret::{Audience, SecretString};
    use crate::settings::MirrorWhen;

    fn plan(file: &str, image: Option<&str>, environment: Option<&str>) -> Result<Vec<PlannedRepository>, String> {
        let images = ["r/api:1", "r/web:2"]
            .map(|text| NamedImage { name: text[2..5].to_owned(), reference: Reference::parse(text).unwrap() });
        let target = TargetSettings {
            file: file.to_owned(),
            kind: Kind::Manifest,
            image: image.map(str::to_owned),
            rules: Rules::default(),
            environments: Vec::new(),
        };
        let repository = RepositorySettings {
            url: GitUrl::parse("https://example.com/shop/infra.git").unwrap().0,
            credentials: None,
            branch: None,
            delivery: Delivery::Push,
            mirror: None,
            targets: vec![target],
        };
        repositories(&[repository.clone(), repository], &images, environment).map_err(|error| error.to_string())
    }

    #[test]
    fn entries_of_one_branch_do_not_contradict_each_other() {
        let credentials = |password: &str, server: &str| {
            let mut audience = Audience::default();
            audience.add(server);
            let password = SecretString::from(password);
            Some(Bound::new(Credentials { username: "u".to_owned(), password }, audience))
        };
        let mirror = |project: &str| {
            let token = Bound::new(SecretString::from("t"), Audience::default());
            let (api, repository) = ("https://h/api/v4".to_owned(), "r".to_owned());
            Some(MirrorSettings { api, project_id: project.to_owned(), repository, when: MirrorWhen::Changed, token })
        };
        let entry = |credentials, mirror, delivery, branch: &str| RepositorySettings {
            url: GitUrl::parse("https://h/shop/infra.git").unwrap().0,
            credentials,
            branch: Some(branch.to_owned()),
            delivery,
            mirror,
            targets: Vec::new(),
        };
        let (a, b, push, request) =
            (credentials("a", "h"), credentials("b", "h"), Delivery::Push, Delivery::MergeRequest);
        let first = entry(a.clone(), mirror("1"), push, "main");
        for (second, expected) in [
            (entry(a.clone(), mirror("1"), push, "main"), Ok(1)),
            (entry(a.clone(), None, push, "main"), Ok(1)),
            (entry(a.clone(), None, request, "main"), Ok(2)),
            (entry(b.clone(), mirror("2"), push, "other"), Ok(2)),
            (entry(b.clone(), mirror("1"), push, "main"), Err("credentials")),
            (entry(b, mirror("1"), request, "main"), Err("credentials")),
            (entry(None, mirror("1"), push, "main"), Err("credentials")),
            (entry(credentials("a", "x"), mirror("1"), push, "main"), Err("credentials")),
            (entry(a, mirror("2"), push, "main"), Err("mirrors")),
        ] {
            match (repositories(&[first.clone(), second], &[], None), expected) {
                (Ok(plan), Ok(count)) => assert_eq!(plan.len(), count),
                (Err(PlanError::Contradiction { what, .. }), Err(expected)) => assert_eq!(what, expected),
                (plan, expected) => panic!("{plan:?} is not {expected:?}"),
            }
        }
    }

    #[test]
    fn one_branch_is_one_repository() {
        let plan = plan(".//values-<env>.yaml", Some("web"), Some("staging")).unwrap();
        assert_eq!(plan.len(), 1);
        assert_eq!(plan[0].targets.len(), 2);
        assert_eq!(plan[0].targets[0].file, "values-staging.yaml");
        assert_eq!(plan[0].targets[0].images, [1]);
    }

    #[test]
    fn refuses_what_leads_elsewhere() {
        for (file, words) in [
            ("/etc/passwd", "is absolute"),
            ("a/../../b", "has a .."),
            ("x/.GIT/config", "enters .git"),
            ("values-<env>.yaml", "no environment"),
        ] {
            assert!(plan(file, None, None).unwrap_err().contains(words), "{file}");
        }
        assert!(plan("a", Some("db"), None).unwrap_err().contains("\"db\""));
    }
}
