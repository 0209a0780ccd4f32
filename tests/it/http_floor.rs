//! Every kind of request that the binary makes, led astray in every way: no secret reaches another server, no body is sent
//! twice, no private address is asked for a public server, and no word of another server is shown.

use crate::images::MANIFEST;
use crate::samples::values;
use crate::world::{
    ARGOCD_TOKEN, Argocd, Bump, Detour, GITLAB_TOKEN, Gitlab, Run, Secret, World, application, openssl, says,
};

/// What a run is about when it makes a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Registry,
    Tokens,
    Git,
    Gitlab,
    Argocd,
    Mirror,
}

/// A kind of request: its name, how a run comes to make it, and what its first line begins with and holds.
type Kind = (&'static str, By, &'static str, &'static str);

const KINDS: [Kind; 15] = [
    ("HEAD of a manifest", By::Registry, "", "/manifests/"),
    ("GET of a manifest", By::Registry, "GET /v2/", "/manifests/1 "),
    ("GET of a blob", By::Registry, "GET /v2/", "/blobs/"),
    ("GET of referrers", By::Registry, "GET /v2/", "/referrers/"),
    ("GET of a token", By::Tokens, "GET /token", ""),
    ("POST for a token", By::Tokens, "POST /token", ""),
    ("info/refs to fetch", By::Git, "GET /", "/info/refs?service=git-upload-pack"),
    ("POST to fetch", By::Git, "POST /", "/git-upload-pack"),
    ("info/refs to push", By::Git, "GET /", "/info/refs?service=git-receive-pack"),
    ("POST to push", By::Git, "POST /", "/git-receive-pack"),
    ("GET of GitLab's API", By::Gitlab, "GET /api/v4/", ""),
    ("POST to GitLab's API", By::Gitlab, "POST /api/v4/", "/merge_requests"),
    ("PUT to GitLab's API", By::Gitlab, "PUT /api/v4/", "/merge_requests/"),
    ("GET of Argo CD's API", By::Argocd, "GET /argocd/", ""),
    ("POST of the mirror's form", By::Mirror, "POST /api/v4/", "/trigger/pipeline"),
];

/// What another server says, in every place where it can say something.
const FOREIGN: &str = "xyzzy";
const MIRROR_TOKEN: &str = "glptt-m1rror+t/ken";
const BEARER: &str = "t0ken-of-the-service";

/// A world whose servers can be led astray.
struct Maze {
    world: World,
    image: String,
    secrets: Vec<Secret>,
}

/// One request that goes astray.
struct Case<'a> {
    kind: Kind,
    /// The server that it is meant for, as a URL has it.
    home: &'a str,
    /// The same as an address, when that is to be taken for a proxy.
    proxy: Option<&'a str>,
    /// What `--plain-http` names.
    plain: &'a str,
}

impl Maze {
    fn new() -> Self {
        let world = World::new();
        world.push_private("team/app", "1");
        let image = world.push("team/app", "1");
        let named = |token: &str| Secret::new("oauth2".to_owned(), token.to_owned());
        let servers = world.servers();
        let mut secrets = vec![servers.git_login.clone(), servers.registry_login.clone()];
        secrets.extend([GITLAB_TOKEN, ARGOCD_TOKEN, MIRROR_TOKEN, BEARER].map(named));
        openssl(&world, &["genpkey", "-algorithm", "ed25519", "-out", "key.pem"]);
        openssl(&world, &["pkey", "-in", "key.pem", "-pubout", "-out", "key.pub"]);
        Self { world, image, secrets }
    }

    /// The server that a kind of request is meant for; the request is led to this place as soon as it shows a login.
    fn home(&self, kind: Kind, place: impl Fn(&str) -> String + Send + Sync + 'static) -> Detour {
        let (_, by, start, part) = kind;
        let pick = move |head: &str| {
            let line = head.lines().next().unwrap_or_default();
            let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
            let is_wanted = line.starts_with(start) && line.contains(part);
            let is_shown = by != By::Registry || head.contains("authorization: ");
            if line.contains("/returned") {
                return Some(foreign("401 Unauthorized", host));
            }
            let lead = || says("307 Temporary Redirect", &format!("Location: {}\r\n", place(host)), "");
            (is_wanted && is_shown).then(lead)
        };
        let servers = self.world.servers();
        let address = |url: String| url.split('/').nth(2).expect("a URL has a host").to_owned();
        match by {
            By::Registry => Detour::before(&servers.private_registry, pick),
            By::Tokens => Detour::to_nothing(move |head| pick(head).unwrap_or_else(|| token_registry(head))),
            By::Git => Detour::before(&servers.git, pick),
            By::Gitlab | By::Mirror => Detour::before(&address(Gitlab::start().api()), pick),
            By::Argocd => {
                let argocd = Argocd::playing([(200, application("Synced", "Healthy", "1", &[]))]);
                Detour::before(&address(argocd.server()), pick)
            }
        }
    }

