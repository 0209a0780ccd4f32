//! Kustomization trees by a seed: bases, overlays, components, patches of all forms, entries that match and that don't.

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
const PATTERNS: [&str; 9] = [
    "app:1.0",
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

    fn patches(&mut self, directory: &str, objects: &[Object], text: &mut String) {
        let count = if objects.is_empty() || self.one_in(2) { 0 } else { 1 + self.rng.usize(..2) };
        let mut patches = String::new();
        for _ in 0..count {
            let object = self.pick(objects);
            let is_json = self.one_in(2);
            let body = if is_json { self.json(object) } else { self.merge(object) };
            let target = if is_json || self.one_in(2) { self.target(object) } else { String::new() };
            self.number += 1;
            if self.one_in(2) {
                let file = format!("patch{}.yaml", self.number);
                let _ = write!(patches, "- path: {file}\n{target}");
                self.files.insert(format!("{directory}/{file}"), body);
            } else {
                let _ = write!(patches, "- patch: |-\n{}{target}", indented(&body, 4));
            }
        }
        if !patches.is_empty() {
            let _ = write!(text, "patches:\n{patches}");
        }
        if !objects.is_empty() && self.one_in(10) {
            let object = self.pick(objects);
            let body = self.merge(object);
            let _ = write!(text, "patchesStrategicMerge:\n- |-\n{}", indented(&body, 2));
        }
        if !objects.is_empty() && self.one_in(10) {
            let object = self.pick(objects);
            let (body, target) = (self.json(object), self.target(object));
            let _ = write!(text, "patchesJson6902:\n- patch: |-\n{}{target}", indented(&body, 4));
        }
    }

    fn target(&mut self, object: Object) -> String {
        let (kind, api, _) = KINDS[object.kind];
        let (group, version) = api.split_once('/').unwrap_or(("", api));
        match self.rng.usize(..5) {
            0 => format!("  target: {{kind: {kind}}}\n"),
            1 => format!("  target: {{kind: {kind}, name: {}}}\n", object.name),
            2 => format!("  target: {{kind: {kind}, name: \"[a-c]|{}\", version: {version}}}\n", object.name),
            3 if !group.is_empty() => {
                format!("  target: {{group: {group}, kind: {kind}, name: \".*{}.*\"}}\n", object.name)
            }
            _ => format!("  target: {{kind: {kind}, namespace: default}}\n"),
        }
    }

    fn merge(&mut self, object: Object) -> String {
        let (kind, api, path) = KINDS[object.kind];
        let mut text = format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {}}}\n", object.name);
        let image = self.image();
        let pod = match self.rng.usize(..10) {
            0 => format!("containers:\n- {{name: new, image: \"{image}\"}}\n"),
            1 => "containers:\n- {name: two, $patch: delete}\n".to_owned(),
            2 => format!("containers:\n- $patch: replace\n- {{name: only, image: \"{image}\"}}\n"),
            3 => format!("initContainers:\n- {{name: init, image: \"{image}\"}}\n"),
            4 => format!("volumes:\n- name: v\n  image: {{reference: \"{image}\"}}\n"),
            5 => format!(
                "containers:\n- {{name: two, image: \"{image}\"}}\n- {{name: one, env: [{{name: A, value: b}}]}}\n"
            ),
            6 if self.one_in(3) => return text + "$patch: delete\n",
            7 => "hostname: x\n".to_owned(),
            8 if self.one_in(3) => "containers:\n- {name: one, image: null}\n".to_owned(),
            9 if self.one_in(3) => format!("$patch: replace\ncontainers:\n- {{name: only, image: \"{image}\"}}\n"),
            _ => format!("containers:\n- {{name: one, image: \"{image}\"}}\n"),
        };
        for (depth, key) in path.iter().enumerate() {
            let _ = writeln!(text, "{}{key}:", "  ".repeat(depth));
        }
        text + &indented(&pod, 2 * path.len())
    }

    fn json(&mut self, object: Object) -> String {
        let containers = format!("/{}/containers", KINDS[object.kind].2.join("/"));
        let at = self.rng.usize(..object.containers);
        let image = self.image();
        match self.rng.usize(..8) {
            0 => format!("- {{op: add, path: {containers}/-, value: {{name: new, image: \"{image}\"}}}}\n"),
            1 => format!("- {{op: add, path: {containers}/0, value: {{name: first, image: \"{image}\"}}}}\n"),
            2 => format!("- {{op: remove, path: {containers}/{at}/image}}\n"),
            3 => format!("- {{op: copy, from: {containers}/0, path: {containers}/-}}\n"),
            4 => format!("- {{op: move, from: {containers}/{at}, path: {containers}/0}}\n"),
            5 => format!(
                "- {{op: test, path: {containers}/0/name, value: one}}\n- {{op: replace, path: {containers}/{at}/image, value: \"{image}\"}}\n"
            ),
            6 => format!("- {{op: add, path: {containers}/{at}/image, value: \"{image}\"}}\n"),
            _ => format!("- {{op: replace, path: {containers}/{at}/image, value: \"{image}\"}}\n"),
        }
    }
}

fn indented(text: &str, by: usize) -> String {
    text.lines().flat_map(|line| [" ".repeat(by), line.to_owned(), "\n".to_owned()]).collect()
}
