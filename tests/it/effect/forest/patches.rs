//! Patches of all forms by a seed.

use std::fmt::Write as _;

use super::{Grower, KINDS, Object, indented};

impl Grower {
    pub(super) fn patches(&mut self, directory: &str, objects: &[Object], text: &mut String) {
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
