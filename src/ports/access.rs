//! What a run may use to reach servers and to sign: certificates, ssh with its key, the signing key. Files that ssh
//! can't take as they are get a copy that nobody else can read; this module must not leave one behind.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

use super::{http, read};
use crate::error::Error;
use crate::git::{Deadline, GitUrl, SigningKey, Ssh};
use crate::http::Http;
use crate::secret::SharedRedactor;
use crate::settings::{Given, Network, Settings, SshSettings};

/// Where a copy is best: in memory.
const MEMORY: &str = "/dev/shm";

/// Where distributions keep the library that gives a process its own `/etc/passwd`.
const NSS_WRAPPER: [&str; 5] = [
    "/usr/lib/libnss_wrapper.so",
    "/usr/lib64/libnss_wrapper.so",
    "/usr/lib/x86_64-linux-gnu/libnss_wrapper.so",
    "/usr/lib/aarch64-linux-gnu/libnss_wrapper.so",
    "/usr/local/lib/libnss_wrapper.so",
];

/// How long a Git server is asked again by a run that only reads.
const TO_READ: Duration = Duration::from_secs(30);

/// Certificates and keys of a run. Dropping it removes the copies.
#[derive(Debug)]
pub struct Access {
    /// How servers are asked over HTTP.
    pub http: Http,
    /// How ssh is run.
    pub ssh: Ssh,
    /// What signs commits.
    pub signing_key: Option<SigningKey>,
    /// How long a Git server is asked again whose failure may pass.
    patience: Duration,
    /// Holds the copies.
    _copies: Copies,
}

impl Access {
    /// Takes what these settings name, as far as these repositories need it.
    pub fn new<'u>(
        settings: &Settings,
        urls: impl IntoIterator<Item = &'u GitUrl>,
        redactor: &SharedRedactor,
    ) -> Result<Self, Error> {
        let http = http(&settings.network, redactor)?;
        let mut copies = Copies::default();
        let needs_ssh = urls.into_iter().any(GitUrl::is_ssh);
        let ssh = if needs_ssh { ssh(&settings.network.ssh, &mut copies)? } else { Ssh::default() };
        let signing_key = settings.commit.signing_key.as_ref().map(signing_key).transpose()?;
        Ok(Self { http, ssh, signing_key, patience: settings.push_timeout, _copies: copies })
    }

    /// Takes what it needs to read these repositories.
    pub fn to_read<'u>(
        network: &Network,
        urls: impl IntoIterator<Item = &'u GitUrl>,
        redactor: &SharedRedactor,
    ) -> Result<Self, Error> {
        let http = http(network, redactor)?;
        let mut copies = Copies::default();
        let needs_ssh = urls.into_iter().any(GitUrl::is_ssh);
        let ssh = if needs_ssh { ssh(&network.ssh, &mut copies)? } else { Ssh::default() };
        Ok(Self { http, ssh, signing_key: None, patience: TO_READ, _copies: copies })
    }
}

impl Access {
    /// Until when a Git server is asked again, from now on.
    pub fn deadline(&self) -> Deadline {
        Deadline::after(self.patience)
    }
}

fn ssh(settings: &SshSettings, copies: &mut Copies) -> Result<Ssh, Error> {
    let key = settings.key.as_ref().map(|key| key.try_map(|key| key_file(key, copies))).transpose()?;
    let known_hosts = settings.known_hosts.as_ref().map(|hosts| known_hosts_file(hosts, copies)).transpose()?;
    let mut ssh =
        Ssh { program: settings.program.clone(), dialect: settings.dialect, key, known_hosts, variables: Vec::new() };
    let failed = |source| Error::File { what: "the files that ssh needs for a user without a name".to_owned(), source };
    give_a_name(&mut ssh, settings.home.as_deref(), copies).map_err(failed)?;
    Ok(ssh)
}

