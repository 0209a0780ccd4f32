//! The versions of histories, by examples and against a model that reads a history from its beginning.

use proptest::prelude::*;

use super::*;

const APP: &str = "r.example.com/team/app";
const WEB: &str = "r.example.com/team/web";

fn held(image: &str, path: &str, text: &str) -> PastPlace {
    let (tag, digest) = text.split_once('@').map_or((text, None), |(tag, digest)| (tag, Some(digest.to_owned())));
    let written = Written { tag: (!tag.is_empty()).then(|| tag.to_owned()), digest };
    let repository = Repository::parse(image).ok();
    PastPlace { file: "values.yaml".into(), document: 1, path: path.into(), repository, written }
}

fn tracked(image: &str, paths: &[&str]) -> Tracked {
    let places = paths.iter().map(|path| held(image, path, "")).collect();
    Tracked { repository: Repository::parse(image).unwrap(), places }
}

fn digest(of: char) -> String {
    format!("sha256:{}", String::from(of).repeat(64))
}

/// A history of one image: a word a commit, the newest first. `~` in front of a version marks a rollback, `-` is no version.
fn history(words: &str) -> History {
    let mut history = History::of(vec![tracked(APP, &["image.tag"])]);
    for (number, word) in words.split_whitespace().enumerate() {
        let left = if word.starts_with('~') { Left::All } else { Left::Nothing };
        let version = word.trim_start_matches('~');
        let places = if version == "-" { Vec::new() } else { vec![held(APP, "image.tag", version)] };
        history.add(Point { id: number.to_string(), ..Point::default() }, left, &places);
    }
    history.end();
    history
}

fn back(history: &History, steps: usize) -> Option<String> {
    match history.back(&Wish::Steps(steps), Grouping::Each) {
        Ok(WayBack::Back(back)) => back.first().map(|back| back.to.to_string()),
        Ok(WayBack::More) => Some("more".to_owned()),
        Err(_) => None,
    }
}

fn ways_back(words: &str) -> Vec<String> {
    let history = history(words);
    (1..20).map_while(|steps| back(&history, steps)).collect()
}

#[test]
fn a_rollback_is_no_version_of_its_own() {
    for (newest_first, versions) in [
        ("3 2 1", "2 1"),
        ("3 3 3 2 2 1 1", "2 1"),
        ("~2 3 2 1", "1"),
        ("~1 ~2 3 2 1", ""),
        ("4 ~2 3 2 1", "2 1"),
        ("~2 4 ~2 3 2 1", "1"),
        ("~1 ~2 4 ~2 3 2 1", ""),
        ("5 ~1 3 2 1", "1"),
        // To one that an earlier rollback had left.
        ("~3 ~2 3 2 1", "2 1"),
        // By hand, without a trailer.
        ("2 3 2 1", "3 2 1"),
        // To what nobody has seen.
        ("~9 3 2 1", "3 2 1"),
        // A trailer on a commit that changed nothing.
        ("3 ~3 2 1", "2 1"),
        ("3 3 ~3 2 1", "2 1"),
        ("3 - 2 - - 1", "2 1"),
        ("3 - 3 2", "2"),
        ("~2 - 3 - 2 1", "1"),
        ("{{.x}} 3 2 1", "2 1"),
        ("3", ""),
        ("-", ""),
    ] {
        let expected: Vec<&str> = versions.split_whitespace().collect();
        assert_eq!(ways_back(newest_first), expected, "{newest_first}");
    }
}

#[test]
fn a_digest_belongs_to_its_version() {
    let (a, b) = (digest('a'), digest('b'));
    let words = format!("2 1@{a} 1 1@{b}");
    assert_eq!(ways_back(&words), [format!("1@{a}"), format!("1@{b}")]);
    // A digest that comes or goes makes no other version. What the place held last counts, and another digest is another version.
    assert_eq!(ways_back(&format!("3 2 2@{a} 1")), ["2", "1"]);
    assert_eq!(ways_back(&format!("3 2 2@{a} 2@{b} 1")), ["2".to_owned(), format!("2@{b}"), "1".to_owned()]);
    assert_eq!(ways_back(&format!("2 @{a} @{b}")), [format!("@{a}"), format!("@{b}")]);
    assert_eq!(ways_back("2 1@sha256:short 0"), ["0"]);
}

