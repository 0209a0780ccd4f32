//! Images made by hand, byte by byte, and pushed over plain HTTP: what no tool at hand builds. Knows nothing of the binary.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// A repository in a registry that asks for no password: `HOST/PATH`.
pub(crate) struct Images {
    host: String,
    path: String,
}

/// A manifest as it was pushed.
pub(crate) struct Pushed {
    pub(crate) digest: String,
    pub(crate) size: usize,
}

/// What an image's configuration says.
#[derive(Clone, Copy)]
pub(crate) struct Configured<'a> {
    pub(crate) architecture: &'a str,
    pub(crate) created: &'a str,
    pub(crate) revision: &'a str,
}

pub(crate) const ORDINARY: Configured<'static> =
    Configured { architecture: "amd64", created: "2026-11-20T10:00:00Z", revision: "c0ffee" };

impl Images {
    pub(crate) fn at(repository: &str) -> Self {
        let (host, path) = repository.split_once('/').expect("HOST/PATH");
        Self { host: host.to_owned(), path: path.to_owned() }
    }

    /// Pushes an image of one platform under a tag.
    pub(crate) fn image(&self, tag: &str, configured: Configured<'_>) -> Pushed {
        let config = json!({
            "os": "linux", "architecture": configured.architecture, "created": configured.created,
            "config": {"Labels": {"org.opencontainers.image.revision": configured.revision}},
            "rootfs": {"type": "layers", "diff_ids": []},
        });
        let config = self.described(CONFIG, config.to_string().as_bytes());
        let layer = self.described("application/vnd.oci.image.layer.v1.tar+gzip", configured.architecture.as_bytes());
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        self.manifest(tag, MANIFEST, &manifest)
    }

    /// Pushes an index of two platforms with an attestation beside them, as `docker buildx` makes it.
    pub(crate) fn index(&self, tag: &str, revisions: [&str; 2]) -> Pushed {
        let entry = |architecture: &str, revision: &str| {
            let pushed =
                self.image(&format!("{tag}-{architecture}"), Configured { architecture, revision, ..ORDINARY });
            json!({"mediaType": MANIFEST, "digest": pushed.digest, "size": pushed.size,
                "platform": {"os": "linux", "architecture": architecture}})
        };
        let entries = [entry("amd64", revisions[0]), entry("arm64", revisions[1])];
        let statement = self.described("application/vnd.in-toto+json", b"{}");
        let attestation = json!({"schemaVersion": 2, "mediaType": MANIFEST,
            "config": self.described(CONFIG, b"{\"os\":\"unknown\"}"), "layers": [statement]});
        let attestation = self.manifest(&format!("{tag}-attestation"), MANIFEST, &attestation);
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entries[0], entries[1], {
            "mediaType": MANIFEST, "digest": attestation.digest, "size": attestation.size,
            "platform": {"os": "unknown", "architecture": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        }]});
        self.manifest(tag, INDEX, &index)
    }

    /// Pushes a simple signing payload and its signature where cosign puts them.
    pub(crate) fn signature(&self, digest: &str, payload: &str, signature: &[u8]) {
        let mut layer = self.described("application/vnd.dev.cosign.simplesigning.v1+json", payload.as_bytes());
        layer["annotations"] = json!({"dev.cosignproject.cosign/signature": STANDARD.encode(signature)});
        let config = self.described(CONFIG, b"{}");
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        self.manifest(&format!("{}.sig", digest.replace(':', "-")), MANIFEST, &manifest);
    }

    /// Pushes any manifest under a tag.
    pub(crate) fn manifest(&self, tag: &str, media_type: &str, manifest: &Value) -> Pushed {
        let bytes = manifest.to_string();
        let path = format!("/v2/{}/manifests/{tag}", self.path);
        let answer = self.request("PUT", &path, media_type, bytes.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        Pushed { digest: digest(bytes.as_bytes()), size: bytes.len() }
    }

    /// Pushes a blob and describes it.
    pub(crate) fn described(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = digest(bytes);
        let answer = self.request("POST", &format!("/v2/{}/blobs/uploads/", self.path), "text/plain", b"");
        let location = answer.lines().find_map(|line| line.strip_prefix("Location: ")).expect("an upload has a place");
        let place = location.split_once(&self.host).map_or(location, |(_, place)| place).trim();
        let answer = self.request("PUT", &format!("{place}&digest={digest}"), "application/octet-stream", bytes);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    fn request(&self, method: &str, path: &str, media_type: &str, body: &[u8]) -> String {
        let mut stream = TcpStream::connect(&self.host).expect("the registry is there");
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
            self.host,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body].concat()).expect("the registry reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the registry answers");
        answer
    }
}

/// What cosign signs: that this digest is of this repository.
pub(crate) fn payload(repository: &str, digest: &str) -> String {
    json!({"critical": {"identity": {"docker-reference": repository},
        "image": {"docker-manifest-digest": digest}, "type": "cosign container image signature"}})
    .to_string()
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{:x}", Sha256::digest(bytes))
}
