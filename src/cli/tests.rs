//! The command line and its twin variables.

use std::ffi::OsString;

use clap::CommandFactory as _;

use super::*;

mod unknown;

fn update(flags: &[&str], variables: &[(&str, &str)]) -> Result<UpdateArgs, CliError> {
    let argv: Vec<OsString> = ["gitops-bump", "update"].iter().chain(flags).map(OsString::from).collect();
    match parse(&argv, &variables.iter().copied().collect())?.command {
        Command::Update(args) => Ok(*args),
        _ => panic!("update was asked for"),
    }
}

#[test]
fn the_command_line_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn a_flag_beats_its_variable() {
    let args =
        update(&["--branch", "one", "--helm=a.yaml"], &[("GITOPS_BUMP_BRANCH", "two"), ("GITOPS_BUMP_HELM", "b")]);
    let args = args.unwrap();
    assert_eq!(args.run.publish.branch.as_deref(), Some("one"));
    assert_eq!(args.run.targets.places.helm, ["a.yaml"]);
}

#[test]
fn a_variable_holds_several_values() {
    for value in ["a:x b:y", "a:x\nb:y\n", "\n  a:x\n\n  b:y\n"] {
        assert_eq!(
            update(&[], &[("GITOPS_BUMP_HELM", value)]).unwrap().run.targets.places.helm,
            ["a:x", "b:y"],
            "{value:?}"
        );
    }
    let spaces = update(&[], &[("GITOPS_BUMP_MANIFEST", "my file.yaml\nother.yaml")]).unwrap();
    assert_eq!(spaces.run.targets.places.manifest, ["my file.yaml", "other.yaml"]);
    let handed_over = update(&[], &[("GITOPS_BUMP_IMAGE", "r/a:1,r/b:2")]).unwrap();
    assert_eq!(handed_over.images.image, ["r/a:1", "r/b:2"]);
}

#[test]
fn switches_take_what_ci_writes() {
    for (value, on) in [("true", true), ("1", true), ("yes", true), ("false", false), ("0", false), ("No", false)] {
        assert_eq!(
            update(&[], &[("GITOPS_BUMP_DRY_RUN", value)]).unwrap().run.publish.outcome.dry_run,
            Some(on),
            "{value}"
        );
    }
    assert_eq!(
        update(&["--dry-run=false"], &[("GITOPS_BUMP_DRY_RUN", "1")]).unwrap().run.publish.outcome.dry_run,
        Some(false)
    );
    assert_eq!(update(&[], &[("GITOPS_BUMP_DRY_RUN", "")]).unwrap().run.publish.outcome.dry_run, None);
    assert!(update(&["--dry-run"], &[]).unwrap().run.publish.outcome.dry_run.unwrap());
}

#[test]
fn an_input_beats_the_variable_and_says_nothing_when_it_was_left_out() {
    let branch = |input: &str| {
        let variables = [("GITOPS_BUMP_INPUT_BRANCH", input), ("GITOPS_BUMP_BRANCH", "mine")];
        update(&[], &variables).unwrap().run.publish.branch.unwrap()
    };
    assert_eq!([branch("input"), branch(""), branch(" ")], ["input", "mine", "mine"]);
    assert_eq!(
        update(&["--branch=flag"], &[("GITOPS_BUMP_INPUT_BRANCH", "x")]).unwrap().run.publish.branch.unwrap(),
        "flag"
    );
    for (input, own, on) in [
        ("true ", "false", Some(true)),
        ("false ", "true", Some(true)),
        ("0", "1", Some(true)),
        ("false ", "", None),
        ("1", "", Some(true)),
    ] {
        let variables = [("GITOPS_BUMP_INPUT_DRY_RUN", input), ("GITOPS_BUMP_DRY_RUN", own)];
        assert_eq!(update(&[], &variables).unwrap().run.publish.outcome.dry_run, on, "{input:?} {own:?}");
    }
    let text = "the title,\n  with \"quotes\"";
    assert_eq!(
        update(&[], &[("GITOPS_BUMP_INPUT_MR_TITLE", text)]).unwrap().run.publish.proposal.mr_title.unwrap(),
        text
    );
    let error = update(&[], &[("GITOPS_BUMP_INPUT_PIN", "never")]).unwrap_err().to_string();
    assert!(error.starts_with("GITOPS_BUMP_INPUT_PIN: invalid value"), "{error}");
}

#[test]
fn an_array_input_is_a_list() {
    let helm = |value: &str| update(&[], &[("GITOPS_BUMP_INPUT_HELM", value)]).unwrap().run.targets.places.helm;
    assert_eq!(helm(r#"["a.yaml", "my file.yaml:image"]"#), ["a.yaml", "my file.yaml:image"]);
    assert_eq!(helm("[]"), [""; 0]);
    assert_eq!(helm("[a.yaml"), ["[a.yaml"]);
    assert_eq!(helm("a.yaml\nb.yaml"), ["a.yaml", "b.yaml"]);
}

#[test]
fn a_wrong_variable_is_named() {
    let error = update(&[], &[("GITOPS_BUMP_PIN", "never")]).unwrap_err().to_string();
    assert!(error.starts_with("GITOPS_BUMP_PIN: invalid value 'never'"), "{error}");
    assert!(matches!(update(&["--pin=never"], &[]), Err(CliError::Usage(_))));
}
