//! The token of a GitLab job pushes where no Git token is set: to the pipeline's own server alone, and a refusal says what
//! would allow it.

use crate::samples::{app_infra, values};
use crate::world::{Bump, Nginx, Repository, Secret, Sshd, World};

/// What GitLab says to a job whose token may not push.
const REFUSED: &str = "You are not allowed to upload code.";

/// A Git server that knows the job's token alone, before the real one.
struct Gitlab {
    world: World,
    infra: Repository,
    image: String,
    job: Secret,
    nginx: Nginx,
}

impl Gitlab {
    /// A server whose answer to a push with the job's token is the server's own, or this part of an nginx location.
    fn new(to_a_push: &str) -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        let job = Secret::new("gitlab-ci-token".to_owned(), "glcbt-64_j0b-t0ken".to_owned());
        let (shown, own) = (job.basic(), world.servers().git_login.basic());
        let inside = format!(
            "location / {{\n\
             if ($http_authorization != 'Basic {shown}') {{\n\
             add_header WWW-Authenticate 'Basic realm=\"GitLab\"' always; return 401 'HTTP Basic: Access denied'; }}\n\
             {to_a_push}\n\
             proxy_pass http://{}; proxy_set_header Host $http_host; proxy_set_header Authorization 'Basic {own}'; }}\n",
            world.servers().git
        );
        let nginx = Nginx::start(&world.scratch().join("gitlab"), "", &inside);
        Self { world, infra, image, job, nginx }
    }

    /// `update` in a job of this server, without a Git token.
    fn update(&self) -> Bump {
        self.job(&["update", "--image", &self.image, "--repo", &self.url(), "--helm", "values.yaml"])
    }

    fn job(&self, arguments: &[&str]) -> Bump {
        let port = self.nginx.address.rsplit(':').next().expect("an address has a port");
        let bump = self.world.bump(arguments).without_env("GITOPS_BUMP_GIT_TOKEN").env("GITLAB_CI", "true");
        let bump = bump.env("CI_SERVER_HOST", "127.0.0.1").env("CI_SERVER_PORT", port);
        bump.env("CI_JOB_TOKEN", &self.job.password).hiding(&self.job)
    }

    fn url(&self) -> String {
        self.infra.url_at(&self.nginx.address)
    }
}

#[test]
fn a_job_pushes_without_a_token_of_its_own() {
    let gitlab = Gitlab::new("");
    gitlab.update().run().exits(0);
    assert_eq!(gitlab.infra.commits("main"), 2);
    let wanted = values(&gitlab.world.repository("team/app"), "2");
    assert_eq!(gitlab.infra.file("main", "values.yaml"), wanted);
    // The config file's repositories are pushed to alike, and reading takes the same token.
    gitlab.infra.set_ref("refs/heads/main", &gitlab.infra.parent("main"));
    let config = format!("repositories: [{{url: '{}', helm: [{{file: values.yaml}}]}}]\n", gitlab.url());
    gitlab.world.write(".gitops-bump.yml", config);
    gitlab.job(&["update", "--image", &gitlab.image]).run().exits(0);
    assert_eq!(gitlab.infra.commits("main"), 2);
    gitlab.job(&["status", "--offline"]).run().exits(0);
    gitlab.job(&["init", "--repo", &gitlab.url()]).run().exits(0);
    let shown = gitlab.job(&["config", "show", "--image", &gitlab.image]).run().exits(0);
    shown.prints_some("pushes as gitlab-ci-token, with CI_JOB_TOKEN");
}

#[test]
fn the_jobs_token_can_be_left_out() {
    let gitlab = Gitlab::new("");
    for off in ["false", "0"] {
        let run = gitlab.update().env("GITOPS_BUMP_JOB_TOKEN", off).run().exits(8);
        run.says("requires credentials, and none are configured").says("GITOPS_BUMP_GIT_TOKEN");
    }
    gitlab.update().env("GITOPS_BUMP_JOB_TOKEN", "maybe").run().exits(3).says("GITOPS_BUMP_JOB_TOKEN");
    assert_eq!(gitlab.infra.commits("main"), 1);
    gitlab.update().env("GITOPS_BUMP_JOB_TOKEN", "true").run().exits(0);
}

#[test]
fn a_refusal_names_the_settings_that_allow_it() {
    let advertised = format!("if ($arg_service = git-receive-pack) {{ return 403 '{REFUSED}'; }}");
    let pushed = format!("if ($uri ~ git-receive-pack$) {{ return 403 '{REFUSED}'; }}");
    let hidden = "if ($arg_service) { return 404 'The project you were looking for could not be found'; }".to_owned();
    for (to_a_push, words) in [(advertised, REFUSED), (pushed, REFUSED), (hidden, "you were looking for")] {
        let gitlab = Gitlab::new(&to_a_push);
        let run = gitlab.update().run().exits(8).says(words).says("Allow Git push requests to the repository");
        run.says("allowlist").says("starts no pipeline").says("GITOPS_BUMP_GIT_TOKEN");
        assert_eq!(gitlab.infra.commits("main"), 1);
    }
    let gitlab = Gitlab::new("");
    gitlab.infra.protect_main();
    let run = gitlab.update().run().exits(8).says("You are not allowed to push code to protected branches");
    run.says("Allow Git push requests to the repository");
    // Another token's refusal is about that token.
    let run = gitlab.update().env("GITOPS_BUMP_GIT_TOKEN", "glpat-wrong").run().exits(8);
    assert!(!run.stderr.contains("Job token permissions"), "{run}");
}

#[test]
fn no_other_server_sees_the_jobs_token() {
    let gitlab = Gitlab::new("");
    // Another host, another port of the same one, and ssh.
    let elsewhere = gitlab.update().env("CI_SERVER_HOST", "gitlab.example.com");
    elsewhere.run().exits(8).says("requires credentials, and none are configured");
    let port = gitlab.update().env("CI_SERVER_PORT", "1");
    port.run().exits(8).says("requires credentials, and none are configured");
    let named = gitlab.update().env("CI_SERVER_HOST", "gitlab.example.com").env("GITOPS_BUMP_GIT_HOSTS", "127.0.0.1");
    named.run().exits(8).says("requires credentials, and none are configured");
    let sshd = Sshd::start(&gitlab.world.scratch().join("sshd"), &gitlab.world.servers().git_repositories);
    let url = sshd.url(gitlab.infra.path());
    let update = gitlab.job(&["update", "--image", &gitlab.image, "--repo", &url, "--helm", "values.yaml"]);
    let key = sshd.key("writer");
    let update = update.env("GITOPS_BUMP_SSH_KEY", key.to_str().expect("a plain path"));
    update.env("GITOPS_BUMP_SSH_KNOWN_HOSTS", sshd.known_hosts("host")).run().exits(0);
    assert_eq!(gitlab.infra.commits("main"), 2);
}
