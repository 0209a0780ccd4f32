//! `set` writes all files or none, each as a whole, and leaves nothing beside them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::world::{World, output_of};

const IMAGE: &str = "reg.example.com/a/app:v2";
const OLD: &str = "image:\n  repository: reg.example.com/a/app\n  tag: v1\n";

fn names(world: &World) -> Vec<String> {
    let entries = fs::read_dir(world.work()).expect("the directory is ours");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("it can be listed").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_file_that_cannot_be_written_keeps_the_others_as_they_were() {
    let world = World::new();
    world.write("a.yaml", OLD);
    let locked = world.write("b.yaml", OLD);
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o444)).expect("the file is ours");
    let run = world.bump(["set", "--image", IMAGE, "--helm", "a.yaml", "--helm", "b.yaml"]).run();
    run.exits(1).says("write b.yaml: the file is read-only\n").says("Make the file writable");
    assert_eq!((world.read("a.yaml"), world.read("b.yaml")), (OLD.to_owned(), OLD.to_owned()));
    assert_eq!(names(&world), ["a.yaml", "b.yaml"]);
}

#[test]
fn the_owner_stays() {
    let world = World::new();
    let path = world.write("a.yaml", OLD);
    // Only root may give a file away; for anybody else the owner is the own one.
    let given = chown(&path, Some(4321), Some(4322));
    let owner = || fs::metadata(&path).map(|file| (file.uid(), file.gid())).expect("the file is there");
    let before = owner();
    assert_eq!(given.is_ok(), before == (4321, 4322));
    world.bump(["set", "--image", IMAGE, "--helm", "a.yaml"]).run().exits(0);
    assert_eq!((owner(), world.read("a.yaml")), (before, OLD.replace("v1", "v2")));
}

#[test]
fn a_symbolic_link_is_refused() {
    let world = World::new();
    world.write("a.yaml", OLD);
    symlink("a.yaml", world.work().join("link.yaml")).expect("the directory is ours");
    world.bump(["set", "--image", IMAGE, "--helm", "link.yaml"]).run().exits(5).says("symbolic link");
    assert_eq!(world.read("a.yaml"), OLD);
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let world = World::new();
    let path = world.write("a.yaml", OLD);
    let file = fs::OpenOptions::new().write(true).open(path).expect("the file is ours");
    file.set_len(100 << 20).expect("a file may have holes");
    let run = world.bump(["set", "--image", IMAGE, "--helm", "a.yaml"]).run().exits(5).says("16 MiB");
    assert!(run.took < Duration::from_secs(5), "{run}");
}

#[test]
fn a_signal_leaves_whole_files_and_nothing_beside_them() {
    let world = World::new();
    let filler = "key: some text # and a comment\n".replace("key", "some_key");
    let filler: String = (0..20_000).flat_map(|number| [format!("k{number}_"), filler.clone()]).collect();
    let old = format!("{OLD}{filler}");
    let new = old.replacen("v1", "v2", 1);
    for wait in [0, 20, 60, 120, 200, 300, 450, 700] {
        world.write("a.yaml", &old);
        world.write("b.yaml", &old);
        let mut run = Command::new(env!("CARGO_BIN_EXE_gitops-bump"))
            .args(["set", "--image", IMAGE, "--helm", "a.yaml", "--helm", "b.yaml"])
            .env_clear()
            .current_dir(world.work())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary can be started");
        sleep(Duration::from_millis(wait));
        // It may be over already; then there is nobody to be told.
        let told = Command::new("kill").args(["-TERM", &run.id().to_string()]).stderr(Stdio::null()).status();
        told.expect("kill can be started");
        run.wait().expect("the run is ours");
        for file in ["a.yaml", "b.yaml"] {
            let text = world.read(file);
            assert!(text == old || text == new, "after {wait} ms {file} is neither old nor new");
        }
        assert_eq!(names(&world), ["a.yaml", "b.yaml"], "after {wait} ms");
    }
}

#[test]
fn a_file_in_several_spellings_is_one_file() {
    let old = format!("{OLD}web:\n  repository: reg.example.com/a/web\n  tag: v1\n");
    let images = ["set", "--image", IMAGE, "--image", "reg.example.com/a/web:v9"];
    let world = World::new();
    world.write("o/v.yaml", &old);
    symlink("o", world.work().join("link")).expect("the directory is ours");
    let absolute = world.work().join("o/v.yaml").to_str().expect("UTF-8").to_owned();
    for other in ["./o/v.yaml", "o//v.yaml", "o/../o/v.yaml", "link/v.yaml", &absolute] {
        world.write("o/v.yaml", &old);
        let (image, web) = ("o/v.yaml:image".to_owned(), format!("{other}:web"));
        let run = world.bump(images.into_iter().chain(["--helm", &image, "--helm", &web])).run().exits(0);
        assert_eq!(world.read("o/v.yaml"), old.replacen("v1", "v2", 1).replacen("v1", "v9", 1), "{other}");
        assert_eq!(run.stdout.matches("+++ ").count(), 1, "{run}");
    }
}

