//! Helm values in layers, as Argo CD hands them to Helm: whatever is edited by matching, the real helm renders the wanted image.

use std::fmt::Write as _;

use gitops_bump::edit::{Job, Kind, KnownDigest, Rules, Wanted, rewrite};
use gitops_bump::image::Reference;
use serde_json::Value;

use crate::samples::{NEW_DIGEST, OLD_DIGEST};
use crate::world::{World, helm_template_with};

const CHART: &str = "apiVersion: v2\nname: app\nversion: 0.1.0\n";
/// As charts have it in which a digest wins over the tag.
const IMAGE: &str = "{{ .repository }}{{ with .digest }}@{{ . }}{{ else }}:{{ .tag }}{{ end }}";

/// What one layer says: the repository, the tag, the digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Says(bool, bool, bool);

impl Says {
    const ALL: [Self; 6] = [
        Self(false, false, false),
        Self(true, true, false),
        Self(false, true, false),
        Self(true, false, false),
        Self(false, false, true),
        Self(true, true, true),
    ];

    fn pairs(self, tag: &'static str, repository: &'static str) -> Vec<(&'static str, &'static str)> {
        let Self(has_repository, has_tag, has_digest) = self;
        let pairs = [
            (has_repository, ("repository", repository)),
            (has_tag, ("tag", tag)),
            (has_digest, ("digest", OLD_DIGEST)),
        ];
        pairs.into_iter().filter_map(|(has, pair)| has.then_some(pair)).collect()
    }
}

/// An Application with these layers. The upper layer may name another repository than the lower one.
fn application(upper: Says, lower: Says, is_text: bool, repository: &'static str) -> String {
    let mut text = String::from(
        "kind: Application\nspec:\n  source:\n    helm:\n      parameters:\n      - {name: x, value: y}\n",
    );
    for (key, value) in upper.pairs("1.4.1", repository) {
        let _ = writeln!(text, "      - {{name: image.{key}, value: '{value}'}}");
    }
    text.push_str(if is_text { "      values: |\n" } else { "      valuesObject:\n" });
    text.push_str("        y: 1\n        image:\n          x: 1\n");
    for (key, value) in lower.pairs("1.4.0", "r.io/team/app") {
        let _ = writeln!(text, "          {key}: {value}");
    }
    text
}

/// What helm renders for an Application.
fn rendered(world: &World, application: &str) -> String {
    let read: Value = serde_yaml::from_str(application).expect("it is YAML");
    let helm = &read["spec"]["source"]["helm"];
    let values = helm["values"].as_str().map_or_else(|| helm["valuesObject"].to_string(), str::to_owned);
    world.write("chart/values-app.yaml", values);
    let parameters = helm["parameters"].as_array().expect("it is a list");
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    let sets = parameters.iter().map(|item| format!("{}={}", text(&item["name"]), text(&item["value"])));
    let out = helm_template_with(&world.work().join("chart"), "values-app.yaml", &sets.collect::<Vec<_>>());
    let line = out.lines().find_map(|line| line.trim().strip_prefix("image: ")).expect("the image is rendered");
    line.trim_matches('"').to_owned()
}

#[test]
fn whatever_is_edited_in_a_layer_is_what_helm_renders() {
    let world = World::new();
    world.write("chart/Chart.yaml", CHART);
    let template = format!("kind: X\n{{{{- with .Values.image }}}}\nimage: \"{IMAGE}\"\n{{{{- end }}}}\n");
    world.write("chart/templates/x.yaml", template);
    let reference = Reference::parse(&format!("r.io/team/app:1.4.2@{NEW_DIGEST}")).expect("it is a reference");
    let wanted = [Wanted {
        repository: reference.repository,
        tag: Some(reference.tag.expect("it has a tag")),
        digest: KnownDigest::on_the_users_word(reference.digest),
        same: Vec::new(),
    }];
    let jobs = [Job { kind: Kind::Manifest, images: vec![0], rules: Rules::default() }];
    let (mut edited, mut left, mut refused) = (0, 0, 0);
    for (upper, lower) in Says::ALL.into_iter().flat_map(|upper| Says::ALL.map(|lower| (upper, lower))) {
        for (is_text, repository) in
            [(false, "r.io/team/app"), (true, "r.io/team/app"), (false, "r.io/o/o"), (true, "r.io/o/o")]
        {
            if repository == "r.io/o/o" && !upper.0 {
                continue;
            }
            let before = application(upper, lower, is_text, repository);
            let was = rendered(&world, &before);
            let has_version = upper.1 || lower.1 || upper.2 || lower.2;
            let is_ours = was.starts_with("r.io/team/app") && has_version;
            match rewrite("app.yaml", before.as_bytes(), &jobs, &wanted) {
                Ok(result) if result.places.is_empty() => {
                    assert!(!is_ours, "{upper:?} {lower:?}: {was} is deployed and not found\n{before}");
                    assert_eq!(result.text, before);
                    left += 1;
                }
                Ok(result) => {
                    let is = rendered(&world, &result.text);
                    let has_digest = upper.2 || lower.2;
                    let should = if has_digest {
                        format!("r.io/team/app@{NEW_DIGEST}")
                    } else {
                        "r.io/team/app:1.4.2".to_owned()
                    };
                    assert_eq!(is, should, "{upper:?} {lower:?}\n{}", result.text);
                    assert!(is_ours, "{was} is another image\n{before}");
                    edited += 1;
                }
                Err(error) => {
                    assert!(is_ours || lower.0 || upper.0, "{error}\n{before}");
                    // The digest that wins stands above the tag that wins, or below it.
                    let is_split = is_text && (upper.2 || lower.2) && upper.1 != upper.2;
                    assert!(is_split || error.to_string().contains("without a tag"), "{error}\n{before}");
                    refused += 1;
                }
            }
        }
    }
    assert!(edited > 20 && left > 10 && refused > 3, "{edited} edited, {left} left, {refused} refused");
}
