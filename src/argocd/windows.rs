//! Whether a project's sync windows keep an application from being synchronised now; this module must not ask for them.

#![deny(clippy::disallowed_methods)]

use serde::Deserialize;

use crate::text::one_line;

/// The windows that are assigned to an application, as `syncwindows` has them.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Windows {
    #[serde(rename = "activeWindows", default)]
    active: Option<Vec<Window>>,
    #[serde(rename = "assignedWindows", default)]
    assigned: Option<Vec<Window>>,
    /// Whether a person may synchronise now, which a window can allow apart.
    #[serde(rename = "canSync", default)]
    can_sync: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
struct Window {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    schedule: String,
    #[serde(default)]
    duration: String,
}

impl Windows {
    /// Reads an answer.
    pub(super) fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(body)
    }

    /// What keeps Argo CD from synchronising by itself, when something does.
    pub(super) fn closed(&self) -> Option<String> {
        let of_kind = |windows: &Option<Vec<Window>>, kind: &str| {
            windows.iter().flatten().find(|window| window.kind == kind).map(Window::words)
        };
        let denies = of_kind(&self.active, "deny").map(|window| format!("a deny window is open ({window})"));
        let allows = || {
            let is_open = of_kind(&self.active, "allow").is_some();
            let window = of_kind(&self.assigned, "allow").filter(|_| !is_open)?;
            Some(format!("no allow window is open (such as {window})"))
        };
        let refuses =
            || (self.can_sync == Some(false)).then(|| "the sync windows of its project do not allow it".to_owned());
        denies.or_else(allows).or_else(refuses)
    }
}

impl Window {
    fn words(&self) -> String {
        one_line(&format!("{} for {}", self.schedule, self.duration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_closes_unless_it_lets_argo_cd_through() {
        let window = |kind: &str| format!(r#"{{"kind": "{kind}", "schedule": "0 22 * * *", "duration": "8h"}}"#);
        for (body, closed) in [
            (r#"{"canSync": true}"#.to_owned(), None),
            (r#"{"canSync": false}"#.to_owned(), Some("the sync windows of its project do not allow it")),
            // It lets people through, and Argo CD not.
            (
                format!(r#"{{"activeWindows": [{}], "canSync": true}}"#, window("deny")),
                Some("a deny window is open (0 22 * * * for 8h)"),
            ),
            (
                format!(r#"{{"assignedWindows": [{}], "canSync": true}}"#, window("allow")),
                Some("no allow window is open (such as 0 22 * * * for 8h)"),
            ),
            (
                format!(r#"{{"activeWindows": [{0}], "assignedWindows": [{0}], "canSync": true}}"#, window("allow")),
                None,
            ),
            (format!(r#"{{"assignedWindows": [{}], "canSync": true}}"#, window("deny")), None),
        ] {
            assert_eq!(Windows::read(body.as_bytes()).unwrap().closed().as_deref(), closed, "{body}");
        }
    }
}
