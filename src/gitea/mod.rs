//! Pull requests on Gitea and Forgejo, by their API; this module must not push.
//!
//! The API is that of Gitea's own description (`/api/swagger`); what it answers was recorded from a real server.

mod address;
mod statuses;

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};

pub use self::address::version_address;
use self::address::{address, branch};
pub(crate) use self::statuses::statuses;
use crate::api::{Api, ApiError};
use crate::git::GitUrl;
use crate::http::{Http, Login};
use crate::links::{Forge, WebUrl};
use crate::merge_request::{ForgeError, Opened, State, Wish, commit, is, number, text};
use crate::people::{self, plain};
use crate::secret::Bound;
use crate::settings::{Flag, ProposalSettings};

/// How long Gitea may take to find out whether a new request can be merged.
const MERGE_CHECK: Duration = Duration::from_secs(30);
const MERGE_CHECK_PAUSE: Duration = Duration::from_secs(1);

/// How much of a list is asked for at once.
const PAGE: &str = "limit=50";

/// Stands before the title of a draft.
const DRAFT: &str = "WIP: ";

/// A repository on a Gitea server, with the labels that its requests get.
#[derive(Debug)]
pub struct Repository {
    api: Api,
    /// `OWNER/NAME`.
    name: String,
    host: String,
    labels: Vec<u64>,
    /// How requests are merged there.
    way: String,
}

impl Repository {
    /// Finds a repository, and requires that its request can be what is wished.
    pub async fn find(
        url: &GitUrl,
        (token, settings): (&Bound<SecretString>, &ProposalSettings),
        http: &Http,
    ) -> Result<Self, ForgeError> {
        let (base, project) = address(url);
        let api = Api::new(base, Login::Token(token.clone()), http)?;
        let found = api.find(&format!("repos/{project}"), "full_name").await?;
        let name = Some(text(&found, "full_name")).filter(|name| !name.is_empty()).unwrap_or(&project).to_owned();
        let way = Some(text(&found, "default_merge_style")).filter(|way| !way.is_empty()).unwrap_or("merge").to_owned();
        let host = url.host().unwrap_or_default().to_owned();
        let mut repository = Self { api, name, host, labels: Vec::new(), way };
        able(settings, &found)?;
        people::require(&repository.api, Forge::Gitea, settings).await?;
        repository.labels = repository.find_labels(&settings.labels).await?;
        Ok(repository)
    }

    /// Opens the request, or makes the open one what is wished.
    pub async fn open(&self, wish: &Wish<'_>, commit: &str) -> Result<Opened, ForgeError> {
        let mut body = texts(wish);
        body["head"] = json!(wish.source);
        body["base"] = json!(wish.target);
        let find = async || self.open_request(wish).await;
        let (mut request, is_refreshed) = self.api.found_or_made(find, (&self.path("pulls"), &body, 409)).await?;
        let id = number(&request, "number").ok_or_else(|| self.api.bad("it has no number"))?;
        if is_refreshed {
            request = self.api.patch(&self.path(&format!("pulls/{id}")), &texts(wish)).await?;
        }
        let url = WebUrl::said(text(&request, "html_url"), [self.host.as_str()]);
        let opened = Opened { number: Some(id), url, is_refreshed };
        opened.when(self.complete(id, commit, wish.settings).await)
    }

    /// Does what is wished of a request that is open.
    async fn complete(&self, id: u64, commit: &str, settings: &ProposalSettings) -> Result<(), ForgeError> {
        self.furnish(id, settings).await?;
        if settings.auto_merge == Flag::On {
            self.merge_itself(id, commit, settings).await?;
        }
        Ok(())
    }

    /// What a request is now. For seconds after a change Gitea does not know yet whether it can be merged, and says no.
    pub async fn state(&self, id: u64) -> Result<State, ApiError> {
        let request = self.api.get(&self.path(&format!("pulls/{id}"))).await?;
        Ok(match text(&request, "state") {
            _ if is(&request, "merged") => State::Merged { commit: commit(&request, "merge_commit_sha") },
            "closed" => State::Closed,
            _ if request.get("mergeable") == Some(&Value::Bool(false)) && !is(&request, "draft") => State::Conflicting,
            _ => State::Open,
        })
    }

    fn path(&self, rest: &str) -> String {
        format!("repos/{}/{rest}", self.name)
    }

