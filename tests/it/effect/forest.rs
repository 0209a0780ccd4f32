//! Kustomization trees by a seed: bases, overlays, components, patches of all forms, entries that match and that don't.

mod patches;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fastrand::Rng;

/// The files of a tree by their path, and the directory that is built.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) start: &'static str,
}

pub(crate) const NAMES: [&str; 7] = [
    "app",
    "team/app",
    "docker.io/team/app",
    "r.io/team/app",
    "r.io:5000/team/app",
    "docker.io/library/app",
    "r.io/team/app-x",
];
const PATTERNS: [&str; 12] = [
    "app:1.0",
    "r.io/team/app:1.0",
    "r.io/team/app:2.0",
    "docker.io/team/app:v1",
    "team/app:1.0",
    "r.io/.*",
    "(docker.io/)?team/app",
    "app|team/app",
    ".*/app",
    "team/app.*",
    "r.io/team/[a-z]+",
    "r[.]io(:[0-9]+)?/team/app",
];
const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const KINDS: [(&str, &str, &[&str]); 8] = [
    ("Deployment", "apps/v1", &["spec", "template", "spec"]),
    ("StatefulSet", "apps/v1", &["spec", "template", "spec"]),
    ("Job", "batch/v1", &["spec", "template", "spec"]),
    ("CronJob", "batch/v1", &["spec", "jobTemplate", "spec", "template", "spec"]),
    ("Pod", "v1", &["spec"]),
    ("Custom", "x.io/v1", &["spec", "template", "spec"]),
    ("Deep", "x.io/v1", &["spec", "parts", "pod"]),
    ("DaemonSet", "apps/v1", &["spec", "template", "spec"]),
];

