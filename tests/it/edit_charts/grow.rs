//! Values files by a seed: a base and an environment's, with images in the forms that charts have, and one edit of them.

use std::fmt::Write as _;

use fastrand::Rng;

pub(super) const OLD_DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(super) const BASE: &str = "values.yaml";
pub(super) const OVERLAY: &str = "values-prod.yaml";

/// The parts of a chart that have an image, in the order in which they are rendered.
pub(super) const PARTS: [(&str, Form); 5] = [
    ("web", Form::Mapping),
    ("api", Form::Mapping),
    ("worker", Form::Flat),
    ("cron", Form::Reference),
    ("cache", Form::Mapping),
];

const TAGS: [&str; 6] = ["1.4.1", "1.10", "5846e796", "v1", "2026-11-23", "0777"];
const NEW_TAGS: [&str; 6] = ["1.4.2", "1.20", "5846e797", "1_000", "yes", "main"];

/// How a part of the chart has its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `image: {registry, repository, tag, digest}`.
    Mapping,
    /// `imageRepository`, `imageTag`, `imageDigest`.
    Flat,
    /// `image: REFERENCE`.
    Reference,
}

/// What a layer says of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Nothing,
    All,
    Version,
}

/// Two layers and an edit of one of them.
#[derive(Debug)]
pub(super) struct Values {
    pub(super) base: String,
    pub(super) overlay: String,
    pub(super) edited: &'static str,
    /// The PATH that the edit names; none for a match.
    pub(super) path: Option<String>,
    /// The parts that the edit has to write.
    pub(super) targets: Vec<usize>,
    pub(super) tag: &'static str,
    pub(super) knows_digest: bool,
    pub(super) pins: bool,
    /// Whether `global.imageRegistry` names another host.
    pub(super) is_mirrored: bool,
}

struct Grower {
    rng: Rng,
    /// Whether the host is given for all images.
    global: Option<&'static str>,
    /// Whether images leave their host to that.
    is_bare: bool,
    /// Whether the host stands apart; in all layers, since Helm puts them together key by key.
    is_split: bool,
}

/// The values of a seed.
pub(super) fn grow(seed: u64) -> Values {
    let mut rng = Rng::with_seed(seed);
    let global = [None, None, Some(""), Some("r.io"), Some("mirror.io")][rng.usize(..5)];
    let is_bare = global == Some("r.io") && rng.bool();
    let is_split = global.is_some_and(|global| !global.is_empty()) || rng.bool();
    let mut grower = Grower { rng, global, is_bare, is_split };
    let edited = if grower.rng.bool() { BASE } else { OVERLAY };
    let by_path = is_bare || grower.rng.bool();
    let named = by_path.then(|| [0, 1, 2, 2, 3][grower.rng.usize(..5)]);
    let mut targets = Vec::new();
    let (mut base, mut overlay) = (grower.head(), "# the environment's own\nreplicas: 2\n".to_owned());
    let mut path = String::new();
    for (number, (part, form)) in PARTS.iter().enumerate() {
        let is_ours = number + 1 < PARTS.len();
        let says = match () {
            () if edited == BASE || !is_ours => Says::Nothing,
            () if named == Some(number) && is_bare => Says::Version,
            () if named == Some(number) => [Says::All, Says::Version][grower.rng.usize(..2)],
            () if is_bare => Says::Nothing,
            () => [Says::Nothing, Says::All][grower.rng.usize(..2)],
        };
        // A version of an overlay that has no repository: a digest below it would win, and only the base knows of it.
        let below = if says == Says::Nothing { 6 } else { 1 };
        let repository = if is_ours { "team/app" } else { "team/cache" };
        let in_base = grower.part(part, *form, Says::All, below, repository);
        let in_overlay = grower.part(part, *form, says, 6, repository);
        base.push_str(&in_base);
        overlay.push_str(&in_overlay);
        let is_written = says != Says::Nothing || edited == BASE;
        let is_matched = is_ours && *form != Form::Flat && says != Says::Version && !is_bare && named.is_none();
        if is_written && (is_matched || named == Some(number)) {
            targets.push(number);
        }
        if named == Some(number) {
            let text = if edited == BASE { in_base } else { in_overlay };
            path = format!("{part}.{}", key(*form, &text));
        }
    }
    Values {
        base,
        overlay,
        edited,
        path: named.map(|_| path),
        targets,
        tag: NEW_TAGS[grower.rng.usize(..NEW_TAGS.len())],
        knows_digest: grower.rng.usize(..5) > 0,
        pins: grower.rng.usize(..3) == 0,
        is_mirrored: grower.global == Some("mirror.io"),
    }
}