#[test]
fn a_tag_is_found_wherever_it_was() {
    let to = |words: &str, tag: &str| history(words).back(&Wish::To(Tag::parse(tag).unwrap()), Grouping::Each);
    let found = |words: &str, tag: &str| match to(words, tag).unwrap() {
        WayBack::Back(back) => back.into_iter().map(|back| (back.to.to_string(), back.at.id)).next(),
        WayBack::More => panic!("more"),
    };
    assert_eq!(found("3 2 1", "1"), Some(("1".into(), "2".into())));
    assert_eq!(found("~2 3 2 1", "3"), Some(("3".into(), "1".into())));
    assert_eq!(found("3 2 1", "3"), None);
    let a = digest('a');
    assert_eq!(found(&format!("3 2@{a} 2 1"), "2"), Some((format!("2@{a}"), "1".into())));
    let many: Vec<String> = (10..30).map(|number| number.to_string()).collect();
    let error = to(&many.join(" "), "9").unwrap_err().to_string();
    assert_eq!(
        error,
        "no place of these images held 9 in the 20 commits that were read; the versions that were found are 10, 11, \
         12, 13, 14, 15, 16, 17, 18, 19 and 10 more"
    );
}

#[test]
fn what_is_missing_is_said() {
    let error = |words: &str, steps| history(words).back(&Wish::Steps(steps), Grouping::Each).unwrap_err().to_string();
    assert_eq!(error("3", 1), format!("{APP}: there is no earlier version in the only commit that was read"));
    assert_eq!(error("3 3", 1), format!("{APP}: there is no earlier version in the 2 commits that were read"));
    assert_eq!(
        error("3 2", 2),
        format!("{APP}: --steps is 2, but the 2 commits that were read have only one earlier version")
    );
    assert_eq!(error("- -", 1), format!("{APP}: no place held a version in the 2 commits that were read"));
}

/// Two images in one file, a word each a commit: `app/web`, the newest first; in front of it `~a`, `~w` or `~aw`.
fn two(words: &str) -> History {
    let mut history = History::of(vec![tracked(APP, &["a.tag"]), tracked(WEB, &["w.tag"])]);
    for word in words.split_whitespace() {
        let (marks, versions) = word.rsplit_once(':').unwrap_or(("", word));
        let (app, web) = versions.split_once('/').unwrap();
        let images = [('a', APP), ('w', WEB)].into_iter().filter(|(mark, _)| marks.contains(*mark));
        let trailers: Vec<String> = images.map(|(_, image)| format!("Rolled-Back-From: {image}:1")).collect();
        let left = Left::of(trailers.iter().map(String::as_str));
        let places = [("a.tag", APP, app), ("w.tag", WEB, web)].into_iter().filter(|place| place.2 != "-");
        let places: Vec<PastPlace> = places.map(|(path, image, text)| held(image, path, text)).collect();
        history.add(Point::default(), left, &places);
    }
    history.end();
    history
}

fn together(words: &str, steps: usize) -> Option<String> {
    match two(words).back(&Wish::Steps(steps), Grouping::Together).ok()? {
        WayBack::Back(back) => {
            let name = |image| if image == 0 { "app" } else { "web" };
            let all: Vec<String> = back.iter().map(|back| format!("{}:{}", name(back.image), back.to)).collect();
            Some(all.join(" "))
        }
        WayBack::More => Some("more".to_owned()),
    }
}

#[test]
fn the_images_of_the_last_change_go_back() {
    for (words, steps, expected) in [
        ("2/1 1/1", 1, Some("app:1")),
        ("2/2 2/1 1/1", 1, Some("web:1")),
        ("2/2 2/1 1/1", 2, Some("app:1 web:1")),
        ("2/2 1/1 0/1", 1, Some("app:1 web:1")),
        ("2/2 1/1 0/1", 2, Some("app:0 web:1")),
        ("2/2 1/1 0/1", 3, None),
        // After a rollback of one of them, the change before is the other's.
        ("a:1/2 2/2 2/1 1/1", 1, Some("web:1")),
        ("aw:1/1 2/2 1/1 0/1", 1, Some("app:0")),
        // An image that came later has no earlier version.
        ("2/1 1/1 1/- 0/-", 2, Some("app:0")),
    ] {
        assert_eq!(together(words, steps).as_deref(), expected, "{words} by {steps}");
    }
}

#[test]
fn places_of_an_image_go_together() {
    let mut history = History::of(vec![tracked(APP, &["a.tag", "b.tag"])]);
    let both = |one: &str, other: &str| [held(APP, "a.tag", one), held(APP, "b.tag", other)];
    history.add(Point::default(), Left::Nothing, &both("3", "3"));
    history.add(Point { id: "0123456789".into(), ..Point::default() }, Left::Nothing, &both("3", "2"));
    history.add(Point::default(), Left::Nothing, &[held(APP, "a.tag", "2")]);
    history.end();
    let error = history.back(&Wish::Steps(1), Grouping::Each).unwrap_err();
    assert_eq!(error.to_string(), format!("the places of {APP} held different versions in 01234567: 3, 2"));
    let WayBack::Back(back) = history.back(&Wish::Steps(2), Grouping::Each).unwrap() else { panic!("more") };
    assert_eq!((back[0].to.to_string().as_str(), back[0].absent.as_slice()), ("2", &[1][..]));
}

