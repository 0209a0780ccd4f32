//! The manual: each refusal that it lists is a case or a test.

use std::fs;
use std::path::Path;

#[test]
fn every_refusal_of_the_manual_is_backed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manual = fs::read_to_string(root.join("docs/rewrite.md")).expect("the manual is there");
    let (_, section) = manual.split_once("\n## Refused\n").expect("the manual has the section");
    let (section, _) = section.split_once("\n## ").expect("another section follows");
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert!(rows.len() >= 25, "only {} rows were found", rows.len());

    let tests: String = ["rules.rs", "set.rs", "set_atomic.rs"]
        .map(|file| fs::read_to_string(root.join("tests/it").join(file)).expect("tests are there"))
        .concat();
    for row in rows {
        let cases = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let mut named = 0;
        for case in cases.split('`').skip(1).step_by(2) {
            let refusal = |of: &str| root.join("tests/cases").join(of).join(case).join("refusal.txt").is_file();
            let is_refused = refusal("edit") || refusal("tree");
            assert!(is_refused || tests.contains(&format!("fn {case}()")), "{case} is no refusal\n{row}");
            named += 1;
        }
        assert!(named > 0, "no case backs this row: {row}");
    }
}
