//! The manual: each refusal that it lists is a case or a test, and every link of a page leads somewhere.

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

#[test]
fn every_link_of_a_page_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = Vec::new();
    for directory in ["", "docs", "docs/fr"] {
        let files = fs::read_dir(root.join(directory)).expect("the pages are there");
        pages.extend(files.map(|file| file.expect("it stays").path()));
    }
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    let mut links = 0;
    for page in &pages {
        let text = fs::read_to_string(page).expect("a page is text");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.with_file_name(file) };
            assert!(target.exists(), "{}: {link}", page.display());
            if !heading.is_empty() {
                let text = fs::read_to_string(&target).expect("a page is text");
                let mut headings = text.lines().filter(|line| line.starts_with('#')).map(anchor);
                assert!(headings.any(|known| known == heading), "{}: {link}", page.display());
            }
            links += 1;
        }
    }
    assert!(links > 20, "only {links} links were found");
}

/// What a heading is called in a link.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect::<String>().replace(' ', "-")
}
