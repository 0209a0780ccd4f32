//! Git servers that are busy, broken or slow for a while: each request is made again, and no push is doubled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use url::Url;

use crate::hostile::Rogue;
use crate::samples::{app_infra, values};
use crate::world::{Bump, Detour, Proxy, Repository, Sshd, Turn, World, says};

/// What a request of each kind has in its first line, or in its body where two kinds have the same.
const REQUESTS: [&str; 5] = [
    "GET /info/refs?service=git-upload-pack",
    "POST command=ls-refs",
    "POST command=fetch",
    "GET /info/refs?service=git-receive-pack",
    PUSH,
];

const PUSH: &str = "POST /git-receive-pack";

/// An infra repository behind a proxy that has its turns.
struct Road {
    world: World,
    infra: Repository,
    image: String,
}

impl Road {
    fn new() -> Self {
        let world = World::new();
        let image = world.push("team/app", "2");
        let infra = app_infra(&world, "1");
        Self { world, infra, image }
    }

    /// A proxy before the Git server that does something else with requests.
    fn proxy(&self, turn: impl Fn(&str) -> Turn + Send + Sync + 'static) -> Detour {
        Detour::turning(&self.world.servers().git, turn)
    }

    /// `update` through a proxy.
    fn update(&self, proxy: &Detour, timeout: &str) -> Bump {
        let url = self.infra.url_at(&proxy.address);
        let arguments = ["update", "--image", &self.image, "--repo", &url, "--helm", "values.yaml"];
        self.world.bump(arguments).env("GITOPS_BUMP_PUSH_TIMEOUT", timeout)
    }

    /// Panics unless the tag was written by one commit on top of so many, and starts anew.
    #[track_caller]
    fn is_bumped_once(&self, before: usize, case: &str) {
        assert_eq!(self.infra.commits("main"), before + 1, "{case}");
        assert_eq!(self.infra.file("main", "values.yaml"), values(&self.world.repository("team/app"), "2"), "{case}");
        self.infra.assert_sound();
    }

    fn reset(&self) {
        self.infra.set_ref("refs/heads/main", &self.infra.parent("main"));
    }
}

/// What happens to a request, and its name.
type Case = (&'static str, fn() -> Turn);

/// Answers every request of a kind, and lets all others pass.
fn every(kind: &'static str, answer: String) -> impl Fn(&str) -> Turn + Send + Sync {
    move |request| if is(request, kind) { Turn::Answer(answer.clone()) } else { Turn::Pass }
}

/// Whether a request, as [`Turn`] sees it, is of a kind.
fn is(request: &str, kind: &str) -> bool {
    kind.split(' ').all(|part| request.contains(part))
}

/// Does something with the first request of a kind, and lets all others pass.
fn first(kind: &'static str, turn: impl Fn() -> Turn + Send + Sync + 'static) -> impl Fn(&str) -> Turn + Send + Sync {
    let seen = AtomicUsize::new(0);
    move |request| if is(request, kind) && seen.fetch_add(1, Ordering::SeqCst) == 0 { turn() } else { Turn::Pass }
}

/// How many requests of a kind reached the proxy.
fn asked(proxy: &Detour, kind: &str) -> usize {
    proxy.asked().iter().filter(|request| is(request, kind)).count()
}

/// In `Retry-After`, the time a second from now in the three forms of RFC 9110, and in seconds.
fn waits() -> [String; 5] {
    let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(1));
    let (name, rest) = date.split_once(", ").expect("a date begins with its day's name");
    let parts: Vec<&str> = rest.split(' ').collect();
    let [day, month, year, time, _] = parts[..] else { panic!("{date}") };
    let full = match name {
        "Tue" => "Tuesday".to_owned(),
        "Wed" => "Wednesday".to_owned(),
        "Thu" => "Thursday".to_owned(),
        "Sat" => "Saturday".to_owned(),
        short => format!("{short}day"),
    };
    let single = day.strip_prefix('0').map_or_else(|| day.to_owned(), |digit| format!(" {digit}"));
    [
        "1".to_owned(),
        "0".to_owned(),
        format!("{full}, {day}-{month}-{} {time} GMT", &year[2..]),
        format!("{name} {month} {single} {time} {year}"),
        date.clone(),
    ]
}

