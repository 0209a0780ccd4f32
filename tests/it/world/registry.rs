//! A registry of a test's own: with TLS by a private CA, or with a token service beside it; knows nothing of the binary.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;

use super::directory;
use super::secrets::Secret;
use super::tools::output_of;

const SERVER_NAMES: &str = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n";

/// A running registry; dropping it ends it.
pub(crate) struct OwnRegistry {
    server: Child,
    /// `HOST:PORT`.
    pub(crate) address: String,
    tokens: Arc<AtomicU64>,
}

impl OwnRegistry {
    /// A registry with what is in `data` of the directory, for everybody.
    pub(crate) fn open(directory: &Path) -> Self {
        Self::start(directory, "", "")
    }

    /// A registry whose certificate is signed by `ca.crt` in the directory.
    pub(crate) fn with_private_ca(directory: &Path) -> Self {
        Self::start(directory, &private_certificate(directory), "")
    }

    /// A registry that wants tokens, which its token service gives for this login only.
    pub(crate) fn with_tokens(directory: &Path, login: &Secret) -> Self {
        let (auth, tokens) = token_auth(directory, login);
        let mut registry = Self::start(directory, "", &auth);
        registry.tokens = tokens;
        registry
    }

    /// A registry with both.
    pub(crate) fn with_private_ca_and_tokens(directory: &Path, login: &Secret) -> Self {
        let (auth, tokens) = token_auth(directory, login);
        let mut registry = Self::start(directory, &private_certificate(directory), &auth);
        registry.tokens = tokens;
        registry
    }

    /// How many tokens were asked for.
    pub(crate) fn tokens(&self) -> u64 {
        self.tokens.load(Ordering::SeqCst)
    }

    fn start(directory: &Path, http: &str, auth: &str) -> Self {
        let data = directory.join("data");
        let config = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: '127.0.0.1:0', secret: test-only{http}}}\n{auth}",
            data.display()
        );
        let config = directory::write(directory, "registry.yml", config.as_bytes());
        let log = std::fs::File::create(directory.join("registry.log")).expect("the directory is writable");
        let server = Command::new("docker-registry")
            .arg("serve")
            .arg(config)
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("docker-registry can be started; scripts/install installs it");
        let mut registry = Self { server, address: String::new(), tokens: Arc::default() };
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(20) {
            let log = directory::read(directory, "registry.log");
            if let Some((_, rest)) = log.split_once("listening on 127.0.0.1:") {
                let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                registry.address = format!("127.0.0.1:{port}");
                return registry;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the registry did not start: {}", directory::read(directory, "registry.log"));
    }
}

impl Drop for OwnRegistry {
    fn drop(&mut self) {
        self.server.kill().expect("the registry is ours");
        self.server.wait().expect("the registry is ours");
    }
}

/// Makes an authority `ca.crt` and a certificate by it; returns the registry's settings for it.
fn private_certificate(directory: &Path) -> String {
    let openssl = |arguments: &str| {
        output_of(Command::new("openssl").args(arguments.split(' ')).current_dir(directory));
    };
    directory::write(directory, "names", SERVER_NAMES.as_bytes());
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    openssl(&format!("req -x509 {key} -keyout ca.key -out ca.crt -days 2 -subj /CN=test-ca"));
    openssl(&format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"));
    openssl("x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt -extfile names");
    let at = directory.display();
    format!(", tls: {{certificate: {at}/server.crt, key: {at}/server.key}}")
}

/// Starts a token service for this login; returns the registry's settings for it.
fn token_auth(directory: &Path, login: &Secret) -> (String, Arc<AtomicU64>) {
    let arguments = "req -x509 -newkey rsa:2048 -nodes -keyout token.key -out token.crt -days 2 -subj /CN=tokens";
    output_of(Command::new("openssl").args(arguments.split(' ')).current_dir(directory));
    let (realm, tokens) = token_service(directory, login.basic());
    let auth = format!(
        "auth: {{token: {{realm: 'http://{realm}/token', service: test, issuer: tokens, rootcertbundle: {}/token.crt}}}}\n",
        directory.display()
    );
    (auth, tokens)
}

/// Starts a token service (distribution project, "Token authentication"); ends with the process.
fn token_service(directory: &Path, login: String) -> (String, Arc<AtomicU64>) {
    let der = |name: &str| {
        let pem = directory::read(directory, name);
        let lines: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        STANDARD.decode(lines).expect("openssl writes PEM")
    };
    let key = RsaKeyPair::from_pkcs8(&der("token.key")).expect("openssl writes PKCS #8");
    let certificate = STANDARD.encode(der("token.crt"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the listener is bound").to_string();
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            give_token(stream, &key, &certificate, &login);
        }
    });
    (address, count)
}

fn give_token(mut stream: TcpStream, key: &RsaKeyPair, certificate: &str, login: &str) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let (status, body) = if head.contains(&format!("Basic {login}\r\n")) {
        ("200 OK", json!({"token": token(&head, key, certificate)}))
    } else {
        ("401 Unauthorized", json!({"errors": [{"code": "UNAUTHORIZED", "message": "bad credentials"}]}))
    };
    let body = body.to_string();
    let length = body.len();
    // A client that went away has no use for a token.
    let _ = write!(stream, "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
}

fn token(head: &str, key: &RsaKeyPair, certificate: &str) -> String {
    let target = head.split(' ').nth(1).unwrap_or_default();
    let url = url::Url::parse(&format!("http://tokens{target}")).expect("clients write paths");
    let access: Vec<_> = url
        .query_pairs()
        .filter(|(name, _)| name == "scope")
        .flat_map(|(_, scopes)| scopes.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|scope| {
            let mut parts = scope.splitn(3, ':');
            let (kind, name, actions) = (parts.next()?, parts.next()?, parts.next()?);
            Some(json!({"type": kind, "name": name, "actions": actions.split(',').collect::<Vec<_>>()}))
        })
        .collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later").as_secs();
    let header = json!({"typ": "JWT", "alg": "RS256", "x5c": [certificate]});
    let claims = json!({"iss": "tokens", "sub": "robot", "aud": "test", "exp": now + 300, "nbf": now - 5, "iat": now,
        "jti": now.to_string(), "access": access});
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    let random = ring::rand::SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).expect("the key signs");
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
