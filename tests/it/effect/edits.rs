//! Edits of random trees, judged by what the real tool builds before and after: exit 0 means that the wanted image is there and
//! nothing else has changed.

use std::collections::BTreeMap;

use fastrand::Rng;
use gitops_bump::edit::{Kind, KnownDigest, Pin, Reason, Rules, Wanted};
use gitops_bump::image::{Digest, Reference, Repository, Tag};
use gitops_bump::kustomize::{Border, normal};
use gitops_bump::plan::Target;
use gitops_bump::rewrite::{self, Rewrite, RewriteError, Trees};
use gitops_bump::tree::{Found, Want};
use serde_yaml::Value;

use super::forest::{NAMES, Tree};
use super::judge::{self, Image};

const TAG: &str = "9.9.9";
const OTHER_TAG: &str = "8.8.8";
const DIGEST: &str = "sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

/// What is asked of a tree: of the kustomization that is built, and now and then of its base, too.
#[derive(Debug)]
pub(crate) struct Ask {
    targets: Vec<Target>,
    wanted: Vec<Wanted>,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Written, and the real tool builds it.
    Right,
    /// Written where the tree can't be followed to its end.
    Unjudged,
    /// Refused, and the same edit would have had no effect or another one.
    Refused,
    /// Refused for what no build can judge: a missing digest, a suffix, another repository.
    Otherwise,
    /// Refused, and the same edit would have had the wanted effect and no other.
    Needlessly(String),
    /// Not what was wanted.
    Wrong(String),
}

/// An ask by a seed: images that are built there more often than not.
pub(crate) fn ask(seed: u64, tree: &Tree, built: &[Image]) -> Ask {
    let mut rng = Rng::with_seed(seed ^ 0x00ed_175e);
    let repository = repository(&mut rng, built);
    let entries = entries(tree);
    let name = (rng.usize(..4) == 0).then(|| match entries.get(rng.usize(..entries.len().max(1))) {
        Some(entry) => entry["name"].as_str().unwrap_or_default().to_owned(),
        None => repository.clone(),
    });
    let has_digest = rng.usize(..2) == 0;
    let pin = if has_digest && rng.usize(..2) == 0 { Pin::Digest } else { Pin::Tag };
    let create = rng.usize(..3) > 0;
    let kind = if rng.usize(..5) == 0 { Kind::Manifest } else { Kind::Kustomize { name } };
    let any_repository = rng.usize(..6) == 0;
    let rules = Rules { pin, create, any_repository, any_tag: true };
    let mut wanted = vec![wanted(&repository, TAG, has_digest)];
    if !kind.is_addressed() && rng.usize(..4) == 0 {
        let other = self::repository(&mut rng, built);
        let parse = |name: &str| Repository::parse(name).expect("it is a repository");
        if !parse(&other).is_same_as(&parse(&repository)) {
            wanted.push(self::wanted(&other, OTHER_TAG, has_digest));
        }
    }
    let file = if rng.usize(..4) == 0 { format!("{}/kustomization.yaml", tree.start) } else { tree.start.to_owned() };
    let mut targets = vec![Target { file, kind, images: (0..wanted.len()).collect(), rules }];
    if tree.start != "base" && rng.usize(..5) == 0 {
        let kind = if rng.usize(..2) == 0 { Kind::Manifest } else { Kind::Kustomize { name: None } };
        targets.push(Target { file: "base".to_owned(), kind, images: vec![0], rules });
    }
    Ask { targets, wanted }
}

fn repository(rng: &mut Rng, built: &[Image]) -> String {
    let repository = match built.get(rng.usize(..built.len().max(1))) {
        Some([.., image]) if rng.usize(..4) > 0 => name_of(image).to_owned(),
        _ => NAMES[rng.usize(..NAMES.len())].to_owned(),
    };
    // Docker Hub's images have several spellings.
    match repository.strip_prefix("docker.io/") {
        Some(short) if rng.usize(..3) == 0 => short.to_owned(),
        None if repository == "team/app" && rng.usize(..3) == 0 => format!("docker.io/{repository}"),
        _ => repository,
    }
}

fn wanted(repository: &str, tag: &str, has_digest: bool) -> Wanted {
    let digest = has_digest.then(|| Digest::parse(DIGEST).expect("it is a digest"));
    Wanted {
        repository: Repository::parse(repository).expect("it is a repository"),
        tag: Some(Tag::parse(tag).expect("it is a tag")),
        digest: KnownDigest::on_the_users_word(digest),
        same: Vec::new(),
    }
}

/// Has the tool do it, and the real tool build what came of it.
pub(crate) fn judge(ask: &Ask, tree: &Tree, before: &[Image]) -> Verdict {
    match rewritten(ask, tree) {
        Ok(rewrite) => {
            let changed = rewrite.files.iter().map(|file| (file.path.clone(), file.new.clone()));
            let files: BTreeMap<String, String> = tree.files.clone().into_iter().chain(changed).collect();
            let mut verdict = Verdict::Right;
            for start in std::iter::once(tree.start).chain((ask.targets.len() > 1).then_some("base")) {
                let old = Tree { files: tree.files.clone(), start };
                let is_complete = judge::read(&old).model().is_complete();
                let directory = tempfile::tempdir().expect("a directory can be made");
                let before = judge::build(&old, directory.path()).unwrap_or_default();
                match effect(ask, &before, &Tree { files: files.clone(), start }) {
                    Ok(()) => {}
                    Err(_) if !is_complete => verdict = Verdict::Unjudged,
                    Err(words) => return Verdict::Wrong(format!("{start}: {words}\n{ask:#?}\n{:#?}", rewrite.notes)),
                }
            }
            verdict
        }
        Err(error) if is_about_effect(&error) => match forced(ask, tree).map(|tree| effect(ask, before, &tree)) {
            Some(Ok(())) => Verdict::Needlessly(format!("{error}\n{ask:#?}")),
            _ => Verdict::Refused,
        },
        Err(_) => Verdict::Otherwise,
    }
}