/// A file that ssh takes: with Unix line ends, a final newline, and readable for its owner alone.
fn key_file(key: &SecretString, copies: &mut Copies) -> Result<PathBuf, Error> {
    let value = key.expose_secret();
    let what = "GITOPS_BUMP_SSH_KEY";
    let (text, file) = private_key(what, value)?;
    let tidy = SecretString::from(tidy(&text));
    if let Some(file) = file
        && tidy.expose_secret() == text
        && is_plain(&file)
        && is_private(&file)
    {
        return Ok(file);
    }
    copies.file("key", tidy.expose_secret()).map_err(|source| Error::File { what: what.to_owned(), source })
}

fn signing_key(Given { value: key, by }: &Given<SecretString>) -> Result<SigningKey, Error> {
    let what = by.to_string();
    let (text, _) = private_key(&what, key.expose_secret())?;
    SigningKey::parse(&tidy(&text)).map_err(|error| Error::Key { what, reason: error.to_string() })
}

/// A private key's text, and the file when the value names one. A key that wants a passphrase is refused: nobody is
/// there to type it.
fn private_key(what: &str, value: &str) -> Result<(String, Option<PathBuf>), Error> {
    let wrong = |reason: &str| Error::Key { what: what.to_owned(), reason: reason.to_owned() };
    let (text, file) = if value.contains("-----BEGIN") {
        (value.to_owned(), None)
    } else {
        let file = PathBuf::from(value.trim());
        // The value is not repeated: it may be a key in a form that isn't known.
        let failed = |source| Error::File { what: format!("the file in {what}"), source };
        let bytes = read(&file).map_err(failed)?;
        (String::from_utf8(bytes).map_err(|_| wrong("it is not text"))?, Some(file))
    };
    if !text.contains("PRIVATE KEY-----") {
        return Err(wrong("it contains no private key"));
    }
    if text.contains("ENCRYPTED") || ssh_key::PrivateKey::from_openssh(tidy(&text)).is_ok_and(|key| key.is_encrypted())
    {
        return Err(wrong("the key has a passphrase"));
    }
    Ok((text, file))
}

fn known_hosts_file(value: &str, copies: &mut Copies) -> Result<PathBuf, Error> {
    let what = "GITOPS_BUMP_SSH_KNOWN_HOSTS";
    let failed = |source| Error::File { what: what.to_owned(), source };
    let file = PathBuf::from(value.trim());
    let is_content = value.trim().contains(char::is_whitespace) && !file.exists();
    let text = if is_content {
        value.to_owned()
    } else {
        let named = |source| Error::File { what: format!("{what} {}", file.display()), source };
        let bytes = read(&file).map_err(named)?;
        String::from_utf8(bytes).map_err(|_| failed(io::ErrorKind::InvalidData.into()))?
    };
    if !is_content && is_plain(&file) && !text.contains('\r') {
        return Ok(file);
    }
    copies.file("known_hosts", &tidy(&text)).map_err(failed)
}

/// Unix line ends, nothing before the first line, one newline behind the last.
fn tidy(text: &str) -> String {
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    format!("{}\n", text.trim())
}

/// Whether a path means itself to ssh, which expands `~`, `%` and `${…}` and splits at spaces.
fn is_plain(path: &Path) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '=' | ',');
    path.to_str().is_some_and(|path| !path.starts_with('-') && path.chars().all(plain))
}

/// Whether the mode gives group and others nothing: ssh refuses a key otherwise.
fn is_private(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.mode().trailing_zeros() >= 6)
}

