//! Which servers see which secret.

use super::*;
use crate::git::GitUrl;

const IMAGE: &str = "--image=r.example/shop/api:1";
const HELM: &str = "--helm=v.yaml";

/// A config file with this repository.
fn config(entry: &str) -> String {
    format!("images: {{api: 'r.config.example/shop/api:1'}}\nrepositories: [{{{entry}, helm: [{{file: v.yaml}}]}}]\n")
}

fn at(url: &str) -> String {
    config(&format!("url: '{url}'"))
}

/// The credentials of the first repository, for the server of its own address.
fn shown(settings: &Settings) -> Option<String> {
    let repository = &settings.repositories[0];
    let (host, port) = repository.url.server()?;
    let credentials = repository.credentials.as_ref()?.for_server(host, port)?;
    Some(format!("{}:{}", credentials.username, credentials.password.expose_secret()))
}

#[track_caller]
fn refused(result: Result<Settings, SettingsError>, words: &[&str]) {
    let error = result.unwrap_err();
    assert!(!matches!(error, SettingsError::Usage(_)), "{error}");
    let text = format!("{error} / {}", error.hint());
    for words in words {
        assert!(text.contains(words), "{text} does not say {words}");
    }
    assert!(!text.contains("s3cret"), "{text}");
}

const TOKEN: (&str, &str) = ("GITOPS_BUMP_GIT_TOKEN", "s3cret");
const KEY: (&str, &str) = ("GITOPS_BUMP_SSH_KEY", "s3cret");
const CI: (&str, &str) = ("GITLAB_CI", "true");
const HOST: (&str, &str) = ("CI_SERVER_HOST", "git.example");

#[test]
fn a_config_file_names_no_server_that_gets_the_git_token() {
    let hosts = |value: &'static str| ("GITOPS_BUMP_GIT_HOSTS", value);
    for (url, variables, may) in [
        ("https://git.example/a/b", &[CI, HOST][..], true),
        ("https://GIT.example./a/b", &[CI, HOST], true),
        ("https://git.example:8443/a/b", &[CI, HOST], false),
        ("https://git.example:8443/a/b", &[CI, HOST, ("CI_SERVER_PORT", "8443")], true),
        ("ssh://git@git.example:2222/a/b", &[CI, HOST], false),
        ("ssh://git@git.example:2222/a/b", &[CI, HOST, ("CI_SERVER_SHELL_SSH_PORT", "2222")], true),
        ("git@git.example:a/b", &[CI, HOST], true),
        ("https://evil.example/a/b", &[CI, HOST], false),
        ("https://git.example.evil.example/a/b", &[CI, HOST], false),
        ("https://git.example@evil.example/a/b", &[CI, HOST], false),
        ("git@evil.example:a/b", &[CI, HOST], false),
        ("https://evil.example/a/b", &[CI], false),
        ("https://evil.example/a/b", &[HOST], true),
        ("https://other.example/a/b", &[CI, HOST, hosts("git.example, other.example")], true),
        ("https://git.example/a/b", &[CI, HOST, hosts("other.example")], false),
        ("https://git.example/a/b", &[HOST, hosts("other.example")], false),
        ("https://other.example:8443/a/b", &[CI, hosts("other.example:8443")], true),
        ("/srv/infra.git", &[CI, HOST], true),
    ] {
        for secret in [TOKEN, KEY] {
            let variables = [variables, &[secret]].concat();
            let result = resolve(&[], Some(&at(url)), &variables);
            if may {
                result.unwrap_or_else(|error| panic!("{url} {variables:?}: {error}"));
            } else {
                let server = GitUrl::parse(url).unwrap().0;
                refused(result, &["GITOPS_BUMP_GIT_HOSTS", secret.0, server.host().unwrap()]);
            }
        }
        assert!(resolve(&[], Some(&at(url)), variables).is_ok(), "without a secret {url} may be asked");
    }
}

