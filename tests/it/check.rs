//! `check`: the registry alone says whether an image is there, with credentials from every source users have.

use crate::samples::OLD_DIGEST;
use crate::world::{Bump, World, write};

#[test]
fn stdout_has_one_line_for_each_image_and_nothing_else() {
    let world = World::new();
    let (app, web) = (world.push("team/app", "1.4.2"), world.repository("team/web") + ":2");
    world.servers().push_next(&web);
    let (one, other) = (world.servers().digest(&app), world.servers().digest(&web));
    assert_ne!(one, other);

    let arguments = ["check", "--image", &app, "--image", &web];
    world.bump(arguments).run().exits(0).prints(&format!("{app}@{one}\n{web}@{other}\n"));
}

#[test]
fn a_short_form_is_printed_with_its_host() {
    let world = World::new();
    let registry = &world.servers().registry;
    world.servers().push(&format!("{registry}/library/nginx:1.27"));
    let digest = world.servers().digest(&format!("{registry}/library/nginx:1.27"));
    // The registry itself plays the proxy on the way to Docker Hub.
    let run =
        world.bump(["check", "--image", "nginx:1.27", "--plain-http", "docker.io"]).env("http_proxy", registry).run();
    run.exits(0).prints(&format!("docker.io/library/nginx:1.27@{digest}\n"));
}

#[test]
fn a_missing_tag_and_a_missing_repository_are_exit_4() {
    let world = World::new();
    let missing_tag = world.push("team/app", "1") + "-never";
    let missing_repository = world.repository("team/nobody") + ":1";
    for image in [missing_tag, missing_repository] {
        world.bump(["check", "--image", &image]).run().exits(4).says(&image).prints("");
    }
}

#[test]
fn a_digest_that_differs_from_the_registrys_is_exit_9() {
    let world = World::new();
    let app = world.push("team/app", "1");
    let right = format!("{app}@{}", world.servers().digest(&app));
    world.bump(["check", "--image", &right]).run().exits(0).prints(&format!("{right}\n"));
    world.bump(["check", "--image", &format!("{app}@{OLD_DIGEST}")]).run().exits(9).prints("");
}

#[test]
fn a_plain_http_host_that_could_never_match_is_exit_3() {
    let world = World::new();
    let app = world.push("team/app", "1");
    let url = format!("http://{}", world.servers().registry);
    world.bump(["check", "--image", &app, "--plain-http", &url]).run().exits(3).says("without scheme or path");
}

#[test]
fn a_source_that_cannot_be_read_matters_only_when_its_turn_comes() {
    let world = World::new();
    let (open, private) = (world.push("team/app", "1"), world.push_private("team/app", "1"));
    let login = &world.servers().registry_login;
    // A directory where the file should be can't be read, whoever runs the test.
    write(world.scratch(), "home/.docker/config.json/x", b"");
    let explicit = |image: &str| {
        let bump = world.bump(["check", "--image", image]).env("GITOPS_BUMP_REGISTRY_USERNAME", &login.username);
        bump.env("GITOPS_BUMP_REGISTRY_PASSWORD", &login.password)
    };
    succeeds(explicit(&private));
    succeeds(world.bump(["check", "--image", &open]));
    world.bump(["check", "--image", &private]).run().exits(3).says("home/.docker/config.json: ");
}

