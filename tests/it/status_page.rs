//! The page of `status --format html` in a real browser: sorted and filtered, on a phone and on a desk, with and without
//! its script. `GITOPS_BUMP_SCREENSHOTS` names a directory that keeps the pictures.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::status::Platform;
use crate::world::{World, browser};

/// A page that was written to the disk.
struct Page {
    file: PathBuf,
    profile: PathBuf,
}

impl Page {
    fn new(world: &World, text: &str) -> Self {
        Self { file: world.write("status.html", text), profile: world.scratch().join("profile") }
    }

    /// What the browser prints for the page at this part of its address.
    fn open(&self, hash: &str, flags: &[String]) -> String {
        let url = format!("file://{}#{hash}", self.file.display());
        let mut command = Command::new(browser());
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]);
        command.arg(format!("--user-data-dir={}", self.profile.display())).args(flags).arg(url).stdin(Stdio::null());
        // Nothing of the page may come from elsewhere.
        command.arg("--host-resolver-rules=MAP * ~NOTFOUND");
        let output = command.output().expect("the browser can be started");
        assert!(output.status.success(), "the browser failed: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn dom(&self, hash: &str) -> String {
        self.open(hash, &["--dump-dom".to_owned()])
    }

    /// A picture of the page; its size is looked at, the rest is for people.
    fn picture(&self, name: &str, hash: &str, size: (u32, u32), flags: &[&str]) -> u64 {
        let kept = std::env::var_os("GITOPS_BUMP_SCREENSHOTS").map(PathBuf::from);
        let directory = kept.unwrap_or_else(|| self.profile.with_file_name("tmp-pictures"));
        std::fs::create_dir_all(&directory).expect("the directory can be made");
        let file = directory.join(format!("{name}.png"));
        let mut all = vec![format!("--screenshot={}", file.display()), format!("--window-size={},{}", size.0, size.1)];
        all.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self.open(hash, &all);
        bytes_of(&file)
    }
}

fn bytes_of(file: &Path) -> u64 {
    file.metadata().unwrap_or_else(|error| panic!("{}: {error}", file.display())).len()
}

/// Environment and image of every row that is shown, in the order of the page.
fn shown(dom: &str) -> Vec<(String, String)> {
    let attribute = |row: &str, name: &str| {
        let rest = row.split_once(&format!("{name}=\"")).map_or("", |(_, rest)| rest);
        rest.split('"').next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned()
    };
    let rows = dom.split("<tr").skip(2).map(|row| row.split('>').next().unwrap_or_default());
    let visible = rows.filter(|row| !row.contains("hidden"));
    visible.map(|row| (attribute(row, "data-env"), attribute(row, "data-image"))).collect()
}

fn page() -> (Platform, Page) {
    let platform = Platform::new();
    platform.bump_dev();
    let run = platform.status(&["--format", "html"]).run().exits(0);
    let page = Page::new(&platform.world, &run.stdout);
    (platform, page)
}

#[test]
fn rows_are_sorted_and_filtered_by_the_address() {
    let (_platform, page) = page();

    let all = shown(&page.dom(""));
    assert_eq!(all.len(), 11, "{all:?}");
    let environments = |rows: &[(String, String)]| rows.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(environments(&all)[..4], ["dev", "dev", "dev", "prod"]);
    let down = shown(&page.dom("sort=-environment"));
    assert_eq!(environments(&down)[..4], ["staging", "staging", "staging", "prod"]);

    let picked = shown(&page.dom("env=prod&image=TEAM/W"));
    assert_eq!(picked, [("prod".to_owned(), "web".to_owned())]);
    let dom = page.dom("env=nowhere&image=team/app&sort=tag");
    assert_eq!(environments(&shown(&dom)), ["prod", "staging", "dev"]);
    assert!(dom.contains("aria-sort=\"ascending\"") && dom.contains(">3 of 11<"), "{dom}");
}

