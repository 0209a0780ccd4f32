//! Paths as kustomizations write them, relative to their own directory; this module must not look anything up.

#![deny(clippy::disallowed_methods)]

/// Where a path may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// Nowhere out of the directory that paths are relative to, as in a repository.
    Inside,
    /// Wherever a relative path leads.
    Anywhere,
}

/// A path without `.`, `..` and double slashes, as far as that goes; the top directory is empty.
pub fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(&last)) if last != ".." => {
                parts.pop();
            }
            (part, _) => parts.push(part),
        }
    }
    let rest = parts.join("/");
    if path.starts_with('/') { format!("/{rest}") } else { rest }
}

/// The path of what a directory holds.
pub(super) fn join(directory: &str, path: &str) -> String {
    if directory.is_empty() { normal(path) } else { normal(&format!("{directory}/{path}")) }
}

/// The path that a kustomization in a directory means, or why it is not read.
pub(super) fn below(directory: &str, path: &str, border: Border) -> Result<String, &'static str> {
    if path.contains("://") || path.contains('?') || path.starts_with("git@") {
        return Err("it is remote");
    }
    if path.starts_with('/') {
        return Err("Kustomize does not accept an absolute path");
    }
    let path = join(directory, path);
    let leaves = path == ".." || path.starts_with("../") || path.split('/').any(|part| part == ".git");
    if leaves && border == Border::Inside { Err("it is outside of the repository") } else { Ok(path) }
}

/// The directory of a file.
pub fn directory(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(directory, _)| if directory.is_empty() { "/" } else { directory })
}

/// Whether a path is a directory or below it.
pub(super) fn is_in(path: &str, directory: &str) -> bool {
    let rest = path.strip_prefix(directory);
    directory.is_empty() && !path.starts_with("../") && path != ".."
        || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || directory == "/")
}
