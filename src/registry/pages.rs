//! Where a list that comes in pages goes on: reads `Link` (RFC 8288), as the OCI distribution specification has it. This module
//! must not lead to another server.

#![deny(clippy::disallowed_methods)]

use reqwest::header::{HeaderMap, LINK};
use url::Url;

/// The path and query of the next page, on the same server; none on the last page. An error is the reason.
///
/// A registry behind a proxy that ends TLS may write `http` for itself: of its own address only path and query count.
pub(super) fn next(headers: &HeaderMap, asked: &Url) -> Result<Option<String>, String> {
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let Some(target) = links.flat_map(links_of).find_map(|(target, rest)| is_next(rest).then_some(target)) else {
        return Ok(None);
    };
    let unusable = || "the next page of its list has an address that can't be used".to_owned();
    let next = asked.join(target).map_err(|_| unusable())?;
    if (next.host(), next.port()) != (asked.host(), asked.port()) {
        return Err("the next page of its list is on another server, which is not used".to_owned());
    }
    let path = next.path();
    if !matches!(next.scheme(), "http" | "https") || !path.starts_with("/v2/") {
        return Err(unusable());
    }
    Ok(Some(next.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))))
}

/// Each target of a header's value with its parameters.
fn links_of(value: &str) -> impl Iterator<Item = (&str, &str)> {
    value.split('<').skip(1).filter_map(|link| link.split_once('>'))
}

fn is_next(parameters: &str) -> bool {
    parameters.split(';').any(|parameter| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let mut relations = value.trim_matches([' ', '\t', ',', '"']).split_ascii_whitespace();
        name.trim().eq_ignore_ascii_case("rel") && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(link: &str) -> Result<Option<String>, String> {
        let headers = HeaderMap::from_iter([(LINK, link.parse().unwrap())]);
        next(&headers, &Url::parse("https://h.x/v2/team/app/referrers/sha256:a?n=1").unwrap())
    }

    #[test]
    fn follows_every_form_of_a_link_on_the_same_server() {
        let expected = Ok(Some("/v2/team/app/referrers/sha256:a?n=1&last=b".to_owned()));
        let path = "/v2/team/app/referrers/sha256:a?n=1&last=b";
        for link in [
            format!("<{path}>; rel=\"next\""),
            format!("<{path}>;rel=next"),
            format!("<{path}>; title=\"x\"; REL=\"prev Next\""),
            format!("<https://h.x{path}>; rel=\"next\""),
            format!("<http://h.x{path}>; rel=\"next\""),
            format!("<//h.x{path}>; rel=\"next\""),
            "<?n=1&last=b>; rel=\"next\"".to_owned(),
            "<sha256:a?n=1&last=b>; rel=\"next\"".replace("sha256", "./sha256"),
            format!("</v2/first>; rel=\"first\", <{path}>; rel=\"next\""),
        ] {
            assert_eq!(after(&link), expected, "{link}");
        }
    }

    #[test]
    fn ends_where_nothing_says_more() {
        assert_eq!(next(&HeaderMap::new(), &Url::parse("https://h.x/v2/").unwrap()), Ok(None));
        for link in ["", "<", "<>", "</v2/x>", "</v2/x>; rel=\"first\"", "</v2/x>; title=\"next\""] {
            assert_eq!(after(link), Ok(None), "{link}");
        }
    }

    #[test]
    fn leads_to_no_other_server() {
        for link in ["https://h.y/v2/x", "https://h.x:444/v2/x", "//h.y/v2/x", "https://h.x.evil/v2/x"] {
            assert!(after(&format!("<{link}>; rel=\"next\"")).unwrap_err().contains("another server"), "{link}");
        }
        for link in ["/https://h.y/v2/x", "//h.x//evil/", "/admin", "ftp://h.x/v2/x"] {
            assert!(after(&format!("<{link}>; rel=\"next\"")).is_err(), "{link}");
        }
    }
}
