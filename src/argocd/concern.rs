//! Whether an application is made from one of the edited files, as Argo CD would read its sources; this module must not ask a
//! server.

#![deny(clippy::disallowed_methods)]

use super::layout::{self, DirectoryRole, Layout, below, is_directly_in, place, source_directory};
use super::pattern::{Star, matches};
use super::source::{Application, Directory, Source};
use crate::git::GitUrl;

/// The ends of the files that Argo CD takes for manifests in a directory.
const MANIFESTS: [&str; 4] = [".yaml", ".yml", ".json", ".jsonnet"];

/// What was edited.
#[derive(Debug)]
pub(super) struct Change<'a> {
    /// The repository, and its copy.
    pub(super) urls: Vec<&'a GitUrl>,
    pub(super) branch: &'a str,
    /// Whether that is the default branch, where it can be told.
    pub(super) is_default: Option<bool>,
    pub(super) files: &'a [&'a str],
    /// What stands at the sources' paths.
    pub(super) layout: &'a Layout,
}

/// What a source is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Kustomize,
    Helm,
    Directory,
    Plugin,
    /// It was not looked at.
    Unseen,
    /// Nothing is there.
    Nothing,
}

/// A source that is made from no edited file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unconcerned {
    pub(super) application: String,
    pub(super) source: String,
    pub(super) revision: String,
    pub(super) path: String,
    pub(super) why: String,
}

impl Change<'_> {
    /// The number of the source through which an application is concerned, or why none of them is.
    pub(super) fn concerns(&self, application: &Application) -> Result<Option<usize>, Vec<Unconcerned>> {
        let sources = application.sources();
        let own = || sources.iter().filter(|(_, source)| self.is_own(source));
        let reading = own().find(|(_, source)| self.is_read_by(application, source));
        let referred = || {
            own().find(|(_, source)| {
                let name = source.reference.as_deref().filter(|name| !name.is_empty());
                name.is_some_and(|name| sources.iter().any(|(_, user)| self.is_referred_to(application, user, name)))
            })
        };
        match reading.or_else(referred) {
            Some((number, _)) => Ok(*number),
            None => {
                Err(sources.iter().map(|(number, source)| self.unconcerned(application, *number, source)).collect())
            }
        }
    }

    /// Whether a source is the repository, on the branch.
    pub(super) fn is_own(&self, source: &Source) -> bool {
        source.is_of(self.urls.iter().copied()) && source.follows(self.branch, self.is_default)
    }

    fn is_read_by(&self, application: &Application, source: &Source) -> bool {
        let Some(path) = source.path() else { return false };
        let path = source_directory(path);
        let any = |reads: &dyn Fn(&str) -> bool| self.files.iter().any(|file| reads(file));
        if any(&|file| is_override(application, &path, file)) {
            return true;
        }
        match self.kind(source, &path) {
            Kind::Kustomize => {
                let components = source.kustomize.iter().flat_map(|kustomize| kustomize.components.iter().flatten());
                let starts: Vec<String> = components.filter_map(|component| place(&path, component)).collect();
                any(&|file| {
                    let mut starts = std::iter::once(&path).chain(&starts);
                    starts.any(|start| self.layout.kustomization_reads(start, file))
                })
            }
            Kind::Helm => {
                let patterns: Vec<String> =
                    source.value_files().filter_map(|text| value_file(application, source, (&path, text))).collect();
                any(&|file| {
                    self.layout.chart_reads(&path, file)
                        || patterns.iter().any(|pattern| matches(pattern, file, Star::Component))
                })
            }
            Kind::Directory => any(&|file| is_manifest_of(source.directory.as_ref(), &path, file)),
            Kind::Plugin => any(&|file| below(file, &path).is_some() || is_generated_from(application, &path, file)),
            Kind::Unseen => true,
            Kind::Nothing => false,
        }
    }

    /// Whether a value file of a source leads into the source of this name, to an edited file.
    fn is_referred_to(&self, application: &Application, user: &Source, name: &str) -> bool {
        let inside = |text: &str| text.strip_prefix('$')?.strip_prefix(name)?.strip_prefix('/').map(str::to_owned);
        let paths = user.value_files().filter_map(inside);
        let patterns: Vec<String> =
            paths.filter_map(|path| place("", &with_variables(application, user, &path))).collect();
        self.files.iter().any(|file| patterns.iter().any(|pattern| matches(pattern, file, Star::Component)))
    }

    fn kind(&self, source: &Source, path: &str) -> Kind {
        match self.layout.at(path) {
            // A kustomization that was not looked at may read anything.
            None | Some(DirectoryRole::Unseen) if source.kustomize.is_some() => Kind::Unseen,
            _ if source.kustomize.is_some() => Kind::Kustomize,
            _ if source.helm.is_some() => Kind::Helm,
            _ if source.directory.is_some() => Kind::Directory,
            _ if source.plugin.is_some() => Kind::Plugin,
            Some(DirectoryRole::Kustomization { .. }) => Kind::Kustomize,
            Some(DirectoryRole::Chart { .. }) => Kind::Helm,
            Some(DirectoryRole::Files) => Kind::Directory,
            Some(DirectoryRole::Nothing) => Kind::Nothing,
            Some(DirectoryRole::Unseen) | None => Kind::Unseen,
        }
    }

    fn unconcerned(&self, application: &Application, number: Option<usize>, source: &Source) -> Unconcerned {
        let several = application.sources().len() > 1;
        let number = number.filter(|_| several).map(|number| format!(" ({})", number + 1)).unwrap_or_default();
        Unconcerned {
            application: format!("{}{number}", application.full_name()),
            source: source.repository().to_owned(),
            revision: if source.revision().is_empty() { "HEAD".to_owned() } else { source.revision().to_owned() },
            path: source.path().unwrap_or("-").to_owned(),
            why: self.why_not(source),
        }
    }

    fn why_not(&self, source: &Source) -> String {
        let Some(path) = source.path().map(source_directory).filter(|_| self.is_own(source)) else {
            return match () {
                () if !source.is_of(self.urls.iter().copied()) => "another repository".to_owned(),
                () if !source.follows(self.branch, self.is_default) => {
                    format!("its targetRevision is not {}", self.branch)
                }
                () => "none of its value files is an edited file".to_owned(),
            };
        };
        match self.kind(source, &path) {
            Kind::Kustomize => "its kustomization reads no edited file",
            Kind::Helm => "neither the chart nor its value files are edited",
            Kind::Directory | Kind::Unseen => "no edited file is among its manifests",
            Kind::Plugin => "no edited file is under its path",
            Kind::Nothing => "its path is not a directory of the repository",
        }
        .to_owned()
    }
}

