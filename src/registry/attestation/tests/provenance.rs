//! Provenance: who built it, from what.

use super::*;

/// What builders write of a build of <https://gitlab.example/shop/app> at [`COMMIT`].
fn provenances() -> Vec<(&'static str, &'static str, Value)> {
    let base = json!({"uri": "pkg:docker/debian@12?platform=linux%2Famd64", "digest": {"sha256": "b".repeat(64)}});
    let file = json!({"uri": "https://files.example/x.tar", "digest": {"sha256": "c".repeat(64)}});
    vec![
        (
            "GitLab's runner, 0.2",
            V02,
            json!({
            "builder": {"id": "https://gitlab.example/shop/app/-/runners/7"}, "materials": [],
            "buildType": "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/v15.1.0/PROVENANCE.md",
            "invocation": {"configSource": {"uri": "https://gitlab.example/shop/app", "digest": {"sha256": COMMIT},
                "entryPoint": "build"}, "environment": {}, "parameters": {"CI": ""}},
            "metadata": {"buildFinishedOn": "2026-11-26T07:00:00Z"}}),
        ),
        (
            "GitLab, 1",
            V1,
            json!({
            "buildDefinition": {"buildType": "x", "internalParameters": {"name": "r"},
                "externalParameters": {"source": "https://gitlab.example/shop/app", "entryPoint": "build", "variables": {}},
                "resolvedDependencies": [{"uri": "https://gitlab.example/shop/app", "digest": {"sha256": COMMIT}}]},
            "runDetails": {"builder": {"id": "https://gitlab.example/shop/app/-/runners/7", "version": {}}, "metadata": {}}}),
        ),
        (
            "BuildKit from Git, 0.2",
            V02,
            json!({
            "builder": {"id": "https://gitlab.example/shop/app/-/runners/7"},
            "invocation": {"configSource": {"uri": "https://gitlab.example/shop/app.git#refs/heads/main:deploy",
                "digest": {"sha1": COMMIT}, "entryPoint": "Dockerfile"}, "parameters": {"frontend": "dockerfile.v0"}},
            "materials": [base, {"uri": "https://gitlab.example/shop/app.git#refs/heads/main:deploy",
                "digest": {"sha1": COMMIT}}, file]}),
        ),
        (
            "BuildKit from Git, 1",
            V1,
            json!({
            "buildDefinition": {
                "externalParameters": {"configSource": {"uri": "https://gitlab.example/shop/app.git#main",
                    "digest": {"sha1": COMMIT}, "path": "Dockerfile"}, "request": {"frontend": "dockerfile.v0"}},
                "resolvedDependencies": [base, {"uri": "https://gitlab.example/shop/app.git#main", "digest": {"sha1": COMMIT}}]},
            "runDetails": {"builder": {"id": "https://gitlab.example/shop/app/-/runners/7"}, "metadata": {}}}),
        ),
        (
            "BuildKit from a directory, 0.2",
            V02,
            json!({
            "builder": {"id": "https://gitlab.example/shop/app/-/runners/7"},
            "invocation": {"configSource": {"entryPoint": "Dockerfile"}}, "materials": [base, file],
            "metadata": {"https://mobyproject.org/buildkit@v1#metadata": {
                "vcs": {"source": "git@gitlab.example:shop/app.git", "revision": COMMIT}}}}),
        ),
        (
            "BuildKit from a directory, 1",
            V1,
            json!({
            "buildDefinition": {"externalParameters": {"configSource": {"path": "Dockerfile"}}, "resolvedDependencies": null},
            "runDetails": {"builder": {"id": "https://gitlab.example/shop/app/-/runners/7"}, "metadata": {"buildkit_metadata": {
                "vcs": {"source": "https://ci:secret@gitlab.example/shop/app", "revision": COMMIT}}}}}),
        ),
        (
            "Tekton's materials, 0.2",
            V02,
            json!({
            "builder": {"id": "https://gitlab.example/shop/app/-/runners/7"}, "invocation": {},
            "materials": [base, {"uri": "git+https://gitlab.example/shop/app.git", "digest": {"sha1": COMMIT}}]}),
        ),
        (
            "GitHub's workflow, 1",
            V1,
            json!({
            "buildDefinition": {
                "externalParameters": {"workflow": {"ref": "refs/heads/main", "repository": "https://gitlab.example/shop/app"}},
                "resolvedDependencies": [{"uri": "git+https://gitlab.example/shop/app@refs/heads/main",
                    "digest": {"gitCommit": COMMIT}}]},
            "runDetails": {"builder": {"id": "https://gitlab.example/shop/app/-/runners/7"}}}),
        ),
    ]
}

