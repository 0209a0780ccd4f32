use super::*;
use crate::edit::Written;
use crate::rewrite::Fate;

const OTHERS: &str = "- file: other.yaml # theirs\n  place: image.tag\n  value: v1\n  reason: r\n  by: Bob\n  at: \"2026-01-01T00:00:00Z\"\n";

/// A kustomization with these tags, of which the run writes some: `(index, new)`.
fn kustomization(tags: &[&str], written: &[(usize, &str)]) -> FileRewrite {
    let text = |tags: &[&str]| {
        let entry = |(at, tag): (usize, &&str)| format!("- name: r.io/team/app{at}\n  newTag: \"{tag}\"\n");
        format!("kind: Kustomization\nimages:\n{}", tags.iter().enumerate().map(entry).collect::<String>())
    };
    let mut after = tags.to_vec();
    let place = |(image, (at, new)): (usize, &(usize, &str))| {
        let tag = |text: &str| Written { tag: Some(text.to_owned()), digest: None };
        let (old, new) = (tag(tags[*at]), tag(new));
        let path = format!("images[{at}].newTag");
        edit::Place { image, jobs: vec![0], document: 1, path, line: 4, column: 1, changed: old != new, old, new }
    };
    let places = written.iter().enumerate().map(place).collect();
    for (at, new) in written {
        after[*at] = new;
    }
    FileRewrite { path: "k.yaml".into(), old: text(tags), new: text(&after), places, fate: Fate::Stays }
}

fn entry(place: &str, value: &str, reason: &str) -> String {
    format!(
        "- file: k.yaml\n  place: \"{place}\"\n  value: \"{value}\"\n  reason: {reason}\n  by: Ada\n  at: \"2026-11-26T07:00:00Z\"\n"
    )
}

fn decided(text: &str, file: &FileRewrite, wish: &HoldWish, passage: Passage) -> Decided {
    let run = RunFacts { wish, passage, by: "Ada", at: "2026-11-26T07:00:00Z" };
    decide(Some(text), std::slice::from_ref(file), &run).unwrap()
}

/// The file's text after a run that goes on and changes it; the empty text where the file goes.
fn after(text: &str, file: &FileRewrite, wish: &HoldWish, passage: Passage) -> String {
    match decided(text, file, wish, passage) {
        Decided::Changes { text, .. } => text.unwrap_or_default(),
        other => panic!("{other:?}\n{text}"),
    }
}

fn holding(reason: &str) -> HoldWish {
    HoldWish::Hold { reason: reason.to_owned() }
}

#[test]
fn a_held_place_stops_what_would_change_it_and_nothing_else() {
    let held = format!("{OTHERS}{}", entry("images[0].newTag", "1", "broken"));
    let stops = |tags: &[&str], written: &[(usize, &str)]| {
        decided(&held, &kustomization(tags, written), &HoldWish::Nothing, Passage::Stops)
    };
    let Decided::OnHold(holds) = stops(&["1", "1"], &[(0, "2"), (1, "2")]) else { panic!("it goes on") };
    assert_eq!(holds.len(), 1, "{holds:?}");
    assert_eq!((holds[0].place.as_str(), holds[0].reason.as_str()), ("images[0].newTag", "broken"));
    assert_eq!(stops(&["1", "1"], &[(1, "2")]), Decided::Stays);
    assert_eq!(stops(&["1", "1"], &[(0, "1")]), Decided::Stays);
    // An item came before it.
    let Decided::OnHold(holds) = stops(&["7", "1"], &[(1, "2")]) else { panic!("it goes on") };
    assert_eq!(holds[0].place, "images[1].newTag");
}

#[test]
fn a_void_entry_goes_with_the_next_commit() {
    let void = format!("{}{OTHERS}", entry("images[0].newTag", "1", "broken"));
    assert_eq!(decided(&void, &kustomization(&["2"], &[(0, "2")]), &HoldWish::Nothing, Passage::Stops), Decided::Stays);
    for new in ["3", "1"] {
        let file = kustomization(&["2"], &[(0, new)]);
        assert_eq!(after(&void, &file, &HoldWish::Nothing, Passage::Stops), OTHERS, "{new}");
    }
    // So does one whose place is gone from a file that the run reads.
    let gone = format!("{}{OTHERS}", entry("images[4].newTag", "9", "broken"));
    assert_eq!(after(&gone, &kustomization(&["2"], &[(0, "3")]), &HoldWish::Nothing, Passage::Stops), OTHERS);
}

#[test]
fn a_hold_is_set_once_and_for_every_place_of_the_run() {
    let file = kustomization(&["1", "2"], &[(0, "2"), (1, "2")]);
    let both = after("# ours\n", &file, &holding("broken"), Passage::Stops);
    let entries = format!("{}{}", entry("images[0].newTag", "2", "broken"), entry("images[1].newTag", "2", "broken"));
    assert_eq!(both, format!("# ours\n{entries}"));
    let done = kustomization(&["2", "2"], &[(0, "2"), (1, "2")]);
    assert_eq!(decided(&both, &done, &holding("broken"), Passage::Stops), Decided::Stays);
    let other = after(&both, &done, &holding("worse"), Passage::Stops);
    assert_eq!(other, both.replace("reason: broken", "reason: worse"));
    assert!(matches!(
        decided(&both, &kustomization(&["2", "2"], &[(0, "3")]), &holding("x"), Passage::Stops),
        Decided::OnHold(_)
    ));
}

#[test]
fn a_release_takes_out_the_places_of_the_run_alone() {
    let held = format!("{OTHERS}{}{}", entry("images[0].newTag", "1", "a"), entry("images[1].newTag", "1", "b"));
    let rest = format!("{OTHERS}{}", entry("images[1].newTag", "1", "b"));
    for new in ["1", "2"] {
        assert_eq!(after(&held, &kustomization(&["1", "1"], &[(0, new)]), &HoldWish::Release, Passage::Stops), rest);
    }
    assert_eq!(
        decided(OTHERS, &kustomization(&["1"], &[(0, "1")]), &HoldWish::Release, Passage::Stops),
        Decided::Stays
    );
    let only = entry("images[0].newTag", "1", "a");
    assert_eq!(after(&only, &kustomization(&["1"], &[(0, "2")]), &HoldWish::Release, Passage::Stops), "");
}

#[test]
fn a_rollback_passes_and_takes_the_hold_along() {
    let held = format!("# ours\n{}{OTHERS}", entry("images[0].newTag", "1", "broken"));
    let file = kustomization(&["1"], &[(0, "0.9")]);
    let revised = held.replace("value: \"1\"", "value: \"0.9\"");
    assert_eq!(after(&held, &file, &HoldWish::Nothing, Passage::Passes), revised);
    let new = format!("# ours\n{OTHERS}{}", entry("images[0].newTag", "0.9", "worse"));
    assert_eq!(after(&held, &file, &holding("worse"), Passage::Passes), new);
    assert_eq!(after(&held, &file, &HoldWish::Release, Passage::Passes), format!("# ours\n{OTHERS}"));
}

#[test]
fn a_repository_without_the_file_is_not_looked_into() {
    let run = RunFacts { wish: &HoldWish::Nothing, passage: Passage::Stops, by: "Ada", at: "" };
    assert_eq!(decide(None, &[kustomization(&["1"], &[(0, "2")])], &run), Ok(Decided::Stays));
    assert!(decide(Some("holds: []\n"), &[], &run).is_err());
}
