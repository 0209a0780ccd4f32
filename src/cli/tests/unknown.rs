//! Which variables are warned of, and what is guessed.

use super::super::unknown::{MOST, unknown_variables};

fn said(names: &[&str], config: Option<&str>) -> Vec<String> {
    unknown_variables(&names.iter().map(|name| (*name, "s3cret-value")).collect(), config)
}

#[test]
fn the_name_that_was_likely_meant_is_given() {
    for (name, meant) in [
        ("GITOPS_BUMP_DRYRUN", "GITOPS_BUMP_DRY_RUN"),
        ("GITOPS_BUMP_IMAGES", "GITOPS_BUMP_IMAGE"),
        ("GITOPS_BUMP_REPORTS_JSON", "GITOPS_BUMP_REPORT_JSON"),
        ("gitops_bump_pin", "GITOPS_BUMP_PIN"),
        ("GITOPS-BUMP-DRY-RUN", "GITOPS_BUMP_DRY_RUN"),
        ("GITOPSBUMP_HELM", "GITOPS_BUMP_HELM"),
        ("GITOPS_BUMP_BRANHC", "GITOPS_BUMP_BRANCH"),
        ("GITOPS_BUMP_REPOSITORY", "GITOPS_BUMP_REPO"),
        ("GITOPS_BUMP_ENV", "GITOPS_BUMP_ENVIRONMENT"),
        ("GITOPS_BUMP_GIT_HOST", "GITOPS_BUMP_GIT_HOSTS"),
        ("GITOPS_BUMP_GITTOKEN", "GITOPS_BUMP_GIT_TOKEN"),
        ("GITOPS_BUMP_INPUT_IMAGES", "GITOPS_BUMP_INPUT_IMAGE"),
        ("GITOPS_BUMP_INPUT_DRYRUN", "GITOPS_BUMP_INPUT_DRY_RUN"),
        ("GITOPS_BUMP_STEP", "GITOPS_BUMP_STEPS"),
    ] {
        let [sentence] = said(&[name], None).try_into().unwrap();
        assert!(sentence.contains(&format!("{name} is not known")), "{sentence}");
        assert!(sentence.ends_with(&format!(": did you mean {meant}?")), "{sentence}");
        assert!(!sentence.contains("s3cret"), "{sentence}");
    }
}

#[test]
fn nothing_is_guessed_where_nothing_is_near() {
    for name in
        ["GITOPS_BUMP_VERSION_OF_IT", "GITOPS_BUMP_XYZZY", "GITOPS_BUMP_MR", "GITOPS_BUMP_Q", "GITOPS_BUMP_INPUT_"]
    {
        assert_eq!(said(&[name], None), [format!("the variable {name} is not known and has no effect")]);
    }
    // A token would be shown as the value of GITOPS_BUMP_REPO.
    for name in
        ["GITOPS_BUMP_REPO_TOKEN", "GITOPS_BUMP_FORGE_PASSWORD", "GITOPS_BUMP_CONFIG_SECRET", "GITOPS_BUMP_HOLD_KEY"]
    {
        assert_eq!(said(&[name], None), [format!("the variable {name} is not known and has no effect")]);
    }
    // Another tool's.
    assert_eq!(said(&["GITOPS_BUMPER", "GITOPS_BUMPER_URL", "GITOPSBUMPS"], None), [""; 0]);
    let long = format!("GITOPS_BUMP_{}", "X".repeat(100_000));
    assert!(said(&[&long], None)[0].len() < 200);
}

#[test]
fn what_is_known_is_not_named() {
    let known = [
        "GITOPS_BUMP_DRY_RUN",
        "GITOPS_BUMP_INPUT_DRY_RUN",
        "GITOPS_BUMP_FROM",
        "GITOPS_BUMP_INPUT_STEPS",
        "GITOPS_BUMP_TEMPLATE",
        "GITOPS_BUMP_GIT_TOKEN_INFRA",
        "GITOPS_BUMP_RESULT_TAG",
        "GITOPS_BUMP_TEST_SEED",
        "GITOPS_BUMP_TOOL_IMAGE",
        "GITOPS_BUMP_SSH_KEY",
        "GITOPS_BUMP_VERBOSE",
        "GITOPS_BUMP_COLOR",
        "GITOPS_BUMP",
        "GITOPS_TOKEN",
        "CI_COMMIT_SHA",
    ];
    assert_eq!(said(&known, None), [""; 0]);
    let config = "images: {app: 'r/app:${GITOPS_BUMP_OF_MINE}'}";
    assert_eq!(said(&["GITOPS_BUMP_OF_MINE"], Some(config)), [""; 0]);
    assert_eq!(said(&["GITOPS_BUMP_OF_MIN"], Some(config)).len(), 1);
    // An empty variable counts as unset.
    assert!(unknown_variables(&[("GITOPS_BUMP_DRYRUN", "")].into_iter().collect(), None).is_empty());
}

#[test]
fn hundreds_are_counted_and_no_name_does_harm() {
    let names: Vec<String> = (0..300).map(|number| format!("GITOPS_BUMP_X{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let sentences = said(&names, None);
    assert_eq!(sentences.len(), MOST + 1);
    assert!(sentences[MOST].starts_with("290 more"), "{}", sentences[MOST]);
    let misspelt = [names.as_slice(), &["GITOPS_BUMP_Z_", "GITOPS_BUMP_DRYRUN"]].concat();
    assert!(said(&misspelt, None)[0].contains("GITOPS_BUMP_DRY_RUN"));
    let odd = &said(&["GITOPS_BUMP_\u{1b}[31m\nerror: \u{202e}x"], None)[0];
    assert!(!odd.contains(char::is_control) && !odd.contains('\u{202e}'), "{odd}");
}
