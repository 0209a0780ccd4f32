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
                "correct the file; a template with `{{ … }}` lines is not valid YAML until it is rendered"
            }
            Self::Bomb(_) => "split the file, or name the file that holds the image",
            Self::PathMissing { from: TagSource::Create, .. } => "correct the path, or add the tag with --create",
            Self::NoTag { from, .. } | Self::PathMissing { from: from @ TagSource::Elsewhere(_), .. } => {
                return from.hint(file);
            }
            Self::PathMissing { .. } => "correct the path",
            Self::Duplicated { .. } => "remove one of the two keys",
            Self::Merged { .. } => "use the path of the value itself, or write the key in this mapping too",
            Self::SeveralDocuments { .. } | Self::NoDocument { .. } => {
                "begin the path with a filter that selects one document, as in `[metadata.name=NAME]spec.image`, or remove the path so that the image is found by its repository"
            }
            Self::SeveralItems { .. } => "use a filter that matches one item, or an index",
            Self::Alias { .. } => "use the path of the anchored value",
            Self::NotScalar(_) | Self::NotCollection { .. } | Self::NoPlace => {
                "use the path of an image mapping, of its tag or of its image reference"
            }
            Self::Template => "write the value in the source that the template reads",
            Self::Substitution(_) => {
                "write the version where the variable is set: in spec.postBuild.substitute of the Flux Kustomization, or in the variables that envsubst reads"
            }
            Self::Inputs => {
                "write the version in the source that the ResourceSet reads: its spec.inputs, or its input provider"
            }
            Self::NoVersion(text) if is_constraint(text) => "replace the version constraint with one version first",
            Self::NoVersion(_) => "write a tag or an image reference at this place first, or correct the path",
            Self::SeveralReferences(_) => {
                "write the image reference only once, or name the image of this target in the config file (image:)"
            }
            Self::MultiLine => {
                "write the value on one line, plain or in quotes; if it is a literal block (|) that contains YAML, add the keys inside it to the path"
            }
            Self::Encrypted => "write the value with `sops set`, or exclude the image's values from the encryption",
            Self::Sealed { .. } => {
                "write the value with `sops set`, or encrypt the file again with `sops --encrypt --mac-only-encrypted` (in .sops.yaml: mac_only_encrypted: true) so that it can be edited"
            }
            Self::Foreign(_) => "name the place that holds the image to run",
            Self::Semver => {
                "remove ref.semver and write ref.tag, or remove this target and let Flux choose the version"
            }
            Self::ValuesText => "add the keys inside the text to the path, as in helm.values.image.tag",
            Self::Overridden { place, .. } => {
                return format!("write the value that overrides it: `{file}:{place}`").into();
            }
            Self::DigestWins { .. } => "remove the digest, or move it to the values that hold the tag",
            Self::TextStyle => "write the text as a literal block: `|` after its key, then its lines",
            Self::TextLines => "take these characters out of the text",
            Self::TextNotYaml(_) => {
                "correct the text, or write the value in the source from which the text is generated"
            }
            Self::TextDepth => "replace one of the nested texts with plain YAML, or move it to a file of its own",
            Self::OddAnchor(_) => "rename the anchor",
            Self::Typed(_) => "remove the YAML tag, or change it to !!str",
            Self::OtherRepository { .. } => {
                "correct the path or the image; if the place names a mirror of the image, use --any-repository"
            }
            Self::WhichImage => "name the image of this target in the config file (image:)",
            Self::DigestAlone { .. } => {
                "give the image with a tag as well as the digest, or change this place so that it holds only a digest"
            }
            Self::UnknownDigest { .. } => "give the image with its digest: `NAME:TAG@sha256:…`",
            Self::Conflict { .. } => "correct the targets so that only one of them writes this place",
            Self::Shared { .. } => {
                "write a separate value for the other image, or update both images in one run; a target with a PATH and --any-repository writes the shared value"
            }
            Self::TagSuffix => "remove the tagSuffix: Kustomize would append it to every new tag",
            Self::NotKustomization(_) => "name a kustomization file or its directory",
            Self::NameMissing { .. } => "correct the name, or add the entry with --create",
            Self::Dead(dead) => return Cow::Owned(dead.remedy.clone()),
            Self::DeadNew { why, .. } => return Cow::Owned(why.remedy.clone()),
            Self::Matcher => "use the path of the entry, or of its newTag",
            Self::NoFinalNewline => "add a line break at the end of the file",
            Self::Unproved => {
                "write the value in a simpler style (plain or quoted, on one line), then run the job again"
            }
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
            Self::Create => "write a tag at this place first, or add it with --create",
            Self::Beside => "use the path of the mapping, or of the tag in it",
            Self::Mapping => "use the path of the mapping, and add the tag to it with --create",
            Self::Elsewhere(place) => {
                let TagPlace { key, path } = &**place;
                return format!("the tag seems to be the key {key}: name its PATH, `{file}:{path}`").into();
            }
            Self::Nowhere => "write a tag at this place first",
        })
    }
}