    /// The ids of labels, of the repository or its organization: Gitea drops a name that it does not know, without a word.
    async fn find_labels(&self, names: &[String]) -> Result<Vec<u64>, ForgeError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let owner = self.name.split('/').next().unwrap_or_default();
        let mut known = self.api.pages(&self.path("labels"), PAGE).await?;
        match self.api.pages(&format!("orgs/{owner}/labels"), PAGE).await {
            Ok(labels) => known.extend(labels),
            // A person owns the repository, or the token may not look.
            Err(ApiError::NotFound { .. } | ApiError::Denied { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        let id = |name: &String| {
            let label = known.iter().find(|label| text(label, "name") == name.as_str());
            label
                .and_then(|label| number(label, "id"))
                .ok_or_else(|| ForgeError::NoLabel { project: self.name.clone(), name: name.clone() })
        };
        names.iter().map(id).collect()
    }

    /// The open request of two branches. Asked by the branches, Gitea may name one that is closed.
    async fn open_request(&self, wish: &Wish<'_>) -> Result<Option<Value>, ApiError> {
        let path = self.path(&format!("pulls/{}/{}", Api::segment(wish.target), branch(wish.source)));
        match self.api.get(&path).await {
            Ok(request) if is_open(&request) => return Ok(Some(request)),
            Ok(_) => {}
            Err(ApiError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
        let open = self.api.pages(&self.path("pulls"), &format!("state=open&{PAGE}")).await?;
        let named = |request: &Value, side: &str| request.get(side).map(|side| text(side, "ref").to_owned());
        let is_own = |request: &Value| {
            let repository = |side: &str| request.pointer(&format!("/{side}/repo_id")).and_then(Value::as_u64);
            // Forks have branches of the same name.
            repository("head") == repository("base")
        };
        Ok(open.into_iter().find(|request| {
            is_open(request)
                && is_own(request)
                && named(request, "head").as_deref() == Some(wish.source)
                && named(request, "base").as_deref() == Some(wish.target)
        }))
    }

    /// Adds labels and reviewers; those that are there stay.
    async fn furnish(&self, id: u64, settings: &ProposalSettings) -> Result<(), ForgeError> {
        if !self.labels.is_empty() {
            self.api.post(&self.path(&format!("issues/{id}/labels")), &json!({ "labels": self.labels })).await?;
        }
        if !settings.reviewers.is_empty() {
            let body = json!({ "reviewers": all_plain(&settings.reviewers) });
            self.api.post(&self.path(&format!("pulls/{id}/requested_reviewers")), &body).await?;
        }
        Ok(())
    }

    /// Has the request merged when its checks have passed; at once when there are none.
    async fn merge_itself(&self, id: u64, commit: &str, settings: &ProposalSettings) -> Result<(), ForgeError> {
        let body = json!({
            "Do": self.way,
            "merge_when_checks_succeed": true,
            "delete_branch_after_merge": settings.remove_source_branch == Flag::On,
            "head_commit_id": commit,
        });
        let path = self.path(&format!("pulls/{id}/merge"));
        let started = tokio::time::Instant::now();
        loop {
            match self.api.post(&path, &body).await {
                // It is scheduled already.
                Ok(_) | Err(ApiError::Rejected { status: 409, .. }) => return Ok(()),
                Err(ApiError::Rejected { status: 405, words, .. })
                    if words.contains("try again later") && started.elapsed() < MERGE_CHECK =>
                {
                    tokio::time::sleep(MERGE_CHECK_PAUSE).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What a request of this repository can't be.
fn able(settings: &ProposalSettings, found: &Value) -> Result<(), ForgeError> {
    let merges_itself = settings.auto_merge == Flag::On;
    if settings.draft == Flag::On && merges_itself {
        return Err(ForgeError::Unable {
            what: "--mr-auto-merge: Gitea does not merge a draft".to_owned(),
            hint: "remove --mr-draft or --mr-auto-merge",
        });
    }
    if settings.remove_source_branch == Flag::On && !merges_itself && !is(found, "default_delete_branch_after_merge") {
        return Err(ForgeError::Unable {
            what: "--mr-remove-source-branch: on Gitea the person who merges, or a setting of the repository, decides about the source branch"
                .to_owned(),
            hint: "add --mr-auto-merge, or remove --mr-remove-source-branch and enable the deletion of branches in the repository's settings",
        });
    }
    Ok(())
}

fn texts(wish: &Wish<'_>) -> Value {
    let draft = if wish.settings.draft == Flag::On { DRAFT } else { "" };
    let mut body = json!({ "title": format!("{draft}{}", wish.title), "body": wish.description });
    if !wish.settings.assignees.is_empty() {
        body["assignees"] = json!(all_plain(&wish.settings.assignees));
    }
    body
}

fn all_plain(names: &[String]) -> Vec<&str> {
    names.iter().map(|name| plain(name)).collect()
}

fn is_open(request: &Value) -> bool {
    text(request, "state") == "open"
}
