//! The model of kustomization trees against `kubectl kustomize`: equal, or the model says what it can't follow.
//!
//! `scripts/effect SECONDS` goes through new trees for that long; `GITOPS_BUMP_TEST_SEED` names the first one.

mod edits;
pub(crate) mod forest;
pub(crate) mod judge;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use gitops_bump::kustomize::{Entry, Step, shadowed_by};
use tempfile::TempDir;

use self::edits::Verdict;
use self::forest::Tree;

/// What came out of some trees.
#[derive(Debug, Default)]
struct Counts {
    trees: usize,
    images: usize,
    incomplete: usize,
    refused: usize,
    right: usize,
    refusals: usize,
    otherwise: usize,
    unjudged: usize,
    needless: Vec<String>,
    /// The reasons why readings were incomplete that the tool did not refuse.
    reasons: BTreeMap<String, usize>,
}

impl Counts {
    fn check(&mut self, seed: u64) {
        let tree = forest::grow(seed);
        let model = judge::read(&tree).model();
        let directory = tempfile::tempdir().expect("a directory can be made");
        let built = judge::build(&tree, directory.path());
        self.trees += 1;
        self.refused += usize::from(built.is_err());
        match &built {
            Ok(built) if model.is_complete() => {
                self.images += built.len();
                let images = judge::images(&model);
                if *built != images {
                    let only = |one: &[judge::Image], other: &[judge::Image]| -> Vec<String> {
                        one.iter().filter(|image| !other.contains(image)).map(|image| image.join(" ")).collect()
                    };
                    let (built, said) = (only(built, &images), only(&images, built));
                    fail(seed, directory, &format!("built {built:#?}\nand not {said:#?}"));
                }
            }
            Err(words) if model.is_complete() => {
                fail(seed, directory, &format!("refused, and the model is complete: {words}"))
            }
            Ok(_) => {
                self.incomplete += 1;
                for gap in &model.gaps {
                    *self.reasons.entry(gap.why.clone()).or_default() += 1;
                }
            }
            Err(_) => {}
        }
        if let Ok(built) = &built {
            self.edit(seed, &tree, built);
        }
        // The base is a kustomization, too, and has the most manifests.
        let base = Tree { start: "base", ..tree };
        if seed.is_multiple_of(3)
            && let Ok(built) = judge::build_in(directory.path(), base.start)
        {
            self.edit(seed, &base, &built);
        }
    }

    fn edit(&mut self, seed: u64, tree: &Tree, built: &[judge::Image]) {
        let ask = edits::ask(seed, tree, built);
        match edits::judge(&ask, tree, built) {
            Verdict::Right => self.right += 1,
            Verdict::Unjudged => self.unjudged += 1,
            Verdict::Refused => self.refusals += 1,
            Verdict::Otherwise => self.otherwise += 1,
            Verdict::Needlessly(words) => self.needless.push(format!("seed {seed}: {words}")),
            Verdict::Wrong(words) => panic!("seed {seed} in {}: {words}\n{:#?}", tree.start, tree.files),
        }
    }
}

fn fail(seed: u64, directory: TempDir, words: &str) -> ! {
    panic!("seed {seed}, kept in {}: {words}", directory.keep().display());
}

#[test]
fn effect_the_model_is_what_kustomize_builds() {
    let mut counts = Counts::default();
    for seed in 0..40 {
        counts.check(seed);
    }
    assert!(counts.images > 100, "{counts:?}");
    assert!(counts.incomplete < 10, "{counts:?}");
    assert!(counts.right > 5 && counts.refusals > 2 && counts.needless.is_empty(), "{counts:#?}");
}