    fn run(&self, case: &Case<'_>) -> Run {
        let bump = match case.kind.1 {
            By::Registry => self.ask_registry(case),
            By::Tokens => self.ask_for_token(case),
            _ => self.update(case),
        };
        let bump = bump.env("GITOPS_BUMP_PLAIN_HTTP", case.plain);
        let bump = match case.proxy {
            Some(proxy) => bump.env("http_proxy", proxy),
            None => bump,
        };
        self.secrets.iter().fold(bump, Bump::hiding).run()
    }

    fn ask_registry(&self, case: &Case<'_>) -> Bump {
        let servers = self.world.servers();
        let repository = self.world.private_repository("team/app").replace(&servers.private_registry, case.home);
        let image = format!("{repository}:1");
        let (key, url) = (self.world.read("key.pub"), self.infra());
        let mut arguments = match case.kind.0 {
            "HEAD of a manifest" => vec!["update", "--repo", &url, "--helm", "values.yaml:image", "--any-repository"],
            "GET of a blob" => vec!["check", "--label", "team=shop"],
            "GET of referrers" => vec!["check", "--verify-key", &key],
            _ => vec!["check"],
        };
        arguments.extend(["-vv", "--image", &image]);
        let bump = self.world.bump(arguments).env("GITOPS_BUMP_REGISTRY_USERNAME", &servers.registry_login.username);
        bump.env("GITOPS_BUMP_REGISTRY_PASSWORD", &servers.registry_login.password)
    }

