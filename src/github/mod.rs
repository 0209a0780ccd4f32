//! Pull requests on github.com and GitHub Enterprise, by their API; this module must not push.
//!
//! The API is that of GitHub's "REST API endpoints for pull requests"; what that one lacks, auto-merge and drafts that were
//! none, is asked of the GraphQL API.

mod graphql;
mod statuses;

use secrecy::SecretString;
use serde_json::{Value, json};

use self::graphql::Graphql;
pub(crate) use self::statuses::statuses;
use crate::api::{Api, ApiError};
use crate::git::GitUrl;
use crate::http::{Http, Login};
use crate::links::{Forge, WebUrl};
use crate::merge_request::{ForgeError, Opened, State, Wish, commit, is, number, text};
use crate::people::{self, plain, there};
use crate::secret::Bound;
use crate::settings::{Flag, ProposalSettings};

/// The host of GitHub's own service, and that of its API.
const GITHUB: &str = "github.com";
const GITHUB_API: &str = "https://api.github.com";

/// A repository on a GitHub server.
#[derive(Debug)]
pub struct Repository {
    api: Api,
    graphql: Graphql,
    /// `OWNER/NAME`.
    name: String,
    host: String,
    /// How requests are merged there: `merge`, `squash` or `rebase`.
    way: &'static str,
}

impl Repository {
    /// Finds a repository, and requires that its request can be what is wished.
    pub async fn find(
        url: &GitUrl,
        (token, settings): (&Bound<SecretString>, &ProposalSettings),
        http: &Http,
    ) -> Result<Self, ForgeError> {
        let (rest, graphql) = bases(url);
        let login = || Login::Bearer(token.clone());
        let api = Api::new(rest, login(), http)?;
        let found = api.find(&format!("repos/{}", url.project()), "full_name").await?;
        let name = Some(text(&found, "full_name")).filter(|name| !name.is_empty()).unwrap_or(url.project()).to_owned();
        let graphql = Graphql(Api::new(graphql, login(), http)?);
        let host = url.host().unwrap_or_default().to_owned();
        let repository = Self { api, graphql, name, host, way: way(&found) };
        repository.require(settings, &found).await?;
        Ok(repository)
    }

    /// Opens the request, or makes the open one what is wished.
    pub async fn open(&self, wish: &Wish<'_>, commit: &str) -> Result<Opened, ForgeError> {
        let find = async || self.open_request(wish).await;
        let (mut request, is_refreshed) =
            self.api.found_or_made(find, (&self.path("pulls"), &new_request(wish), 422)).await?;
        let id = number(&request, "number").ok_or_else(|| self.api.bad("it has no number"))?;
        if is_refreshed {
            request = self.refresh(id, wish).await?;
        }
        let url = WebUrl::said(text(&request, "html_url"), [self.host.as_str()]);
        let opened = Opened { number: Some(id), url, is_refreshed };
        opened.when(self.complete(&request, (id, commit), wish.settings).await)
    }

    /// Does what is wished of a request that is open.
    async fn complete(
        &self,
        request: &Value,
        (id, commit): (u64, &str),
        settings: &ProposalSettings,
    ) -> Result<(), ForgeError> {
        self.furnish(id, settings).await?;
        if settings.auto_merge == Flag::On {
            self.merge_itself(request, id, commit).await?;
        }
        Ok(())
    }

    /// What a request is now.
    pub async fn state(&self, id: u64) -> Result<State, ApiError> {
        let request = self.api.get(&self.path(&format!("pulls/{id}"))).await?;
        Ok(match text(&request, "state") {
            "closed" if is(&request, "merged") || !text(&request, "merged_at").is_empty() => {
                State::Merged { commit: commit(&request, "merge_commit_sha") }
            }
            "closed" => State::Closed,
            _ if text(&request, "mergeable_state") == "dirty" => State::Conflicting,
            _ => State::Open,
        })
    }

    fn path(&self, rest: &str) -> String {
        format!("repos/{}/{rest}", self.name)
    }

    /// GitHub makes labels that are not there, and says of an unknown person only after the push that it is none.
    async fn require(&self, settings: &ProposalSettings, found: &Value) -> Result<(), ForgeError> {
        if settings.remove_source_branch == Flag::On && !is(found, "delete_branch_on_merge") {
            return Err(ForgeError::Unable {
                what:
                    "--mr-remove-source-branch: on GitHub a setting of the repository decides about the source branch"
                        .to_owned(),
                hint: "enable \"Automatically delete head branches\" in the repository's settings, and remove --mr-remove-source-branch",
            });
        }
        for name in &settings.labels {
            let label = self.api.get(&self.path(&format!("labels/{}", Api::segment(name)))).await;
            there(label, || ForgeError::NoLabel { project: self.name.clone(), name: name.clone() })?;
        }
        people::require(&self.api, Forge::Github, settings).await
    }

