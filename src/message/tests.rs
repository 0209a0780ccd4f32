//! Messages, titles and descriptions from templates.

use super::*;

#[test]
#[allow(clippy::disallowed_methods, reason = "a test may look at the clock")]
fn a_template_that_grows_without_end_is_an_error() {
    let doubled = |start: &str, join: &str| {
        format!("{{% set a = {start} %}}{}", format!("{{% set a = a {join} a %}}").repeat(22))
    };
    for template in [
        doubled("[1]", "+") + "{{ a }}",
        doubled("'x'", "~") + "{{ a }}",
        doubled("[1]", "+") + "{{ a | join | replace('1', 'xx') | length }}",
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}".to_owned(),
    ] {
        let started = std::time::Instant::now();
        let error = render(Some(&template), &facts(), &Ci::default()).unwrap_err().to_string();
        // Which bound is met first depends on the machine.
        let words = ["renders to more than", "takes too long", "fuel"];
        assert!(words.iter().any(|words| error.contains(words)), "{error}");
        assert!(started.elapsed() < Duration::from_secs(5), "{template}");
    }
}

fn facts() -> Facts<'static> {
    Facts {
        images: vec![ImageFacts {
            name: "app",
            repository: "r.example.com/team/app",
            tag: "1.4.2",
            digest: None,
            rolled_back_from: None,
        }],
        changes: vec![ChangeFacts {
            image: "app",
            file: "values.yaml",
            path: "image.tag",
            line: 3,
            old: "1.4.1".into(),
            new: "1.4.2".into(),
        }],
        hold: None,
        environment: Some("staging"),
        branch: "main",
        freeze_ignored: None,
        preview: None,
        promoted_from: None,
    }
}

#[test]
fn a_commit_that_only_holds_says_so_whatever_the_template() {
    let places = || vec![HeldFacts { file: "values.yaml", path: "image.tag", value: "1.4.2" }];
    let holding = |reason| Facts { changes: Vec::new(), hold: Some(HoldFacts { reason, places: places() }), ..facts() };
    let ci = Ci { commit_sha: Some("abc".into()), ..Ci::default() };
    assert_eq!(
        render(None, &holding(Some("a: b")), &ci).unwrap(),
        "Hold app at 1.4.2 in staging\n\nvalues.yaml: image.tag: held at 1.4.2\nThe reason of the hold: a: b\n\nSource-Commit: abc\n"
    );
    assert_eq!(
        render(None, &holding(None), &ci).unwrap(),
        "End the hold of app at 1.4.2 in staging\n\nvalues.yaml: image.tag: no longer held at 1.4.2\n\nSource-Commit: abc\n"
    );
    assert_eq!(
        render(Some("ci: {{ images[0].tag }}\n\n{{ trailers }}"), &holding(Some("b")), &ci).unwrap(),
        "ci: 1.4.2\n\nHold app at 1.4.2 in staging\n\nSource-Commit: abc\n"
    );
    let both = Facts { changes: facts().changes, ..holding(Some("b")) };
    assert_eq!(
        render(None, &both, &Ci::default()).unwrap(),
        "Update app to 1.4.2 in staging\n\nvalues.yaml: image.tag: 1.4.1 -> 1.4.2\nvalues.yaml: image.tag: held at 1.4.2\n\
         The reason of the hold: b\n\nImage: r.example.com/team/app:1.4.2\n"
    );
    assert_eq!(outline(&holding(Some("b"))), "values.yaml image.tag: held at 1.4.2");
}

#[test]
fn the_default_says_what_where_and_why() {
    let ci = Ci {
        commit_sha: Some("abc".into()),
        pipeline_url: Some("https://example.com/p/1\nForged: yes".into()),
        ..Ci::default()
    };
    let message = render(None, &facts(), &ci).unwrap();
    assert_eq!(
        message,
        "Update app to 1.4.2 in staging\n\nvalues.yaml: image.tag: 1.4.1 -> 1.4.2\n\n\
         Image: r.example.com/team/app:1.4.2\nSource-Commit: abc\nPipeline: https://example.com/p/1 Forged: yes\n"
    );
}

#[test]
fn a_template_is_checked_and_bounded() {
    let ci = Ci::default();
    assert_eq!(render(Some("{{ images[0].tag }} on {{ branch }}"), &facts(), &ci).unwrap(), "1.4.2 on main\n");
    assert!(check("{{ images").is_err());
    assert!(render(Some("{{ nothing }}"), &facts(), &ci).is_err());
    assert!(render(Some("  "), &facts(), &ci).is_err());
    assert!(
        render(Some("{% for x in range(100000) %}{% for y in range(100000) %}{% endfor %}{% endfor %}"), &facts(), &ci)
            .is_err()
    );
}

#[test]
fn a_description_acts_nowhere() {
    let ci = Ci { commit_ref: Some("/merge".into()), ..Ci::default() };
    let template = "{{ ci.commit_ref }}\r\n > /approve\u{2028}/close\n{{ fence }}diff\n{{ diff }}\n{{ fence }}\n";
    let text = description(Some(template), &facts(), &ci, " /path\n-a\n+b\n").unwrap();
    assert_eq!(text, "\\/merge\n > \\/approve\n\\/close\n```diff\n /path\n-a\n+b\n```\n");
    let title = title(Some("a\u{202e}b\u{2028}c\nsecond"), &facts(), &ci).unwrap();
    assert_eq!(title, "ab c");
}
