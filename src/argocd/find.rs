//! Which applications a change concerns; this module must not judge how they are.

use std::fmt;

use serde_json::Value;

use super::{ArgocdError, Expected, state};
use crate::api::Api;
use crate::settings::ArgocdSettings;

/// An application to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Concerned {
    /// Its namespace; none means Argo CD's own.
    pub(super) namespace: Option<String>,
    /// Its name.
    pub(super) name: String,
    /// Which of its sources is the repository's; none means `sourceHydrator.drySource`.
    pub(super) source: Option<usize>,
}

impl fmt::Display for Concerned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The applications that a change concerns.
pub(super) async fn concerned(
    api: &Api,
    settings: &ArgocdSettings,
    expected: &Expected<'_>,
) -> Result<Vec<Concerned>, ArgocdError> {
    if !settings.apps.is_empty() {
        return Ok(settings.apps.iter().map(|app| named(app)).collect());
    }
    let all = api.get("applications").await?;
    let items = all.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
    let own = items.iter().filter(|item| state::is_of(item, expected.url, &expected.files));
    let name = |item: &Value| {
        let part = |pointer: &str| item.pointer(pointer).and_then(Value::as_str);
        let (namespace, name) = (part("/metadata/namespace")?.to_owned(), part("/metadata/name")?.to_owned());
        Some(Concerned { namespace: Some(namespace), name, source: Some(0) })
    };
    let names: Vec<Concerned> = own.filter_map(name).collect();
    if names.is_empty() {
        return Err(ArgocdError::NoApplication { url: expected.url.to_string() });
    }
    Ok(names)
}

/// An application as a user names it: `NAME` or `NAMESPACE/NAME`.
fn named(app: &str) -> Concerned {
    let (namespace, name) = app.split_once('/').map_or((None, app), |(namespace, name)| (Some(namespace), name));
    Concerned { namespace: namespace.map(str::to_owned), name: name.to_owned(), source: Some(0) }
}
