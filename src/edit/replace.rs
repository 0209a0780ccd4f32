//! Values at PATHs get other values, whatever they are; this module must not know what an image is.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, HashMap};

use super::document::{Document, Node, Shape, Style};
use super::error::{Outcome, Reason};
use super::nested::Nested;
use super::path::Path;
use super::plan::{Plan, is_right};
use super::recognise::text::not_scalar;
use super::resolve::{Resolved, missing, resolve};
use super::splice::{Edit, Expected, What};
use super::tag_source::TagSource;
use super::{insert, proof, quoting, reading, sops, splice};

/// The text with these values at their paths.
pub(super) fn replaced(text: &str, values: &[(Path, &str)]) -> Outcome<String> {
    let document = reading::read(text)?;
    let edits = edits(&document, values)?;
    let text = splice::apply(text, &edits)?;
    proof::prove(&document, &text, &edits)?;
    Ok(text)
}

fn edits(document: &Document<'_>, values: &[(Path, &str)]) -> Outcome<Vec<Edit>> {
    let mut plan = Plan::default();
    let mut bare: BTreeMap<Node, &str> = BTreeMap::new();
    let mut texts: BTreeMap<Node, Vec<(Path, &str)>> = BTreeMap::new();
    for (path, value) in values {
        match resolve(document, path)? {
            Resolved::Node(node) => {
                require_scalar(document, node)?;
                if is_bare(document, node, value) {
                    bare.insert(node, value);
                } else {
                    plan.value(document, node, (*value).to_owned())?;
                }
            }
            Resolved::Text { node, rest } => {
                texts.entry(node).or_default().push((Path { segments: rest.to_vec() }, value));
            }
            Resolved::Missing { stop, rest } => {
                return Err(missing(document, path, stop, rest, TagSource::Nowhere));
            }
        }
    }
    plan.values.retain(|node, text| !is_right(document, *node, text));
    bare.retain(|node, text| document.value(*node) != *text);
    let mut touched: Vec<(Node, bool)> = plan.touched().chain(bare.keys().map(|node| (*node, false))).collect();
    let mut edits = insert::edits(document, &plan)?;
    for (node, text) in bare {
        splice::refuse_typed(document, node)?;
        edits.push(written_bare(document, node, text));
    }
    for (node, values) in texts {
        let own = in_text(document, node, &values)?;
        touched.extend((!own.is_empty()).then_some((node, false)));
        edits.extend(own);
    }
    sops::guard(document, &touched)?;
    insert::ordered(edits)
}

/// The edits of a literal text that holds a file of its own.
fn in_text(document: &Document<'_>, node: Node, values: &[(Path, &str)]) -> Outcome<Vec<Edit>> {
    let nested = Nested::of(document, node)?;
    let inner = nested.read(HashMap::new())?;
    let own = edits(&inner, values).map_err(|refusal| nested.refusal(refusal))?;
    if own.is_empty() {
        return Ok(Vec::new());
    }
    let text = splice::apply(inner.text, &own)?;
    proof::prove(&inner, &text, &own).map_err(|refusal| nested.refusal(refusal))?;
    nested.edits(&own)
}

fn require_scalar(document: &Document<'_>, node: Node) -> Outcome<()> {
    if !document.is_scalar(node) {
        return document.refuse(node, not_scalar(document, node));
    }
    if sops::is_encrypted(document.value(node)) {
        return document.refuse(node, Reason::Encrypted);
    }
    Ok(())
}

/// Whether a number stands in a number's place, or a truth value in one's: then it stays one.
fn is_bare(document: &Document<'_>, node: Node, value: &str) -> bool {
    let is_plain = document.shape(node) == Shape::Scalar(Style::Plain) && document.tag(node).is_none();
    is_plain && quoting::is_like(document.value(node), value)
}

fn written_bare(document: &Document<'_>, node: Node, text: &str) -> Edit {
    let expected = Expected { depth: document.record(node).depth, what: What::Bare(text.to_owned()) };
    Edit {
        range: document.start(node)..document.end(node),
        text: text.to_owned(),
        at: node,
        replaces: true,
        expects: vec![expected],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(before: &str, values: &[(&str, &str)], after: &str) {
        let values: Vec<_> = values.iter().map(|(path, value)| (Path::parse(path).unwrap(), *value)).collect();
        match replaced(before, &values) {
            Ok(text) => assert_eq!(text, after),
            Err(refusal) => assert!(refusal.reason.to_string().contains(after), "{before:?}: {}", refusal.reason),
        }
    }

    #[test]
    fn a_value_keeps_its_style_and_its_type() {
        check("namespace: shop # here\n", &[("namespace", "shop-x")], "namespace: shop-x # here\n");
        check("a: {host: 'x.example'}\n", &[("a.host", "it's")], "a: {host: 'it''s'}\n");
        check("a: \"x\"\n", &[("a", "say \"é\"")], "a: \"say \\\"é\\\"\"\n");
        check("a: x\n", &[("a", "1.10")], "a: \"1.10\"\n");
        check("a: x\n", &[("a", "a: b #c")], "a: \"a: b #c\"\n");
        check("a:\n", &[("a", "x")], "a: x\n");
        check("replicas: 3\n", &[("replicas", "1")], "replicas: 1\n");
        check("on: true\n", &[("on", "false")], "on: false\n");
        check("on: true\n", &[("on", "1")], "on: \"1\"\n");
        check("port: '80'\n", &[("port", "81")], "port: '81'\n");
        check("a: x\n", &[("a", "x")], "a: x\n");
        check(
            "- name: a\n  v: 1\n- name: b\n  v: 2\n",
            &[("[name=b].v", "3")],
            "- name: a\n  v: 1\n- name: b\n  v: 3\n",
        );
        check("t: |\n  a: x\n  b: y\n", &[("t.b", "z"), ("t.a", "w")], "t: |\n  a: w\n  b: z\n");
        check("a: &n shop\nb: x\r\n", &[("a", "z")], "a: &n z\nb: x\r\n");
        check("a: x\n", &[("a", "y")], "a: \"y\"\n");
    }

    #[test]
    fn refuses_what_is_no_single_value() {
        check("a: {b: 1}\n", &[("a", "x")], "mapping");
        check("a: [1]\n", &[("a", "x")], "list");
        check("a: &n x\nb: *n\n", &[("b", "y")], "alias");
        check("a: x\n", &[("b", "y")], "the path b does not exist");
        check("a: x\n", &[("a", "y"), ("a", "z")], "different values");
        check("a: |\n  long\n", &[("a", "x")], "multi-line");
        check("a: ENC[x]\n", &[("a", "y")], "SOPS");
        check("a: !!int 3\n", &[("a", "y")], "has the YAML tag");
        check("a: x\na: y\n", &[("a", "z")], "twice");
        check("a: x\n---\na: y\n", &[("a", "z")], "several documents");
    }
}
