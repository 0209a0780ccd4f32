//! What every environment names now, as a value; its JSON is what `--format json` prints. This module must not ask a
//! server, nor know how it is shown.

#![deny(clippy::disallowed_methods)]

use serde::Serialize;

/// Everything that was seen. Its texts are on one line and without terminal escapes.
#[derive(Debug, Serialize)]
pub struct Status {
    /// When it was looked at, RFC 3339.
    pub generated: String,
    /// The environments by name; last, without a name, what belongs to none.
    pub environments: Vec<EnvironmentStatus>,
    /// The infra repositories in the order of the config.
    pub repositories: Vec<RepositoryStatus>,
    /// The same moment in seconds since 1970.
    #[serde(skip)]
    pub now: i64,
}

/// One environment.
#[derive(Debug, Serialize)]
pub struct EnvironmentStatus {
    /// What stands for `<env>`; none for targets without it.
    pub name: Option<String>,
    /// The places in the order of repositories, targets and lines.
    pub places: Vec<PlaceStatus>,
}

/// One place that names an image.
#[derive(Debug, Serialize)]
pub struct PlaceStatus {
    /// The image's repository; none when neither the file nor the config says it.
    pub image: Option<String>,
    /// The tag that is written.
    pub tag: Option<String>,
    /// The digest that is written.
    pub digest: Option<String>,
    /// The infra repository's address, without credentials.
    pub repository: String,
    /// The branch.
    pub branch: String,
    /// The file.
    pub file: String,
    /// The document of the file, from 1.
    pub document: usize,
    /// The place in the document.
    pub path: String,
    /// The line, from 1.
    pub line: usize,
    /// What the image's registry says.
    pub registry: RegistryStatus,
    /// The last commit of this tool that wrote here; none when the commits that were read have none.
    pub last_bump: Option<Bump>,
    /// What keeps it as it is; none when it may be changed.
    pub hold: Option<Held>,
    /// What other environments name instead.
    pub drift: Vec<Elsewhere>,
}

/// What a registry says of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RegistryStatus {
    /// Whether the image is there.
    pub state: State,
    /// The digest that it has there.
    pub digest: Option<String>,
    /// When it was created, RFC 3339, when the image says so.
    pub created: Option<String>,
    /// Why nothing is known.
    pub error: Option<String>,
}

/// Whether an image is in its registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is there.
    Present,
    /// The registry does not have it.
    Missing,
    /// The registry lets nobody, or not us, look.
    Denied,
    /// The registry did not answer, or not now.
    Unreachable,
    /// The registry's answer is no answer.
    Failed,
    /// The place says too little to ask, or no registry was to be asked.
    Unasked,
}

/// A commit of this tool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bump {
    /// The commit.
    pub commit: String,
    /// Its page.
    pub commit_url: Option<String>,
    /// Who made it, without a mail address.
    pub author: String,
    /// When, RFC 3339.
    pub time: String,
    /// The same in seconds since 1970.
    #[serde(skip)]
    pub seconds: i64,
    /// The trailer `Source-Commit:`, an address or an id.
    pub source_commit: Option<String>,
    /// The trailer `Pipeline:`, an address.
    pub pipeline: Option<String>,
    /// Whether the place still holds what that commit wrote.
    pub is_current: bool,
}

/// Why a place stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The reason.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
    /// The same in seconds since 1970.
    #[serde(skip)]
    pub seconds: i64,
}

/// What another environment names for the same image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    /// That environment.
    pub environment: String,
    /// Its tag.
    pub tag: Option<String>,
    /// Its digest.
    pub digest: Option<String>,
}

/// How far an infra repository could be read.
#[derive(Debug, Serialize)]
pub struct RepositoryStatus {
    /// Its address, without credentials.
    pub url: String,
    /// The end of its path, for people.
    #[serde(skip)]
    pub short: String,
    /// The branch.
    pub branch: Option<String>,
    /// The commit that was looked at.
    pub commit: Option<String>,
    /// How many commits of the branch were read to find the last bumps.
    pub commits_read: usize,
    /// Whether these are all that the branch has.
    pub is_whole_history: bool,
    /// Files that could not be read, and what was passed over, a sentence each.
    pub problems: Vec<String>,
    /// Why nothing of it could be read.
    pub error: Option<String>,
}

impl Status {
    /// One JSON object, with a final newline.
    pub fn json(&self) -> String {
        format!("{}\n", serde_json::to_string_pretty(self).unwrap_or_default())
    }

