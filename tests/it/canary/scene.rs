//! A world in which every server repeats what it gets, and where a run may have left a secret; knows no case.

use std::collections::BTreeSet;

use crate::samples::{REPORTS, values};
use crate::world::{
    ARGOCD_TOKEN, Argocd, Bump, Canaries, Echo, GITLAB_TOKEN, Gitlab, Manner, Repository, Run, World, application,
};

pub(super) const MIRROR: [&str; 6] = ["--mirror-project-id", "9", "--mirror-repository", "infra", "--mirror", "always"];

/// The servers of a run, each before a real one or a stand-in, and one that has no business with it.
pub(super) struct Scene {
    pub(super) world: World,
    pub(super) infra: Repository,
    first: String,
    pub(super) image: String,
    pub(super) git: Echo,
    pub(super) registry: Echo,
    pub(super) tokens: Echo,
    pub(super) forge: Echo,
    pub(super) argocd: Echo,
    pub(super) stranger: Echo,
    pub(super) canaries: Canaries,
}

/// Where a run is: in a pipeline, the config file is not the user's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Pipeline,
    Desk,
}

impl Scene {
    pub(super) fn new() -> Self {
        let world = World::new();
        let registry = Echo::before(&world.servers().private_registry);
        let path = world.push_private("team/app", "2");
        let (_, path) = path.split_once('/').expect("a reference has a path");
        let image = format!("{}/{path}", registry.address);
        let git = Echo::before(&world.servers().git);
        let text = values(image.trim_end_matches(":2"), "1");
        let infra = world.infra("infra", &[("values.yaml", &text)]);
        let gitlab = Gitlab::start();
        let forge = Echo::before(server_of(&gitlab.api()));
        let played = application("Synced", "Healthy", "COMMIT", &[&image]);
        let argocd = Echo::before(server_of(&Argocd::of(&infra, [(200, played)]).server()));
        let stranger = Echo::alone(Manner::Honest);
        stranger.answer(&Manner::Challenge(stranger.address.clone()));
        let tokens = Echo::alone(Manner::Json(r#"{"token": "Be4rerCanary/ofTheService", "expires_in": 60}"#));
        let canaries = canaries(&world);
        let first = infra.tip("main");
        Self { world, infra, first, image, git, registry, tokens, forge, argocd, stranger, canaries }
    }

    /// Everything that may be asked, and what each may see.
    pub(super) fn servers(&self) -> [(&'static str, &Echo, &'static [&'static str]); 6] {
        const PAIR: &[&str] = &["GITOPS_BUMP_REGISTRY_PASSWORD", "the service's token", "the helper's secret"];
        [
            // Without a Git token the job's own is shown to the pipeline's server; that variable has the same token.
            ("the Git server", &self.git, &["GITOPS_BUMP_GIT_TOKEN", "CI_JOB_TOKEN", "CI_REPOSITORY_URL"]),
            ("the registry", &self.registry, PAIR),
            ("the token service", &self.tokens, &["GITOPS_BUMP_REGISTRY_PASSWORD"]),
            ("the forge", &self.forge, &["GITOPS_BUMP_FORGE_TOKEN"]),
            ("Argo CD", &self.argocd, &["ARGOCD_AUTH_TOKEN"]),
            ("the stranger", &self.stranger, &[]),
        ]
    }

    pub(super) fn bump(&self, place: Place, arguments: &[&str]) -> Bump {
        let api = format!("http://{}/api/v4", self.forge.address);
        let (_, port) = self.git.address.split_once(':').expect("an address has a port");
        let bump = self.canaries.given_to(self.world.bump(arguments));
        let bump = bump
            .env("GITOPS_BUMP_REGISTRY_USERNAME", &self.world.servers().registry_login.username)
            .env("CI_REGISTRY_USER", "robot")
            .env("CI_REGISTRY", "registry.gitlab.example")
            .env("HARBOR_USERNAME", "robot")
            .env("HARBOR_HOST", "harbor.example")
            .env("CI_API_V4_URL", api)
            .env("CI_SERVER_HOST", "127.0.0.1")
            .env("CI_SERVER_PORT", port)
            .env("CI_COMMIT_MESSAGE", "Fix it\n\nand more")
            .env("GITOPS_BUMP_PUSH_TIMEOUT", "1s")
            .env("GITOPS_BUMP_ARGOCD_TIMEOUT", "1s");
        match place {
            Place::Pipeline => bump.env("GITLAB_CI", "true"),
            Place::Desk => bump,
        }
    }

    /// `update` of the ordinary place.
    pub(super) fn update(&self, place: Place, flags: &[&str]) -> Bump {
        let url = self.infra.url_at(&self.git.address);
        let fixed = ["update", "-vv", "--image", &self.image, "--repo", &url, "--helm", "values.yaml"];
        self.bump(place, &[&fixed[..], &REPORTS, flags].concat())
    }

    /// Runs, and looks for secrets everywhere.
    #[track_caller]
    pub(super) fn play(&self, case: &str, bump: Bump) -> Run {
        self.infra.set_ref("refs/heads/main", &self.first);
        self.servers().iter().for_each(|(_, server, _)| server.forget());
        let run = bump.run();
        self.require_clean(case, &run);
        run
    }

    #[track_caller]
    fn require_clean(&self, case: &str, run: &Run) {
        let leaks = self.leaks(run);
        assert!(leaks.is_empty(), "{case}: {leaks:#?}\n{run}");
    }

    /// Every secret that is where it does not belong.
    pub(super) fn leaks(&self, run: &Run) -> BTreeSet<String> {
        let mut leaks = BTreeSet::new();
        let mut look = |place: &str, text: &str, but: &[&str]| {
            leaks.extend(self.canaries.seen_in(text, but).into_iter().map(|seen| format!("{place}: {seen}")));
        };
        look("stdout", &run.stdout, &[]);
        look("stderr", &run.stderr, &[]);
        for report in ["r.json", "r.env", "a.json", "r.md"].map(|name| self.world.work().join(name)) {
            if let Ok(text) = std::fs::read_to_string(&report) {
                look(&report.display().to_string(), &text, &[]);
                std::fs::remove_file(report).expect("the report is ours");
            }
        }
        look("the repository", &String::from_utf8_lossy(&self.infra.all_objects()), &[]);
        look("a branch", &self.infra.branches().join("\n"), &[]);
        for (name, server, own) in self.servers() {
            for request in server.heard() {
                let (shown, rest): (Vec<&str>, Vec<&str>) = request.lines().partition(|line| is_login(line));
                look(&format!("{name} in a header"), &decoded(&shown.join("\n")), own);
                let in_body: &[&str] = match name {
                    "the forge" if request.contains("/trigger/pipeline ") => &["GITOPS_BUMP_MIRROR_TOKEN"],
                    _ => &[],
                };
                look(&format!("{name} beside a header"), &rest.join("\n"), in_body);
            }
        }
        leaks
    }

    /// Every way in which a server can fail.
    fn manners(&self) -> Vec<Manner> {
        let statuses = ["401 Unauthorized", "403 Forbidden", "404 Not Found", "500 Internal Server Error", "200 OK"];
        let mut manners: Vec<Manner> = statuses.into_iter().map(Manner::Status).collect();
        let servers = [&self.stranger, &self.git, &self.registry, &self.forge, &self.argocd];
        manners.extend(servers.map(|server| Manner::Redirect(server.address.clone())));
        manners.extend([Manner::Challenge(self.stranger.address.clone()), Manner::Cut, Manner::Tls]);
        manners
    }

    /// Plays a run for each manner of one server.
    #[track_caller]
    pub(super) fn play_all(&self, case: &str, failing: &Echo, bump: impl Fn(Place) -> Bump) {
        for manner in self.manners() {
            failing.answer(&manner);
            // A challenge of the registry's own may name any token service.
            if std::ptr::eq(failing, &raw const self.registry) && matches!(manner, Manner::Challenge(_)) {
                continue;
            }
            // What may pass is asked again and again.
            let is_slow = matches!(manner, Manner::Cut | Manner::Tls | Manner::Status("500 Internal Server Error"));
            let places = if is_slow { &[Place::Pipeline][..] } else { &[Place::Pipeline, Place::Desk] };
            for &place in places {
                let run = self.play(&format!("{case}, {place:?}, {manner:?}"), bump(place));
                assert!(!failing.heard().is_empty(), "{case}, {manner:?}: nobody asked: {run}");
            }
        }
        failing.answer(&Manner::Honest);
    }
}

fn canaries(world: &World) -> Canaries {
    let docker =
        |password: &str| format!(r#"{{"auths":{{"docker.example":{{"username":"u","password":"{password}"}}}}}}"#);
    let clone = "https://gitlab-ci-token:glcbt-64_Job0Canary/x+1@127.0.0.1/shop/app.git";
    Canaries::default()
        .with("GITOPS_BUMP_GIT_TOKEN", &world.servers().git_login.password)
        .with("GITOPS_BUMP_GIT_TOKEN_INFRA", "glpat-Infr4Canary_x\\y")
        .with("GITOPS_BUMP_FORGE_TOKEN", GITLAB_TOKEN)
        .with("GITOPS_BUMP_MIRROR_TOKEN", "glptt-m1rrorMirr0rCanary")
        .with("GIT_MIRROR_TOKEN", "glptt-GitMirr0rCanary")
        .with("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN)
        .with("GITOPS_BUMP_REGISTRY_PASSWORD", &world.servers().registry_login.password)
        .with("CI_JOB_TOKEN", "glcbt-64_Job0Canary/x+1")
        .with_parts("CI_REPOSITORY_URL", clone, &["glcbt-64_Job0Canary/x+1"])
        .with("CI_REGISTRY_PASSWORD", "CiRegistry0Canary&=")
        .with("HARBOR_PASSWORD", "Harb0rCanary$\"q")
        .with_parts("DOCKER_AUTH_CONFIG", &docker("D0ckerCanaryConfig"), &["D0ckerCanaryConfig"])
        .with_parts("DOCKER_AUTH", &docker("D0ckerCanaryAuth"), &["D0ckerCanaryAuth"])
        .with("MY_API_TOKEN", "Foreign0ApiCanary/+=")
        .with("DB_PASSWORD", "Foreign0DbCanary'_*")
        .with("AWS_SECRET_ACCESS_KEY", "Foreign0AwsCanary%41")
        .with_parts("https_proxy", "http://me:Pr0xyCanary%2Fx@127.0.0.1:9", &["Pr0xyCanary"])
}

/// `HOST:PORT` of an address.
fn server_of(url: &str) -> &str {
    url.split('/').nth(2).expect("an address has a server")
}

pub(super) fn is_login(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    ["authorization:", "private-token:"].iter().any(|name| lower.starts_with(name))
}

/// The header, with what Basic encodes.
fn decoded(header: &str) -> String {
    use base64::Engine as _;
    let decoded =
        header.split_whitespace().filter_map(|word| base64::engine::general_purpose::STANDARD.decode(word).ok());
    let decoded: Vec<String> = decoded.filter_map(|bytes| String::from_utf8(bytes).ok()).collect();
    format!("{header} {}", decoded.join(" "))
}