#[test]
fn one_bad_answer_at_each_request_changes_nothing() {
    let road = Road::new();
    let bad: [Case; 5] = [
        ("502", || Turn::Answer(says("502 Bad Gateway", "Content-Type: text/html\r\n", "<html>proxy"))),
        ("503", || Turn::Answer(says("503 Service Unavailable", "", "GitLab is in maintenance"))),
        ("504", || Turn::Answer(says("504 Gateway Timeout", "", ""))),
        ("closed", || Turn::Close),
        ("cut", || Turn::Cut(60)),
    ];
    for kind in REQUESTS {
        for (what, turn) in bad {
            let proxy = road.proxy(first(kind, turn));
            let run = road.update(&proxy, "1m").run().exits(0);
            // A push whose answer was cut has arrived.
            let least = if (kind, what) == (PUSH, "cut") { 1 } else { 2 };
            assert!(asked(&proxy, kind) >= least, "{what} at {kind}\n{run}");
            road.is_bumped_once(1, &format!("{what} at {kind}"));
            road.reset();
        }
    }
}

#[test]
fn a_limit_with_each_form_of_retry_after_is_waited_for() {
    let road = Road::new();
    for (kind, number) in REQUESTS.into_iter().zip(0..) {
        // Made when it is sent, so that it is never past.
        let turn = move || {
            let wait = &waits()[number % 5];
            Turn::Answer(says("429 Too Many Requests", &format!("Retry-After: {wait}\r\n"), "slow down"))
        };
        let proxy = road.proxy(first(kind, turn));
        road.update(&proxy, "1m").run().exits(0);
        assert!(asked(&proxy, kind) >= 2, "{kind}");
        road.is_bumped_once(1, kind);
        road.reset();
    }
}

#[test]
fn a_push_whose_answer_is_lost_is_not_doubled() {
    let road = Road::new();
    let lost: [Case; 6] = [
        ("dropped", || Turn::Forward(String::new())),
        ("502", || Turn::Forward(says("502 Bad Gateway", "", ""))),
        ("504", || Turn::Forward(says("504 Gateway Timeout", "", ""))),
        ("500", || Turn::Forward(says("500 Internal Server Error", "", ""))),
        ("empty", || Turn::Forward(result(""))),
        ("an empty report", || Turn::Forward(result("0000"))),
    ];
    for (what, turn) in lost {
        let proxy = road.proxy(first(PUSH, turn));
        let run = road.update(&proxy, "1m").run().exits(0);
        assert_eq!(asked(&proxy, PUSH), 1, "{what}\n{run}");
        assert!(!run.stderr.contains("nothing to do"), "{what}\n{run}");
        road.is_bumped_once(1, what);
        road.reset();
    }
}

#[test]
fn a_push_that_others_built_on_before_the_look_is_not_doubled() {
    let road = Road::new();
    let (infra, count) = (road.infra.clone(), AtomicUsize::new(0));
    let proxy = road.proxy(move |request| {
        if is(request, PUSH) && count.fetch_add(1, Ordering::SeqCst) == 0 {
            let infra = infra.clone();
            return Turn::ForwardThen(Box::new(move || {
                infra.commit("main", "rival", &[("other.yaml", "other: 1\n")]);
                infra.commit("main", "rival", &[("other.yaml", "other: 2\n")]);
            }));
        }
        Turn::Pass
    });
    let run = road.update(&proxy, "1m").run().exits(0);
    assert_eq!(asked(&proxy, PUSH), 1, "{run}");
    assert!(!run.stderr.contains("nothing to do"), "{run}");
    assert_eq!((road.infra.commits("main"), road.infra.log("main", "%s").as_str()), (4, "rival"));
    assert_eq!(road.infra.file("main", "values.yaml"), values(&road.world.repository("team/app"), "2"));
}

#[test]
fn a_lost_push_that_did_not_arrive_is_made_again_on_what_others_left() {
    let road = Road::new();
    let (infra, count) = (road.infra.clone(), AtomicUsize::new(0));
    let proxy = road.proxy(move |request| {
        if is(request, PUSH) && count.fetch_add(1, Ordering::SeqCst) == 0 {
            infra.commit("main", "rival", &[("other.yaml", "other: 1\n")]);
            return Turn::Close;
        }
        Turn::Pass
    });
    road.update(&proxy, "1m").run().exits(0);
    road.is_bumped_once(2, "a rival");
    assert_eq!(road.infra.log("main~1", "%s"), "rival");
}

#[test]
fn a_lost_push_of_a_work_branch_is_not_doubled() {
    let road = Road::new();
    let proxy = road.proxy(first(PUSH, || Turn::Forward(String::new())));
    let run = road.update(&proxy, "1m").env("GITOPS_BUMP_MERGE_REQUEST", "true").env("GITOPS_BUMP_MR_BRANCH", "bump");
    let run = run.run();
    // What becomes of the request is another matter: its words went with the answer.
    assert!(run.code == 0 || run.code == 11, "{run}");
    assert_eq!((asked(&proxy, PUSH), road.infra.commits("bump"), road.infra.commits("main")), (1, 2, 1), "{run}");
}

