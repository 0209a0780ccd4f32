//! A chart in Bitnami's manner with generated values: where the edit succeeds, the real helm renders the wanted image at every
//! place that it had to write, and everything else as before.
//!
//! `scripts/effect SECONDS` goes through new values for that long; `GITOPS_BUMP_TEST_SEED` names the first ones.

mod grow;

use gitops_bump::edit::{Job, Kind, KnownDigest, Path, Pin, Rules, Wanted, rewrite};
use gitops_bump::image::{Digest, Reference, Repository, Tag};

use self::grow::{BASE, PARTS, Values};
use crate::effect::check_for_seconds;
use crate::world::{helm_template, write};

const CHART: &str = "apiVersion: v2\nname: app\nversion: 0.1.0\n";
const NEW_DIGEST: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/// A registry for all images wins over an image's own, and a digest over the tag.
const HELPER: &str = r#"{{- define "image" -}}
{{- $registry := default .image.registry (.global).imageRegistry -}}
{{- with $registry }}{{ . }}/{{ end }}{{ .image.repository -}}
{{- if .image.digest }}@{{ .image.digest }}{{ else }}:{{ .image.tag }}{{ end -}}
{{- end -}}
"#;

const POD: &str = r#"{{- $global := .Values.global -}}
apiVersion: v1
kind: Pod
metadata: {name: app, labels: {replicas: "{{ .Values.replicas }}"}}
spec:
  containers:
  - name: web
    image: {{ include "image" (dict "image" .Values.web.image "global" $global) | quote }}
  - name: api
    image: {{ include "image" (dict "image" .Values.api.image "global" $global) | quote }}
  {{- with .Values.worker }}
  - name: worker
    image: "{{ .imageRepository }}{{ with .imageDigest }}@{{ . }}{{ else }}:{{ .imageTag }}{{ end }}"
  {{- end }}
  - name: cron
    image: {{ .Values.cron.image | quote }}
  - name: cache
    image: {{ include "image" (dict "image" .Values.cache.image "global" $global) | quote }}
"#;

/// What came out of some values.
#[derive(Debug, Default)]
struct Counts {
    edited: usize,
    places: usize,
    refused: usize,
}

impl Counts {
    fn check(&mut self, seed: u64) {
        let values = grow::grow(seed);
        let wanted = Wanted {
            repository: Repository::parse("r.io/team/app").expect("a repository"),
            tag: Some(Tag::parse(values.tag).expect("a tag")),
            digest: KnownDigest::on_the_users_word(
                values.knows_digest.then(|| Digest::parse(NEW_DIGEST).expect("a digest")),
            ),
            same: Vec::new(),
        };
        let path = values.path.as_ref().map(|path| Path::parse(path).expect("a path"));
        let pin = if values.pins { Pin::Digest } else { Pin::Tag };
        let rules = Rules { pin, ..Rules::default() };
        let jobs = [Job { kind: Kind::Helm { path }, images: vec![0], rules }];
        let text = if values.edited == BASE { &values.base } else { &values.overlay };
        let edited = match rewrite(values.edited, text.as_bytes(), &jobs, &[wanted]) {
            Ok(edited) => edited,
            Err(error) => {
                assert!(!values.knows_digest, "seed {seed}: {error}\n{values:#?}");
                self.refused += 1;
                return;
            }
        };
        assert_eq!(edited.places.len(), values.targets.len(), "seed {seed}: {:#?}\n{values:#?}", edited.places);
        let says = edited.notes.iter().any(|note| note.contains("global.imageRegistry"));
        let has_mapping = values.targets.iter().any(|part| takes_registry(*part));
        assert_eq!(says, values.is_mirrored && has_mapping && values.edited == BASE, "seed {seed}\n{values:#?}");
        let before = rendered(&values, text);
        let after = rendered(&values, &edited.text);
        self.edited += 1;
        self.places += values.targets.len();
        if let Err(difference) = compare(&values, &before, &after) {
            panic!("seed {seed}: {difference}\n{}\n{values:#?}", edited.text);
        }
    }
}

/// Whether a part's image is put together with the registry for all images.
fn takes_registry(part: usize) -> bool {
    PARTS[part].1 == grow::Form::Mapping
}

/// What the chart renders with one of the two layers edited.
fn rendered(values: &Values, edited: &str) -> Vec<String> {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let (base, overlay) = if values.edited == BASE { (edited, &*values.overlay) } else { (&*values.base, edited) };
    for (name, text) in [
        ("Chart.yaml", CHART),
        ("templates/_helper.tpl", HELPER),
        ("templates/pod.yaml", POD),
        (BASE, base),
        (grow::OVERLAY, overlay),
    ] {
        write(directory.path(), name, text.as_bytes());
    }
    helm_template(directory.path(), grow::OVERLAY).lines().map(str::to_owned).collect()
}

/// Every target runs the wanted image, and every other line is as it was.
fn compare(values: &Values, before: &[String], after: &[String]) -> Result<(), String> {
    if before.len() != after.len() {
        return Err("another number of lines".to_owned());
    }
    let mut images = 0;
    for (before, after) in before.iter().zip(after) {
        let Some(image) = after.trim().strip_prefix("image: ") else {
            if before == after {
                continue;
            }
            return Err(format!("{before} became {after}"));
        };
        images += 1;
        if !values.targets.contains(&(images - 1)) {
            if before == after {
                continue;
            }
            return Err(format!("{before} became {after}, and is no target"));
        }
        let image = Reference::parse(image.trim_matches('"')).map_err(|error| error.to_string())?;
        let host = if values.is_mirrored && takes_registry(images - 1) { "mirror.io" } else { "r.io" };
        let is_version = match &image.digest {
            Some(digest) => digest.as_str() == NEW_DIGEST,
            None => image.tag.as_ref().is_some_and(|tag| tag.as_str() == values.tag),
        };
        let is_tag = image.tag.as_ref().is_none_or(|tag| tag.as_str() == values.tag);
        let is_pinned = image.digest.is_some() || !values.pins || PARTS[images - 1].1 == grow::Form::Flat;
        if image.repository.as_str() != format!("{host}/team/app") || !is_version || !is_tag || !is_pinned {
            return Err(format!("{} runs {image}", PARTS[images - 1].0));
        }
    }
    if images == PARTS.len() { Ok(()) } else { Err(format!("{images} images are rendered")) }
}

#[test]
fn helm_renders_the_wanted_image_wherever_the_edit_succeeds() {
    let mut counts = Counts::default();
    for seed in 0..60 {
        counts.check(seed);
    }
    assert!(counts.edited > 40 && counts.places > 60 && counts.refused > 2, "{counts:?}");
}

#[test]
fn effect_for_seconds_in_charts() {
    let mut counts = Counts::default();
    if !check_for_seconds(|seed| counts.check(seed)) {
        println!("GITOPS_BUMP_TEST_EFFECT_SECONDS is not set: scripts/effect sets it");
        return;
    }
    let Counts { edited, places, refused } = counts;
    println!("{edited} edits of charts, {places} places, {refused} refused, 0 wrong");
}
