//! Others push at the same time, and what they leave asks for more than the first attempt did: whatever is required of
//! an edit is required of the edit after a lost race, too.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use crate::images::{Configured, Images, MANIFEST as TYPE, ORDINARY, digest};
use crate::samples::OLD_DIGEST;
use crate::world::{Proxy, Repository, Run, World, liar, says};

/// The request that carries the push itself.
const PUSH: &str = "/git-receive-pack HTTP";

/// How somebody may write down an image so that its digest counts: before and after they added one.
const FORMS: [[&str; 2]; 5] = [
    ["image: {repository: REPO, tag: '1'}\n", "image: {repository: REPO, tag: '1', digest: 'OLD'}\n"],
    ["image: {repository: REPO, tag: '1', digest: ''}\n", "image: {repository: REPO, tag: '1', digest: OLD}\n"],
    ["image:\n  repository: REPO\n  tag: '1'\n", "image:\n  repository: REPO\n  tag: 1@OLD\n"],
    ["image: REPO:1\n", "image: REPO:1@OLD\n"],
    ["image: REPO:1\n", "image: REPO@OLD\n"],
];

/// A registry with one image of any name and tag, on a socket.
struct Registry {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// What it says about its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Honesty {
    /// The truth.
    Honest,
    /// In answer to HEAD it claims another digest.
    LiesInHead,
    /// It claims the other digest in every header.
    LiesInHeaders,
}

fn manifest() -> String {
    format!(r#"{{"schemaVersion": 2, "mediaType": "{TYPE}"}}"#)
}

/// A digest that the image does not have.
fn claimed() -> String {
    digest(b"another image")
}

impl Registry {
    fn start(honesty: Honesty) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let address = liar(move |line, stream| {
            log.lock().expect("nobody panics").push(line.split(' ').next().unwrap_or_default().to_owned());
            let is_head = line.starts_with("HEAD");
            let named = match honesty {
                Honesty::LiesInHeaders => claimed(),
                Honesty::LiesInHead if is_head => claimed(),
                _ => digest(manifest().as_bytes()),
            };
            let body = manifest();
            let headers = format!("Content-Type: {TYPE}\r\nDocker-Content-Digest: {named}\r\n");
            let answer = says("200 OK", &headers, if is_head { "" } else { &body });
            stream.write_all(answer.as_bytes())
        });
        Self { address, asked }
    }

    fn reference(&self) -> String {
        format!("{}/team/app:2", self.address)
    }

    fn file(&self, form: &str) -> String {
        form.replace("REPO", &format!("{}/team/app", self.address)).replace("OLD", OLD_DIGEST)
    }

    /// Methods of all requests.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics").clone()
    }
}

/// Runs `update` through a proxy where somebody else pushes first.
struct Race {
    world: World,
    proxy: Proxy,
}

impl Race {
    fn new() -> Self {
        let world = World::new();
        let proxy = Proxy::to(&world.servers().git);
        Self { world, proxy }
    }

    fn update(&self, infra: &Repository, images: &[&str], flags: &[&str]) -> Run {
        let url = infra.url_at(&self.proxy.address());
        let images = images.iter().flat_map(|image| ["--image", image]);
        let fixed = ["update", "--repo", &url, "--helm", "values.yaml"].into_iter();
        self.world.bump(fixed.chain(images).chain(flags.iter().copied())).run()
    }