/// `.argocd-source.yaml`, which overrides a source, and the same for one application.
fn is_override(application: &Application, path: &str, file: &str) -> bool {
    let Some(name) = below(file, path).filter(|_| is_directly_in(file, path)) else { return false };
    let of_one = name.strip_prefix(".argocd-source-").and_then(|rest| rest.strip_suffix(".yaml"));
    let own = &application.metadata;
    let full = own.namespace.as_ref().map(|namespace| format!("{namespace}_{}", own.name));
    name == ".argocd-source.yaml" || of_one.is_some_and(|of| of == own.name || full.as_deref() == Some(of))
}

/// What a value file's path means in the repository; none for an address, and for one that leads into another source.
fn value_file(application: &Application, source: &Source, (path, text): (&str, &str)) -> Option<String> {
    let is_reference = text.strip_prefix('$').and_then(|rest| rest.split('/').next()).is_some_and(|name| {
        application.sources().iter().any(|(_, other)| other.reference.as_deref() == Some(name)) && text.contains('/')
    });
    if is_reference || text.contains("://") {
        return None;
    }
    let text = with_variables(application, source, text);
    match text.strip_prefix('/') {
        Some(rest) => place("", rest),
        None => place_of_pattern(path, &text),
    }
}

/// As [`place`]; a pattern may hold a question mark.
fn place_of_pattern(path: &str, text: &str) -> Option<String> {
    const STAND_IN: char = '\u{1}';
    place(path, &text.replace('?', &STAND_IN.to_string())).map(|place| place.replace(STAND_IN, "?"))
}

/// A text with the build environment's variables filled in; one that is not known may be anything.
fn with_variables(application: &Application, source: &Source, text: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        filled.push_str(before);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let braced = after.strip_prefix('{').and_then(|after| after.split_once('}'));
        let bare = || after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len()));
        let (name, behind) = braced.unwrap_or_else(bare);
        filled.push_str(application.variable(source, name).unwrap_or("*"));
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

/// Whether a directory's settings make a file one of its manifests, or what these import.
fn is_manifest_of(settings: Option<&Directory>, path: &str, file: &str) -> bool {
    let jsonnet = settings.and_then(|settings| settings.jsonnet.as_ref());
    let mut libraries = jsonnet.iter().flat_map(|jsonnet| jsonnet.libs.iter().flatten());
    if libraries.any(|library| below(file, &source_directory(library)).is_some()) {
        return true;
    }
    let Some(relative) = below(file, path) else { return false };
    if jsonnet.is_some() || relative.ends_with(".libsonnet") {
        return true;
    }
    let is_deep = relative.contains('/') && settings.and_then(|settings| settings.recurse) != Some(true);
    if is_deep || !MANIFESTS.iter().any(|end| relative.ends_with(end)) {
        return false;
    }
    let given = |of: fn(&Directory) -> &Option<String>| {
        settings.and_then(|settings| of(settings).as_deref()).filter(|pattern| !pattern.is_empty())
    };
    let (include, exclude) = (given(|settings| &settings.include), given(|settings| &settings.exclude));
    exclude.is_none_or(|pattern| !matches(pattern, relative, Star::Anything))
        && include.is_none_or(|pattern| matches(pattern, relative, Star::Anything))
}

/// Whether the annotation names a file, or a directory that holds it.
fn is_generated_from(application: &Application, path: &str, file: &str) -> bool {
    application.generate_paths().any(|named| {
        let named = match named.strip_prefix('/') {
            Some(rest) => layout::place("", rest),
            None => place(path, named),
        };
        named.is_some_and(|named| below(file, &named).is_some() || matches(&named, file, Star::Component))
    })
}

#[cfg(test)]
mod tests;