#[test]
fn a_flag_names_the_server_itself() {
    for url in ["https://other.example/a/b", "https://other.example:8443/a/b", "http://127.0.0.1:3000/a/b"] {
        let flags = [IMAGE, HELM, &format!("--repo={url}")];
        let settings = resolve(&flags, None, &[CI, HOST, TOKEN]).unwrap();
        assert_eq!(shown(&settings).as_deref(), Some("oauth2:s3cret"), "{url}");
        let foreign = settings.repositories[0].credentials.as_ref().unwrap();
        assert!(foreign.for_server("evil.example", 443).is_none() && foreign.for_server("other.example", 1).is_none());
        refused(
            resolve(&flags, None, &[CI, HOST, TOKEN, ("GITOPS_BUMP_GIT_HOSTS", "git.example")]),
            &["GITOPS_BUMP_GIT_HOSTS"],
        );
    }
    let variable = [CI, TOKEN, ("GITOPS_BUMP_REPO", "https://other.example/a/b")];
    assert!(shown(&resolve(&[IMAGE, HELM], None, &variable).unwrap()).is_some());
}

#[test]
fn the_ssh_key_has_the_same_servers() {
    let flags = [IMAGE, HELM, "--repo=ssh://git@other.example:2222/a/b"];
    let settings = resolve(&flags, None, &[CI, HOST, KEY]).unwrap();
    let key = settings.network.ssh.key.unwrap();
    assert!(key.for_server("other.example", 2222).is_some() && key.for_server("git.example", 22).is_some());
    assert!(key.for_server("other.example", 22).is_none() && key.for_server("evil.example", 22).is_none());
}

#[test]
fn a_repositorys_own_token_is_for_its_server() {
    let named = |variable: &str, host: &str| {
        config(&format!("url: 'https://{host}/a/b', credentials: {{username: bot, token_variable: {variable}}}"))
    };
    let own = ("GITOPS_BUMP_GIT_TOKEN_INFRA", "s3cret\n");
    let settings = resolve(&[], Some(&named(own.0, "git.example")), &[CI, HOST, own, TOKEN]).unwrap();
    assert_eq!(shown(&settings).as_deref(), Some("bot:s3cret"));
    assert!(settings.repositories[0].credentials.as_ref().unwrap().for_server("other.example", 443).is_none());
    let evil = named(own.0, "evil.example");
    refused(resolve(&[], Some(&evil), &[CI, HOST, own]), &["GITOPS_BUMP_GIT_HOSTS", own.0, "evil.example"]);
    refused(resolve(&[], Some(&evil), &[CI, HOST]), &["GITOPS_BUMP_GIT_HOSTS"]);
    assert!(resolve(&[], Some(&evil), &[own]).is_ok());
    for name in
        ["CI_JOB_TOKEN", "INFRA_TOKEN", "AWS_SECRET_ACCESS_KEY", "GITOPS_BUMP_GIT_TOKEN", "GITOPS_BUMP_GIT_TOKEN_"]
    {
        let variables = [HOST, (name, "s3cret")];
        refused(
            resolve(&[], Some(&named(name, "git.example")), &variables),
            &["GITOPS_BUMP_GIT_TOKEN_", "git.example"],
        );
    }
    // Somebody has put the token itself there.
    refused(resolve(&[], Some(&named("glpat-s3cret", "git.example")), &[HOST]), &["GITOPS_BUMP_GIT_TOKEN_"]);
}