fn deployment(image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  template:\n    spec:\n      \
         containers:\n        - {{name: web, image: \"{image}\"}}\n"
    )
}

/// A change of a layer's entries.
enum Change {
    Replace(usize, Entry),
    Append(Entry),
}

/// What an entry does to an image below its layer.
#[derive(Debug, PartialEq, Eq)]
enum Reach {
    Unmatched,
    Overridden(Step),
    Decides,
}

fn reach(files: &[(&str, &str)], layer: &str, change: &Change) -> Vec<Reach> {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let tree = judge::read(&Tree { files, start: "top" });
    let mut entries = tree.entries(layer).to_vec();
    let number = match change {
        Change::Replace(number, entry) => {
            entries[*number] = entry.clone();
            *number
        }
        Change::Append(entry) => {
            entries.push(entry.clone());
            entries.len() - 1
        }
    };
    let model = tree.model_with(layer, &entries);
    assert!(model.is_complete(), "{model:?}");
    let is_own = |step: &Step| matches!(step, Step::Entry { layer: of, index, .. } if of == layer && *index == number);
    let below = model.images.iter().filter(|image| image.seen_by(layer).is_some());
    let reach = below.map(|image| match image.decided_by() {
        Some(step) if is_own(step) => Reach::Decides,
        Some(step) if image.steps.iter().any(is_own) => Reach::Overridden(step.clone()),
        _ => Reach::Unmatched,
    });
    reach.collect()
}

fn wanted(name: &str) -> Entry {
    Entry { name: name.to_owned(), new_tag: Some("2".to_owned()), ..Entry::default() }
}

#[test]
fn effect_an_entry_behind_a_rename_has_none() {
    let base = "resources: [d.yaml]\nimages: [{name: app, newName: r.io/app, newTag: v1}]\n";
    let deployment = deployment("app");
    let files = [
        ("base/d.yaml", deployment.as_str()),
        ("base/kustomization.yaml", base),
        ("top/kustomization.yaml", "resources: [../base]\nimages: [{name: app, newTag: v1}]\n"),
    ];
    let layer = "top/kustomization.yaml";
    assert_eq!(reach(&files, layer, &Change::Replace(0, wanted("app"))), [Reach::Unmatched]);
    assert_eq!(reach(&files, layer, &Change::Append(wanted("docker.io/r.io/app"))), [Reach::Unmatched]);
    assert_eq!(reach(&files, layer, &Change::Append(wanted("r.io/app"))), [Reach::Decides]);
    let renaming = Entry { new_name: Some("r.io/app".to_owned()), ..wanted("app") };
    let base = reach(&files, "base/kustomization.yaml", &Change::Replace(0, renaming.clone()));
    assert_eq!(base, [Reach::Decides]);
    let entries = [renaming, wanted("app")];
    assert_eq!(shadowed_by(&entries, 1), Some(0));
    assert_eq!(shadowed_by(&entries, 0), None);
}

#[test]
fn effect_what_wins_over_an_entry_is_named() {
    let deployment = deployment("r.io/app:v1");
    let patch = "resources: [../base]\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: replace\n      \
                 path: /spec/template/spec/containers/0/image\n      value: r.io/app:v3\n";
    let files = [
        ("base/d.yaml", deployment.as_str()),
        ("base/kustomization.yaml", "resources: [d.yaml]\n"),
        ("top/kustomization.yaml", patch),
    ];
    let file = "top/kustomization.yaml".to_owned();
    let step = Step::Patched { layer: file.clone(), file: file.clone(), line: 7, text: "r.io/app:v3".to_owned() };
    let below = reach(&files, "base/kustomization.yaml", &Change::Append(wanted("r.io/app")));
    assert_eq!(below, [Reach::Overridden(step)]);
    assert_eq!(reach(&files, &file, &Change::Append(wanted("r.io/app"))), [Reach::Decides]);
}

/// Checks one seed after the other for as long as `scripts/effect` says; false where it says nothing.
pub(crate) fn check_for_seconds(mut check: impl FnMut(u64)) -> bool {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let Some(seconds) = number("GITOPS_BUMP_TEST_EFFECT_SECONDS") else {
        return false;
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut seed = number("GITOPS_BUMP_TEST_SEED").unwrap_or(1000);
    while Instant::now() < end {
        check(seed);
        seed += 1;
    }
    true
}

#[test]
fn effect_for_seconds() {
    let mut counts = Counts::default();
    if !check_for_seconds(|seed| counts.check(seed)) {
        println!("GITOPS_BUMP_TEST_EFFECT_SECONDS is not set: scripts/effect sets it");
        return;
    }
    let mut reasons = String::new();
    for (reason, count) in &counts.reasons {
        let _ = write!(reasons, "\n  {count} {reason}");
    }
    let Counts { trees, images, incomplete, refused, right, refusals, otherwise, unjudged, needless, .. } = counts;
    println!("{trees} trees, {images} images, {refused} refused by both, {incomplete} incomplete, 0 wrong{reasons}");
    println!(
        "edits: {right} right, {refusals} refused for their effect, {otherwise} for other reasons, {unjudged} in incomplete \
         trees, 0 wrong, {} refused needlessly",
        needless.len()
    );
    for words in needless {
        println!("{words}");
    }
}
