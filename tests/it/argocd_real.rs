//! The same situations on a real Argo CD that plays no part in the tests: `GITOPS_BUMP_TEST_ARGOCD` is its URL, `…_TOKEN` a token
//! that may get applications and nothing else, `…_KUBECONFIG` the cluster that it deploys to, with Argo CD in the namespace
//! `argocd`. It must reach this machine's Git server, and its node may play the pods: an image whose tag has `bad` in it
//! cannot be pulled, and one with `slow` takes long to start.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::world::{Repository, Run, World, output_of};

/// What names the server.
struct Access {
    server: String,
    token: String,
    kubeconfig: String,
}

/// A repository with one application, synchronised at version 1.
struct Scene {
    access: Access,
    world: World,
    infra: Repository,
    name: String,
}

const TARGET: &str = "app/app.yaml";

/// The rest of an application: its annotations, what it is made from (of the repository `INFRA`), and its policy.
struct Shape<'a> {
    annotations: &'a str,
    source: &'a str,
    policy: &'a str,
}

const SHAPE: Shape<'_> = Shape {
    annotations: "{}",
    source: "source: {repoURL: INFRA, targetRevision: main, path: app}",
    policy: "automated: {prune: true}",
};

/// A Deployment that runs an image.
fn deployment(image: &str, more: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  {more}\n  progressDeadlineSeconds: 5\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    \
         spec:\n      containers:\n        - name: web\n          image: {image}\n"
    )
}

impl Scene {
    /// None, with the reason printed, where no Argo CD is named.
    fn named(world: World) -> Option<(Access, World)> {
        let variable = |part: &str| std::env::var(format!("GITOPS_BUMP_TEST_ARGOCD{part}")).ok();
        let (server, token, kubeconfig) = (variable(""), variable("_TOKEN"), variable("_KUBECONFIG"));
        let (Some(server), Some(token), Some(kubeconfig)) = (server, token, kubeconfig) else {
            let _ = writeln!(
                std::io::stdout(),
                "skipped: GITOPS_BUMP_TEST_ARGOCD, …_TOKEN and …_KUBECONFIG name no Argo CD"
            );
            return None;
        };
        Some((Access { server, token, kubeconfig }, world))
    }

    fn new((access, world): (Access, World), files: &[(&str, &str)], shape: &Shape<'_>) -> Self {
        let infra = world.infra("infra", files);
        let corner = infra.path().split('/').next().unwrap_or_default();
        let name = format!("{corner}-{}", std::process::id());
        let scene = Self { access, world, infra, name };
        scene.create(shape);
        scene
    }

    fn create(&self, Shape { annotations, source, policy }: &Shape<'_>) {
        let Self { name, infra, world, .. } = self;
        let (url, login) = (infra.url(), &world.servers().git_login);
        let source = source.replace("INFRA", &format!("'{url}'"));
        let secrets = ["repository", "repository-write"].map(|kind| {
            let (user, password) = (&login.username, &login.password);
            format!(
                "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}-{kind}\n  labels: {{argocd.argoproj.io/secret-type: {kind}}}\n\
                 stringData: {{type: git, url: '{url}', username: '{user}', password: '{password}'}}\n---\n"
            )
        });
        self.apply(&format!(
            "{}apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n  annotations: {annotations}\n\
             spec:\n  project: default\n  destination: {{server: 'https://kubernetes.default.svc', namespace: {name}}}\n  \
             {source}\n  syncPolicy:\n    syncOptions: [CreateNamespace=true]\n    {policy}\n",
            secrets.concat()
        ));
    }

    /// Waits until the application is in a state, such as `Synced Healthy`.
    fn until(&self, state: &str) -> &Self {
        let started = Instant::now();
        let path = "jsonpath={.status.sync.status} {.status.health.status} {.status.operationState.retryCount}";
        loop {
            let now = self.kubectl(&["get", "application", &self.name, "-o", path]);
            if now.starts_with(state) || now.trim_end().ends_with(state) {
                return self;
            }
            if now.starts_with("Unknown") {
                // It was looked at before its repository's credentials were known.
                let refresh = "argocd.argoproj.io/refresh=normal";
                self.kubectl(&["annotate", "--overwrite", "application", &self.name, refresh]);
            }
            assert!(started.elapsed() < Duration::from_mins(1), "the application does not come to {state}: {now}");
            thread::sleep(Duration::from_millis(500));
        }
    }

