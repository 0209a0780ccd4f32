//! The project's own scripts, run on copies of the files that they change; knows nothing of what they do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::{World, directory};

/// A file of the project.
pub(crate) fn own(name: &str) -> String {
    directory::read(Path::new(env!("CARGO_MANIFEST_DIR")), name)
}

/// Copies a script of the project to the world's directory, from where it takes the files there for the project's.
pub(crate) fn copied_script(world: &World, name: &str) -> PathBuf {
    executable(world, name, &own(name))
}

/// What `PATH` is with a program of this name in front of the machine's own.
pub(crate) fn path_with(world: &World, name: &str, script: &str) -> String {
    let program = executable(world, &format!("programs/{name}"), script);
    let programs = program.parent().expect("a file has a directory").display();
    format!("{programs}:{}", std::env::var("PATH").unwrap_or_default())
}

/// A home in which skopeo finds that the tests' registry speaks plain HTTP.
pub(crate) fn skopeo_home(world: &World) -> PathBuf {
    let settings = format!("[[registry]]\nlocation = \"{}\"\ninsecure = true\n", world.servers().registry);
    world.write("home/.config/containers/registries.conf", settings);
    world.work().join("home")
}

/// All that a script printed.
pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn executable(world: &World, name: &str, text: &str) -> PathBuf {
    let file = world.write(name, text);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("the file is ours");
    file
}