/// ssh ends at once for a uid without an entry in `/etc/passwd`, as `OpenShift` hands them out. The wrapper, where it is
/// installed, shows it one.
fn give_a_name(ssh: &mut Ssh, home: Option<&str>, copies: &mut Copies) -> io::Result<()> {
    let Ok(me) = fs::metadata("/proc/self") else {
        return Ok(());
    };
    // A machine without the file has other sources of names; ssh itself says when there is none.
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let uid = me.uid().to_string();
    let is_known = users.lines().any(|line| line.split(':').nth(2) == Some(uid.as_str()));
    let wrapper = NSS_WRAPPER.iter().map(Path::new).find(|path| path.exists());
    let Some(wrapper) = wrapper.filter(|_| !is_known) else {
        return Ok(());
    };
    let home = home.filter(|home| !home.contains([':', '\n'])).unwrap_or("/");
    let own = format!("gitops-bump:x:{uid}:{}::{home}:/bin/sh", me.gid());
    let passwd = copies.file("passwd", &tidy(&format!("{users}\n{own}")))?;
    let group = copies.file("group", &tidy(&format!("gitops-bump:x:{}:", me.gid())))?;
    ssh.variables = vec![
        ("LD_PRELOAD", wrapper.into()),
        ("NSS_WRAPPER_PASSWD", passwd.into()),
        ("NSS_WRAPPER_GROUP", group.into()),
    ];
    Ok(())
}

/// Files of a run that go with it.
#[derive(Debug, Default)]
struct Copies {
    directory: Option<TempDir>,
}

impl Copies {
    /// Writes a file that its owner alone can read.
    fn file(&mut self, name: &str, text: &str) -> io::Result<PathBuf> {
        let directory = match self.directory.take() {
            Some(directory) => directory,
            None => directory()?,
        };
        let path = directory.path().join(name);
        self.directory = Some(directory);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(text.as_bytes())?;
        Ok(path)
    }
}

fn directory() -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    let name = format!("gitops-bump-{}-", std::process::id());
    builder.prefix(&name);
    builder.tempdir_in(MEMORY).or_else(|_| builder.tempdir())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const KEY: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n";

    fn key(value: &str, copies: &mut Copies) -> Result<PathBuf, Error> {
        key_file(&SecretString::from(value), copies)
    }

    #[test]
    fn a_key_is_put_right() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("key");
        let name = file.to_str().unwrap();
        for (text, mode, is_copied) in
            [(KEY.to_owned(), 0o600, false), (KEY.to_owned(), 0o644, true), (KEY.replace('\n', "\r\n"), 0o600, true)]
        {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let mut copies = Copies::default();
            let used = key(name, &mut copies).unwrap();
            assert_eq!(used != file, is_copied);
            assert_eq!(fs::read_to_string(&used).unwrap(), KEY);
            assert_eq!(fs::metadata(&used).unwrap().mode() & 0o777, 0o600);
            drop(copies);
            assert_eq!(used.exists(), !is_copied);
        }
        let mut copies = Copies::default();
        let used = key(KEY.trim_end(), &mut copies).unwrap();
        assert_eq!(fs::read_to_string(used).unwrap(), KEY);
    }

    #[test]
    fn what_is_no_usable_key_is_refused() {
        let encrypted = KEY.replace("OPENSSH", "ENCRYPTED");
        for (value, words) in [
            ("c2VjcmV0", "the file in GITOPS_BUMP_SSH_KEY: No such file"),
            ("/etc/hosts", "contains no private key"),
            (encrypted.as_str(), "has a passphrase"),
        ] {
            let error = key(value, &mut Copies::default()).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn known_hosts_are_a_path_or_content() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("known");
        fs::write(&file, "h ssh-ed25519 AAAA\n").unwrap();
        let mut copies = Copies::default();
        assert_eq!(known_hosts_file(file.to_str().unwrap(), &mut copies).unwrap(), file);
        let copy = known_hosts_file("h ssh-ed25519 AAAA\r\nh2 ssh-ed25519 AAAA", &mut copies).unwrap();
        assert_eq!(fs::read_to_string(copy).unwrap(), "h ssh-ed25519 AAAA\nh2 ssh-ed25519 AAAA\n");
        assert!(known_hosts_file("/nowhere/known_hosts", &mut Copies::default()).is_err());
    }
}