#[test]
fn what_a_url_says_is_for_that_server_alone() {
    let settings = resolve(&[IMAGE, HELM, "--repo=https://u:p@other.example/a/b"], None, &[CI, HOST, TOKEN]).unwrap();
    assert_eq!(shown(&settings).as_deref(), Some("u:p"));
    let credentials = settings.repositories[0].credentials.as_ref().unwrap();
    assert!(
        credentials.for_server("git.example", 443).is_none() && credentials.for_server("other.example", 80).is_none()
    );
    let settings = resolve(&[IMAGE, HELM, "--repo=https://bot@other.example/a/b"], None, &[CI, HOST, TOKEN]).unwrap();
    assert_eq!(shown(&settings).as_deref(), Some("bot:s3cret"));
    let text = config("url: 'https://u:hunter2@other.example/a/b', helm: []").replace(", helm: [{file: v.yaml}]", "");
    let error = message(resolve(&[], Some(&text), &[]));
    assert!(error.contains("other.example") && !error.contains("hunter2"), "{error}");
}

fn registry_password(settings: &Settings, variables: &[(&str, &str)], server: &str) -> bool {
    let environment = variables.iter().copied().collect();
    let sources = registry(&environment, &settings.registry_servers).unwrap();
    sources.explicit.as_ref().is_some_and(|pair| pair.for_named(server).is_some())
}

#[test]
fn the_registry_password_goes_to_the_images_of_flags_and_variables() {
    let pair = [("GITOPS_BUMP_REGISTRY_USERNAME", "u"), ("GITOPS_BUMP_REGISTRY_PASSWORD", "s3cret")];
    let hosts = ("GITOPS_BUMP_REGISTRY_HOSTS", "mirror.example:5000 index.docker.io");
    let in_ci = ("CI_REGISTRY", "registry.git.example:5050");
    for (flags, variables, servers) in [
        (&[IMAGE][..], &[CI][..], &["r.example"][..]),
        (&[IMAGE], &[], &["r.example", "r.config.example"]),
        (&[], &[CI], &[]),
        (&[], &[], &["r.config.example"]),
        (&[], &[CI, in_ci], &["registry.git.example:5050"]),
        (&[], &[CI, ("GITOPS_BUMP_IMAGE", "r.variable.example:5000/a:1")], &["r.variable.example:5000"]),
        (&[IMAGE], &[in_ci, hosts], &["mirror.example:5000", "docker.io"]),
        (&["--image=nginx:1"], &[CI], &["docker.io"]),
    ] {
        let variables = [variables, &pair].concat();
        let settings = resolve(flags, Some(&at("https://git.example/a/b")), &variables).unwrap();
        for server in [
            "r.example",
            "r.config.example",
            "registry.git.example:5050",
            "registry.git.example",
            "r.variable.example:5000",
            "mirror.example:5000",
            "docker.io",
            "r.example:5000",
        ] {
            let may = registry_password(&settings, &variables, server);
            assert_eq!(may, servers.contains(&server), "{flags:?} {variables:?}: {server}");
        }
    }
}

#[test]
fn the_forges_token_goes_to_the_repositorys_api() {
    let token = ("GITOPS_BUMP_FORGE_TOKEN", "s3cret");
    let api = ("CI_API_V4_URL", "https://git.example:8443/api/v4");
    let holds = |settings: &Settings, url: &str| {
        settings.proposal.token.as_ref().unwrap().for_url(&url::Url::parse(url).unwrap()).is_some()
    };
    for (url, allowed) in [
        ("https://github.com/a/b", &["https://github.com/", "https://api.github.com/"][..]),
        ("git@github.com:a/b", &["https://github.com/", "https://api.github.com/"]),
        ("https://other.example:8443/a/b", &["https://other.example:8443/"]),
        ("ssh://git@other.example:2222/a/b", &["https://other.example/"]),
        ("https://git.example/a/b", &["https://git.example/"]),
    ] {
        let flags = [IMAGE, HELM, "--merge-request", &format!("--repo={url}")];
        let settings = resolve(&flags, None, &[CI, HOST, api, token]).unwrap();
        for address in [
            "https://github.com/",
            "https://api.github.com/",
            "https://other.example:8443/",
            "https://other.example/",
            "https://git.example/",
            "https://git.example:8443/",
            "https://evil.example/",
        ] {
            let own = address.contains("git.example");
            assert_eq!(holds(&settings, address), own || allowed.contains(&address), "{url}: {address}");
        }
    }
    let old = ("GITOPS_BUMP_GITLAB_TOKEN", "older");
    let settings = resolve(&[IMAGE], Some(&at("https://git.example/a/b")), &[CI, HOST, old, token]).unwrap();
    assert_eq!(settings.proposal.token.unwrap().to_hide().expose_secret(), "s3cret");
    let settings = resolve(&[IMAGE], Some(&at("https://evil.example/a/b")), &[CI, HOST, old]).unwrap();
    assert!(!holds(&settings, "https://evil.example/"));
    let request = ["--merge-request", IMAGE];
    // CI's own server has it whatever the list of Git servers says.
    let elsewhere = ("GITOPS_BUMP_GIT_HOSTS", "other.example");
    let own = resolve(&request, Some(&at("https://git.example/a/b")), &[CI, HOST, old, elsewhere]).unwrap();
    assert!(holds(&own, "https://git.example/"));
    refused(
        resolve(&request, Some(&at("https://evil.example/a/b")), &[CI, HOST, old]),
        &["GITOPS_BUMP_GIT_HOSTS", old.0, "evil.example"],
    );
}