    /// Somebody commits these texts as `values.yaml` of branches, just before the first push goes on to the server.
    fn rival(&self, infra: &Repository, texts: Vec<(&'static str, String)>) {
        let infra = infra.clone();
        self.proxy.interrupt(PUSH, move || {
            for (branch, text) in texts {
                infra.commit(branch, "rival", &[("values.yaml", text)]);
            }
        });
    }
}

#[test]
fn a_digest_that_a_rival_adds_is_proven_before_it_is_written() {
    for honesty in [Honesty::Honest, Honesty::LiesInHead, Honesty::LiesInHeaders] {
        for [before, after] in FORMS {
            for target in ["main", "bump"] {
                let (race, registry) = (Race::new(), Registry::start(honesty));
                let infra = race.world.infra("infra", &[("values.yaml", &registry.file(before))]);
                let theirs = registry.file(after);
                let mut texts = vec![("main", theirs.clone())];
                let mut flags = vec!["--plain-http", &registry.address];
                if target == "bump" {
                    // Of one and the same robot: of somebody else's the branch would be left alone.
                    flags.extend(["--merge-request", "--mr-branch", "bump"]);
                    flags.extend(["--committer", "Rival <rival@example.com>"]);
                    // As GitLab says it: the proof that a request is open.
                    infra.hook("post-receive", "echo 'http://127.0.0.1/shop/infra/-/merge_requests/5' >&2");
                    texts.push(("bump", theirs.clone()));
                }
                race.rival(&infra, texts);

                let run = race.update(&infra, &[&registry.reference()], &flags);

                let context = format!("{honesty:?} {after} {target}\n{run}");
                if honesty == Honesty::LiesInHeaders {
                    // The manifest's bytes were read before anything was written.
                    assert_eq!((run.code, infra.commits("main")), (7, 1), "{context}");
                    assert_eq!(infra.file("main", "values.yaml"), registry.file(before), "{context}");
                    continue;
                }
                let (tip, named) = (infra.file(target, "values.yaml"), digest(manifest().as_bytes()));
                assert_eq!(run.code, 0, "{context}");
                assert!(
                    tip.contains(&named) && !tip.contains(OLD_DIGEST) && !tip.contains(&claimed()),
                    "{tip}\n{context}"
                );
                assert_eq!(registry.asked(), ["GET"], "{context}");
            }
        }
    }
}

#[test]
fn a_digest_that_is_pinned_stays_the_proven_one_after_a_lost_race() {
    for [before, after] in FORMS {
        let (race, registry) = (Race::new(), Registry::start(Honesty::LiesInHead));
        let infra = race.world.infra("infra", &[("values.yaml", &registry.file(before))]);
        race.rival(&infra, vec![("main", registry.file(after))]);

        let flags = ["--plain-http", &registry.address, "--pin", "digest"];
        let run = race.update(&infra, &[&registry.reference()], &flags).exits(0);

        let tip = infra.file("main", "values.yaml");
        assert!(tip.contains(&digest(manifest().as_bytes())) && !tip.contains(OLD_DIGEST), "{tip}\n{run}");
        assert_eq!((registry.asked(), infra.commits("main")), (vec!["GET".to_owned()], 3), "{run}");
    }
}

/// Values of two images.
fn two(app: &str, web: &str) -> String {
    format!("app:\n  image: {app}\nweb:\n  image: {web}\n")
}

#[test]
fn an_image_whose_last_place_a_rival_removes_is_exit_5() {
    let race = Race::new();
    let (app, web) = (race.world.push("team/app", "2"), race.world.push("team/web", "2"));
    let [app_old, web_old] = ["app", "web"].map(|name| race.world.repository(&format!("team/{name}")) + ":1");
    let infra = race.world.infra("infra", &[("values.yaml", &two(&app_old, &web_old))]);
    let theirs = format!("app:\n  image: {app_old}\n");
    race.rival(&infra, vec![("main", theirs.clone())]);

    race.update(&infra, &[&app, &web], &[]).exits(5).says("team/web: no file of this run names it");

    assert_eq!((infra.log("main", "%s"), infra.file("main", "values.yaml")), ("rival".to_owned(), theirs));
}

#[test]
fn an_image_that_another_repository_still_holds_is_not_missed() {
    let race = Race::new();
    let (app, web) = (race.world.push("team/app", "2"), race.world.push("team/web", "2"));
    let [app_old, web_old] = ["app", "web"].map(|name| race.world.repository(&format!("team/{name}")) + ":1");
    let one = race.world.infra("one", &[("values.yaml", &two(&app_old, &web_old))]);
    let other = race.world.infra("other", &[("values.yaml", &format!("image: {web_old}\n"))]);
    let theirs = format!("app:\n  image: {app_old}\n");
    race.rival(&one, vec![("main", theirs.clone())]);
    let config = format!(
        "images: {{app: '{app}', web: '{web}'}}\nrepositories:\n  - {{url: '{}', helm: [{{file: values.yaml}}]}}\n  \
         - {{url: '{}', helm: [{{file: values.yaml}}]}}\n",
        one.url_at(&race.proxy.address()),
        other.url()
    );
    race.world.write(".gitops-bump.yml", config);

    race.world.bump(["update"]).run().exits(0);

    assert_eq!((one.commits("main"), other.commits("main")), (3, 2));
    assert_eq!(one.file("main", "values.yaml"), theirs.replace(":1\n", ":2\n"));
    assert_eq!(other.file("main", "values.yaml"), format!("image: {web}\n"));
}

#[test]
fn a_newer_image_that_a_rival_deploys_is_exit_9_whichever_of_several_it_is() {
    let names = ["app", "web"];
    for newer in names {
        let race = Race::new();
        let created = |created| Configured { created, ..ORDINARY };
        let images = names.map(|name| {
            let repository = race.world.repository(&format!("team/{name}"));
            let registry = Images::at(&repository);
            for (tag, day) in
                [("1", "2026-11-20T10:00:00Z"), ("2", "2026-11-21T10:00:00Z"), ("3", "2026-11-22T10:00:00Z")]
            {
                registry.image(tag, created(day));
            }
            repository
        });
        let [app, web] = images.each_ref();
        let tags = |tag: &'static str| names.map(|name| if name == newer { tag } else { "1" });
        let text = |[one, other]: [&str; 2]| two(&format!("{app}:{one}"), &format!("{web}:{other}"));
        let infra = race.world.infra("infra", &[("values.yaml", &text(tags("1")))]);
        race.rival(&infra, vec![("main", text(tags("3")))]);

        let wanted = images.each_ref().map(|repository| format!("{repository}:2"));
        let run = race.update(&infra, &wanted.each_ref().map(String::as_str), &["--newer-only"]).exits(9);

        let run = run.says(&format!("team/{newer}:3"));
        assert_eq!(infra.log("main", "%s"), "rival", "{run}");
        assert_eq!(infra.file("main", "values.yaml"), text(tags("3")), "{run}");
    }
}

#[test]
fn one_repositorys_lost_race_stops_no_other() {
    let (race, registry) = (Race::new(), Registry::start(Honesty::Honest));
    // What the rival leaves has no place for the image any more.
    let (before, after) = (registry.file(FORMS[0][0]), "other: 1\n".to_owned());
    let one = race.world.infra("one", &[("values.yaml", &before)]);
    let other = race.world.infra("other", &[("values.yaml", &before)]);
    race.rival(&one, vec![("main", after.clone())]);
    let config = format!(
        "images: {{app: '{}'}}\nrepositories:\n  - {{url: '{}', helm: [{{file: values.yaml}}]}}\n  \
         - {{url: '{}', helm: [{{file: values.yaml}}]}}\n",
        registry.reference(),
        one.url_at(&race.proxy.address()),
        other.url()
    );
    race.world.write(".gitops-bump.yml", config);

    race.world.bump(["update", "--plain-http", &registry.address]).run().exits(5);

    assert_eq!((one.log("main", "%s"), one.file("main", "values.yaml")), ("rival".to_owned(), after));
    assert_eq!(other.file("main", "values.yaml"), before.replace("'1'", "'2'"));
}

#[test]
fn a_message_that_cannot_be_written_about_what_a_rival_left_is_exit_3() {
    let race = Race::new();
    let (image, old) = (race.world.push("team/app", "2"), race.world.repository("team/app") + ":1");
    for flags in [vec!["--message"], vec!["--merge-request", "--mr-branch", "bump", "--mr-title"]] {
        let infra = race.world.infra(flags[0], &[("values.yaml", &two(&old, &old))]);
        let theirs = format!("app:\n  image: {old}\n");
        let mut texts = vec![("main", theirs.clone())];
        let mut flags = [&flags[..], &["{{ changes[1].path }}"]].concat();
        if flags.contains(&"--merge-request") {
            flags.extend(["--committer", "Rival <rival@example.com>"]);
            texts.push(("bump", theirs));
        }
        race.rival(&infra, texts);

        race.update(&infra, &[&image], &flags).exits(3).says("template");

        let subjects: BTreeSet<String> = infra.branches().iter().map(|branch| infra.log(branch, "%s")).collect();
        assert_eq!(subjects, BTreeSet::from(["rival".to_owned()]));
    }
}
