//! An nginx of a test's own before a real server, with TLS or with faults on demand; knows nothing of the binary.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::directory::{read, write};
use super::tools::output_of;

/// A running nginx; dropping it ends it.
pub(crate) struct Nginx {
    server: Child,
    /// `HOST:PORT`.
    pub(crate) address: String,
}

/// What may go wrong on the way to a server.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// 429 with words, and the wish to be left alone for two seconds.
    Limited,
    /// 503.
    Down,
    /// The connection ends without an answer.
    Closed,
    /// The connection stays without an answer.
    Stalled,
}

/// An nginx that passes everything on to a server, until it is told otherwise.
pub(crate) struct Faults {
    nginx: Nginx,
    directory: PathBuf,
    _silent: TcpListener,
}

impl Nginx {
    /// Starts before a Git server, `HOST:PORT`, and passes no version of the protocol on.
    pub(crate) fn without_git_protocol(server: &str, directory: &Path) -> Self {
        let inside = format!(
            "client_max_body_size 0; location / {{ proxy_pass http://{server}; proxy_set_header Host $http_host; \
             proxy_set_header Git-Protocol \"\"; proxy_buffering off; }}"
        );
        Self::start(directory, "", &inside)
    }

    /// Starts with what follows the port in `listen`, and with the rest of the server's block.
    pub(crate) fn start(directory: &Path, listen: &str, inside: &str) -> Self {
        fs::create_dir_all(directory).expect("the scratch directory is writable");
        // nginx can't ask the kernel for a port, so one is guessed until it holds.
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
            let mut server = spawn(directory, &format!("listen 127.0.0.1:{port}{listen}; {inside}"));
            let started = Instant::now();
            while started.elapsed() < Duration::from_secs(10) && server.try_wait().expect("it is ours").is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Self { server, address: format!("127.0.0.1:{port}") };
                }
                thread::sleep(Duration::from_millis(10));
            }
            end(&mut server);
        }
        panic!("nginx did not start: {}", read(directory, "errors"));
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        end(&mut self.server);
    }
}

impl Faults {
    /// Starts before `HOST:PORT`, without a fault.
    pub(crate) fn before(server: &str, directory: &Path) -> Self {
        let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let nobody = silent.local_addr().expect("the listener is bound");
        let at = directory.display();
        let inside = format!(
            "location / {{\n\
             if (-f {at}/Limited) {{ return 429; }}\n\
             if (-f {at}/Down) {{ return 503 'down'; }}\n\
             if (-f {at}/Closed) {{ return 444; }}\n\
             if (-f {at}/Stalled) {{ rewrite ^ /stalled last; }}\n\
             proxy_pass http://{server}; proxy_set_header Host $http_host; }}\n\
             error_page 429 @limited;\n\
             location @limited {{ add_header Retry-After 2 always; default_type application/json;\n\
             return 429 '{{\"errors\": [{{\"code\": \"TOOMANYREQUESTS\", \"message\": \"slow down\"}}]}}'; }}\n\
             location = /stalled {{ proxy_pass http://{nobody}; proxy_read_timeout 300s; }}\n"
        );
        Self { nginx: Nginx::start(directory, "", &inside), directory: directory.to_owned(), _silent: silent }
    }

    /// `HOST:PORT` to ask.
    pub(crate) fn address(&self) -> &str {
        &self.nginx.address
    }

    /// Lets every request from now on go wrong.
    pub(crate) fn begin(&self, fault: Fault) {
        write(&self.directory, &format!("{fault:?}"), b"");
    }

    /// Lets every request from now on through.
    pub(crate) fn end(&self, fault: Fault) {
        fs::remove_file(self.directory.join(format!("{fault:?}"))).expect("the fault has begun");
    }

    /// How many requests were answered with this status; 444 stands for none.
    pub(crate) fn answers(&self, status: u16) -> usize {
        let status = format!("{status} ");
        read(&self.directory, "access").lines().filter(|line| line.starts_with(&status)).count()
    }
}

fn spawn(directory: &Path, server: &str) -> Child {
    let at = directory.display();
    // A worker of another user could not look into the scratch directory.
    let root = directory.metadata().is_ok_and(|metadata| metadata.uid() == 0);
    let user = if root { "user root; " } else { "" };
    let config = format!(
        "daemon off; {user}worker_processes 1; pid {at}/pid; error_log {at}/errors; events {{}}\n\
         http {{ log_format plain '$status $request'; access_log {at}/access plain;\n\
         client_body_temp_path {at}/b; proxy_temp_path {at}/p; fastcgi_temp_path {at}/f; uwsgi_temp_path {at}/u; \
         scgi_temp_path {at}/s;\n\
         server {{ {server} }} }}\n"
    );
    let config = write(directory, "nginx.conf", config.as_bytes());
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let program = path.split(':').map(|path| Path::new(path).join("nginx")).find(|program| program.exists());
    let mut command = Command::new(program.expect("nginx is there; scripts/install installs it"));
    command.arg("-c").arg(config).arg("-p").arg(directory);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nginx can be started")
}

fn end(server: &mut Child) {
    // A killed nginx would leave its workers behind.
    if server.try_wait().expect("the server is ours").is_none() {
        output_of(Command::new("kill").args(["-TERM", &server.id().to_string()]));
        server.wait().expect("the server is ours");
    }
}