#[test]
fn the_page_is_a_table_without_its_script_and_fits_a_phone() {
    let (_platform, page) = page();
    let text = std::fs::read_to_string(&page.file).expect("it was written");
    let plain = &text[..text.find("<script").expect("there is a script")];
    assert_eq!(shown(plain).len(), 11);
    assert!(plain.contains("<form id=\"filter\" hidden>"), "{plain}");
    assert!(plain.contains("<b>3 environments, 4 images, 1 missing, 1 drifting</b>"), "{plain}");
    assert!(plain.contains("team&#x2f;<wbr>app</span>") && !plain.contains(" ago"), "{plain}");
    // Without the script the times stand there; with it they are ages, by the reader's clock.
    let bump = |text: &str| {
        let found = text.split("by Ada b, <time").nth(1).and_then(|rest| rest.split("</time>").next());
        found.and_then(|found| found.split('>').nth(1)).expect("the bump has a time").to_owned()
    };
    assert!(bump(plain).starts_with("20") && bump(plain).ends_with('Z'), "{}", bump(plain));
    let dom = page.dom("");
    let body = dom.split("<script").next().expect("a page");
    assert!(bump(body).contains("ago") || bump(body) == "just now", "{}", bump(body));

    let (phone, desk) = ((390, 844), (1440, 900));
    for (name, hash, size, flags) in [
        ("desk", "", desk, &[][..]),
        ("desk-sorted", "sort=-last-bump&image=team/app", desk, &[]),
        ("desk-dark", "sort=registry", desk, &["--force-dark-mode", "--blink-settings=preferredColorScheme=0"]),
        ("phone", "", phone, &[]),
        ("phone-filtered", "env=dev", phone, &[]),
        ("phone-dark", "env=prod", phone, &["--blink-settings=preferredColorScheme=0"]),
    ] {
        assert!(page.picture(name, hash, size, flags) > 10_000, "{name} is empty");
    }
    // Nothing is wider than the screen: the browser itself says so.
    let probe = "<script>document.title = document.documentElement.scrollWidth + ' in ' + innerWidth;</script></body>";
    let probing = Page { file: page.file.with_file_name("probe.html"), profile: page.profile.clone() };
    std::fs::write(&probing.file, text.replace("</body>", probe)).expect("the directory is ours");
    for width in [500, 1000, 1440] {
        let dom = probing.open("", &["--dump-dom".to_owned(), format!("--window-size={width},800")]);
        let title =
            dom.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map_or("", |found| found.0);
        let (content, window) = title.split_once(" in ").expect("the probe ran");
        let number = |text: &str| text.parse::<u32>().expect("a number");
        assert!(number(content) <= number(window), "{title} at {width}");
    }
}

#[test]
fn what_is_hostile_does_not_run() {
    let world = World::new();
    // A slash would be another directory: an element that is never closed has to do.
    let evil = "x'\"><script>document.title='owned'";
    let repository = world.repository("team/app");
    let message = format!(
        "Update app\n\nvalues-{evil}.yaml: image.tag: 0 -> 1\n\nImage: {repository}:1\nSource-Commit: javascript:alert(1)\n\
         Pipeline: https://g.example.com/\"onmouseover=\"document.title='owned'\n"
    );
    let infra = world.empty_infra("infra");
    let file = format!("values-{evil}.yaml");
    let text = crate::samples::values(&repository, "1");
    let other = format!("'<img src=x onerror=a>': {repository}:1\n");
    infra.commit("main", &message, &[(file.as_str(), text.as_str()), ("values-b.yaml", other.as_str())]);
    let url = infra.url();

    let status = ["status", "--repo", &url, "--helm", "values-<env>.yaml", "--format", "html"];
    let run = world.bump(status.iter().chain(&["--environment", evil, "--environment", "b"])).run().exits(0);
    let page = Page::new(&world, &run.stdout);
    let dom = page.dom("");
    assert!(dom.contains("<title>What runs where</title>"), "{dom}");
    assert!(!dom.contains("<img") && !dom.contains("href=\"javascript:"), "{dom}");
    // As text it may stand there, as an attribute not.
    assert!(!run.stdout.contains("\"onmouseover"), "{run}");
    assert!(dom.contains("source javascript:alert(1)"), "{dom}");
}