#[test]
fn the_mirrors_token_goes_to_cis_api() {
    let token = ("GIT_MIRROR_TOKEN", "s3cret\n");
    let api = ("CI_API_V4_URL", "https://git.example/api/v4");
    let with =
        |mirror: &str| config(&format!("url: 'https://git.example/a/b', mirror: {{repository: infra, {mirror}}}"));
    let read = |mirror: &str, variables: &[(&str, &str)]| {
        resolve(&[IMAGE], Some(&with(mirror)), &[&[HOST, api, token], variables].concat())
    };
    for variables in [&[CI][..], &[]] {
        for mirror in ["project_id: 42", "project_id: 42, url: 'https://git.example/other/api/v4'"] {
            let settings = read(mirror, variables).unwrap();
            let mirror = settings.repositories[0].mirror.clone().unwrap();
            assert_eq!(mirror.token.for_url(&url::Url::parse(&mirror.api).unwrap()).unwrap().expose_secret(), "s3cret");
        }
        for url in ["https://evil.example/api/v4", "http://git.example/api/v4", "https://git.example:8443/api/v4"] {
            let foreign = format!("project_id: 42, url: '{url}'");
            refused(read(&foreign, variables), &["GITOPS_BUMP_MIRROR_URL", "GIT_MIRROR_TOKEN", "mirror.url"]);
            let named = [variables, &[("GITOPS_BUMP_MIRROR_URL", "https://evil.example/api/v4")]].concat();
            assert_eq!(
                read(&foreign, &named).unwrap().repositories[0].mirror.as_ref().unwrap().api,
                "https://evil.example/api/v4"
            );
        }
    }
    for id in ["42", "group/project", "group/sub-group/pro.ject_1"] {
        assert!(read(&format!("project_id: {id}"), &[]).is_ok(), "{id}");
    }
    for id in [
        "1/../..", "..", "../x/y", "group", "a//b", "a/./b", "a/b?x", "a/b#x", "a%2fb/c", "'1 '", "'1/x\\y'", "~", "''",
    ] {
        refused(read(&format!("project_id: {id}"), &[]), &["project"]);
    }
}