    fn apply(&self, objects: &str) {
        let mut command = self.command(&["apply", "-f", "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("kubectl can be started");
        let written = child.stdin.take().expect("it is piped").write_all(objects.as_bytes());
        assert!(written.is_ok() && child.wait().is_ok_and(|status| status.success()), "kubectl takes:\n{objects}");
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        String::from_utf8(output_of(&mut self.command(arguments))).expect("kubectl writes UTF-8")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("kubectl");
        command.env("KUBECONFIG", &self.access.kubeconfig).args(["-n", "argocd"]).args(arguments);
        command
    }

    fn update(&self, tag: &str, target: &[&str], flags: &[&str]) -> Run {
        let (image, url) = (self.world.push("team/app", tag), self.infra.url());
        let fixed = ["update", "--image", &image, "--repo", &url, "--argocd-server", &self.access.server];
        let bump = self.world.bump(fixed.iter().chain(target).chain(flags));
        bump.env("ARGOCD_AUTH_TOKEN", &self.access.token).run()
    }

    /// Bumps the manifest to version 2.
    fn bump(&self, flags: &[&str]) -> Run {
        self.update("2", &["--manifest", TARGET], flags)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let names = ["application/", "secret/repository", "secret/repository-write"];
        let objects = names.map(|name| match name.split_once('/') {
            Some((kind, "")) => format!("{kind}/{}", self.name),
            Some((kind, end)) => format!("{kind}/{}-{end}", self.name),
            None => name.to_owned(),
        });
        let delete = ["delete", "--wait=false", &objects[0], &objects[1], &objects[2]];
        let _ = self.command(&delete).stdout(Stdio::null()).status();
    }
}

/// A world in which a manifest is deployed.
fn deployed(manifest: impl Fn(&str) -> String, shape: &Shape<'_>, state: &str) -> Option<Scene> {
    let named = Scene::named(World::new())?;
    let image = named.1.repository("team/app") + ":1";
    let scene = Scene::new(named, &[(TARGET, &manifest(&image))], shape);
    scene.until(state);
    Some(scene)
}

#[test]
fn a_bump_comes_to_run_and_a_second_run_finds_it_so() {
    let Some(scene) = deployed(|image| deployment(image, "replicas: 1"), &SHAPE, "Synced Healthy") else { return };
    scene.bump(&[]).exits(0).says("runs the image (Synced at");
    scene.bump(&[]).exits(0).says("runs the image (Synced at");
}

#[test]
fn what_runs_no_pods_is_done() {
    let cron = |image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: nightly}}\nspec:\n  schedule: '0 3 * * *'\n  jobTemplate:\n    \
             spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: app, image: '{image}'}}]}}}}}}\n"
        )
    };
    let Some(scene) = deployed(cron, &SHAPE, "Synced Healthy") else { return };
    scene.bump(&[]).exits(0).says("runs the image");
    let Some(scene) = deployed(|image| deployment(image, "replicas: 0"), &SHAPE, "Synced Healthy") else { return };
    scene.bump(&[]).exits(0).says("runs the image");
}

/// A chart whose template takes the image from its values.
fn chart(shape: &Shape<'_>) -> Option<Scene> {
    let named = Scene::named(World::new())?;
    let image = named.1.repository("team/app");
    let values = format!("image:\n  repository: {image}\n  tag: \"1\"\n");
    let template = deployment("'{{ .Values.image.repository }}:{{ .Values.image.tag }}'", "replicas: 1");
    let files = [
        ("chart/Chart.yaml", "apiVersion: v2\nname: app\nversion: 0.1.0\n"),
        ("chart/values.yaml", "{}\n"),
        ("chart/templates/app.yaml", &template),
        ("values-dev.yaml", &values),
    ];
    let scene = Scene::new(named, &files, shape);
    scene.until("Synced Healthy");
    Some(scene)
}

