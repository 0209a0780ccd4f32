//! Which forge a server is: as the user says, by its name, or by how it answers. This module must not show a token: whoever
//! is asked here may be anybody.

use serde_json::Value;

use crate::api::{Api, ApiError};
use crate::git::GitUrl;
use crate::gitea;
use crate::http::Http;
use crate::links::Forge;
use crate::settings::Ci;

/// The forge that a repository is on, as far as that needs no question: the one that is given, else the server whose pipeline
/// runs, else by the server's name.
pub fn known(url: &GitUrl, given: Option<Forge>, ci: &Ci) -> Option<Forge> {
    url.host()?;
    given.or_else(|| ci.is_own_server(url).then_some(Forge::Gitlab)).or_else(|| Forge::named(url))
}

/// The same, and where it is not known the server is asked; none where it answers as no forge does.
pub async fn detect(url: &GitUrl, given: Option<Forge>, ci: &Ci, http: &Http) -> Option<Forge> {
    if let Some(forge) = known(url, given, ci) {
        return Some(forge);
    }
    let (gitlab, gitea) = (url.web_origin()?, gitea::version_address(url)?);
    let (gitlab, gitea) = futures_util::join!(is_gitlab(&gitlab, http), is_gitea(gitea, http));
    let forge = match () {
        () if gitlab => Some(Forge::Gitlab),
        () if gitea => Some(Forge::Gitea),
        () => None,
    };
    let name = forge.map_or("an unknown forge", Forge::name);
    tracing::debug!("{}: the server answers as {name}", url.short());
    forge
}

/// GitLab says its version only to those that it knows, and to others that they are none.
async fn is_gitlab(origin: &str, http: &Http) -> bool {
    match Api::open(format!("{origin}/api/v4"), http).probe("version").await {
        Ok(answer) => answer.get("version").is_some_and(Value::is_string) && answer.get("revision").is_some(),
        Err(ApiError::Denied { words, .. }) => words == "401 Unauthorized",
        Err(_) => false,
    }
}

async fn is_gitea(base: String, http: &Http) -> bool {
    let answer = Api::open(base, http).probe("version").await;
    answer.is_ok_and(|answer| answer.get("version").is_some_and(Value::is_string))
}
