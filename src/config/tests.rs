//! How a config file's text becomes values.

use super::*;

fn parse(text: &str) -> Result<Config, String> {
    let environment = [("SHA", "5846e796"), ("EVIL", "x\"\nrepositories: []\n#"), ("GONE", "")];
    Config::parse(text, &environment.into_iter().collect()).map_err(|error| error.to_string())
}

#[test]
fn variables_stay_inside_their_scalar() {
    let config = parse("images:\n  a: r/a:${SHA} # ${NOT_READ}\n  b: '${EVIL}$$'\nmessage: |\n  new ${SHA}\n").unwrap();
    assert_eq!(config.images.0[0], ("a".into(), "r/a:5846e796".into()));
    assert_eq!(config.images.0[1], ("b".into(), "x\"\nrepositories: []\n#$".into()));
    assert_eq!(config.message.as_deref(), Some("new 5846e796\n"));
}

#[test]
fn errors_name_the_line() {
    for (text, words) in [
        ("images:\n  a: x\n  b: ${UNSET}\n", "3: the variable UNSET is not set"),
        ("images:\n  a: ${GONE}\n", "2: the variable GONE is empty"),
        ("images:\n  a: $SHA\n", "2: the dollar sign does not begin a variable"),
        ("message: |\n  one\n  ${UNSET}\n", "3: the variable UNSET"),
        ("images: {}\nimage: x\n", "2: unknown field `image`"),
        ("images:\n  a: x\n a: [\n", "3: invalid YAML"),
        ("images:\n  a: x\n  a: y\n", "defined twice"),
        ("pin: sometimes\n", "1: pin: unknown variant"),
        ("repositories:\n  - url: x\n    helm:\n      - files: y\n", "4: repositories[0].helm[0]: unknown field"),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(words), "{text:?}: {error}");
    }
}

#[test]
fn whoever_looks_needs_no_tags_of_a_build() {
    let look = |text: &str| Config::parse_to_look(text, &[("SHA", "1")].into_iter().collect());
    let images = look("images: {b: 'r/b:${SHA}', c: 'r/c:${UNSET}'}\n").unwrap().images.0;
    assert_eq!(images, [("b".into(), "r/b:1".into()), ("c".into(), "r/c:${UNSET}".into())]);
    for text in ["images: {}\nmessage: ${UNSET}\n", "repositories: [{url: '${UNSET}', images: x}]\n"] {
        assert!(matches!(look(text), Err(ConfigError::Variable { .. })), "{text}");
    }
}

#[test]
fn variables_of_a_preview_are_needed_by_that_command_alone() {
    let text = "preview: {to: 'p/<name>', replace: {'a.yaml:b': '${UNSET}', 'a.yaml:c': '${SHA}', 'a.yaml:d': 3}}\n";
    let environment = [("SHA", "1")].into_iter().collect();
    let replace = Config::parse(text, &environment).unwrap().preview.replace;
    assert_eq!(replace.values().collect::<Vec<_>>(), ["${UNSET}", "1", "3"]);
    assert!(Config::parse_to_look(text, &environment).is_ok());
    assert!(matches!(Config::parse_for_preview(text, &environment), Err(ConfigError::Variable { .. })));
    assert!(parse("preview: {from: x}\n").unwrap_err().contains("unknown field `from`"));
}

#[test]
fn nothing_is_a_config() {
    for text in ["", "# nothing\n", "images:\n", "---\n"] {
        assert!(parse(text).is_ok(), "{text:?}");
    }
}

#[test]
fn deep_nesting_ends_at_once() {
    assert!(parse(&"[".repeat(100_000)).unwrap_err().contains("invalid YAML"));
}

/// Every place of a string, with `{}` for the scalar, which stands on the line of its key.
const STRINGS: [&str; 31] = [
    "images:\n  api: {}",
    "environment: {}",
    "message: {}",
    "author: {}",
    "committer: {}",
    "signing_key: {}",
    "wait: {}",
    "require:\n  digest_files:\n    - {}",
    "require:\n  platforms:\n    - {}",
    "require:\n  labels:\n    team: {}",
    "require:\n  verify_keys:\n    - {}",
    "require:\n  attestations:\n    - {}",
    "require:\n  deny_tags:\n    - {}",
    "repositories:\n  - url: {}",
    "repositories:\n  - url: u\n    branch: {}",
    "repositories:\n  - url: u\n    helm:\n      - file: {}",
    "repositories:\n  - url: u\n    helm:\n      - file: f\n        path: {}",
    "repositories:\n  - url: u\n    helm:\n      - file: f\n        image: {}",
    "repositories:\n  - url: u\n    kustomize:\n      - path: {}",
    "repositories:\n  - url: u\n    kustomize:\n      - path: p\n        image: {}",
    "repositories:\n  - url: u\n    kustomize:\n      - path: p\n        name: {}",
    "repositories:\n  - url: u\n    manifest:\n      - path: {}",
    "repositories:\n  - url: u\n    manifest:\n      - path: p\n        image: {}",
    "repositories:\n  - url: u\n    mirror:\n      repository: r\n      project_id: {}",
    "repositories:\n  - url: u\n    mirror:\n      project_id: '1'\n      repository: {}",
    "repositories:\n  - url: u\n    mirror:\n      project_id: '1'\n      repository: r\n      url: {}",
    "repositories:\n  - url: u\n    credentials:\n      token_variable: {}",
    "repositories:\n  - url: u\n    credentials:\n      token_variable: t\n      username: {}",
    "pin: {}",
    "create: {}",
    "repositories:\n  - url: u\n    merge_request: {}",
];

