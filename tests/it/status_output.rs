//! `status --output`: a file as a whole or not at all.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use crate::samples::values;
use crate::world::{Bump, Repository, World};

fn platform() -> (World, Repository) {
    let world = World::new();
    let infra = world.infra("infra", &[("values-dev.yaml", &values("r.io/team/app", "1"))]);
    (world, infra)
}

fn status(world: &World, infra: &Repository, flags: &[&str]) -> Bump {
    let url = infra.url();
    let fixed = ["status", "--offline", "--repo", &url, "--helm", "values-<env>.yaml"];
    world.bump(fixed.iter().chain(flags))
}

fn names(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.work()).expect("the directory is ours");
    entries.map(|entry| entry.expect("it stays").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn the_file_holds_what_stdout_would() {
    let (world, infra) = platform();
    for format in ["table", "json", "markdown", "html"] {
        let flags = ["--format", format];
        let printed = status(&world, &infra, &flags).run().exits(0).stdout;
        let file = format!("status.{format}");
        let bump = status(&world, &infra, &flags).env("GITOPS_BUMP_OUTPUT", &file);
        bump.run().exits(0).prints("");
        let moment = |text: &str| {
            let lines = text.lines().filter(|line| !line.contains("generated") && !line.contains("as of "));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(moment(&world.read(&file)), moment(&printed), "{format}");
        let mode = world.work().join(&file).metadata().expect("it is there").permissions().mode();
        assert_eq!(mode & 0o444, 0o444, "others can read it");
    }
    assert_eq!(names(&world).len(), 4, "nothing else is left");
}

#[test]
fn a_file_that_is_there_is_replaced() {
    let (world, infra) = platform();
    let file = world.write("status.txt", "x".repeat(100_000));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).expect("the file is ours");
    status(&world, &infra, &["--output", "status.txt"]).run().exits(0).prints("");
    assert!(world.read("status.txt").starts_with("1 environment, 1 image, "));
    let mode = file.metadata().expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn what_is_no_file_is_left_alone() {
    let (world, infra) = platform();
    let target = world.write("target.txt", "kept");
    symlink(&target, world.work().join("link")).expect("the directory is ours");
    std::fs::create_dir(world.work().join("directory")).expect("the directory is ours");
    for output in ["link", "directory", "/dev/null"] {
        let run = status(&world, &infra, &["--output", output]).run().exits(3);
        run.says(&format!("output {output}: this is not a regular file"));
    }
    assert_eq!(world.read("target.txt"), "kept");
    status(&world, &infra, &["--output", "no/such/directory"]).run().exits(3).says("output no/such/directory");
}
