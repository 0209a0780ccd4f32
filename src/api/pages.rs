//! Lists that an API gives page by page; this module must not know what is listed.

use serde_json::Value;

use super::{Api, ApiError};

/// How many pages are read.
const MOST_PAGES: usize = 20;

impl Api {
    /// All pages of a list. `query` says how much is on a page; a server may give less than that, so a page that brings nothing
    /// new is the last one.
    pub(crate) async fn pages(&self, path: &str, query: &str) -> Result<Vec<Value>, ApiError> {
        let mut all = Vec::new();
        for page in 1..=MOST_PAGES {
            let found = self.get(&format!("{path}?{query}&page={page}")).await?;
            let found = found.as_array().cloned().unwrap_or_default();
            let fresh: Vec<Value> = found.into_iter().filter(|item| !holds(&all, item)).collect();
            if fresh.is_empty() {
                break;
            }
            all.extend(fresh);
        }
        Ok(all)
    }
}

fn holds(all: &[Value], item: &Value) -> bool {
    let id = |value: &Value| value.get("id").and_then(Value::as_u64);
    match id(item) {
        Some(own) => all.iter().any(|known| id(known) == Some(own)),
        None => all.contains(item),
    }
}