    async fn open_request(&self, wish: &Wish<'_>) -> Result<Option<Value>, ApiError> {
        let owner = self.name.split('/').next().unwrap_or_default();
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("state", "open")
            .append_pair("head", &format!("{owner}:{}", wish.source))
            .append_pair("base", wish.target)
            .finish();
        let found = self.api.get(&self.path(&format!("pulls?{query}"))).await?;
        let is_own = |request: &&Value| {
            let named = |side: &str| request.get(side).map(|side| text(side, "ref"));
            let repository = |side: &str| request.pointer(&format!("/{side}/repo/id"));
            // A fork that the same owner has may have a branch of the same name.
            named("head") == Some(wish.source)
                && named("base") == Some(wish.target)
                && repository("head") == repository("base")
        };
        Ok(found.as_array().into_iter().flatten().find(is_own).cloned())
    }

    async fn refresh(&self, id: u64, wish: &Wish<'_>) -> Result<Value, ForgeError> {
        let body = json!({ "title": wish.title, "body": wish.description });
        let request = self.api.patch(&self.path(&format!("pulls/{id}")), &body).await?;
        if wish.settings.draft == Flag::On && !is(&request, "draft") {
            self.graphql.make_draft(text(&request, "node_id")).await?;
        }
        Ok(request)
    }

    /// Adds labels and people; those that are there stay.
    async fn furnish(&self, id: u64, settings: &ProposalSettings) -> Result<(), ForgeError> {
        let names = |names: &[String]| names.iter().map(|name| plain(name).to_owned()).collect();
        let lists: [(String, &str, Vec<String>); 3] = [
            (format!("issues/{id}/labels"), "labels", settings.labels.clone()),
            (format!("issues/{id}/assignees"), "assignees", names(&settings.assignees)),
            (format!("pulls/{id}/requested_reviewers"), "reviewers", names(&settings.reviewers)),
        ];
        for (path, field, wanted) in lists {
            if wanted.is_empty() {
                continue;
            }
            let answer = self.api.post(&self.path(&path), &json!({ field: wanted })).await?;
            if field == "assignees" {
                assigned(&answer, &wanted)?;
            }
        }
        Ok(())
    }

    /// Has the request merged when its checks have passed; at once when nothing is left to wait for.
    async fn merge_itself(&self, request: &Value, id: u64, commit: &str) -> Result<(), ForgeError> {
        match self.graphql.merge_itself(text(request, "node_id"), self.way).await {
            Err(ForgeError::Refused { words, .. }) if words.contains("clean status") => {
                let body = json!({ "sha": commit, "merge_method": self.way });
                self.api.put(&self.path(&format!("pulls/{id}/merge")), &body).await?;
                Ok(())
            }
            other => other,
        }
    }
}

/// GitHub drops assignees that may not be assigned, without a word.
fn assigned(answer: &Value, wanted: &[String]) -> Result<(), ForgeError> {
    let there: Vec<&str> = answer
        .get("assignees")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|user| text(user, "login"))
        .collect();
    match wanted.iter().find(|name| !there.iter().any(|login| login.eq_ignore_ascii_case(name))) {
        None => Ok(()),
        Some(name) => Err(ForgeError::Refused {
            forge: Forge::Github,
            words: format!("{name} can't be assigned to requests of this repository"),
        }),
    }
}

fn new_request(wish: &Wish<'_>) -> Value {
    json!({
        "title": wish.title,
        "body": wish.description,
        "head": wish.source,
        "base": wish.target,
        "draft": wish.settings.draft == Flag::On,
    })
}

/// The addresses of the REST and the GraphQL API.
fn bases(url: &GitUrl) -> (String, String) {
    let origin = url.web_origin().unwrap_or_default();
    match url.host() {
        Some(host) if host.eq_ignore_ascii_case(GITHUB) => (GITHUB_API.to_owned(), GITHUB_API.to_owned()),
        _ => (format!("{origin}/api/v3"), format!("{origin}/api")),
    }
}

/// How the repository lets requests be merged; it says nothing to a token that may not see it.
fn way(found: &Value) -> &'static str {
    let is_off = |field: &str| found.get(field).and_then(Value::as_bool) == Some(false);
    match () {
        () if !is_off("allow_merge_commit") => "merge",
        () if !is_off("allow_squash_merge") => "squash",
        () => "rebase",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_its_api() {
        let bases = |url: &str| bases(&GitUrl::parse(url).unwrap().0);
        let public = ("https://api.github.com".to_owned(), "https://api.github.com".to_owned());
        assert_eq!(bases("https://GitHub.com/shop/infra.git"), public);
        assert_eq!(bases("git@github.com:shop/infra.git"), public);
        let own = ("https://code.example:8443/api/v3".to_owned(), "https://code.example:8443/api".to_owned());
        assert_eq!(bases("https://code.example:8443/shop/infra.git"), own);
        assert_eq!(bases("ssh://git@code.example:2222/shop/infra.git").0, "https://code.example/api/v3");
    }

    #[test]
    fn merges_as_the_repository_lets() {
        assert_eq!(way(&json!({})), "merge");
        assert_eq!(way(&json!({ "allow_merge_commit": false, "allow_squash_merge": true })), "squash");
        assert_eq!(way(&json!({ "allow_merge_commit": false, "allow_squash_merge": false })), "rebase");
    }
}