#[test]
fn what_does_not_pass_is_exit_8_in_time_with_the_servers_words() {
    let road = Road::new();
    for kind in REQUESTS {
        for (status, words) in [("503 Service Unavailable", "until noon"), ("429 Too Many Requests", "too many")] {
            let proxy = road.proxy(every(kind, says(status, "", words)));
            let run =
                road.update(&proxy, "1s").run().exits(8).says(words).says(status).says("GITOPS_BUMP_PUSH_TIMEOUT");
            assert!((2..20).contains(&asked(&proxy, kind)), "{kind} {status}\n{run}");
        }
    }
    assert_eq!(road.infra.commits("main"), 1);
}

#[test]
fn a_wait_that_is_longer_than_what_is_left_ends_the_run_at_once() {
    let road = Road::new();
    for kind in REQUESTS {
        let limit = says("429 Too Many Requests", "Retry-After: 600\r\n", "too many");
        let proxy = road.proxy(every(kind, limit));
        let run = road.update(&proxy, "1m").run().exits(8).says("asks for a wait of 10m").says("too many");
        let most = if kind.contains("receive-pack") { 2 } else { 1 };
        assert!((1..=most).contains(&asked(&proxy, kind)), "{kind}\n{run}");
    }
    assert_eq!(road.infra.commits("main"), 1);
}

#[test]
fn what_lasts_is_not_tried_again() {
    let road = Road::new();
    for (answer, words) in [
        (says("500 Internal Server Error", "", "out of order"), "out of order"),
        (says("403 Forbidden", "", "not you"), "not you"),
        (says("400 Bad Request", "", "TF400813: no"), "TF400813: no"),
    ] {
        let proxy = road.proxy(every(PUSH, answer));
        let run = road.update(&proxy, "1m").run().exits(8).says(words);
        assert_eq!(asked(&proxy, PUSH), 1, "{run}");
    }
    assert_eq!(road.infra.commits("main"), 1);
}

#[test]
fn an_ssh_connection_that_ends_before_a_word_is_made_again() {
    let road = Road::new();
    let sshd = Sshd::start(&road.world.scratch().join("sshd"), &road.world.servers().git_repositories);
    let url = Url::parse(&sshd.url(road.infra.path())).expect("an address");
    let own = format!("127.0.0.1:{}", url.port().expect("a port of its own"));
    let proxy = Proxy::to(&own);
    let port = |address: &str| address.rsplit(':').next().expect("a port").to_owned();
    let there = |text: &str| text.replace(&port(&own), &port(&proxy.address()));
    let update = |key: &str, known_hosts: &str| {
        let url = there(url.as_str());
        let arguments = ["update", "--image", &road.image, "--repo", &url, "--helm", "values.yaml"];
        let key = sshd.key(key);
        let update = road.world.bump(arguments).env("GITOPS_BUMP_SSH_KEY", key.to_str().expect("a plain path"));
        update.env("GITOPS_BUMP_SSH_KNOWN_HOSTS", there(&sshd.known_hosts(known_hosts))).run()
    };
    proxy.refuse(2);
    update("writer", "host").exits(0).says("trying again");
    assert_eq!(proxy.refused(), 2);
    road.is_bumped_once(1, "ssh");
    road.reset();
    for (key, known_hosts, words) in [("stranger", "host", "Permission denied"), ("writer", "other_host", "host key")] {
        let run = update(key, known_hosts).exits(8).says(words);
        assert!(!run.stderr.contains("trying again"), "{run}");
    }
    assert_eq!(road.infra.commits("main"), 1);
}

#[test]
fn an_answer_that_trickles_ends_after_a_minute() {
    let trickled = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&trickled);
    let rogue = Rogue::start(move |_, socket| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n000e";
        std::io::Write::write_all(socket, head.as_bytes())?;
        loop {
            std::thread::sleep(Duration::from_secs(20));
            std::io::Write::write_all(socket, b"v")?;
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    let world = World::new();
    let (image, url) = (world.push("team/app", "2"), format!("http://{}/shop/infra.git", rogue.address));
    // No run of a test may take longer than a minute and a half.
    let run = world.bump(["update", "--image", &image, "--repo", &url, "--helm", "values.yaml"]).run();
    run.exits(8).says("too slowly");
    assert!((2..=4).contains(&trickled.load(Ordering::SeqCst)));
}

/// The answer to a push with this body.
fn result(body: &str) -> String {
    says("200 OK", "Content-Type: application/x-git-receive-pack-result\r\n", body)
}