/// What replacements copy.
const SETTINGS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {tag: v7, image: \"r.io/team/app:v8\", \
                        host: r.io, parts: \"a,v9\"}\n";

/// An object that some layer has.
#[derive(Clone, Copy, Debug)]
struct Object {
    kind: usize,
    name: &'static str,
    containers: usize,
}

struct Grower {
    rng: Rng,
    files: BTreeMap<String, String>,
    number: usize,
}

/// The tree of a seed.
pub(crate) fn grow(seed: u64) -> Tree {
    let mut grower = Grower { rng: Rng::with_seed(seed), files: BTreeMap::new(), number: 0 };
    let mut objects = grower.layer("base", &[], &[]);
    let mut below = vec!["../base"];
    if grower.one_in(4) {
        objects.extend(grower.layer("other", &[], &[]));
        below.push("../other");
    }
    if grower.one_in(3) {
        objects.extend(grower.layer("middle", &below, &objects));
        below = vec!["../middle"];
    }
    let component = grower.one_in(3);
    if component {
        grower.component(&objects);
    }
    grower.layer("top", &below, &objects);
    if component {
        let top = grower.files.get_mut("top/kustomization.yaml").expect("the layer has its file");
        top.push_str("components: [../component]\n");
    }
    Tree { files: grower.files, start: "top" }
}

impl Grower {
    fn one_in(&mut self, of: usize) -> bool {
        self.rng.usize(..of) == 0
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.rng.usize(..of.len())]
    }

    fn image(&mut self) -> String {
        let behind = self.pick(&["", ":1.0", ":1.0", ":2.0", "@D", ":1.0@D"]).replace('D', DIGEST);
        format!("{}{behind}", self.pick(&NAMES))
    }

    fn layer(&mut self, directory: &str, below: &[&str], known: &[Object]) -> Vec<Object> {
        let mut resources: Vec<String> = below.iter().map(|path| (*path).to_owned()).collect();
        let mut own = Vec::new();
        let count = if below.is_empty() { 1 + self.rng.usize(..3) } else { usize::from(self.one_in(3)) };
        let mut documents = Vec::new();
        for _ in 0..count {
            let names: &[&'static str] = match directory {
                "base" => &["a", "b", "c"],
                "other" => &["d", "e"],
                "middle" => &["f"],
                _ => &["g"],
            };
            let object = Object {
                kind: self.rng.usize(..KINDS.len()),
                name: self.pick(names),
                containers: 1 + self.rng.usize(..3),
            };
            if own.iter().any(|other: &Object| other.kind == object.kind && other.name == object.name) {
                continue;
            }
            own.push(object);
            documents.push(self.object(object));
        }
        match self.rng.usize(..3) {
            0 => {
                for (number, document) in documents.iter().enumerate() {
                    resources.push(format!("r{number}.yaml"));
                    self.files.insert(format!("{directory}/r{number}.yaml"), document.clone());
                }
            }
            1 => {
                resources.push("all.yaml".to_owned());
                self.files.insert(format!("{directory}/all.yaml"), documents.join("---\n"));
            }
            _ => {
                resources.push("list.yaml".to_owned());
                let item = |document: &String| format!("- {}\n", document.trim_end().replace('\n', "\n  "));
                let items: String = documents.iter().map(item).collect();
                let list = if items.is_empty() { "items: []\n".to_owned() } else { format!("items:\n{items}") };
                self.files.insert(format!("{directory}/list.yaml"), format!("apiVersion: v1\nkind: List\n{list}"));
            }
        }
        if directory == "base" {
            resources.push("settings.yaml".to_owned());
            self.files.insert("base/settings.yaml".to_owned(), SETTINGS.to_owned());
        }
        if documents.is_empty() {
            resources.retain(|path| path.starts_with("..") || path.starts_with("r0"));
        }
        let text = format!("resources: [{}]\n", resources.join(", "));
        let objects: Vec<Object> = known.iter().chain(&own).copied().collect();
        let rest = self.rest(directory, &objects);
        self.files.insert(format!("{directory}/kustomization.yaml"), text + &rest);
        own
    }

    fn component(&mut self, objects: &[Object]) {
        let rest = self.rest("component", objects);
        let head = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
        self.files.insert("component/kustomization.yaml".to_owned(), head.to_owned() + &rest);
    }

    /// What a layer does to the objects below it.
    fn rest(&mut self, directory: &str, objects: &[Object]) -> String {
        let mut text = String::new();
        if self.one_in(6) {
            let _ = writeln!(text, "{}", self.pick(&["namePrefix: p-", "nameSuffix: -s", "namespace: ns"]));
        }
        if self.one_in(8) {
            text.push_str("configMapGenerator: [{name: config, literals: [a=b]}]\n");
        }
        if self.one_in(8) {
            text.push_str("labels: [{pairs: {x: z}}]\n");
        }
        self.patches(directory, objects, &mut text);
        self.images(&mut text);
        self.replacements(directory, objects, &mut text);
        self.transformers(directory, &mut text);
        text
    }

    fn images(&mut self, text: &mut String) {
        let count = self.rng.usize(..4);
        if count > 0 {
            text.push_str("images:\n");
        }
        for _ in 0..count {
            let entry = self.entry();
            let _ = writeln!(text, "- {entry}");
        }
    }

    fn entry(&mut self) -> String {
        let name = if self.one_in(3) { self.pick(&PATTERNS) } else { self.pick(&NAMES) };
        let name = if self.one_in(150) { "app(" } else { name };
        let mut fields = vec![format!("name: \"{name}\"")];
        if self.one_in(3) {
            fields.push(format!("newName: {}", self.pick(&NAMES)));
        }
        if !self.one_in(4) {
            fields.push(format!("newTag: {}", self.pick(&["v1", "v2", "1.4.2", "\"1.0\"", "\"3\""])));
        }
        if self.one_in(6) {
            fields.push(format!("digest: {DIGEST}"));
        }
        if self.one_in(12) {
            fields.push("tagSuffix: -x".to_owned());
        }
        format!("{{{}}}", fields.join(", "))
    }

    fn replacements(&mut self, directory: &str, objects: &[Object], text: &mut String) {
        if objects.is_empty() || directory == "other" || !self.one_in(6) {
            return;
        }
        let object = self.pick(objects);
        let (kind, _, path) = KINDS[object.kind];
        let container = self.pick(&["[name=one]", "[name=two]", "0", "*", "[name=one]"]);
        let field = format!("{}.containers.{container}.image", path.join("."));
        let (from, options) = self.pick(&[
            ("tag", "{delimiter: \":\", index: 1}"),
            ("tag", "{delimiter: \":\", index: 1}"),
            ("image", "{}"),
            ("host", "{delimiter: /}"),
            ("host", "{delimiter: /, index: -1}"),
            ("parts", "{delimiter: \":\", index: 5}"),
        ]);
        let part = if from == "parts" { ", options: {delimiter: \",\", index: 1}" } else { "" };
        let _ = write!(
            text,
            "replacements:\n- source: {{kind: ConfigMap, name: settings, fieldPath: data.{from}{part}}}\n  targets:\n  - select: \
             {{kind: {kind}, name: {}}}\n    fieldPaths: [\"{field}\"]\n    options: {options}\n",
            object.name
        );
    }

    fn transformers(&mut self, directory: &str, text: &mut String) {
        if !self.one_in(8) {
            return;
        }
        let object = format!(
            "apiVersion: builtin\nkind: ImageTagTransformer\nmetadata: {{name: t}}\nimageTag: {}\n",
            self.entry()
        );
        if self.one_in(2) {
            text.push_str("transformers: [t.yaml]\n");
            self.files.insert(format!("{directory}/t.yaml"), object);
        } else {
            let _ = write!(text, "transformers:\n- |-\n{}", indented(&object, 2));
        }
    }

    fn object(&mut self, object: Object) -> String {
        let (kind, api, path) = KINDS[object.kind];
        let mut text = format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {}}}\n", object.name);
        let mut pod = self.containers("containers", &["one", "two", "three"][..object.containers]);
        if self.one_in(3) {
            pod += &self.containers("initContainers", &["init"]);
        }
        if self.one_in(4) {
            let image = self.image();
            let _ = write!(
                pod,
                "volumes:\n- name: v\n  image: {{reference: \"{image}\"}}\n- {{name: w, emptyDir: {{}}}}\n"
            );
        }
        for (depth, key) in path.iter().enumerate() {
            let _ = writeln!(text, "{}{key}:", "  ".repeat(depth));
        }
        text + &indented(&pod, 2 * path.len())
    }

    fn containers(&mut self, list: &str, names: &[&str]) -> String {
        let mut text = format!("{list}:\n");
        for name in names {
            let image = self.image();
            let _ = writeln!(text, "- {{name: {name}, image: \"{image}\"}}");
        }
        text
    }
}

fn indented(text: &str, by: usize) -> String {
    text.lines().flat_map(|line| [" ".repeat(by), line.to_owned(), "\n".to_owned()]).collect()
}