/// The key that a PATH ends with, of what a layer says.
fn key(form: Form, text: &str) -> &'static str {
    match form {
        Form::Flat if text.contains("imageTag:") => "imageTag",
        Form::Flat => "imageDigest",
        Form::Mapping | Form::Reference => "image",
    }
}

impl Grower {
    fn head(&mut self) -> String {
        let global = self.global.map(|registry| format!("global:\n  imageRegistry: \"{registry}\"\n"));
        format!("# values of the chart\nreplicas: 1\n{}", global.unwrap_or_default())
    }

    fn quoted(&mut self, text: &str) -> String {
        let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic());
        match self.rng.usize(..3) {
            0 if is_plain => text.to_owned(),
            1 => format!("'{text}'"),
            _ => format!("\"{text}\""),
        }
    }

    /// A part as a layer says it, with one of the first `pins` ways to name a version.
    fn part(&mut self, part: &str, form: Form, says: Says, pins: usize, repository: &str) -> String {
        if says == Says::Nothing {
            return String::new();
        }
        let tag = TAGS[self.rng.usize(..TAGS.len())];
        let quoted_tag = self.quoted(tag);
        let digest = self.quoted(OLD_DIGEST);
        let (tag_key, digest_key) = if form == Form::Flat { ("imageTag", "imageDigest") } else { ("tag", "digest") };
        let version: Vec<(&str, String)> = match [0, 1, 2, 2, 3, 4][self.rng.usize(..pins)] {
            1 => vec![(tag_key, quoted_tag), (digest_key, "\"\"".to_owned())],
            2 => vec![(tag_key, quoted_tag), (digest_key, digest)],
            3 => vec![(digest_key, digest)],
            4 if form == Form::Mapping => vec![(tag_key, format!("\"{tag}@{OLD_DIGEST}\""))],
            _ => vec![(tag_key, quoted_tag)],
        };
        let mut fields: Vec<(&str, String)> = Vec::new();
        let whole = format!("r.io/{repository}");
        match form {
            Form::Reference => {
                let is_pinned = version.iter().any(|(_, text)| text.contains("sha256"));
                let digest = if is_pinned { format!("@{OLD_DIGEST}") } else { String::new() };
                fields.push(("image", format!("\"{whole}:{tag}{digest}\"")));
            }
            Form::Flat if says == Says::All => fields.push(("imageRepository", self.quoted(&whole))),
            Form::Mapping if says == Says::All && self.is_bare => fields.push(("repository", repository.to_owned())),
            Form::Mapping if says == Says::All && self.is_split => {
                fields.extend([("registry", self.quoted("r.io")), ("repository", repository.to_owned())]);
            }
            Form::Mapping if says == Says::All => fields.push(("repository", self.quoted(&whole))),
            _ => {}
        }
        if form != Form::Reference {
            fields.extend(version);
        }
        self.written(part, form, &fields)
    }

    fn written(&mut self, part: &str, form: Form, fields: &[(&str, String)]) -> String {
        let mut text = format!("{part}:\n");
        let comment = if self.rng.bool() { " # kept" } else { "" };
        if form != Form::Mapping {
            for (key, value) in fields {
                let _ = writeln!(text, "  {key}: {value}{comment}");
            }
        } else if self.rng.usize(..3) == 0 {
            let pairs: Vec<String> = fields.iter().map(|(key, value)| format!("{key}: {value}")).collect();
            let _ = writeln!(text, "  image: {{{}}}{comment}", pairs.join(", "));
        } else {
            let indent = " ".repeat(3 + self.rng.usize(..3));
            let _ = writeln!(text, "  image:{comment}");
            for (key, value) in fields {
                let _ = writeln!(text, "{indent}{key}: {value}{comment}");
            }
        }
        text
    }
}
