//! The model of kustomization trees against `kubectl kustomize`: equal, or the model says what it can't follow.
//!
//! `scripts/effect SECONDS` goes through new trees for that long; `GITOPS_BUMP_TEST_SEED` names the first one.

mod forest;
mod judge;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What came out of some trees.
#[derive(Debug, Default)]
struct Counts {
    trees: usize,
    images: usize,
    incomplete: usize,
    refused: usize,
    /// The reasons why readings were incomplete that the tool did not refuse.
    reasons: BTreeMap<String, usize>,
}

impl Counts {
    fn check(&mut self, seed: u64) {
        let tree = forest::grow(seed);
        let model = judge::model(&tree);
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
}

#[test]
fn effect_for_seconds() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let Some(seconds) = number("GITOPS_BUMP_TEST_EFFECT_SECONDS") else {
        println!("GITOPS_BUMP_TEST_EFFECT_SECONDS is not set: scripts/effect sets it");
        return;
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut seed = number("GITOPS_BUMP_TEST_SEED").unwrap_or(1000);
    let mut counts = Counts::default();
    while Instant::now() < end {
        counts.check(seed);
        seed += 1;
    }
    let mut reasons = String::new();
    for (reason, count) in &counts.reasons {
        let _ = write!(reasons, "\n  {count} {reason}");
    }
    let Counts { trees, images, incomplete, refused, .. } = counts;
    println!("{trees} trees, {images} images, {refused} refused by both, {incomplete} incomplete, 0 wrong{reasons}");
}
