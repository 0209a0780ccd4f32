//! Which variables hold secrets, judged by their names; this module must not read one.

#![deny(clippy::disallowed_methods)]

/// The variables of this tool that hold a secret, and what GitLab and Cloud Pi Native set for it.
const OWN: [&str; 14] = [
    "ARGOCD_AUTH_TOKEN",
    "CI_JOB_TOKEN",
    "CI_REGISTRY_PASSWORD",
    "DOCKER_AUTH",
    "DOCKER_AUTH_CONFIG",
    "GITOPS_BUMP_FORGE_TOKEN",
    "GITOPS_BUMP_GITLAB_TOKEN",
    "GITOPS_BUMP_GIT_TOKEN",
    "GITOPS_BUMP_MIRROR_TOKEN",
    "GITOPS_BUMP_REGISTRY_PASSWORD",
    "GITOPS_BUMP_SIGNING_KEY",
    "GITOPS_BUMP_SSH_KEY",
    "GIT_MIRROR_TOKEN",
    "HARBOR_PASSWORD",
];

/// What the name of a repository's own token begins with.
pub const TOKEN_PREFIX: &str = "GITOPS_BUMP_GIT_TOKEN_";

/// What a flag's twin variable can begin with in place of `GITOPS_BUMP_`.
const INPUT: &str = "GITOPS_BUMP_INPUT_";

/// Parts of a name that say that the value is a secret.
const TELLING: [&str; 4] = ["TOKEN", "PASSWORD", "SECRET", "PRIVATE"];

/// Whether a variable holds a secret of this tool, or GitLab's job token.
pub fn is_own_secret(name: &str) -> bool {
    let plain = name.strip_prefix(INPUT).map(|flag| format!("GITOPS_BUMP_{flag}"));
    let name = plain.as_deref().unwrap_or(name);
    OWN.contains(&name) || (name.starts_with(TOKEN_PREFIX) && name.len() > TOKEN_PREFIX.len())
}

/// Whether a variable's name says that its value is a secret: it is one of this tool's own, has `TOKEN`, `PASSWORD`,
/// `SECRET` or `PRIVATE` in it, or ends in `_KEY`. Capitals and small letters count the same.
///
/// A public key is no secret: neither `…PUBLIC_KEY` nor this tool's `GITOPS_BUMP_VERIFY_KEY`.
pub fn looks_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let is_public_key = upper.ends_with("PUBLIC_KEY")
        || matches!(upper.as_str(), "GITOPS_BUMP_VERIFY_KEY" | "GITOPS_BUMP_INPUT_VERIFY_KEY");
    is_own_secret(name)
        || TELLING.iter().any(|part| upper.contains(part))
        || (upper.ends_with("_KEY") && !is_public_key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_whether_the_value_is_a_secret() {
        for (name, own, secret) in [
            ("GITOPS_BUMP_GIT_TOKEN", true, true),
            ("GITOPS_BUMP_GIT_TOKEN_INFRA", true, true),
            ("GITOPS_BUMP_INPUT_SIGNING_KEY", true, true),
            ("GITOPS_BUMP_SSH_KEY", true, true),
            ("DOCKER_AUTH", true, true),
            ("DOCKER_AUTH_CONFIG", true, true),
            ("CI_JOB_TOKEN", true, true),
            ("HARBOR_PASSWORD", true, true),
            ("GITOPS_BUMP_GIT_USERNAME", false, false),
            ("GITOPS_BUMP_GIT_HOSTS", false, false),
            ("GITOPS_BUMP_REGISTRY_USERNAME", false, false),
            ("GITOPS_BUMP_SSH_KNOWN_HOSTS", false, false),
            ("GITOPS_BUMP_VERIFY_KEY", false, false),
            ("COSIGN_PUBLIC_KEY", false, false),
            ("COSIGN_PRIVATE_KEY", false, true),
            ("PRIVATE_PUBLIC_KEY", false, true),
            ("DEPLOY_KEY", false, true),
            ("KEYCLOAK_URL", false, false),
            ("MONKEY", false, false),
            ("NPM_TOKEN", false, true),
            ("npm_config__authToken", false, true),
            ("DB_PASSWORD_FILE", false, true),
            ("CLIENT_SECRET", false, true),
            ("CI_COMMIT_SHORT_SHA", false, false),
            ("IMAGE_REPOSITORY", false, false),
            ("GIT_MIRROR_PROJECT_ID", false, false),
        ] {
            assert_eq!((is_own_secret(name), looks_secret(name)), (own, secret), "{name}");
        }
    }
}