#[test]
fn credentials_do_not_cross_a_network_as_they_are() {
    let plain = |host: &'static str| ("GITOPS_BUMP_PLAIN_HTTP", host);
    for (url, variables, may) in [
        ("http://git.example/a/b", &[TOKEN][..], false),
        ("http://git.example/a/b", &[], true),
        ("http://git.example/a/b", &[TOKEN, plain("git.example")], true),
        ("http://git.example:8080/a/b", &[TOKEN, plain("git.example")], false),
        ("http://git.example:8080/a/b", &[TOKEN, plain("git.example:8080")], true),
        ("http://u:s3cret@git.example/a/b", &[], false),
        ("http://127.0.0.1:8080/a/b", &[TOKEN], true),
        ("http://localhost/a/b", &[TOKEN], true),
        ("http://[::1]:8080/a/b", &[TOKEN], true),
        ("http://10.0.0.1/a/b", &[TOKEN], false),
        ("https://git.example/a/b", &[TOKEN], true),
        ("/srv/infra.git", &[TOKEN], true),
    ] {
        let result = resolve(&[IMAGE, HELM, &format!("--repo={url}")], None, variables);
        if may {
            result.unwrap_or_else(|error| panic!("{url} {variables:?}: {error}"));
        } else {
            refused(result, &["plain http", "--plain-http"]);
        }
    }
    let repo = "--repo=https://git.example/a/b";
    let http = ("CI_API_V4_URL", "http://git.example/api/v4");
    let forge = ("GITOPS_BUMP_FORGE_TOKEN", "s3cret");
    refused(
        resolve(&[IMAGE, HELM, repo, "--merge-request"], None, &[HOST, http, forge]),
        &["--plain-http git.example"],
    );
    let mirror = ["--mirror-project-id=1", "--mirror-repository=x", "--mirror-url=http://m.example/api/v4"];
    let flags = [&[IMAGE, HELM, repo][..], &mirror].concat();
    refused(resolve(&flags, None, &[("GIT_MIRROR_TOKEN", "s3cret")]), &["--plain-http m.example"]);
    let argocd = [IMAGE, HELM, repo, "--argocd-server=http://argo.example:8080/argocd"];
    refused(resolve(&argocd, None, &[("ARGOCD_AUTH_TOKEN", "s3cret")]), &["--plain-http argo.example:8080"]);
    refused(resolve(&[IMAGE, HELM, repo, "--plain-http=http://u:s3cret@h"], None, &[]), &["plain-http"]);
}

#[test]
fn a_broken_token_is_named() {
    let repo = "--repo=https://git.example/a/b";
    let mirror = ["--mirror-project-id=1", "--mirror-repository=x", "--mirror-url=https://m.example/api/v4"];
    let flags = [&[IMAGE, HELM, repo, "--argocd-server=argo.example", "--merge-request"][..], &mirror].concat();
    let good = [
        ("GIT_MIRROR_TOKEN", "m"),
        ("ARGOCD_AUTH_TOKEN", "a"),
        ("GITOPS_BUMP_GIT_TOKEN", "g"),
        ("GITOPS_BUMP_FORGE_TOKEN", "f"),
    ];
    assert!(resolve(&flags, None, &good).is_ok());
    for (name, _) in good {
        let broken = [&good[..], &[(name, "s3cret\r\nX-Evil: 1")]].concat();
        refused(resolve(&flags, None, &broken), &[name, "control character"]);
    }
    let pair = [("CI_REGISTRY_PASSWORD", "s3cret\u{0}")].into_iter().collect();
    let error = registry(&pair, &Audience::default()).unwrap_err().to_string();
    assert!(error.contains("CI_REGISTRY_PASSWORD") && !error.contains("s3cret"));
}

#[test]
fn a_merge_request_does_not_come_from_its_own_target() {
    let flags = [IMAGE, HELM, "--repo=https://git.example/a/b", "--merge-request"];
    for (branch, target) in [("main", "main"), ("refs/heads/main", "main"), ("main", "refs/heads/main")] {
        let (branch, target) = (format!("--mr-branch={branch}"), format!("--branch={target}"));
        let flags = [&flags[..], &[&branch, &target]].concat();
        refused(resolve(&flags, None, &[]), &["mr-branch: main is the target branch"]);
    }
    assert!(resolve(&[&flags[..], &["--mr-branch=main"]].concat(), None, &[]).is_ok());
    refused(
        resolve(&[&flags[..], &["--mr-branch=a b"]].concat(), None, &[]),
        &["mr-branch", "not a valid branch name"],
    );
    refused(resolve(&[&flags[..], &["--branch=a..b"]].concat(), None, &[]), &["branch", "not a valid branch name"]);
}