/// Every way to write a scalar with a variable in it.
const STYLES: [&str; 11] = [
    "${V}",
    "'${V}'",
    "\"${V}\"",
    "!!str ${V}",
    "&a ${V}",
    "|\n            ${V}",
    "|-\n            ${V}",
    "|+\n            ${V}\n",
    ">\n            ${V}",
    ">-\n            before\n            ${V}",
    "before ${V} after",
];

/// Every line break that libyaml knows, and none.
const BREAKS: [&str; 7] = ["\n", "\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", " "];

/// What would be structure if anything read it again.
const HOSTILE: [&str; 11] = [
    "subject{}any_repository: true{}pin: digest{}environment: production",
    "subject{}            any_repository: true",
    "\"{}any_repository: true{}x: \"",
    "'{}any_repository: true{}x: '",
    "x{}---{}any_repository: true",
    "x{}...{}%YAML 1.1{}---{}any_repository: true",
    "*a{}&b !!map {any_repository: true}",
    "x, any_repository: true}{}]{}# ",
    "true",
    "null",
    "$${V} ${OTHER}{}",
];

#[test]
fn no_value_of_a_variable_is_structure() {
    let read = |text: &str, value: &str| {
        let environment: Environment = [("V", value), ("OTHER", "other")].into_iter().collect();
        Config::parse(text, &environment).map(|config| format!("{config:?}")).map_err(|error| error.to_string())
    };
    let escaped = |value: &str| {
        let quoted = format!("{value:?}");
        quoted.get(1..quoted.len() - 1).unwrap().to_owned()
    };
    for place in STRINGS {
        for style in STYLES {
            let text = format!("{}\nany_repository: false\n", place.replace("{}", style));
            let honest = read(&text, "HONEST");
            let is_string = !["pin:", "create:", "merge_request:"].iter().any(|key| place.contains(key));
            assert_eq!(honest.is_ok(), is_string, "{text}\n{honest:?}");
            for (line_break, hostile) in BREAKS.iter().flat_map(|line| HOSTILE.map(|text| (line, text))) {
                let hostile = hostile.replace("{}", line_break);
                let expected = honest.clone().map(|shown| shown.replace("HONEST", &escaped(&hostile)));
                assert_eq!(read(&text, &hostile), expected, "{text}\n{hostile:?}");
            }
        }
    }
}

#[test]
fn a_secret_is_never_a_value() {
    for name in ["GITOPS_BUMP_GIT_TOKEN", "CI_JOB_TOKEN", "DOCKER_AUTH", "DEPLOY_KEY", "DB_PASSWORD", "MY_PRIVATE"] {
        let environment: Environment = [(name, "s3cret")].into_iter().collect();
        for place in STRINGS {
            let text = format!("\n{}\n", place.replace("{}", &format!("'x${{{name}}}'")));
            let line = text.lines().position(|line| line.contains(name)).unwrap() + 1;
            for read in [Config::parse, Config::parse_to_look] {
                let error = read(&text, &environment).unwrap_err();
                assert!(matches!(&error, ConfigError::Secret { name: said, line: at } if said == name && *at == line));
                assert!(!error.to_string().contains("s3cret") && error.hint().contains(name), "{error}");
            }
        }
    }
    assert!(
        parse("images:\n  a: r/a:${SHA}\n  '${SHA}': r/b:1\n").unwrap_err().starts_with("3: a key contains a variable")
    );
}

#[test]
fn a_secret_inside_another_variable_is_never_a_value() {
    let (token, proxy) = ("glcbt-64_a/b+c", "pr0xy%2Fpassword");
    for (name, value, is_refused) in [
        ("CLONE_URL", format!("https://gitlab-ci-token:{token}@git.example/a.git"), true),
        ("CLONE_URL", "https://gitlab-ci-token:glcbt-64_a%2Fb%2Bc@git.example/a.git".to_owned(), true),
        ("COPY", token.to_owned(), true),
        ("HEADER", base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("u:{token}")), true),
        ("https_proxy", format!("me:{proxy}@proxy.example:3128"), true),
        ("MINE", "https://me:other@git.example/a.git".to_owned(), false),
        ("SHORT", "a word and another".to_owned(), false),
        ("KEY_FILE", "/builds/key-file".to_owned(), false),
    ] {
        let variables = [
            ("CI_JOB_TOKEN", token),
            ("HARBOR_PASSWORD", "word"),
            ("GITOPS_BUMP_SSH_KEY", "/builds/key-file"),
            (name, value.as_str()),
        ];
        for read in [Config::parse, Config::parse_to_look] {
            let result = read(&format!("message: 'x ${{{name}}}'\n"), &variables.into_iter().collect());
            let is_error = matches!(&result, Err(ConfigError::HoldsSecret { name: said, line: 1 }) if said == name);
            assert!(is_error == is_refused && (is_refused || result.is_ok()), "{name}={value}: {result:?}");
        }
    }
}

