//! `rollback`: what ran before stands at the places again, whoever wrote it, and nothing else changes.

use crate::samples::{deployment, values};
use crate::shop::Shop;
use crate::world::{Sshd, Way, World};

#[test]
fn each_rollback_goes_one_version_further_back() {
    let shop = Shop::bumped_twice();

    shop.rollback(&["--dry-run"])
        .run()
        .exits(0)
        .prints_some("\n-  tag: \"3\"   # written by the pipeline\n+  tag: \"2\"");
    assert_eq!(shop.infra.commits("main"), 3);
    shop.rollback(&[]).run().exits(0).says("goes back from 3 to 2");
    shop.holds("2");
    let message = shop.infra.log("main", "%B");
    let app = &shop.app;
    assert!(message.starts_with("Roll back app to 2\n\nvalues.yaml: image.tag: 3 -> 2\n\n"), "{message}");
    assert!(message.contains(&format!("\nRolled-Back-From: {app}:3\nImage: {app}:2@sha256:")), "{message}");
    shop.infra.assert_trailers();
    shop.rollback(&[]).run().exits(0);
    shop.holds("1");
    shop.rollback(&[]).run().exits(5).says("there is no earlier version in the 5 commits").says("--history");
    shop.holds("1");

    shop.update("4", &[]).run().exits(0);
    shop.rollback(&[]).run().exits(0);
    shop.holds("1");
    assert_eq!(shop.infra.commits("main"), 7);
}

#[test]
fn contents_decide_whatever_the_messages_say() {
    let shop = Shop::bumped_twice();
    shop.infra.commit("main", "others", &[("other.yaml", "tag: 9\n")]);
    shop.by_hand("a fix by hand", "4");
    shop.rollback(&["--environment", "prod"]).run().exits(0);
    shop.holds("3");
    assert!(shop.infra.log("main", "%s").starts_with("Roll back app to 3 in prod"));

    // A squash of a bump and more, and a message that lies.
    shop.infra.commit(
        "main",
        "squashed\n\nImage: r.example.com/other:1",
        &[("values.yaml", values(&shop.app, "2")), ("other.yaml", "tag: 10\n".into())],
    );
    shop.by_hand("Revert \"squashed\"", "3");
    shop.rollback(&[]).run().exits(0);
    shop.holds("2");
    assert_eq!(shop.infra.file("main", "other.yaml"), "tag: 10\n");
}

#[test]
fn a_merged_rollback_is_one() {
    for way in [Way::Merge, Way::Rebase] {
        let shop = Shop::bumped_twice();
        shop.infra.add_branches(["work".to_owned()].into_iter());
        shop.rollback(&["--branch", "work"]).run().exits(0);
        shop.infra.commit("main", "others", &[("other.yaml", "1\n")]);
        shop.infra.merge(way, "work", "main");
        shop.holds("2");
        shop.rollback(&[]).run().exits(0);
        shop.holds("1");
    }
}

#[test]
fn a_rollback_can_be_proposed() {
    let shop = Shop::bumped_twice();
    let view = "echo 'View merge request for x:' >&2; echo '  http://127.0.0.1/shop/infra/-/merge_requests/5' >&2";
    shop.infra.hook("post-receive", view);
    shop.rollback(&["--merge-request", "--mr-branch", "back"]).run().exits(0);
    shop.rollback(&["--merge-request", "--mr-branch", "back"]).run().exits(0);
    assert_eq!(shop.infra.log("back", "%s"), "Roll back app to 2");
    assert_eq!(shop.infra.since("main", "back").len(), 1);
    shop.holds("3");
    shop.infra.merge(Way::Merge, "back", "main");
    shop.holds("2");
    shop.rollback(&[]).run().exits(0);
    shop.holds("1");
}

#[test]
fn a_template_of_ones_own_keeps_the_trailer() {
    let shop = Shop::bumped_twice();
    shop.rollback(&["--message", "back to {{ images[0].tag }}"]).run().exits(0);
    assert_eq!(shop.infra.log("main", "%B").trim(), format!("back to 2\n\nRolled-Back-From: {}:3", shop.app));
    shop.rollback(&[]).run().exits(0);
    shop.holds("1");
}