#[test]
fn a_copy_is_an_address_alone_and_needs_no_pipeline() {
    let api = ("CI_API_V4_URL", "https://git.example/api/v4");
    let read = |mirror: &str, flags: &[&str]| {
        let config = config(&format!("url: 'https://git.example/a/b', mirror: {{{mirror}}}"));
        resolve(&[&[IMAGE], flags].concat(), Some(&config), &[CI, HOST, api])
    };
    let settings = read("copy: 'https://bot:s3cret@internal.example/a/b.git'", &[]).unwrap();
    let repository = &settings.repositories[0];
    assert!(repository.mirror.is_none());
    assert_eq!(repository.copy.as_ref().unwrap().to_string(), "https://internal.example/a/b.git");
    let settings = read("copy: 'https://internal.example/a/b'", &["--mirror-copy=git@other.example:a/b.git"]).unwrap();
    assert_eq!(settings.repositories[0].copy.as_ref().unwrap().host(), Some("other.example"));
    refused(read("copy: 'svn://internal.example/a/b'", &[]), &["mirror.copy", "scheme"]);
    refused(read("copy: 'https://internal.example/a/b', project_id: 42", &[]), &["belong together"]);
}

#[test]
fn the_forges_token_is_asked_statuses_with_only_where_it_may_go() {
    let token = ("GITOPS_BUMP_FORGE_TOKEN", "s3cret");
    let flags = ["--wait-status=k/*"];
    let file = at("https://other.example/a/b");
    refused(
        resolve(&flags, Some(&file), &[CI, HOST, token]),
        &["GITOPS_BUMP_FORGE_TOKEN", "other.example", "GITOPS_BUMP_GIT_HOSTS"],
    );
    let named = ("GITOPS_BUMP_GIT_HOSTS", "other.example");
    for variables in [&[CI, HOST][..], &[CI, HOST, token, named], &[token]] {
        let settings = resolve(&flags, Some(&file), variables).unwrap();
        assert_eq!(settings.statuses.unwrap().patterns.len(), 1, "{variables:?}");
    }
    // An empty pattern, as an unset variable leaves it, is none.
    assert!(resolve(&["--wait-status="], Some(&file), &[CI, HOST]).unwrap().statuses.is_none());
    let plain = at("http://git.example/a/b");
    refused(resolve(&flags, Some(&plain), &[CI, HOST, token]), &["--plain-http"]);
}

#[test]
fn the_jobs_token_goes_to_cis_api() {
    let job = [
        CI,
        HOST,
        ("CI_JOB_TOKEN", "s3cret"),
        ("CI_API_V4_URL", "https://git.example/api/v4"),
        ("CI_PROJECT_ID", "42"),
        ("CI_COMMIT_SHA", "1f"),
        ("CI_COMMIT_REF_NAME", "main"),
    ];
    let file = at("https://git.example/a/b");
    let flags = ["--gitlab-deployment", "--environment=prod"];
    let deployment = resolve(&flags, Some(&file), &job).unwrap().deployment.unwrap();
    let may = |url: &str| deployment.token.for_url(&url::Url::parse(url).unwrap()).is_some();
    assert!(may("https://git.example/api/v4/x") && !may("https://other.example/api/v4/x"));
    let beside = [&job[..], &[("CI_PROJECT_ID", "../42")]].concat();
    refused(resolve(&flags, Some(&file), &beside), &["neither a number nor a path"]);
    assert!(resolve(&["--gitlab-deployment=false"], Some(&file), &[CI, HOST]).unwrap().deployment.is_none());
}