#[test]
fn provenance_is_read_in_every_form() {
    for (name, kind, predicate) in provenances() {
        let is_ssh = predicate.to_string().contains("git@");
        let source = if is_ssh { "ssh://gitlab.example/shop/app" } else { "https://gitlab.example/shop/app" };
        for rule in [
            "slsaprovenance".to_owned(),
            format!("slsaprovenance:commit={COMMIT}"),
            format!("slsaprovenance:commit={}", COMMIT.to_ascii_uppercase()),
            format!("slsaprovenance:source={source},commit={COMMIT},builder=https://gitlab.example/*/-/runners/?"),
            format!("slsaprovenance:source={source}.git/"),
            format!("slsaprovenance:source=git+{source}.git"),
            "slsaprovenance:source=*://gitlab.example/shop/*".to_owned(),
        ] {
            assert_eq!(judge(&rule, kind, &predicate), Ok(()), "{name}: {rule}");
        }
        for (rule, words) in [
            (
                "slsaprovenance:builder=https://gitlab.example/other/*".to_owned(),
                "by the builder \"https://gitlab.example/shop",
            ),
            ("slsaprovenance:source=https://gitlab.example/shop".to_owned(), "gitlab.example/shop/app"),
            ("slsaprovenance:source=https://gitlab.example/shop/application".to_owned(), "from the source"),
            ("slsaprovenance:source=https://evil.example/shop/app".to_owned(), "from the source"),
            ("slsaprovenance:source=https://files.example/*".to_owned(), "from the source"),
            (format!("slsaprovenance:commit={OTHER}"), COMMIT),
        ] {
            let reason = judge(&rule, kind, &predicate).expect_err(name);
            assert!(reason.contains(words) && !reason.contains("secret"), "{name}: {rule}: {reason}");
        }
    }
}

#[test]
fn what_is_built_with_is_not_what_was_built() {
    let wanted = format!("slsaprovenance:source=https://gitlab.example/shop/app,commit={COMMIT}");
    let own = json!({"uri": "https://gitlab.example/shop/app.git", "digest": {"sha1": COMMIT}});
    let evil = json!({"uri": "https://evil.example/app.git", "digest": {"sha1": OTHER}});
    let second = |parameters: Value, materials: Value| {
        json!({"builder": {"id": "b"}, "materials": materials,
        "invocation": {"configSource": parameters}})
    };
    assert_eq!(judge(&wanted, V02, &second(own.clone(), json!([evil]))), Ok(()));
    refuses(&wanted, V02, &second(evil.clone(), json!([own])), "from the source https://evil.example/app");
    refuses(&wanted, V02, &second(json!({}), json!([own, evil])), "from several sources");
    refuses(&wanted, V02, &second(json!({"uri": "pkg:generic/x"}), json!([own])), "which is not a repository");
    refuses(&wanted, V02, &second(json!({}), json!([])), "names no source");
    let twice = json!([{"uri": "https://gitlab.example/shop/app.git", "digest": {"sha1": OTHER}}]);
    refuses(&wanted, V02, &second(own.clone(), twice), "of the commit");
    refuses(&wanted, V02, &second(json!({"uri": "https://gitlab.example/shop/app"}), json!([])), "names no commit");
    refuses("slsaprovenance:builder=*", V02, &json!({"builder": {"id": ""}}), "names no builder");
    refuses("slsaprovenance:builder=*", V02, &json!({}), "names no builder");
    refuses("slsaprovenance", V02, &json!({"materials": 1}), "can't be read");
    refuses("slsaprovenance", V1, &json!({"builder": {"id": "b"}}), "can't be read");
    let first = |parameters: Value| {
        json!({"runDetails": {}, "buildDefinition": {"externalParameters": parameters,
        "resolvedDependencies": [own]}})
    };
    refuses(
        &wanted,
        V1,
        &first(json!({"source": "https://evil.example/app"})),
        "from the source https://evil.example/app",
    );
    refuses(
        &wanted,
        V1,
        &first(
            json!({"source": "https://gitlab.example/shop/app", "workflow": {"repository": "https://evil.example/app"}}),
        ),
        "several",
    );
}

#[test]
fn an_address_does_not_pretend_to_be_another() {
    let wanted = "slsaprovenance:source=https://gitlab.example/shop/*";
    for (uri, is_one) in [
        ("https://GitLab.example:443/shop/app", true),
        ("git+https://token@gitlab.example/shop/app.git", true),
        ("https://gitlab.example/shop/../evil/app", false),
        ("https://gitlab.example/shop/%2e%2E/evil/app", false),
        ("https://gitlab.example/shop/x@/../../evil/app", false),
        ("https://gitlab.example@evil.example/shop/app", false),
        ("https://gitlab.example\\@evil.example/shop/app", false),
        ("https://gitlab.example.evil.example/shop/app", false),
        ("https://gitlab.example:8443/shop/app", false),
        ("http://gitlab.example/shop/app", false),
        ("https://gitlab.example/shop", false),
        ("https://evil.example/https://gitlab.example/shop/app", false),
        ("https://evil.example/#https://gitlab.example/shop/app", false),
    ] {
        let predicate = json!({"invocation": {"configSource": {"uri": uri}}});
        assert_eq!(judge(wanted, V02, &predicate).is_ok(), is_one, "{uri}");
    }
}
