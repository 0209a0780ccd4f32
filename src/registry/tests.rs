//! The registry client against a server on a socket that answers what a test tells it to.

use super::*;
use crate::http::Trust;
use crate::http::fake::{Fake, says};
use crate::proxies::Proxies;
use crate::secret::{Audience, Bound, Credentials, SecretString, SharedRedactor};

const MANIFEST: &str = r#"{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}"#;
const MANIFEST_DIGEST: &str = "sha256:d69e8ea6ee409e20a594645cd05d6eb0cb313e540f4d027a6492ad588aa2faff";
const TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

impl Fake {
    fn registry(&self, credentials: CredentialSources) -> Registry {
        Registry::new(credentials, &http(std::slice::from_ref(&self.address)))
    }

    fn image(&self) -> Reference {
        Reference::parse(&format!("{}/team/app:1", self.address)).unwrap()
    }

    async fn digest(&self, credentials: CredentialSources) -> Result<Digest, RegistryError> {
        self.registry(credentials).digest_of(&self.image()).await
    }

    fn requests_with(&self, text: &str) -> usize {
        self.heads().iter().filter(|head| head.contains(text)).count()
    }
}

fn http(plain: &[String]) -> Http {
    Http::new(&Trust::load(&[]).unwrap(), Proxies::default(), plain, SharedRedactor::default()).unwrap()
}

fn found() -> String {
    says("200 OK", &format!("Content-Type: {TYPE}\r\nDocker-Content-Digest: {MANIFEST_DIGEST}\r\n"), "")
}

fn explicit(fake: &Fake) -> CredentialSources {
    let mut audience = Audience::default();
    audience.add(&fake.address);
    let pair = Credentials { username: "u".to_owned(), password: SecretString::from("p") };
    CredentialSources { explicit: Some(Bound::new(pair, audience)), ..CredentialSources::default() }
}

/// `u:p` in a Basic header.
const BASIC: &str = "authorization: Basic dTpw";

#[tokio::test]
async fn an_open_registry_is_asked_once() {
    let fake = Fake::start(|_, _| found()).await;
    let digest = fake.digest(explicit(&fake)).await.unwrap();
    assert_eq!(digest.as_str(), MANIFEST_DIGEST);
    assert_eq!(fake.asked(), ["HEAD /v2/team/app/manifests/1"]);
}

#[tokio::test]
async fn a_missing_image_is_not_found() {
    let fake = Fake::start(|_, _| says("404 Not Found", "", "")).await;
    assert!(matches!(fake.digest(CredentialSources::default()).await, Err(RegistryError::NotFound { .. })));
    assert_eq!(fake.asked(), ["HEAD /v2/team/app/manifests/1", "GET /v2/team/app/manifests/1"]);
}

#[tokio::test]
async fn who_waits_asks_for_the_manifest_alone() {
    let fake = Fake::start(|_, _| says("404 Not Found", "", "")).await;
    let requirements = Requirements { wait: Some(Duration::from_secs(1)), ..Requirements::default() };
    let registry = fake.registry(CredentialSources::default());
    assert!(registry.examine((&fake.image(), By::Tag), Depth::Manifest, &requirements).await.is_err());
    let heads = fake.asked().iter().filter(|asked| asked.starts_with("HEAD")).count();
    assert_eq!(heads, 0, "{:?}", fake.asked());
    assert!(fake.asked().len() > 1, "{:?}", fake.asked());
}