#[test]
fn lines_are_those_of_the_source() {
    for (text, line) in [
        ("message: | # costs $5\n\n  one\n  two ${NONE}\n", 4),
        ("message: >\n  one $$ two\n  three\n\n  ${SHA} ${NONE}\n", 5),
        ("message: 'one\n  two\n  ${NONE}'\n", 3),
        ("message: one\n  $$ two\n  ${NONE}\n", 3),
        ("images:\r\n  a: x\r\n  b: ${NONE}\r\n", 3),
        ("message: \"\\x24{NONE}\"\n", 1),
        ("author: &a x\nmessage: *a\nwait: [\n*a]\n", 3),
        ("repositories:\n- url: u\n  helm:\n  - path: p\n", 4),
        ("pin: tag\ncreate: true\npin: tag\n", 3),
        ("create: 'true'\n", 1),
        ("\ncreate:\nrepositories:\n- url:\n  branch: [main]\n", 5),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.starts_with(&format!("{line}: ")), "{text:?}: {error}");
    }
}

#[test]
fn aliases_stand_for_their_anchor_and_bombs_are_refused() {
    let text = "message: &m ${SHA}\nauthor: *m\nrepositories:\n- &r {url: u, branch: *m}\n- *r\n";
    let config = parse(text).unwrap();
    assert_eq!((config.author.as_deref(), config.repositories.len()), (Some("5846e796"), 2));
    assert_eq!(config.repositories[1].branch.as_deref(), Some("5846e796"));
    let layers = (1..40).map(|n| format!("l{n}: &l{n} [{}]\n", vec![format!("*l{}", n - 1); 10].join(", ")));
    let wide = format!("l0: &l0 [x, x]\n{}", layers.collect::<String>());
    let layers = (1..5000).map(|n| format!("l{n}: &l{n} {}*l{}{}\n", "[".repeat(40), n - 1, "]".repeat(40)));
    let deep = format!("l0: &l0 [x, x]\n{}", layers.collect::<String>());
    let long = format!("l: &l '{}'\nm: [{}]\n", "x".repeat(100_000), vec!["*l"; 100_000].join(", "));
    for bomb in [wide, deep, long, "a: &a [*a]\n".to_owned(), "[".repeat(100_000), "a: ".repeat(100_000)] {
        assert!(parse(&bomb).unwrap_err().contains(": "), "{}", &bomb[..20]);
    }
    let large = "x".repeat(100_000);
    let environment: Environment = [("V", large.as_str())].into_iter().collect();
    let text = format!("message: '{}'\n", "${V}".repeat(100_000));
    assert!(Config::parse(&text, &environment).unwrap_err().to_string().contains("16 MiB"));
}

#[test]
fn an_error_repeats_no_value() {
    let text = |value: &str| {
        ["repositories: {}", "pin: {}", "create: {}", "repositories: [{}]", "repositories: [{url: u, credentials: {}}]"]
            .map(|place| parse(&place.replace("{}", value)).unwrap_err())
    };
    for error in ["https://u:hunter2@h/x", "'hunter2\u{1b}[31m'", "pa$hunter2", "\"hunter2\\e\""].map(text).concat() {
        assert!(!error.contains("hunter2") && !error.contains(char::is_control), "{error:?}");
    }
    let key = parse("\"a\\e[31mb\": 1\n").unwrap_err();
    assert!(!key.contains(char::is_control), "{key:?}");
}

#[test]
fn values_have_the_types_that_yaml_gives_them() {
    let text = "create: True\nany_repository: ~\nmessage: null\nrequire: {labels: {a: , b: 1.10, c: ~}, platforms: }\n\
                repositories:\n- url: u\n  mirror: {project_id: 0042, repository: yes}\n";
    let config = parse(text).unwrap();
    assert_eq!((config.create, config.any_repository, &config.message), (Some(true), None, &None));
    let labels: Vec<_> = config.require.labels.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
    assert_eq!(parse("repositories: [{url: }]\n").unwrap().repositories[0].url, "");
    assert_eq!(labels, [("a", None), ("b", Some("1.10")), ("c", None)]);
    let mirror = config.repositories[0].mirror.as_ref().unwrap();
    assert_eq!((mirror.project_id.as_str(), mirror.repository.as_str()), ("0042", "yes"));
    for text in ["a: 1\n---\nb: 1\n", "- a\n", "text\n", "create: yes\n", "? [a]\n: b\n"] {
        assert!(parse(text).is_err(), "{text}");
    }
}