#[test]
fn credentials_are_found_in_every_place() {
    let world = World::new();
    let image = world.push_private("team/app", "1");
    let servers = world.servers();
    let (host, login) = (&servers.private_registry, &servers.registry_login);
    let auths = format!(r#"{{"auths": {{"{host}": {{"auth": "{}"}}}}}}"#, login.basic());
    let in_file = |name: &str| {
        let path = write(world.scratch(), name, auths.as_bytes());
        path.to_str().expect("a UTF-8 path").to_owned()
    };
    let check = || world.bump(["check", "--image", &image]);
    let password = &login.password;
    let docker_config = in_file("docker/config.json").replace("/config.json", "");

    succeeds(
        check().env("GITOPS_BUMP_REGISTRY_USERNAME", &login.username).env("GITOPS_BUMP_REGISTRY_PASSWORD", password),
    );
    succeeds(check().env("DOCKER_AUTH_CONFIG", &auths));
    succeeds(check().env("DOCKER_AUTH", &auths));
    succeeds(check().env("DOCKER_CONFIG", docker_config));
    succeeds(check().env("REGISTRY_AUTH_FILE", in_file("auth.json")));
    let ci = check().env("CI_REGISTRY", host).env("CI_REGISTRY_USER", &login.username);
    succeeds(ci.env("CI_REGISTRY_PASSWORD", password));
    let harbor = check().env("HARBOR_HOST", host).env("HARBOR_USERNAME", &login.username);
    succeeds(harbor.env("HARBOR_PASSWORD", password));
    check().run().exits(7);
    in_file("home/.docker/config.json");
    succeeds(check());
}

#[test]
fn docker_hub_has_more_than_one_key() {
    let world = World::new();
    let servers = world.servers();
    let (registry, login) = (&servers.private_registry, &servers.registry_login);
    servers.push(&format!("{registry}/library/nginx:1.28"));
    // The registry itself plays the proxy on the way to Docker Hub.
    let check = |key: &str| {
        let auths = format!(r#"{{"auths": {{"{key}": {{"auth": "{}"}}}}}}"#, login.basic());
        let bump = world.bump(["check", "--image", "nginx:1.28", "--plain-http", "docker.io"]);
        bump.env("http_proxy", registry).env("DOCKER_AUTH_CONFIG", auths)
    };
    for key in ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"] {
        succeeds(check(key));
    }
    check("hub.docker.com").run().exits(7);
}

#[test]
fn half_a_pair_is_no_credentials_and_said() {
    let world = World::new();
    let image = world.push_private("team/app", "1");
    let login = &world.servers().registry_login;
    let check = |name: &str, value: &str| world.bump(["check", "--image", &image]).env(name, value);
    let run = check("GITOPS_BUMP_REGISTRY_USERNAME", &login.username).env("GITOPS_BUMP_REGISTRY_PASSWORD", "").run();
    run.exits(7).says("Set GITOPS_BUMP_REGISTRY_PASSWORD, which is not set or empty");
    let run = check("GITOPS_BUMP_REGISTRY_PASSWORD", &login.password).run();
    run.exits(7).says("Set GITOPS_BUMP_REGISTRY_USERNAME, which is not set or empty");
}

#[test]
fn a_port_is_a_part_of_the_host() {
    let world = World::new();
    let image = world.push_private("team/app", "1");
    let (registry, login) = (&world.servers().private_registry, &world.servers().registry_login);
    let check = |key: &str| {
        let auths = format!(r#"{{"auths": {{"{key}": {{"auth": "{}"}}}}}}"#, login.basic());
        world.bump(["check", "--image", &image]).env("DOCKER_AUTH", auths)
    };
    succeeds(check(&format!("https://{registry}/v2/")));
    check("127.0.0.1").run().exits(7).says(&format!("Check DOCKER_AUTH, which has no entry for {registry}"));
    check(&registry.replace(':', ":1")).run().exits(7);
}

#[track_caller]
fn succeeds(bump: Bump) {
    bump.run().exits(0);
}

#[test]
fn the_first_credentials_that_match_are_the_ones_used() {
    let world = World::new();
    let image = world.push_private("team/app", "1");
    let servers = world.servers();
    let (host, login) = (&servers.private_registry, &servers.registry_login);
    let wrong = format!(r#"{{"auths": {{"{host}": {{"username": "x", "password": "wrong"}}}}}}"#);
    let other = r#"{"auths": {"registry.example.com": {"username": "x", "password": "wrong"}}}"#;
    let right = format!(r#"{{"auths": {{"{host}": {{"auth": "{}"}}}}}}"#, login.basic());
    let check = || world.bump(["check", "--image", &image]);

    check().env("DOCKER_AUTH_CONFIG", &right).env("DOCKER_AUTH", &wrong).run().exits(0);
    check().env("DOCKER_AUTH_CONFIG", other).env("DOCKER_AUTH", &right).run().exits(0);
    check().env("DOCKER_AUTH_CONFIG", &wrong).env("DOCKER_AUTH", &right).run().exits(7);
}

#[test]
fn a_credential_helper_is_asked() {
    let world = World::new();
    let image = world.push_private("team/app", "1");
    let (host, login) = (&world.servers().private_registry, &world.servers().registry_login);
    let answer = serde_json::json!({"ServerURL": host, "Username": login.username, "Secret": login.password});
    let helper = format!("#!/bin/sh\n[ \"$1\" = get ] && cat >/dev/null && cat <<'JSON'\n{answer}\nJSON\n");
    let helper = write(world.scratch(), "bin/docker-credential-world", helper.as_bytes());
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&helper, executable).expect("the helper is ours");
    let path = format!("{}:/usr/bin:/bin", helper.parent().expect("a directory").display());

    for config in [format!(r#"{{"credHelpers": {{"{host}": "world"}}}}"#), r#"{"credsStore": "world"}"#.to_owned()] {
        write(world.scratch(), "home/.docker/config.json", config.as_bytes());
        world.bump(["check", "--image", &image]).env("PATH", &path).run().exits(0);
    }
}