#[test]
fn a_tag_is_gone_back_to_wherever_it_was() {
    let shop = Shop::bumped_twice();
    shop.rollback(&["--to", "3"]).run().exits(0).says("unchanged");
    shop.rollback(&["--to", "3", "--fail-on-unchanged"]).run().exits(10);
    assert_eq!(shop.infra.commits("main"), 3);
    shop.rollback(&["--to", "1"]).run().exits(0);
    shop.holds("1");
    // A version that a rollback left.
    shop.rollback(&["--to", "3"]).run().exits(0);
    shop.holds("3");
    shop.rollback(&["--to", "7"]).run().exits(5).says("held 7").says("the versions that were found are 3, 1, 2");
    shop.rollback(&["--steps", "2"]).run().exits(0);
    shop.holds("1");
    shop.rollback(&["--to", "3", "--steps", "2"]).run().exits(2);
    shop.rollback(&["--to", "3", "--history", "1"]).run().exits(5);
    shop.rollback(&["--image", "r.example.com/other"]).run().exits(5).says("r.example.com/other");
    shop.holds("1");
}

#[test]
fn a_version_that_is_gone_is_named_with_the_one_before() {
    let shop = Shop::bumped_twice();
    shop.by_hand("never pushed", "0");
    shop.by_hand("again", "3");
    shop.rollback(&[]).run().exits(4).says("The next older version is 3: go back to it with `--to 3`");
    shop.holds("3");
    let run = shop.rollback(&["--steps", "4"]).run();
    run.exits(0);
    shop.holds("1");
}

#[test]
fn a_digest_is_what_ran_whatever_the_tag_means_now() {
    let shop = Shop::bumped_twice();
    let servers = shop.world.servers();
    let old = servers.digest(&format!("{}:2", shop.app));
    shop.by_hand("with a digest", &format!("2@{old}"));
    shop.by_hand("another", &format!("3@{}", servers.digest(&format!("{}:3", shop.app))));
    servers.push_next(&format!("{}:2", shop.app));
    assert_ne!(servers.digest(&format!("{}:2", shop.app)), old);

    shop.rollback(&[]).run().exits(0);

    shop.holds(&format!("2@{old}"));
    // A tag alone is what it means today, where the place holds a digest now.
    shop.rollback(&["--to", "1"]).run().exits(0).says("1 had no digest");
    shop.holds(&format!("1@{}", servers.digest(&format!("{}:1", shop.app))));
}