fn is_about_effect(error: &RewriteError) -> bool {
    match error {
        RewriteError::NoEffect { .. } | RewriteError::OtherEffect(_) | RewriteError::Unpinned(_) => true,
        RewriteError::Edit(error) => matches!(error.reason, Reason::Dead(_) | Reason::DeadNew { .. }),
        _ => false,
    }
}

fn rewritten(ask: &Ask, tree: &Tree) -> Result<Rewrite, RewriteError> {
    let targets = ask.targets.as_slice();
    let trees = Trees::read(targets, Border::Inside, |want| Some(judge::find(tree, &normal(want.path))));
    let find = |want: Want<'_>| judge::find_picked(tree, want.path, want.pick);
    let found: Vec<Found> = rewrite::wants(targets).into_iter().map(find).collect();
    rewrite::rewrite(targets, (&found, &trees), &ask.wanted)
}

/// Whether a tree builds the wanted image, and nothing else otherwise than before.
fn effect(ask: &Ask, before: &[Image], tree: &Tree) -> Result<(), String> {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let after = judge::build(tree, directory.path())?;
    let key = |image: &Image| [image[0].clone(), image[1].clone(), image[2].clone(), image[3].clone()];
    let old: BTreeMap<[String; 4], &str> = before.iter().map(|image| (key(image), image[4].as_str())).collect();
    if old.len() != after.len() {
        return Err("other images are built".to_owned());
    }
    for image in &after {
        let was = old.get(&key(image)).copied().ok_or("another object is built")?;
        if was != image[4] && (!is_wanted(ask, &image[4]) || (was.contains('@') && !image[4].contains('@'))) {
            return Err(format!("{was} has become {}", image[4]));
        }
    }
    let is_built = after.iter().any(|image| is_wanted(ask, &image[4]));
    if is_built || is_in_text_alone(ask, before, tree) {
        Ok(())
    } else {
        Err("the wanted image is not built".to_owned())
    }
}

/// Whether a target of manifests has the image in a text alone, as in a `ConfigMap`, so that no build can show it.
fn is_in_text_alone(ask: &Ask, before: &[Image], tree: &Tree) -> bool {
    let is_own = |image: &Image| {
        let built = Repository::parse(name_of(&image[4]));
        built.is_ok_and(|built| ask.wanted.iter().any(|wanted| built.is_same_as(&wanted.repository)))
    };
    let is_manifest = |target: &Target| target.file == tree.start && target.kind == Kind::Manifest;
    ask.targets.iter().any(is_manifest) && !before.iter().any(is_own)
}

fn is_wanted(ask: &Ask, image: &str) -> bool {
    let Ok(reference) = Reference::parse(image) else { return false };
    ask.wanted.iter().any(|wanted| {
        let digest = wanted.digest.digest();
        let is_tag = reference.tag.is_some() && reference.tag == wanted.tag;
        let is_digest = reference.digest.is_some() && reference.digest.as_ref() == digest;
        let is_own = reference.repository.is_same_as(&wanted.repository);
        let takes_any = ask.targets.iter().any(|target| target.rules.any_repository);
        (is_own || takes_any)
            && (is_digest && reference.tag.is_none() || is_tag && (is_digest || reference.digest.is_none()))
    })
}

/// The same edit by hand, in all entries that name the image, or in a new one.
fn forced(ask: &Ask, tree: &Tree) -> Option<Tree> {
    let ([target], [wanted]) = (ask.targets.as_slice(), ask.wanted.as_slice()) else { return None };
    let Kind::Kustomize { name } = &target.kind else { return None };
    let file = format!("{}/kustomization.yaml", tree.start);
    let mut entries = entries(tree);
    let mut is_there = false;
    for entry in &mut entries {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
        let own = text("newName").or_else(|| text("name").map(|name| name_of(&name).to_owned()));
        let is_own =
            own.and_then(|own| Repository::parse(&own).ok()).is_some_and(|own| own.is_same_as(&wanted.repository));
        if name.as_ref().map_or(is_own, |name| text("name").as_ref() == Some(name)) {
            is_there = true;
            write(target, entry);
        }
    }
    if !is_there && target.rules.create {
        let name = name.clone().unwrap_or_else(|| wanted.repository.to_string());
        let mut entry = Value::Mapping(serde_yaml::Mapping::new());
        entry["name"] = name.into();
        write(target, &mut entry);
        entries.push(entry);
        is_there = true;
    }
    let text = tree.files.get(&file).filter(|_| is_there)?;
    let mut whole: Value = serde_yaml::from_str(text).ok()?;
    whole["images"] = Value::Sequence(entries);
    let mut files = tree.files.clone();
    files.insert(file, serde_yaml::to_string(&whole).ok()?);
    Some(Tree { files, start: tree.start })
}

fn write(target: &Target, entry: &mut Value) {
    let has_digest = entry.get("digest").is_some();
    if entry.get("newTag").is_some() || !has_digest {
        entry["newTag"] = TAG.into();
    }
    if has_digest || target.rules.pin == Pin::Digest {
        entry["digest"] = DIGEST.into();
    }
}

fn entries(tree: &Tree) -> Vec<Value> {
    let text = tree.files.get(&format!("{}/kustomization.yaml", tree.start)).map_or("", String::as_str);
    let whole: Value = serde_yaml::from_str(text).unwrap_or_default();
    whole.get("images").and_then(Value::as_sequence).cloned().unwrap_or_default()
}

fn name_of(image: &str) -> &str {
    gitops_bump::kustomize::split(image).name
}