#[test]
fn a_directory_in_several_spellings_is_one_directory() {
    let old = "images:\n- name: a\n  newName: reg.example.com/a/app\n  newTag: v1\n- name: b\n  newName: \
               reg.example.com/a/app\n  newTag: v1\n";
    let world = World::new();
    world.write("o/kustomization.yaml", old);
    let arguments = ["set", "--image", IMAGE, "--kustomize", "o:a", "--kustomize", "./o/:b"];
    world.bump(arguments).run().exits(0);
    assert_eq!(world.read("o/kustomization.yaml"), old.replace("v1", "v2"));
    world.write("o/kustomization.yaml", old);
    let arguments = ["set", "--image", IMAGE, "--kustomize", "o:a", "--helm", "./o/kustomization.yaml:images[1]"];
    world.bump(arguments).run().exits(0);
    assert_eq!(world.read("o/kustomization.yaml"), old.replace("v1", "v2"));
}

#[test]
fn a_file_with_other_names_keeps_them() {
    let world = World::new();
    let path = world.write("a.yaml", OLD.replace("v1", "a-much-longer-tag"));
    fs::hard_link(&path, world.work().join("other.yaml")).expect("the directory is ours");
    for arguments in [vec!["--helm", "a.yaml"], vec!["--helm", "a.yaml:image", "--helm", "other.yaml:image.tag"]] {
        world.write("a.yaml", OLD.replace("v1", "a-much-longer-tag"));
        world.bump(["set", "--image", IMAGE].into_iter().chain(arguments)).run().exits(0);
        assert_eq!(
            (world.read("a.yaml"), world.read("other.yaml")),
            (OLD.replace("v1", "v2"), OLD.replace("v1", "v2"))
        );
        assert_eq!(fs::metadata(&path).expect("it is there").nlink(), 2);
    }
}

/// Runs `set` on a.yaml and b.yaml as somebody who owns neither; none when the tests don't run as root.
fn set_as_nobody(world: &World) -> Option<Output> {
    chown(world.work(), Some(4321), None).ok()?;
    let binary = world.work().join("gitops-bump");
    // Another process copies it: one that another test starts meanwhile would hold a copy of ours open for writing, and
    // what is open for writing can't be started.
    output_of(Command::new("cp").arg(env!("CARGO_BIN_EXE_gitops-bump")).arg(&binary));
    let parents = world.work();
    for directory in parents.ancestors().filter(|directory| directory.starts_with(std::env::temp_dir())) {
        if directory != std::env::temp_dir() {
            fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).expect("the directory is ours");
        }
    }
    let mut command = Command::new(binary);
    command.args(["set", "--image", IMAGE, "--helm", "a.yaml", "--helm", "b.yaml"]);
    command.env_clear().current_dir(world.work()).uid(12345).gid(12345);
    Some(command.output().expect("the binary can be started"))
}

#[test]
fn a_file_of_somebody_else_that_may_be_written_is_written_in_place() {
    let world = World::new();
    let paths = ["a.yaml", "b.yaml"].map(|name| world.write(name, OLD));
    for path in &paths {
        fs::set_permissions(path, fs::Permissions::from_mode(0o666)).expect("the file is ours");
    }
    let inodes = || paths.each_ref().map(|path| fs::metadata(path).map(|file| (file.ino(), file.uid())).ok());
    let before = inodes();
    let Some(output) = set_as_nobody(&world) else {
        eprintln!("skipped: only root can write a file for somebody else");
        return;
    };
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!([world.read("a.yaml"), world.read("b.yaml")], [OLD.replace("v1", "v2"), OLD.replace("v1", "v2")]);
    assert_eq!(inodes(), before);

    world.write("a.yaml", OLD);
    fs::set_permissions(&paths[1], fs::Permissions::from_mode(0o644)).expect("the file is ours");
    world.write("b.yaml", OLD);
    let output = set_as_nobody(&world).expect("it ran before");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!([world.read("a.yaml"), world.read("b.yaml")], [OLD, OLD]);
}