/// Helm values, a kustomization and a manifest with two images.
fn several(app: (&str, &str), web: (&str, &str)) -> [(&'static str, String); 3] {
    let [app_of, web_of] = [app, web].map(|(image, tag)| deployment(&format!("{image}:{tag}")));
    let manifests = [app_of, web_of.replace("name: app", "name: web")];
    let kustomization = format!(
        "kind: Kustomization\nresources: [deployment.yaml]\nimages:\n  - name: {}\n    newTag: \"{}\"\n  - name: {}\n    newTag: \"{}\"\n",
        web.0, web.1, app.0, app.1
    );
    [
        ("prod/values.yaml", values(app.0, app.1)),
        ("prod/kustomization.yaml", kustomization),
        ("prod/deployment.yaml", manifests.join("---\n")),
    ]
}

#[test]
fn the_images_of_the_last_change_go_back_in_all_forms() {
    let world = World::new();
    let (app, web) = (world.repository("team/app"), world.repository("team/web"));
    for tag in ["1", "2", "3"] {
        world.push("team/app", tag);
        world.push("team/web", tag);
    }
    let infra = world.empty_infra("shop");
    let commit = |a: &str, w: &str| drop(infra.commit("main", "bump", &several((&app, a), (&web, w))));
    commit("1", "1");
    // The list of the kustomization had another order, and another document stood before.
    commit("2", "1");
    commit("2", "2");
    let rollback = |more: &[&str]| {
        let url = infra.url();
        let base = ["rollback", "--environment", "prod", "--repo", &url, "--helm", "<env>/values.yaml"];
        let base = [&base[..], &["--kustomize", "<env>", "--manifest", "<env>/deployment.yaml"], more].concat();
        world.bump(base).run()
    };
    let holds = |a: &str, w: &str| {
        for (path, content) in several((&app, a), (&web, w)) {
            assert_eq!(infra.file("main", path), content, "{path}");
        }
    };

    rollback(&[]).exits(0);
    holds("2", "1");
    rollback(&[]).exits(0);
    holds("1", "1");
    rollback(&[]).exits(5);
    commit("2", "2");
    commit("3", "2");
    commit("3", "3");
    let docker = format!("{app}:ignored");
    rollback(&["--image", &docker]).exits(0);
    holds("2", "3");
    rollback(&["--image", &app, "--image", &web]).exits(0);
    holds("1", "2");
    infra.assert_sound();
}

#[test]
fn repositories_go_back_by_histories_of_their_own() {
    let world = World::new();
    let (app, web) = (world.repository("team/app"), world.repository("team/web"));
    for tag in ["1", "2", "3"] {
        world.push("team/app", tag);
        world.push("team/web", tag);
    }
    let (one, other) = (
        world.infra("one", &[("prod.yaml", &values(&app, "1"))]),
        world.infra("other", &[("w.yaml", &values(&web, "2"))]),
    );
    one.commit("main", "bump", &[("prod.yaml", values(&app, "2"))]);
    other.commit("main", "bump", &[("w.yaml", values(&web, "3"))]);
    world.write(
        ".gitops-bump.yml",
        format!(
            "images:\n  app: {app}:${{TAG}}\n  web: {web}:${{TAG}}\nrepositories:\n  - url: {}\n    helm: [{{file: <env>.yaml}}]\n  - url: {}\n    helm: [{{file: w.yaml}}]\n",
            one.url(),
            other.url()
        ),
    );
    let rollback = |more: &[&str]| {
        let run = world.bump([&["rollback", "--environment", "prod"], more].concat());
        run.env("GITOPS_BUMP_GIT_HOSTS", &world.servers().git).run()
    };
    rollback(&[]).exits(0);
    assert_eq!((one.file("main", "prod.yaml"), other.file("main", "w.yaml")), (values(&app, "1"), values(&web, "2")));
    // One of them has nothing earlier: nothing is written anywhere.
    one.commit("main", "bump", &[("prod.yaml", values(&app, "3"))]);
    rollback(&[]).exits(5).says("other");
    assert_eq!(one.file("main", "prod.yaml"), values(&app, "3"));
    rollback(&["--image", &app]).exits(0);
    assert_eq!(one.file("main", "prod.yaml"), values(&app, "1"));
}

#[test]
fn what_did_not_exist_is_no_version() {
    let shop = Shop::bumped_twice();
    let infra = shop.world.infra("young", &[("README.md", "empty\n")]);
    infra.commit("main", "templated", &[("values.yaml", values(&shop.app, "{{ .Values.x }}"))]);
    infra.commit("main", "first", &[("values.yaml", values(&shop.app, "2"))]);
    let url = infra.url();
    let run = shop.world.bump(["rollback", "--repo", &url, "--helm", "values.yaml"]).run();
    run.exits(5).says("there is no earlier version in the 3 commits");
    let run = shop.world.bump(["rollback", "--repo", &url, "--helm", "nothing.yaml"]).run();
    run.exits(5).says("nothing.yaml");
}

#[test]
fn a_rollback_works_over_ssh_in_version_0() {
    let shop = Shop::bumped_twice();
    let sshd = Sshd::start_as_debian_does(&shop.world.scratch().join("sshd"), &shop.world.servers().git_repositories);
    let url = sshd.url(shop.infra.path());
    for (filter, tag) in [("false", "2"), ("true", "1")] {
        shop.infra.configure("uploadpack.allowFilter", filter);
        shop.infra.configure("uploadpack.allowAnySHA1InWant", filter);
        let bump = shop.world.bump(["rollback", "--repo", &url, "--helm", "values.yaml"]);
        let bump =
            bump.without_env("GITOPS_BUMP_GIT_TOKEN").env("GITOPS_BUMP_SSH_KNOWN_HOSTS", sshd.known_hosts("host"));
        bump.env("GITOPS_BUMP_SSH_KEY", sshd.key("writer").to_str().expect("a plain path")).run().exits(0);
        shop.holds(tag);
    }
}
