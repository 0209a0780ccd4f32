//! What GitHub's REST API lacks, by its GraphQL API; this module must not know what a request is for.

use serde_json::{Value, json};

use crate::api::Api;
use crate::links::Forge;
use crate::merge_request::{ForgeError, text};
use crate::words;

/// The GraphQL API of one server.
#[derive(Debug)]
pub(super) struct Graphql(pub(super) Api);

impl Graphql {
    /// Has a request merged when its checks have passed.
    pub(super) async fn merge_itself(&self, id: &str, way: &str) -> Result<(), ForgeError> {
        let mutation = "mutation($id: ID!, $way: PullRequestMergeMethod!) { \
             enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $way}) { clientMutationId } }";
        self.ask(mutation, &json!({ "id": id, "way": way.to_ascii_uppercase() })).await
    }

    /// Makes a draft of a request.
    pub(super) async fn make_draft(&self, id: &str) -> Result<(), ForgeError> {
        let mutation =
            "mutation($id: ID!) { convertPullRequestToDraft(input: {pullRequestId: $id}) { clientMutationId } }";
        self.ask(mutation, &json!({ "id": id })).await
    }

    /// A refusal comes with the status 200.
    async fn ask(&self, query: &str, variables: &Value) -> Result<(), ForgeError> {
        let answer = self.0.post("graphql", &json!({ "query": query, "variables": variables })).await?;
        let errors = answer.get("errors").and_then(Value::as_array).filter(|errors| !errors.is_empty());
        let Some(errors) = errors else { return Ok(()) };
        let texts: Vec<&str> = errors.iter().map(|error| text(error, "message")).collect();
        Err(ForgeError::Refused { forge: Forge::Github, words: words::short(texts.join("; ")) })
    }
}