    fn ask_for_token(&self, case: &Case<'_>) -> Bump {
        let (image, login) = (format!("{}/team/app:1", case.home), &self.world.servers().registry_login);
        let shown = match case.kind.0 {
            "POST for a token" => format!(r#"{{"identitytoken": "{}"}}"#, login.password),
            _ => format!(r#"{{"auth": "{}"}}"#, login.basic()),
        };
        let bump = self.world.bump(["check", "-vv", "--image", &image]);
        bump.env("DOCKER_AUTH_CONFIG", format!(r#"{{"auths": {{"{}": {shown}}}}}"#, case.home))
    }

    fn update(&self, case: &Case<'_>) -> Bump {
        let (home, by) = (case.home, case.kind.1);
        let url = self.infra();
        let url = if by == By::Git { url.replace(&self.world.servers().git, home) } else { url };
        let server = format!("http://{home}/argocd");
        let mut arguments =
            vec!["update", "-vv", "--image", &self.image, "--repo", &url, "--helm", "values.yaml:image"];
        arguments.push("--any-repository");
        match by {
            By::Gitlab => arguments.extend(["--merge-request", "--mr-auto-merge"]),
            By::Argocd => arguments.extend(["--argocd-server", &server, "--argocd-app", "argocd/shop"]),
            By::Mirror => arguments.extend(["--mirror-project-id", "9", "--mirror-repository", "infra"]),
            _ => {}
        }
        let bump = self.world.bump(arguments);
        let api = format!("http://{home}/api/v4");
        let port = home.rsplit(':').next().unwrap_or_default();
        match by {
            By::Gitlab => {
                let bump = bump.env("GITOPS_BUMP_GITLAB_TOKEN", GITLAB_TOKEN).env("CI_API_V4_URL", api);
                bump.env("CI_SERVER_HOST", "127.0.0.1").env("CI_SERVER_PORT", port)
            }
            By::Argocd => bump.env("ARGOCD_AUTH_TOKEN", ARGOCD_TOKEN),
            By::Mirror => bump.env("GIT_MIRROR_TOKEN", MIRROR_TOKEN).env("CI_API_V4_URL", api),
            _ => bump,
        }
    }

    /// The URL of a new infra repository in which something has to change.
    fn infra(&self) -> String {
        static COUNT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
        let name = format!("infra-{}", COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        self.world.infra(&name, &[("values.yaml", values("r.example/team/app", "0").as_str())]).url()
    }

    /// Panics unless the run failed as its kind does, without a word of the other server's.
    fn assert_failed(run: &Run, kind: Kind, case: &str) {
        let codes: &[i32] = match kind.1 {
            By::Registry | By::Tokens => &[4, 7, 9],
            By::Git => &[8],
            By::Gitlab | By::Argocd | By::Mirror => &[11],
        };
        assert!(codes.contains(&run.code), "{case}: {run}");
        assert!(!(run.stderr.to_lowercase() + &run.stdout).contains(FOREIGN), "{case}: {run}");
    }
}

/// A registry that wants tokens, with the service that gives them.
fn token_registry(head: &str) -> String {
    let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
    let challenge = format!("WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"s\"\r\n");
    let manifest = format!(r#"{{"schemaVersion": 2, "mediaType": "{MANIFEST}"}}"#);
    match head.split(' ').nth(1).unwrap_or_default() {
        path if path.starts_with("/token") => says("200 OK", "", &format!(r#"{{"token": "{BEARER}"}}"#)),
        _ if head.contains(BEARER) => says("200 OK", &format!("Content-Type: {MANIFEST}\r\n"), &manifest),
        _ => says("401 Unauthorized", &challenge, ""),
    }
}

/// An answer that wants everything and says something everywhere.
fn foreign(status: &str, host: &str) -> String {
    let headers = format!(
        "WWW-Authenticate: Basic realm=\"{FOREIGN}\"\r\n\
         WWW-Authenticate: Bearer realm=\"http://{host}/token\",service=\"{FOREIGN}\"\r\n\
         Docker-Content-Digest: {FOREIGN}\r\nContent-Type: text/{FOREIGN}\r\nRetry-After: 0\r\n\
         X-Words: {FOREIGN}\r\n"
    );
    let body = format!(r#"{{"errors": [{{"message": "{FOREIGN}"}}], "message": "{FOREIGN}", "token": "{FOREIGN}"}}"#);
    says(status, &headers, &body)
}

/// Another server, which leads back to where it is told to.
fn other(status: &'static str) -> Detour {
    Detour::to_nothing(move |head| match head.split(' ').nth(1).unwrap_or_default().strip_prefix("/back-to/") {
        Some(home) => says("307 Temporary Redirect", &format!("Location: http://{home}/returned\r\n"), ""),
        None => foreign(status, head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default()),
    })
}

/// Whether registries may lead this kind of request to other servers.
fn travels((name, by, ..): Kind) -> bool {
    by == By::Registry || name == "GET of a token"
}

fn lead_astray(by: &[By]) {
    let maze = Maze::new();
    for kind in KINDS.into_iter().filter(|kind| by.contains(&kind.1)) {
        for way in ["another port", "another host", "back to the start"] {
            let other = other("401 Unauthorized");
            let there = match way {
                "another host" => other.address.replace("127.0.0.1", "localhost"),
                _ => other.address.clone(),
            };
            let home = maze.home(kind, move |home| match way {
                "back to the start" => format!("http://{there}/back-to/{home}"),
                // Where Git's own check of the path lets it through.
                _ => format!("http://{there}/x/info/refs"),
            });
            let case = format!("{} to {way}", kind.0);
            let run = maze.run(&Case { kind, home: &home.address, proxy: None, plain: &home.address });
            Maze::assert_failed(&run, kind, &case);
            other.assert_saw_nothing_of(&maze.secrets, &case);
            assert_eq!(!other.asked().is_empty(), travels(kind), "{case}: {:?} {run}", other.asked());
            let back: Vec<String> = home.asked().into_iter().filter(|request| request.contains("/returned")).collect();
            assert!(!back.iter().any(|request| request.contains("authorization")), "{case}: {back:?}");
            assert_eq!(!back.is_empty(), travels(kind) && way == "back to the start", "{case}: {run}");
        }
    }
}

#[test]
fn a_registrys_requests_take_no_secret_along() {
    lead_astray(&[By::Registry]);
}

#[test]
fn a_token_services_requests_take_no_secret_along() {
    lead_astray(&[By::Tokens]);
}

#[test]
fn gits_requests_stay_on_their_server() {
    lead_astray(&[By::Git]);
}

#[test]
fn the_apis_requests_stay_on_their_server() {
    lead_astray(&[By::Gitlab, By::Argocd, By::Mirror]);
}

#[test]
fn no_answer_of_another_server_is_quoted_or_obeyed() {
    let maze = Maze::new();
    for kind in KINDS.into_iter().filter(|kind| travels(*kind)) {
        // Each of the kinds is asked again alike while a server is busy, which takes its time.
        let busy = if kind.0 == "GET of a manifest" { &["503 Service Unavailable", "429 Slow Down"][..] } else { &[] };
        for status in ["200 OK", "403 Forbidden", "404 Not Found", "418 Teapot"].iter().chain(busy) {
            let other = other(status);
            let place = format!("http://{}/x", other.address);
            let home = maze.home(kind, move |_| place.clone());
            let case = format!("{} that ends with {status}", kind.0);
            let run = maze.run(&Case { kind, home: &home.address, proxy: None, plain: &home.address });
            Maze::assert_failed(&run, kind, &case);
            other.assert_saw_nothing_of(&maze.secrets, &case);
        }
    }
}

#[test]
fn a_public_server_leads_nobody_to_a_private_address() {
    let maze = Maze::new();
    let ways = KINDS.into_iter().filter(|kind| travels(*kind) || kind.1 == By::Git);
    for (kind, host) in ways.flat_map(|kind| ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"].map(|host| (kind, host)))
    {
        let inner = other("200 OK");
        let place = format!("http://{host}:{}/x/info/refs", inner.address.split(':').next_back().unwrap_or_default());
        let home = maze.home(kind, move |_| place.clone());
        let case = format!("{} to {host}", kind.0);
        // Behind a proxy a name may be that of any server, so it counts as a public one.
        let run = maze.run(&Case { kind, home: "r.invalid", proxy: Some(&home.address), plain: "r.invalid" });
        Maze::assert_failed(&run, kind, &case);
        assert!(inner.asked().is_empty(), "{case}: {:?} {run}", inner.asked());
        assert!(home.asked().len() > 1 || kind.0.ends_with("to fetch"), "{case}: {:?} {run}", home.asked());
    }
}

#[test]
fn a_challenge_of_a_public_registry_names_no_private_token_service() {
    let maze = Maze::new();
    let inner = other("200 OK");
    let realm = format!("http://{}/token", inner.address);
    let home = Detour::to_nothing(move |_| {
        says("401 Unauthorized", &format!("WWW-Authenticate: Bearer realm=\"{realm}\",service=\"s\"\r\n"), "")
    });
    for kind in KINDS.into_iter().filter(|kind| kind.1 == By::Tokens) {
        let run = maze.run(&Case { kind, home: "r.invalid", proxy: Some(&home.address), plain: "r.invalid" });
        run.exits(7).says("private network");
    }
    assert!(inner.asked().is_empty(), "{:?}", inner.asked());
}

#[test]
fn credentials_in_plain_http_need_a_flag() {
    let maze = Maze::new();
    let elsewhere = KINDS.into_iter().filter(|kind| !matches!(kind.1, By::Registry | By::Tokens));
    for kind in elsewhere {
        let home = maze.home(kind, |_| "/x/info/refs".to_owned());
        for plain in ["", "other.invalid", "r.invalid:8080"] {
            let run = maze.run(&Case { kind, home: "r.invalid", proxy: Some(&home.address), plain });
            let remedy =
                if plain.is_empty() { "`--plain-http r.invalid`" } else { "`GITOPS_BUMP_PLAIN_HTTP=r.invalid`" };
            run.exits(3).says(remedy);
            assert!(home.asked().is_empty(), "{}: {:?}", kind.0, home.asked());
        }
    }
}

#[test]
fn a_token_service_in_plain_http_needs_a_flag_of_its_own() {
    let maze = Maze::new();
    let home = Detour::to_nothing(|head| {
        let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        token_registry(&head.replace(host, "t.invalid"))
    });
    for kind in KINDS.into_iter().filter(|kind| kind.1 == By::Tokens) {
        let case = |plain| Case { kind, home: "r.invalid", proxy: Some(&home.address), plain };
        maze.run(&case("r.invalid")).exits(3).says("GITOPS_BUMP_PLAIN_HTTP=t.invalid");
        maze.run(&case("r.invalid t.invalid")).exits(0);
    }
}

#[test]
fn plain_http_without_credentials_goes_through() {
    let maze = Maze::new();
    let home = Detour::to_nothing(|_| says("404 Not Found", "", ""));
    let url = "http://r.invalid/shop/infra.git";
    let bump = maze.world.bump(["update", "--image", &maze.image, "--repo", url, "--helm", "values.yaml:image"]);
    let run = bump.without_env("GITOPS_BUMP_GIT_TOKEN").env("http_proxy", &home.address).run().exits(8);
    assert!(!home.asked().is_empty(), "{run}");
}