#[test]
fn parameters_that_win_are_told_within_seconds() {
    let source = "source: {repoURL: INFRA, targetRevision: main, path: chart, helm: {valueFiles: [../values-dev.yaml], \
                  parameters: [{name: image.tag, value: '1', forceString: true}]}}";
    let Some(scene) = chart(&Shape { source, ..SHAPE }) else { return };
    let run = scene.update("2", &["--helm", "values-dev.yaml"], &[]).exits(11);
    assert!(run.took < Duration::from_secs(15), "{run}");
    run.says("team/app:1 in Deployment/web at commit").says("the image may be set by: helm.parameters (image.tag)");
}

#[test]
fn an_annotation_that_leaves_the_file_out_is_told_and_helped_as_far_as_argo_cd_goes() {
    let source =
        "source: {repoURL: INFRA, targetRevision: main, path: chart, helm: {valueFiles: [../values-dev.yaml]}}";
    let shape = Shape { source, annotations: "{argocd.argoproj.io/manifest-generate-paths: '.'}", ..SHAPE };
    let policy = "automated: {prune: true, selfHeal: true}";
    let Some(scene) = chart(&Shape { policy, ..shape }) else { return };
    let run = scene.update("2", &["--helm", "values-dev.yaml"], &[]).exits(0);
    run.says("does not cover values-dev.yaml").says("runs the image");
    let Some(scene) = chart(&shape) else { return };
    let run = scene.update("2", &["--helm", "values-dev.yaml"], &["--argocd-timeout", "30s"]).exits(11);
    run.says("Argo CD has not begun to synchronise it").says("does not cover values-dev.yaml").says("selfHeal");
}

#[test]
fn an_image_that_cannot_be_pulled_has_the_pods_words() {
    let Some(scene) = deployed(|image| deployment(image, "replicas: 1"), &SHAPE, "Synced Healthy") else { return };
    let run = scene.update("2-bad", &["--manifest", TARGET], &[]).exits(11);
    run.says("has failed").says("exceeded its progress deadline").says("Back-off pulling image");
}

#[test]
fn what_people_have_to_do_is_told() {
    let manual = Shape { policy: "managedNamespaceMetadata: {}", ..SHAPE };
    let Some(scene) = deployed(|image| deployment(image, "replicas: 1"), &manual, "OutOfSync Missing") else { return };
    scene.bump(&["--argocd-timeout", "6s"]).exits(11).says("its automatic synchronisation is off");
    let paused = |image: &str| deployment(image, "paused: true");
    let Some(scene) = deployed(paused, &SHAPE, "Synced Suspended") else { return };
    scene.bump(&["--argocd-timeout", "8s"]).exits(11).says("it is suspended until somebody resumes or promotes it");
}

#[test]
fn a_hydrated_branch_is_followed() {
    let source = "sourceHydrator: {drySource: {repoURL: INFRA, targetRevision: main, path: app}, \
                  syncSource: {targetBranch: env/dev, path: hydrated}}";
    let shape = Shape { source, ..SHAPE };
    let Some(scene) = deployed(|image| deployment(image, "replicas: 1"), &shape, "Synced Healthy") else { return };
    let run = scene.bump(&[]).exits(0);
    let hydrated = scene.infra.tip("env/dev");
    run.says(&format!("runs the image (Synced at {}", &hydrated[..12]));
    // Its commits are the hydrator's, and not for this world to judge.
    let mut forget = Command::new("git");
    output_of(forget.arg("-C").arg(scene.infra.directory()).args(["update-ref", "-d", "refs/heads/env/dev"]));
}