    /// Passes every text through a filter that hides secrets. Afterwards, escaped for Markdown or HTML, a secret would not
    /// look like itself. The patterns name all fields, so that a new one can't be forgotten.
    pub fn hide(&mut self, filter: impl Fn(&str) -> String) {
        let Self { generated: _, environments, repositories, now: _ } = self;
        let hide = |text: &mut String| *text = filter(text);
        for repository in repositories {
            let RepositoryStatus { url, short, branch, commit, commits_read: _, is_whole_history: _, problems, error } =
                repository;
            [url, short].into_iter().chain([branch, commit, error].into_iter().flatten()).for_each(hide);
            problems.iter_mut().for_each(hide);
        }
        for EnvironmentStatus { name, places } in environments {
            name.iter_mut().for_each(hide);
            for place in places {
                place.hide(&filter);
            }
        }
    }
}

impl PlaceStatus {
    fn hide(&mut self, filter: &impl Fn(&str) -> String) {
        let hide = |text: &mut String| *text = filter(text);
        let Self {
            image,
            tag,
            digest,
            repository,
            branch,
            file,
            document: _,
            path,
            line: _,
            registry,
            last_bump,
            hold,
            drift,
        } = self;
        [repository, branch, file, path].into_iter().for_each(hide);
        let RegistryStatus { state: _, digest: found, created, error } = registry;
        [image, tag, digest, found, created, error].into_iter().flatten().for_each(hide);
        for Elsewhere { environment, tag, digest } in drift {
            std::iter::once(environment).chain(tag).chain(digest).for_each(hide);
        }
        if let Some(Held { reason, by, at, seconds: _ }) = hold {
            [reason, by, at].into_iter().for_each(hide);
        }
        if let Some(bump) = last_bump {
            let Bump { commit, commit_url, author, time, seconds: _, source_commit, pipeline, is_current: _ } = bump;
            [commit, author, time].into_iter().for_each(hide);
            [commit_url, source_commit, pipeline].into_iter().flatten().for_each(hide);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_before_anything_is_escaped() {
        let token = "glpat-a_b/c";
        let mut place = bumped(place("r.io/app", "1", ""), &format!("https://g.example.com/?t={token}"));
        place.file = format!("{token}.yaml");
        place.registry = RegistryStatus { state: State::Failed, error: Some(token.into()), ..place.registry };
        place.last_bump.as_mut().unwrap().author = token.into();
        place.hold = Some(Held { reason: token.into(), by: token.into(), at: String::new(), seconds: 0 });
        let mut status = status(token, vec![place]);
        status.repositories[0].problems = vec![format!("the server said {token}")];
        status.hide(|text| text.replace(token, "[hidden]"));
        for text in [
            status.json(),
            super::super::markdown(&status),
            super::super::html(&status).unwrap(),
            super::super::table(&status),
        ] {
            assert!(!text.contains("glpat") && text.contains("hidden"), "{text}");
        }
    }

    /// A place in an ordinary file; an empty text is none.
    pub(in crate::status) fn place(image: &str, tag: &str, digest: &str) -> PlaceStatus {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        PlaceStatus {
            image: some(image),
            tag: some(tag),
            digest: some(digest),
            repository: "https://gitlab.example.com/shop/infra.git".into(),
            branch: "main".into(),
            file: "values.yaml".into(),
            document: 1,
            path: "image.tag".into(),
            line: 3,
            registry: RegistryStatus { state: State::Present, digest: None, created: None, error: None },
            last_bump: None,
            hold: None,
            drift: Vec::new(),
        }
    }

    /// The same with a bump of an hour ago; an empty pipeline is none.
    pub(in crate::status) fn bumped(place: PlaceStatus, pipeline: &str) -> PlaceStatus {
        let bump = Bump {
            commit: "1f2e3d4c5b6a79880123456789abcdef01234567".into(),
            commit_url: Some("https://gitlab.example.com/shop/infra/-/commit/1f2e3d4c".into()),
            author: "Ada".into(),
            time: "2026-11-24T11:00:00Z".into(),
            seconds: 1_795_518_000,
            source_commit: None,
            pipeline: (!pipeline.is_empty()).then(|| pipeline.to_owned()),
            is_current: true,
        };
        PlaceStatus { last_bump: Some(bump), ..place }
    }

    /// A status of one environment.
    pub(in crate::status) fn status(name: &str, places: Vec<PlaceStatus>) -> Status {
        Status {
            generated: "2026-11-24T12:00:00Z".into(),
            now: 1_795_521_600,
            environments: vec![EnvironmentStatus { name: Some(name.to_owned()), places }],
            repositories: vec![RepositoryStatus {
                url: "https://gitlab.example.com/shop/infra.git".into(),
                short: "shop/infra".into(),
                branch: Some("main".into()),
                commit: None,
                commits_read: 20,
                is_whole_history: false,
                problems: Vec::new(),
                error: None,
            }],
        }
    }
}