#[tokio::test]
async fn a_password_is_shown_only_when_asked_for() {
    let fake = Fake::start(|head, _| {
        if head.contains(BASIC) {
            return found();
        }
        says("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "")
    })
    .await;
    let registry = fake.registry(explicit(&fake));
    assert!(registry.digest_of(&fake.image()).await.is_ok());
    assert_eq!((fake.asked().len(), fake.requests_with(BASIC)), (2, 1));
    assert!(registry.digest_of(&fake.image()).await.is_ok());
    assert_eq!(fake.asked().len(), 3);
}

#[tokio::test]
async fn a_wrong_password_takes_three_requests_and_keeps_the_words() {
    let body = r#"{"errors": [{"code": "UNAUTHORIZED", "message": "wrong password"}]}"#;
    let fake = Fake::start(move |_, _| says("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", body)).await;
    let error = fake.digest(explicit(&fake)).await.unwrap_err();
    assert!(matches!(&error, RegistryError::Denied { words, .. } if words == "wrong password"), "{error}");
    assert_eq!(fake.asked().len(), 3);
    let error = fake.digest(CredentialSources::default()).await.unwrap_err();
    assert!(matches!(error, RegistryError::Unauthorized { .. }), "{error}");
}

/// A registry with a token service beside it that takes only `u:p`.
fn bearer(head: &str, own: &str) -> String {
    if head.starts_with("GET /token?service=s&scope=repository%3Ateam%2Fapp%3Apull ") {
        return if head.contains(BASIC) {
            says("200 OK", "", r#"{"token": "t0ken"}"#)
        } else {
            says("401 Unauthorized", "", r#"{"details": "no anonymous tokens"}"#)
        };
    }
    if head.contains("authorization: Bearer t0ken") {
        return found();
    }
    let challenge = format!("WWW-Authenticate: Bearer realm=\"http://{own}/token\",service=\"s\"\r\n");
    says("401 Unauthorized", &challenge, "")
}

#[tokio::test]
async fn a_token_is_fetched_once_per_repository() {
    let fake = Fake::start(bearer).await;
    let registry = fake.registry(explicit(&fake));
    let image = fake.image();
    let (one, two) = tokio::join!(registry.digest_of(&image), registry.digest_of(&image));
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
    assert_eq!((fake.asked().len(), fake.requests_with("GET /token")), (4, 1));
    assert_eq!(fake.requests_with(BASIC), 1);
}

#[tokio::test]
async fn the_token_services_words_are_kept() {
    let fake = Fake::start(bearer).await;
    let error = fake.digest(CredentialSources::default()).await.unwrap_err();
    assert!(matches!(&error, RegistryError::Unauthorized { words, .. } if words == "no anonymous tokens"), "{error}");
    assert_eq!(fake.asked().len(), 2);
}

#[tokio::test]
async fn a_registry_that_hides_is_asked_what_it_wants() {
    let fake = Fake::start(|head, _| {
        if head.contains(BASIC) {
            found()
        } else if head.starts_with("GET /v2/ ") {
            says("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "")
        } else {
            says("404 Not Found", "", "")
        }
    })
    .await;
    assert!(fake.digest(explicit(&fake)).await.is_ok());
    assert_eq!(fake.asked().len(), 3);
}

#[tokio::test]
async fn the_digest_of_the_reference_must_be_the_registrys() {
    let fake = Fake::start(|_, _| found()).await;
    let registry = fake.registry(CredentialSources::default());
    let image = |digest: &str| Reference::parse(&format!("{}@{digest}", fake.image())).unwrap();
    assert!(registry.digest_of(&image(MANIFEST_DIGEST)).await.is_ok());
    let other = format!("sha256:{}", "0".repeat(64));
    let error = registry.digest_of(&image(&other)).await.unwrap_err();
    assert!(matches!(error, RegistryError::DigestMismatch { .. }), "{error}");
}

#[tokio::test]
async fn without_a_digest_header_the_manifest_is_hashed() {
    let fake = Fake::start(|head, _| {
        let body = if head.starts_with("HEAD") { "" } else { MANIFEST };
        says("200 OK", &format!("Content-Type: {TYPE}\r\n"), body)
    })
    .await;
    let digest = fake.digest(CredentialSources::default()).await.unwrap();
    assert_eq!(digest.as_str(), MANIFEST_DIGEST);
    let manifest = "/v2/team/app/manifests/1";
    assert_eq!(fake.asked(), [format!("HEAD {manifest}"), format!("GET {manifest}")]);
}

#[tokio::test]
async fn lies_are_no_answers() {
    let typed = |headers: &str, body: &str| says("200 OK", &format!("Content-Type: {TYPE}\r\n{headers}"), body);
    for (name, said) in [
        ("no digest", typed("Docker-Content-Digest: sha256:zz\r\n", "")),
        ("a page", says("200 OK", "Content-Type: text/html\r\n", "")),
        ("another digest", typed(&format!("Docker-Content-Digest: sha256:{}\r\n", "0".repeat(64)), MANIFEST)),
        ("no manifest", typed("", "[]")),
        ("a long body", typed("", &" ".repeat(manifest::LIMIT + 1))),
        ("a loop", says("302 Found", "Location: /v2/again\r\n", "")),
        ("nowhere", says("302 Found", "Location: ftp://h/x\r\n", "")),
        ("a teapot", says("418 Teapot", "", "")),
    ] {
        let fake = Fake::start(move |_, _| said.clone()).await;
        let registry = fake.registry(explicit(&fake));
        let error =
            registry.examine((&fake.image(), By::Tag), Depth::Manifest, &Requirements::default()).await.unwrap_err();
        assert!(matches!(error, RegistryError::BadAnswer { .. }), "{name}: {error}");
        assert!(fake.asked().len() <= 6, "{name}: {:?}", fake.asked());
    }
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_another_host() {
    let storage = Fake::start(|_, _| found()).await;
    let target = storage.address.clone();
    let fake = Fake::start(move |head, _| {
        if head.contains(BASIC) {
            return says("307 Temporary Redirect", &format!("Location: http://{target}/there\r\n"), "");
        }
        says("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "")
    })
    .await;
    assert!(fake.digest(explicit(&fake)).await.is_ok());
    assert_eq!(storage.asked(), ["HEAD /there"]);
    assert_eq!(storage.requests_with("authorization"), 0);
}

#[tokio::test]
async fn a_busy_registry_is_asked_again() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let fake = Fake::start(move |_, _| match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => says("429 Too Many Requests", "Retry-After: 0\r\n", ""),
        1 => says("503 Service Unavailable", "", ""),
        _ => found(),
    })
    .await;
    assert!(fake.digest(CredentialSources::default()).await.is_ok());
    assert_eq!(fake.asked().len(), 3);
}

#[tokio::test]
async fn who_waits_comes_back_when_the_registry_says() {
    let config = format!(
        r#"{{"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "{MANIFEST_DIGEST}", "size": 2}}"#
    );
    let manifest = format!(r#"{{"schemaVersion": 2, "mediaType": "{TYPE}", "config": {config}, "layers": []}}"#);
    let count = std::sync::atomic::AtomicUsize::new(0);
    let fake = Fake::start(move |_, _| match count.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
        0 => says("429 Too Many Requests", "Retry-After: 3600\r\n", ""),
        _ => says("200 OK", &format!("Content-Type: {TYPE}\r\n"), &manifest),
    })
    .await;
    let requirements = Requirements { wait: Some(Duration::from_secs(2)), ..Requirements::default() };
    let registry = fake.registry(CredentialSources::default());
    let started = std::time::Instant::now();
    assert!(registry.examine((&fake.image(), By::Tag), Depth::Manifest, &requirements).await.is_ok());
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_not_waited() {
    let fake = Fake::start(|_, _| says("429 Too Many Requests", "Retry-After: 3600\r\n", "")).await;
    let error = fake.digest(CredentialSources::default()).await.unwrap_err();
    assert!(error.hint().contains("3600 s"), "{}", error.hint());
    assert_eq!(fake.asked().len(), 1);
}

#[tokio::test]
async fn a_local_registry_may_speak_plain_http() {
    let fake = Fake::start(|_, _| found()).await;
    let registry = Registry::new(CredentialSources::default(), &http(&[]));
    assert!(registry.digest_of(&fake.image()).await.is_ok());
    assert!(registry.digest_of(&fake.image()).await.is_ok());
    let head = "HEAD /v2/team/app/manifests/1";
    assert_eq!(fake.asked(), ["TLS", head, head]);
}

#[tokio::test]
async fn an_image_needs_a_tag() {
    let registry = Registry::new(CredentialSources::default(), &http(&[]));
    let error = registry.digest_of(&Reference::parse("h.x/a").unwrap()).await.unwrap_err();
    assert_eq!(error.to_string(), "h.x/a has no tag");
}
