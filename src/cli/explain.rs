//! The command line as clap knows it: what the comments on the flags say, the variable of each flag, and an example for each
//! command. This module must not read a command line.

use clap::builder::StyledStr;
use clap::{Arg, ArgAction, Args as _, Command, CommandFactory};

use super::{Cli, twins};

/// The widest that help becomes, in characters.
const WIDTH: usize = 110;

const ABOUT: &str = "Writes the tag of a freshly built image into GitOps infra repositories";

/// What stands behind the long help of the whole tool.
const ENVIRONMENT: &str = "Variables: every flag has a twin variable, GITOPS_BUMP_ and the flag's name in capitals with underscores \
(--helm: GITOPS_BUMP_HELM). The variable of a repeatable flag takes one value per line, or several values on one line separated \
by spaces. A flag beats its variable, and a variable beats the config file. GITOPS_BUMP_INPUT_ and the name is the same for the \
inputs of a component, and beats GITOPS_BUMP_. An unknown variable that begins with GITOPS_BUMP_ is warned of. A switch is \
switched off with =false, as in --dry-run=false.

Secrets come from the environment only: GITOPS_BUMP_GIT_TOKEN with GITOPS_BUMP_GIT_USERNAME (default: oauth2), \
GITOPS_BUMP_FORGE_TOKEN, GITOPS_BUMP_MIRROR_TOKEN or GIT_MIRROR_TOKEN, ARGOCD_AUTH_TOKEN, GITOPS_BUMP_SSH_KEY and \
GITOPS_BUMP_SSH_KNOWN_HOSTS (a path or the content), GITOPS_BUMP_REGISTRY_USERNAME with GITOPS_BUMP_REGISTRY_PASSWORD, \
DOCKER_AUTH_CONFIG, DOCKER_AUTH. If no Git token is set, CI_JOB_TOKEN is used for repositories of CI's own server, unless \
GITOPS_BUMP_JOB_TOKEN is false. A secret goes only to the servers that it belongs to: CI's own server, and the servers that \
flags and variables name. GITOPS_BUMP_GIT_HOSTS and GITOPS_BUMP_REGISTRY_HOSTS replace this default; they take HOST[:PORT], one \
per line or separated by spaces or commas.

Exit codes: 0 updated, or nothing to do; 1 unexpected failure; 2 usage; 3 configuration; 4 image not in the registry; 5 target \
missing or not safe to edit; 6 push kept losing races; 7 registry unreachable or access denied; 8 Git server unreachable, \
access denied or push refused; 9 image fails a requirement; 10 nothing changed and --fail-on-unchanged; 11 pushed, but a step \
after the push failed; 12 not now, because of a hold or a freeze window.";

/// What a flag means in a command in which the words that all commands share would be wrong: command, flag, long help.
const OTHERWISE: [(&str, &str, &str); 4] = [
    (
        "check",
        "repo",
        "Infra repository: a URL or a local path\n\nIf it is given, the run says whether it may be pushed to. \
        The forms are those of `gitops-bump update`. Without it, no repository is asked, also if the config file has repositories.",
    ),
    ("init", "repo", "Infra repository: a URL or a local path\n\nThe forms are those of `gitops-bump update`."),
    (
        "set",
        "image",
        "Image that was pushed; repeatable\n\nThe form is [HOST[:PORT]/]PATH:TAG[@sha256:…]. A tag is \
        required: there is no silent `latest`. No config file is read.",
    ),
    (
        "set",
        "dry-run",
        "Publish nothing; print the diff\n\nNo file is written. The changes are printed on stdout as a \
        unified diff, as they are without this flag.",
    ),
];