#[test]
fn a_place_is_found_where_it_stood() {
    let at = |path: &str, repository: &str| held(repository, path, "1");
    let image = |path: &str| {
        let mut image = tracked(APP, &[path]);
        image.places[0].repository = Repository::parse(APP).ok();
        image
    };
    let found = |path: &str, held: &[PastPlace]| matching::content(&image(path), held).is_some();
    assert!(found("images[1].newTag", &[at("images[0].newTag", APP), at("images[1].newTag", WEB)]));
    assert!(found("images[1].newTag", &[at("images[0].newTag", ""), at("images[2].newTag", WEB)]));
    assert!(!found("images[1].newTag", &[at("images[1].newTag", WEB)]));
    assert!(!found("images[1].newTag", &[at("images[0].newTag", APP), at("images[2].newTag", APP)]));
    assert!(found("images[1].newTag", &[at("images[0].newTag", APP), at("images[0].newTag", APP)]));
    assert!(!found("v1.tag", &[at("v2.tag", APP)]));
    let elsewhere = PastPlace { file: "other.yaml".into(), ..at("a.tag", APP) };
    assert!(!found("a.tag", &[elsewhere]));
    let later = PastPlace { document: 2, ..at("a.tag", APP) };
    assert!(found("a.tag", &[later]));
}

#[test]
fn trailers_name_their_images() {
    let (app, web) = (Repository::parse(APP).unwrap(), Repository::parse(WEB).unwrap());
    let concerns = |message: &str| {
        let left = Left::of([message]);
        (left.concerns(&app), left.concerns(&web))
    };
    assert_eq!(concerns("Roll back\n\nRolled-Back-From: r.example.com/team/app:2\nImage: x\n"), (true, false));
    assert_eq!(concerns("Squashed\n\n    Rolled-Back-From: r.example.com/team/app:2\n\nmore text\n"), (true, false));
    assert_eq!(concerns(&format!("x\n\nRolled-Back-From: {APP}@{}\n", digest('a'))), (true, false));
    assert_eq!(concerns("x\n\nRolled-Back-From: the last version\n"), (true, true));
    assert_eq!(concerns("x\n\nImage: r.example.com/team/app:2\n"), (false, false));
    let left = Version { tag: Tag::parse("2").ok(), digest: Digest::parse(&digest('a')).ok() };
    assert_eq!(trailer::value(APP, &left), format!("{APP}:2@{}", digest('a')));
    assert_eq!(trailer::value(APP, &Version { tag: None, ..left }), format!("{APP}@{}", digest('a')));
}

/// The versions before the last one, by reading the history from its first commit. Each commit has a stack of its own: that of
/// the commit before with its version on it, or for a rollback that of the last commit that had the version.
fn model(oldest_first: &[(u8, bool)]) -> Vec<u8> {
    let mut stacks: Vec<Vec<u8>> = Vec::new();
    for (number, (version, is_rollback)) in oldest_first.iter().enumerate() {
        let before = stacks.last().cloned().unwrap_or_default();
        let earlier = oldest_first[..number].iter().rposition(|(known, _)| known == version);
        let stack = match earlier {
            _ if before.last() == Some(version) => before,
            Some(earlier) if *is_rollback => stacks[earlier].clone(),
            _ => [before, vec![*version]].concat(),
        };
        stacks.push(stack);
    }
    let mut stack = stacks.pop().unwrap_or_default();
    stack.pop();
    stack.reverse();
    stack
}

proptest! {
    #[test]
    fn a_history_is_what_the_model_says(commits in prop::collection::vec((0u8..5, any::<bool>()), 1..40)) {
        let word = |(version, is_rollback): &(u8, bool)| format!("{}{version}", if *is_rollback { "~" } else { "" });
        let words: Vec<String> = commits.iter().rev().map(word).collect();
        let expected: Vec<String> = model(&commits).iter().map(ToString::to_string).collect();
        let found = ways_back(&words.join(" "));
        prop_assert_eq!(&found[..], &expected[..expected.len().min(19)]);
    }

    #[test]
    fn what_is_answered_early_stays_the_answer(
        commits in prop::collection::vec((0u8..4, 0u8..4, 0u8..4), 1..25),
        steps in 1usize..4,
    ) {
        let mark = |mark: u8| ["", "a:", "w:", "aw:"][usize::from(mark)];
        let words: Vec<String> = commits.iter().map(|(app, web, m)| format!("{}{app}/{web}", mark(*m))).collect();
        let whole = two(&words.join(" "));
        for grouping in [Grouping::Each, Grouping::Together] {
            let answer = whole.back(&Wish::Steps(steps), grouping);
            for count in 0..whole.moments.len() {
                let mut part = whole.clone();
                part.moments.truncate(count);
                part.is_over = false;
                let early = part.back(&Wish::Steps(steps), grouping);
                prop_assert!(early == Ok(WayBack::More) || early == answer, "{:?}: {:?} of {:?}", words, early, answer);
            }
        }
    }
}
