//! A registry that has what a test puts on it, whether or not it fits together: with the referrers API or without, in pages, with
//! answers that fail. Knows nothing of the binary.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::liar::{liar_in_full, says};
use crate::images::{INDEX, MANIFEST, digest};

/// What stands in one repository.
#[derive(Clone, Default)]
pub(crate) struct Shelf {
    manifests: BTreeMap<String, String>,
    blobs: BTreeMap<String, String>,
    /// The pages of the referrers API; none where the registry doesn't know it.
    pub(crate) pages: Option<Vec<String>>,
    /// Answers in full, by the end of a path.
    pub(crate) instead: Vec<(String, String)>,
}

/// A running one.
pub(crate) struct Standing {
    /// `HOST:PORT`.
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Shelf {
    /// Puts a manifest under a tag or under its digest, which is returned.
    pub(crate) fn manifest(&mut self, tag: &str, text: &str) -> String {
        let digest = digest(text.as_bytes());
        self.manifests.insert(tag.to_owned(), text.to_owned());
        self.manifests.insert(digest.clone(), text.to_owned());
        digest
    }

    pub(crate) fn blob(&mut self, text: &str) -> String {
        let digest = digest(text.as_bytes());
        self.blobs.insert(digest.clone(), text.to_owned());
        digest
    }

    /// Changes everything that holds a text, under the digest that it had.
    pub(crate) fn change(&mut self, held: &str, change: impl Fn(&str) -> String) -> usize {
        let all = self.manifests.values_mut().chain(self.blobs.values_mut());
        let holding = all.filter(|own| own.contains(held));
        holding.map(|own| *own = change(own)).count()
    }

    /// Puts a recorded signature there, with its image under the tag `1`; whether it is found by the API is the test's.
    pub(crate) fn recorded(case: &Path) -> Self {
        let text = |name: &str| std::fs::read_to_string(case.join(name)).ok();
        let mut shelf = Self::default();
        let image = shelf.manifest("1", &text("image-manifest.json").expect("every case has an image"));
        for entry in std::fs::read_dir(case.join("blobs")).expect("every case has blobs") {
            let text = std::fs::read_to_string(entry.expect("it can be read").path()).expect("it is text");
            let digest = shelf.blob(&text);
            shelf.manifest(&digest, &text);
        }
        let tag = image.replace(':', "-");
        if let Some(manifest) = text("sig-tag.json") {
            shelf.manifest(&format!("{tag}.sig"), &manifest);
        }
        if let Some(index) = text("fallback-tag.json") {
            shelf.manifest(&tag, &index);
        }
        shelf.pages = text("referrers.json").map(|page| vec![page]);
        shelf
    }

    /// Puts a bundle there as cosign 3 does; returns its descriptor. Only the manifest says what the bundle is about.
    pub(crate) fn bundle(&mut self, bundle: &str, predicate: &str) -> Value {
        const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
        let layer = json!({"mediaType": BUNDLE, "digest": self.blob(bundle), "size": bundle.len()});
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE, "layers": [layer],
            "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": self.blob("{}"), "size": 2},
            "annotations": {"dev.sigstore.bundle.predicateType": predicate}});
        let manifest = manifest.to_string();
        let digest = self.manifest("latest-bundle", &manifest);
        json!({"mediaType": MANIFEST, "digest": digest, "size": manifest.len(),
            "artifactType": "application/vnd.oci.empty.v1+json"})
    }

    /// Writes it into the directory of a docker-registry, which would not take a manifest without its blobs.
    pub(crate) fn store(&self, data: &Path, repository: &str) {
        let root = data.join("docker/registry/v2");
        let own = root.join("repositories").join(repository);
        let put = |path: &Path, text: &str| {
            std::fs::create_dir_all(path.parent().expect("it is in a directory")).expect("the directory is writable");
            std::fs::write(path, text).expect("the directory is writable");
        };
        let stored = |text: &str| {
            let digest = digest(text.as_bytes());
            let hex = digest.split_once(':').expect("it is a digest").1.to_owned();
            put(&root.join("blobs/sha256").join(&hex[..2]).join(&hex).join("data"), text);
            (digest, hex)
        };
        for text in self.blobs.values() {
            let (digest, hex) = stored(text);
            put(&own.join("_layers/sha256").join(hex).join("link"), &digest);
        }
        for (name, text) in &self.manifests {
            let (digest, hex) = stored(text);
            put(&own.join("_manifests/revisions/sha256").join(hex).join("link"), &digest);
            if !name.contains(':') {
                put(&own.join("_manifests/tags").join(name).join("current/link"), &digest);
            }
        }
    }

    /// The image's digest.
    pub(crate) fn image(&self) -> String {
        digest(self.manifests["1"].as_bytes())
    }

    /// Serves it as `HOST:PORT/team/app`; ends with the process.
    pub(crate) fn stand(self) -> Standing {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let address = liar_in_full(move |head, stream| {
            let mut words = head.split(' ');
            let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            log.lock().expect("nobody panics").push(path.to_owned());
            let answer = self.answer(path);
            let end = answer.find("\r\n\r\n").map_or(answer.len(), |end| end + 4);
            stream.write_all(if method == "HEAD" { &answer.as_bytes()[..end] } else { answer.as_bytes() })
        });
        Standing { address, asked }
    }

    fn answer(&self, path: &str) -> String {
        if let Some((_, answer)) = self.instead.iter().find(|(end, _)| path.ends_with(end.as_str())) {
            return answer.clone();
        }
        let last = path.rsplit('/').next().unwrap_or_default();
        let ok = |kind: &str, more: &str, body: &str| says("200 OK", &format!("Content-Type: {kind}\r\n{more}"), body);
        let missing = || says("404 Not Found", "Content-Type: application/json\r\n", "{}");
        if path.contains("/blobs/") {
            return self.blobs.get(last).map_or_else(missing, |blob| ok("application/octet-stream", "", blob));
        }
        if path.contains("/referrers/") {
            let number: usize = path.split_once("page=").map_or(0, |(_, number)| number.parse().expect("our own"));
            let pages = self.pages.as_deref().unwrap_or_default();
            let link = format!("Link: <?page={}>; rel=\"next\"\r\n", number + 1);
            let link = if number + 1 < pages.len() { link.as_str() } else { "" };
            return pages.get(number).map_or_else(missing, |page| ok(INDEX, link, page));
        }
        let Some(manifest) = self.manifests.get(last) else { return missing() };
        let value: Value = serde_json::from_str(manifest).unwrap_or_default();
        ok(value["mediaType"].as_str().unwrap_or(MANIFEST), "", manifest)
    }
}

impl Standing {
    /// The paths that were asked for so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics").clone()
    }
}

/// An index of these descriptors.
pub(crate) fn index_of(entries: &[Value]) -> String {
    json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).to_string()
}
