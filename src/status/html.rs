//! The rows as one page that needs nothing else. Everything that comes from outside is escaped by the template. This module
//! must not print.

#![deny(clippy::disallowed_methods)]

use minijinja::value::Serde;
use minijinja::{Environment, Value, context};

use super::model::Status;
use super::rows::{problems, rows};
use super::summary::summary;

/// The page. Its name ends in `.html`, which is what makes minijinja escape every value.
const NAME: &str = "page.html";
const PAGE: &str = include_str!("page.html");

/// One page with a row for each place, sorted and filtered by a script where there is one.
pub fn html(status: &Status) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.add_filter("pieces", pieces);
    environment.add_template(NAME, PAGE)?;
    let rows = rows(status);
    environment.get_template(NAME)?.render(context! {
        generated => status.generated.as_str(),
        problems => problems(status),
        summary => summary(status),
        rows => Value::from(Serde(&rows)),
    })
}

/// A name in pieces, between which a line may be broken.
fn pieces(name: &str) -> Vec<String> {
    name.split_inclusive(['/', '-', '.', ':']).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::super::model::tests::{bumped, place, status};
    use super::super::model::{Elsewhere, Held, State};
    use super::*;

    fn rendered(status: &Status) -> String {
        html(status).unwrap()
    }

    #[test]
    fn everything_from_outside_is_escaped() {
        let evil = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";
        for pipeline in [format!("https://g.example.com/{evil}"), "javascript:alert(3)".into(), evil.into()] {
            let mut hostile = bumped(place("r.io/app", "1", ""), &pipeline);
            hostile.file = evil.into();
            hostile.path = evil.into();
            hostile.registry.error = Some(evil.into());
            hostile.registry.state = State::Failed;
            hostile.drift = vec![Elsewhere { environment: evil.into(), tag: None, digest: None }];
            hostile.last_bump.as_mut().unwrap().author = evil.into();
            hostile.hold = Some(Held { reason: evil.into(), by: evil.into(), at: evil.into(), seconds: 0 });
            let mut status = status(evil, vec![hostile]);
            status.repositories[0].short = evil.into();
            status.repositories[0].problems = vec![evil.into()];
            let page = rendered(&status);
            let safe =
                rendered(&super::super::model::tests::status("prod", vec![bumped(place("r.io/app", "1", ""), "")]));
            for tag in ["<script", "<img", "<a "] {
                assert!(page.matches(tag).count() <= safe.matches(tag).count() + 1, "{tag} in {page}");
            }
            assert_eq!(page.matches("<script").count(), 1);
            assert!(!page.contains("<img") && !page.contains("href=\"javascript:"), "{page}");
            assert!(!page.contains("\"'>"), "{page}");
        }
    }

    #[test]
    fn the_page_needs_nothing_else() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let page = rendered(&status(
            "prod",
            vec![bumped(place("r.io/app", "1", &digest), "https://g.example.com/-/pipelines/7")],
        ));
        assert!(page.contains("<a href=\"https:&#x2f;&#x2f;g.example.com&#x2f;-&#x2f;pipelines&#x2f;7\""), "{page}");
        for other in ["src=", "<link", "@import", "url("] {
            assert!(!page.contains(other), "{other} in {page}");
        }
        assert!(rendered(&status("prod", Vec::new())).contains("No image is named"));
    }
}
