//! What to do about a file that can't be edited; this module must not say why it can't.

#![deny(clippy::disallowed_methods)]

use std::borrow::Cow;

use super::error::{EditError, Reason};
use super::tag_source::{TagPlace, TagSource};

impl EditError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> String {
        self.reason.hint(&self.file).into_owned()
    }
}

impl Reason {
    pub(super) fn hint(&self, file: &str) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::NotUtf8 => "save the file as UTF-8",
            Self::InvalidYaml(_) => {
                "correct the file; a template with `{{ … }}` lines is no YAML before it is rendered"
            }
            Self::Bomb(_) => "split the file, or take the file that really holds the image",
            Self::PathMissing { from: TagSource::Create, .. } => "correct the path, or let --create add the tag",
            Self::NoTag { from, .. } | Self::PathMissing { from: from @ TagSource::Elsewhere(_), .. } => {
                return from.hint(file);
            }
            Self::PathMissing { .. } => "correct the path",
            Self::Duplicated { .. } => "remove one of the two keys",
            Self::Merged { .. } => "give the path of the value itself, or write the key here too",
            Self::SeveralDocuments { .. } | Self::NoDocument { .. } => {
                "begin the path with a filter that picks the document, as in [metadata.name=NAME]spec.image, or leave out the path so that images are matched"
            }
            Self::SeveralItems { .. } => "use a filter that picks one item, or an index",
            Self::Alias { .. } => "give the path of the anchored value",
            Self::NotScalar(_) | Self::NotCollection { .. } | Self::NoPlace => {
                "give the path of an image's mapping, its tag or its reference"
            }
            Self::Template => "write the value where the template takes it from",
            Self::Substitution(_) => {
                "write it where it is set: spec.postBuild.substitute of the Flux Kustomization, or what envsubst reads"
            }
            Self::Inputs => "write it where the ResourceSet takes it from: its spec.inputs, or its input provider",
            Self::NoVersion(text) if is_constraint(text) => {
                "this is a constraint, which picks a version by itself: write one version there first"
            }
            Self::NoVersion(_) => "write a tag or a reference there first, or correct the path",
            Self::SeveralReferences(_) => {
                "write the reference once, or name the image of this target in the config file"
            }
            Self::MultiLine => {
                "write the value on one line, plain or in quotes; where it is a literal text (|) of YAML, add the keys inside it to the path"
            }
            Self::Encrypted => "write the value with `sops set`, or keep the image's values out of what is encrypted",
            Self::Sealed { .. } => {
                "write the value with `sops set`, or encrypt the file anew with `sops --encrypt --mac-only-encrypted` (in .sops.yaml: mac_only_encrypted: true), after which it can be edited"
            }
            Self::Foreign(_) => "name the place of the image that runs",
            Self::Semver => "remove ref.semver and write ref.tag, or let Flux choose the version",
            Self::ValuesText => "add the keys inside the text to the path, as in helm.values.image.tag",
            Self::Overridden { place, .. } => return format!("write what wins: {file}:{place}").into(),
            Self::DigestWins { .. } => "take the digest out, or write it in the layer in which the tag stands",
            Self::TextStyle => "write the text as a literal text: `|` behind its key, and its lines as they are",
            Self::TextLines => "take these characters out of the text",
            Self::TextNotYaml(_) => "correct the text, or write the value where the text takes it from",
            Self::TextDepth => "write one of the texts as YAML of the file, or in a file of its own",
            Self::OddAnchor(_) => "rename the anchor",
            Self::Typed(_) => "remove the tag or make it !!str",
            Self::OtherRepository { .. } => {
                "correct the path or the image; --any-repository writes the tag all the same (a mirror)"
            }
            Self::WhichImage => "name the image of this target in the config file",
            Self::DigestAlone { .. } => {
                "write a tag beside the digest where the version comes from, or a digest alone here"
            }
            Self::UnknownDigest { .. } => "give the image with its digest: NAME:TAG@sha256:…",
            Self::Conflict { .. } => "correct the targets so that one image is written here",
            Self::Shared { .. } => {
                "give the other image its own value, or bump both together; with a PATH, --any-repository writes it all the same"
            }
            Self::TagSuffix => "remove the tagSuffix: it would be added to every new tag",
            Self::NotKustomization(_) => "name a kustomization file or its directory",
            Self::NameMissing { .. } => "correct the name; --create adds a missing entry",
            Self::Dead(dead) => return Cow::Owned(dead.remedy.clone()),
            Self::DeadNew { why, .. } => return Cow::Owned(why.remedy.clone()),
            Self::Matcher => "give the path of the entry, or of its newTag",
            Self::NoFinalNewline => "end the file with a line break",
            Self::Unproved => "write the value in a simpler style (plain or quoted, on one line) and run again",
        })
    }
}

/// Whether a shown text is a range of versions and not one: `>=1.4`, `~1.2`, `^1`, `1.*`.
fn is_constraint(shown: &str) -> bool {
    let text = shown.trim_matches(['"', '…']);
    text.starts_with(['>', '<', '=', '~', '^', '*']) || text.ends_with(".*")
}

impl TagSource {
    fn hint(&self, file: &str) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Create => "write a tag there first, or let --create add it",
            Self::Beside => "give the path of the mapping, or of the tag in it",
            Self::Mapping => "give the path of the mapping, and let --create add the tag to it",
            Self::Elsewhere(place) => {
                let TagPlace { key, path } = &**place;
                return format!("the tag seems to be under {key}: name it by its PATH, {file}:{path}").into();
            }
            Self::Nowhere => "write a tag there first",
        })
    }
}
