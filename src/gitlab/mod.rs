//! Merge requests on GitLab, by its API or by push options; this module must not push.
//!
//! The API is that of GitLab's "Merge requests API", as far back as GitLab 15.

mod address;
pub mod deployments;
mod options;
mod statuses;

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

pub use options::{is_there_already, push_options, request_url, warning};

use self::address::{Address, addresses};
pub(crate) use self::statuses::statuses;
use crate::api::{Api, ApiError};
use crate::git::GitUrl;
use crate::http::{Http, Login};
use crate::links::{Forge, WebUrl};
use crate::merge_request::{ForgeError, Opened, State, Wish, commit, is, number, text};
use crate::people::plain;
use crate::secret::Bound;
use crate::settings::{Ci, Flag, ProposalSettings};

/// How long GitLab may take to find out whether a new request can be merged.
const MERGE_CHECK: Duration = Duration::from_secs(30);
const MERGE_CHECK_PAUSE: Duration = Duration::from_secs(1);

/// A project on a GitLab server, with the people that its requests are for.
#[derive(Debug)]
pub struct Project {
    api: Api,
    id: u64,
    /// Where its pages are: the repository's host and the API's.
    hosts: Vec<String>,
    assignees: Vec<u64>,
    reviewers: Vec<u64>,
}

impl Project {
    /// Finds a repository's project, and the people that its request is for. GitLab makes labels that are not there.
    pub async fn find(
        url: &GitUrl,
        (token, settings): (&Bound<SecretString>, &ProposalSettings),
        ci: &Ci,
        http: &Http,
    ) -> Result<Self, ForgeError> {
        let mut missing = ForgeError::NoForge { host: url.host().unwrap_or("a local repository").to_owned() };
        for Address { base, project } in addresses(url, ci) {
            let hosts = [
                Url::parse(&base).ok().and_then(|base| Some(base.host_str()?.to_owned())),
                url.host().map(str::to_owned),
            ];
            let api = Api::new(base, Login::PrivateToken(token.clone()), http)?;
            match api.find(&format!("projects/{project}"), "path_with_namespace").await {
                Ok(found) => {
                    let id = number(&found, "id").ok_or_else(|| api.bad("it has no number"))?;
                    let assignees = users(&api, &settings.assignees).await?;
                    let reviewers = users(&api, &settings.reviewers).await?;
                    return Ok(Self { api, id, hosts: hosts.into_iter().flatten().collect(), assignees, reviewers });
                }
                Err(error @ (ApiError::NotFound { .. } | ApiError::BadAnswer { .. })) => missing = error.into(),
                Err(error) => return Err(error.into()),
            }
        }
        Err(missing)
    }

    /// Opens the request, or makes the open one what is wished.
    pub async fn open(&self, wish: &Wish<'_>, commit: &str) -> Result<Opened, ForgeError> {
        let body = self.body(wish);
        let path = format!("projects/{}/merge_requests", self.id);
        let find = async || self.open_request(wish).await;
        let (mut request, is_refreshed) = self.api.found_or_made(find, (&path, &body, 409)).await?;
        if is_refreshed {
            request = self.refresh(&request, &body, wish).await?;
        }
        let iid = self.number_of(&request)?;
        let url = WebUrl::said(text(&request, "web_url"), self.hosts.iter().map(String::as_str));
        let opened = Opened { number: Some(iid), url, is_refreshed };
        if wish.settings.auto_merge != Flag::On {
            return Ok(opened);
        }
        opened.when(self.merge_itself(iid, commit).await)
    }

    /// What a request is now.
    pub async fn state(&self, iid: u64) -> Result<State, ApiError> {
        let request = self.api.get(&format!("projects/{}/merge_requests/{iid}", self.id)).await?;
        Ok(match text(&request, "state") {
            // Without a merge commit: the squashed one, or with fast-forward the branch's own.
            "merged" => State::Merged {
                commit: ["merge_commit_sha", "squash_commit_sha", "sha"]
                    .iter()
                    .find_map(|field| commit(&request, field)),
            },
            "closed" => State::Closed,
            _ if is(&request, "has_conflicts") => State::Conflicting,
            _ => State::Open,
        })
    }

    async fn open_request(&self, wish: &Wish<'_>) -> Result<Option<Value>, ApiError> {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("state", "opened")
            .append_pair("source_branch", wish.source)
            .append_pair("target_branch", wish.target)
            .finish();
        let found = self.api.get(&format!("projects/{}/merge_requests?{query}", self.id)).await?;
        let own = |request: &&Value| {
            // Forks have branches of the same name.
            number(request, "source_project_id").is_none_or(|id| id == self.id)
        };
        Ok(found.as_array().into_iter().flatten().find(own).cloned())
    }

    async fn refresh(&self, request: &Value, body: &Value, wish: &Wish<'_>) -> Result<Value, ForgeError> {
        let iid = self.number_of(request)?;
        let mut body = body.clone();
        if let Some(fields) = body.as_object_mut() {
            fields.remove("source_branch");
            fields.remove("labels");
            if !wish.settings.labels.is_empty() {
                // Labels that people gave it stay.
                fields.insert("add_labels".to_owned(), json!(wish.settings.labels.join(",")));
            }
        }
        Ok(self.api.put(&format!("projects/{}/merge_requests/{iid}", self.id), &body).await?)
    }

    fn number_of(&self, request: &Value) -> Result<u64, ForgeError> {
        Ok(number(request, "iid").ok_or_else(|| self.api.bad("it has no number"))?)
    }

    /// Asks for the merge when the pipeline succeeds. A new request can't be merged before GitLab has looked at it.
    async fn merge_itself(&self, iid: u64, commit: &str) -> Result<(), ForgeError> {
        let path = format!("projects/{}/merge_requests/{iid}/merge", self.id);
        // The name since GitLab 17.11 and the one before; each version passes over the other.
        let body = json!({ "auto_merge": true, "merge_when_pipeline_succeeds": true, "sha": commit });
        let started = tokio::time::Instant::now();
        loop {
            match self.api.put(&path, &body).await {
                Ok(_) => return Ok(()),
                Err(ApiError::Rejected { status: 405 | 406 | 409 | 422, .. }) if started.elapsed() < MERGE_CHECK => {
                    tokio::time::sleep(MERGE_CHECK_PAUSE).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn body(&self, wish: &Wish<'_>) -> Value {
        let draft = if wish.settings.draft == Flag::On { "Draft: " } else { "" };
        let mut body = json!({
            "source_branch": wish.source,
            "target_branch": wish.target,
            "title": format!("{draft}{}", wish.title),
            "description": wish.description,
            "remove_source_branch": wish.settings.remove_source_branch == Flag::On,
            "labels": wish.settings.labels.join(","),
        });
        for (field, ids) in [("assignee_ids", &self.assignees), ("reviewer_ids", &self.reviewers)] {
            if !ids.is_empty() {
                body[field] = json!(ids);
            }
        }
        body
    }
}

async fn users(api: &Api, names: &[String]) -> Result<Vec<u64>, ForgeError> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        let name = plain(name);
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("username", name).finish();
        let found = api.get(&format!("users?{query}")).await?;
        let id = found.as_array().and_then(|users| number(users.first()?, "id"));
        ids.push(id.ok_or_else(|| ForgeError::NoUser { forge: Forge::Gitlab, name: name.to_owned() })?);
    }
    Ok(ids)
}
