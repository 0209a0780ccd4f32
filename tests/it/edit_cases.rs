//! The edit's cases: every directory of `tests/cases/edit` is a file, the arguments, and the file after or the refusal.
//!
//! `arguments` begins with a line `# REASON`; then come flags as `gitops-bump set` takes them, one per line, with
//! `file.yaml` for the file. Beside it stand `file.yaml` and either `after.yaml` or `refusal.txt`.

#![allow(clippy::unwrap_used, reason = "a case that can't be read is a failed test")]

use std::fs;
use std::path::{Path as FilePath, PathBuf};

use gitops_bump::edit::{Job, Kind, KnownDigest, Path, Pin, Rewritten, Rules, Wanted, rewrite};
use gitops_bump::image::Reference;

const FILE: &str = "file.yaml";

/// What a case asks for.
struct Arguments {
    wanted: Vec<Wanted>,
    jobs: Vec<Job>,
}

#[test]
fn every_case_holds() {
    let cases = cases();
    assert!(cases.len() > 100, "only {} cases were found", cases.len());
    let failures: Vec<_> = cases.iter().filter_map(|case| run(case).err()).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n\n"));
}

fn cases() -> Vec<PathBuf> {
    let all = FilePath::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/edit");
    let mut cases: Vec<_> =
        fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

fn run(case: &FilePath) -> Result<(), String> {
    let name = case.file_name().unwrap().to_string_lossy().into_owned();
    let arguments = arguments(&fs::read_to_string(case.join("arguments")).unwrap());
    let before = fs::read(case.join(FILE)).unwrap();
    let wrong =
        |what: &str, is: &str, should: &str| Err(format!("{name}: {what}\n--- is\n{is}\n--- should be\n{should}"));
    let refusal = fs::read_to_string(case.join("refusal.txt")).ok();
    match (edit(&before, &arguments), refusal) {
        (Err(is), Some(should)) if is == should.trim_end() => Ok(()),
        (Err(is), should) => wrong("refused", &is, &should.unwrap_or_default()),
        (Ok(is), Some(should)) => wrong("not refused", &is.text, &should),
        (Ok(is), None) => {
            let should = fs::read_to_string(case.join("after.yaml")).unwrap();
            if is.text != should {
                return wrong("other text", &is.text, &should);
            }
            let is_changed = is.places.iter().any(|place| place.changed);
            if is_changed != (is.text.as_bytes() != before) {
                return Err(format!("{name}: the places do not tell whether the text changed"));
            }
            match edit(is.text.as_bytes(), &arguments) {
                Ok(again) if again.text == is.text => Ok(()),
                Ok(again) => wrong("a second run changes it again", &again.text, &is.text),
                Err(error) => wrong("a second run is refused", &error, ""),
            }
        }
    }
}

fn edit(text: &[u8], arguments: &Arguments) -> Result<Rewritten, String> {
    let Arguments { wanted, jobs } = arguments;
    let result = rewrite(FILE, text, jobs, wanted).map_err(|error| error.to_string())?;
    let matches = |job: usize| result.places.iter().any(|place| place.jobs.contains(&job));
    if (0..jobs.len()).all(matches) {
        Ok(result)
    } else {
        Err(format!("nothing matches; the file names [{}]", result.held.join(", ")))
    }
}

fn arguments(text: &str) -> Arguments {
    assert!(text.starts_with("# "), "a case begins with its reason");
    let mut rules = Rules::default();
    let mut wanted = Vec::new();
    let mut kinds = Vec::new();
    for line in text.lines().skip(1) {
        let (flag, value) = line.split_once(' ').unwrap_or((line, ""));
        let place = value.strip_prefix(FILE).map(|place| place.trim_start_matches(':').to_owned());
        let place = place.filter(|place| !place.is_empty());
        match flag {
            "--image" => wanted.push(image(value)),
            "--helm" => kinds.push(Kind::Helm { path: place.map(|path| Path::parse(&path).unwrap()) }),
            "--kustomize" => kinds.push(Kind::Kustomize { name: place }),
            "--manifest" => kinds.push(Kind::Manifest),
            "--pin" => rules.pin = if value == "digest" { Pin::Digest } else { Pin::Tag },
            "--create" => rules.create = true,
            "--any-repository" => rules.any_repository = true,
            "--any-tag" => rules.any_tag = true,
            other => panic!("{other} is no flag of a case"),
        }
    }
    let images: Vec<_> = (0..wanted.len()).collect();
    let job = |kind| Job { kind, images: images.clone(), rules };
    Arguments { jobs: kinds.into_iter().map(job).collect(), wanted }
}

fn image(text: &str) -> Wanted {
    let reference = Reference::parse(text).unwrap();
    Wanted {
        repository: reference.repository,
        tag: Some(reference.tag.unwrap()),
        digest: KnownDigest::on_the_users_word(reference.digest),
        same: Vec::new(),
    }
}