#[test]
fn a_window_that_is_closed_is_told() {
    let Some(scene) = deployed(|image| deployment(image, "replicas: 1"), &SHAPE, "Synced Healthy") else { return };
    let name = &scene.name;
    scene.apply(&format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {{name: {name}}}\nspec:\n  sourceRepos: ['*']\n  \
         destinations: [{{server: '*', namespace: '*'}}]\n  clusterResourceWhitelist: [{{group: '*', kind: '*'}}]\n  \
         syncWindows: [{{kind: deny, schedule: '* * * * *', duration: 24h, applications: ['*']}}]\n"
    ));
    let project = format!(r#"{{"spec": {{"project": "{name}"}}}}"#);
    scene.kubectl(&["patch", "application", name, "--type", "merge", "-p", &project]);
    let run = scene.bump(&["--argocd-timeout", "10s"]).exits(11);
    run.says("it is not synchronised now: a deny window is open (* * * * * for 24h)");
}

#[test]
fn a_hook_that_takes_long_is_told() {
    let both = |image: &str| {
        let hook = "{argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: BeforeHookCreation}";
        format!(
            "{}---\napiVersion: batch/v1\nkind: Job\nmetadata: {{name: migrate, annotations: {hook}}}\nspec:\n  template: {{spec: \
             {{restartPolicy: Never, containers: [{{name: migrate, image: 'example.com/slow:1'}}]}}}}\n",
            deployment(image, "replicas: 1")
        )
    };
    let Some(scene) = deployed(both, &SHAPE, "Synced Healthy") else { return };
    let run = scene.bump(&["--argocd-timeout", "10s"]).exits(11);
    run.says("waits for a hook: waiting for completion of hook batch/Job/migrate");
}

#[test]
fn a_synchronisation_that_fails_and_one_that_an_older_commit_holds_up() {
    let Some(scene) = deployed(|image| deployment(image, "replicas: 1"), &SHAPE, "Synced Healthy") else { return };
    let broken = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 0}]}\n";
    scene.infra.commit("main", "broken", &[("app/service.yaml", broken)]);
    let run = scene.bump(&["--argocd-timeout", "15s"]).exits(11);
    run.says("its synchronisation fails and is retried").says("Invalid value");
    // The next commit mends it, and is not taken up.
    scene.infra.commit("main", "mended", &[("app/service.yaml", "# nothing\n")]);
    let run = scene.update("3", &["--manifest", TARGET], &["--argocd-timeout", "10s"]).exits(11);
    run.says("an operation of the older commit").says("Invalid value");
}

/// Somebody else commits this tree on top of what the run pushes, before anybody looks.
fn superseded(tree: &str) -> Option<(Scene, Run)> {
    let scene = deployed(|image| deployment(image, "replicas: 1"), &SHAPE, "Synced Healthy")?;
    let commit =
        format!("git -c user.name=o -c user.email=o@example.com commit-tree -p main -m theirs '{tree}^{{tree}}'");
    scene.infra.hook("post-receive", &format!("git update-ref refs/heads/main $({commit})"));
    let run = scene.bump(&[]);
    assert_eq!(scene.infra.commits("main"), 3, "{run}");
    Some((scene, run))
}

#[test]
fn a_later_commit_counts_for_what_it_renders() {
    let Some((scene, run)) = superseded("main") else { return };
    let tip = scene.infra.tip("main");
    run.exits(0).says(&format!("runs the image (Synced at {}", &tip[..12]));
    let Some((scene, run)) = superseded("main~1") else { return };
    let tip = scene.infra.tip("main");
    run.exits(11).says(&format!("team/app:1 in Deployment/web at the later commit {}", &tip[..12]));
}

#[test]
fn a_token_without_rights_and_an_unknown_name_are_refused_at_once() {
    let Some(scene) = deployed(|image| deployment(image, "replicas: 1"), &SHAPE, "Synced Healthy") else { return };
    let run = scene.bump(&["--argocd-app", "argocd/not-there"]).exits(11);
    assert!(run.took < Duration::from_secs(10), "{run}");
    run.says("permission denied").says("applications, get");
}