/// The commands by their path, each with an example.
const EXAMPLES: [(&str, &str); 16] = [
    (
        "",
        "gitops-bump update --image registry.example.com/shop/api:1.4.2 \\
    --repo https://gitlab.example.com/shop/infra.git --helm values.yaml",
    ),
    (
        "update",
        "gitops-bump update --image registry.example.com/shop/api:1.4.2 \\
    --repo https://gitlab.example.com/shop/infra.git --helm values-prod.yaml",
    ),
    ("check", "gitops-bump check --image registry.example.com/shop/api:1.4.2 --wait 10m"),
    ("set", "gitops-bump set --image registry.example.com/shop/api:1.4.2 --helm values.yaml"),
    ("status", "gitops-bump status --repo https://gitlab.example.com/shop/infra.git --helm 'values-<env>.yaml'"),
    ("preview", "gitops-bump preview create --image registry.example.com/shop/api:1.4.2 --name feature-x"),
    (
        "preview create",
        "gitops-bump preview create --image registry.example.com/shop/api:1.4.2 \\
    --repo https://gitlab.example.com/shop/infra.git \\
    --template overlays/staging --to 'previews/<name>' --name feature-x",
    ),
    (
        "preview delete",
        "gitops-bump preview delete --repo https://gitlab.example.com/shop/infra.git \\
    --to 'previews/<name>' --name feature-x",
    ),
    (
        "promote",
        "gitops-bump promote --from staging --to prod \\
    --repo https://gitlab.example.com/shop/infra.git --helm 'values-<env>.yaml'",
    ),
    (
        "rollback",
        "gitops-bump rollback --environment prod \\
    --repo https://gitlab.example.com/shop/infra.git --helm 'values-<env>.yaml'",
    ),
    ("init", "gitops-bump init --repo https://gitlab.example.com/shop/infra.git --output .gitops-bump.yml"),
    ("config", "gitops-bump config validate --config .gitops-bump.yml"),
    ("config validate", "gitops-bump config validate --config .gitops-bump.yml --environment prod"),
    ("config show", "gitops-bump config show --config .gitops-bump.yml --environment prod"),
    ("config schema", "gitops-bump config schema > gitops-bump.schema.json"),
    ("completions", "gitops-bump completions bash > /etc/bash_completion.d/gitops-bump"),
];

impl CommandFactory for Cli {
    fn command() -> Command {
        let command = Command::new("gitops-bump").version(env!("CARGO_PKG_VERSION"));
        let command = Self::augment_args(command).about(ABOUT).long_about(None).max_term_width(WIDTH);
        let command = command.subcommand_required(true).arg_required_else_help(true);
        explained(command, "")
    }

    fn command_for_update() -> Command {
        Self::command()
    }
}

impl clap::Parser for Cli {}

/// A command, those below it, and their flags, with what their comments do not say.
fn explained(command: Command, path: &str) -> Command {
    let example =
        EXAMPLES.iter().find(|(known, _)| *known == path).map(|(_, example)| format!("Example:\n  {example}"));
    let command = match example {
        Some(example) if path.is_empty() => {
            command.after_help(example.clone()).after_long_help(format!("{example}\n\n{ENVIRONMENT}"))
        }
        Some(example) => command.after_help(example),
        None => command,
    };
    let below = |inner: Command| {
        let path = format!("{path} {}", inner.get_name()).trim_start().to_owned();
        explained(inner, &path)
    };
    command.mut_args(|arg| with_variable(otherwise(arg, path))).mut_subcommands(below)
}

/// A flag with the words that are right for its command.
fn otherwise(arg: Arg, path: &str) -> Arg {
    let said = |(command, flag, _): &&(&str, &str, &str)| *command == path && arg.get_long() == Some(flag);
    match OTHERWISE.iter().find(said) {
        Some((_, _, words)) => arg.long_help(*words),
        None => arg,
    }
}

/// A flag whose long help names its variable, and says what a list in it looks like.
fn with_variable(arg: Arg) -> Arg {
    let Some([variable, _]) = twins::names(&arg) else { return arg };
    let said = arg.get_long_help().or_else(|| arg.get_help()).map(StyledStr::to_string).unwrap_or_default();
    let is_list = matches!(arg.get_action(), ArgAction::Append);
    let takes = match arg.get_long() {
        Some("image") => {
            ": one image per line, or several images separated by spaces. Commas separate images, too, as in GITOPS_BUMP_RESULT_IMAGE"
        }
        _ if is_list => {
            ": one value per line, or several values on one line separated by spaces. A comma is a part of the value"
        }
        _ if twins::is_switch(&arg) && !matches!(arg.get_action(), ArgAction::Count) => ": true or false",
        _ => "",
    };
    arg.long_help(format!("{said}\n\nVariable {variable}{takes}."))
}
