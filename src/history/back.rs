//! Goes back along the versions of some images. This module must not know where the versions come from.

#![deny(clippy::disallowed_methods)]

use super::error::HistoryError;
use super::versions::{Period, Runs, Sight, runs};
use super::{History, Moment, Point, Version};
use crate::image::{Repository, Tag};

/// How many versions a message lists.
const SHOWN: usize = 10;

/// How far to go back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// So many versions.
    Steps(usize),
    /// To this tag, wherever in the history.
    To(Tag),
}

/// What a step is a step of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grouping {
    /// Of each image by itself.
    Each,
    /// Of all images: a step undoes the last change of any of them, and only the images of that change go back.
    Together,
}

/// What is known so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WayBack {
    /// Older commits have to be added first.
    More,
    /// What goes back; nothing where the places hold it already.
    Back(Vec<Return>),
}

/// One image that goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// The image's number.
    pub image: usize,
    /// What its places hold now.
    pub from: Vec<Version>,
    /// What they are to hold.
    pub to: Version,
    /// The newest commit in which they held it.
    pub at: Point,
    /// The places, by their number, that were not there then, or held no version.
    pub absent: Vec<usize>,
    /// That commit's number.
    number: usize,
}

impl History {
    /// What goes back, by what was added so far.
    pub fn back(&self, wish: &Wish, grouping: Grouping) -> Result<WayBack, HistoryError> {
        let all: Vec<usize> = (0..self.images.len()).collect();
        match (wish, grouping) {
            (Wish::To(tag), _) => self.to(tag),
            (Wish::Steps(steps), Grouping::Together) => self.together(*steps),
            (Wish::Steps(steps), Grouping::Each) => self.each(&all, *steps),
        }
    }

    /// The version of an image before one that it could go back to; the answer is none where there is no older one.
    pub fn older(&self, than: &Return) -> Option<Option<Version>> {
        let sights = self.sights(than.image);
        let known = runs(&sights, self.is_over);
        let at = known.all.iter().position(|run| run.newest == than.number);
        let older = if let Some(at) = at {
            known.all.get(at + 1).cloned()
        } else {
            let later = sights.get(than.number..).unwrap_or_default();
            runs(later, self.is_over).all.get(1).cloned()
        };
        match older {
            Some(run) => Some(run.versions.into_iter().next()),
            None if self.is_over => Some(None),
            None => None,
        }
    }

    fn each(&self, images: &[usize], steps: usize) -> Result<WayBack, HistoryError> {
        let mut back = Vec::new();
        for &image in images {
            let known = runs(&self.sights(image), self.is_over).all;
            match known.get(steps) {
                Some(run) => back.push(self.to_run(image, run, &known)?),
                None if self.is_over => return Err(self.no_earlier(&[image], steps, &known)),
                None => return Ok(WayBack::More),
            }
        }
        Ok(WayBack::Back(back))
    }

    fn together(&self, steps: usize) -> Result<WayBack, HistoryError> {
        let all: Vec<Runs> = (0..self.images.len()).map(|image| runs(&self.sights(image), self.is_over)).collect();
        let mut at = vec![0; all.len()];
        for step in 0..steps {
            match last_change(&all, &at, self.is_over) {
                Change::Unknown => return Ok(WayBack::More),
                Change::None => {
                    let images: Vec<usize> = (0..all.len()).collect();
                    let longest = all.iter().map(|known| &known.all).max_by_key(|runs| runs.len());
                    let known = longest.map(Vec::as_slice).unwrap_or_default();
                    return Err(self.no_earlier(&images, steps, known.get(..=step).unwrap_or(known)));
                }
                Change::At(commit) => {
                    for (known, at) in all.iter().zip(&mut at) {
                        *at += usize::from(written(known, *at) == Some(commit));
                    }
                }
            }
        }
        let back = all.iter().zip(at).enumerate().filter(|(_, (_, at))| *at > 0).filter_map(|(image, (known, at))| {
            let run = known.all.get(at)?;
            Some(self.to_run(image, run, &known.all))
        });
        Ok(WayBack::Back(back.collect::<Result<_, _>>()?))
    }

    fn to(&self, tag: &Tag) -> Result<WayBack, HistoryError> {
        let is_there = |version: &Version| version.tag.as_ref() == Some(tag);
        let (mut back, mut is_known) = (Vec::new(), false);
        for image in 0..self.images.len() {
            let sights = self.sights(image);
            let now = sights.iter().find_map(|sight| sight.content).map(|content| content.versions.clone());
            if now.as_ref().is_some_and(|now| now.iter().all(is_there)) {
                is_known = true;
                continue;
            }
            let held = sights.iter().enumerate().find_map(|(number, sight)| {
                Some((number, sight.content?.versions.iter().find(|version| is_there(version))?))
            });
            match held {
                Some((number, version)) => {
                    back.push(self.to_version(image, number, (now.unwrap_or_default(), version.clone())));
                }
                None if self.is_over => {}
                None => return Ok(WayBack::More),
            }
        }
        if back.is_empty() && !is_known {
            return Err(self.never(tag));
        }
        Ok(WayBack::Back(back))
    }

    fn sights(&self, image: usize) -> Vec<Sight<'_>> {
        let repository = self.images.get(image).map(|image| &image.repository);
        self.moments.iter().map(|moment| sight(moment, image, repository)).collect()
    }

    fn to_run(&self, image: usize, run: &Period, known: &[Period]) -> Result<Return, HistoryError> {
        let from = known.first().map(|now| now.versions.clone()).unwrap_or_default();
        match run.versions.as_slice() {
            [only] => Ok(self.to_version(image, run.newest, (from, only.clone()))),
            several => Err(HistoryError::Several {
                image: self.name(image),
                commit: self.point(run.newest).id,
                versions: several.iter().map(ToString::to_string).collect(),
            }),
        }
    }

    fn to_version(&self, image: usize, number: usize, (from, to): (Vec<Version>, Version)) -> Return {
        let content = self.moments.get(number).and_then(|moment| moment.contents.get(image)?.as_ref());
        let absent = content.map(|content| content.absent.clone()).unwrap_or_default();
        Return { image, from, to, at: self.point(number), absent, number }
    }

    fn point(&self, number: usize) -> Point {
        self.moments.get(number).map(|moment| moment.point.clone()).unwrap_or_default()
    }

    fn name(&self, image: usize) -> String {
        self.images.get(image).map(|image| image.repository.to_string()).unwrap_or_default()
    }

    fn no_earlier(&self, images: &[usize], steps: usize, known: &[Period]) -> HistoryError {
        HistoryError::NoEarlier {
            images: images.iter().map(|image| self.name(*image)).collect(),
            steps,
            versions: known.len(),
            looked: self.depth(),
        }
    }

    fn never(&self, tag: &Tag) -> HistoryError {
        let mut seen: Vec<String> = Vec::new();
        let contents = self.moments.iter().flat_map(|moment| moment.contents.iter().flatten());
        for version in contents.flat_map(|content| &content.versions) {
            let text = version.tag.as_ref().map_or_else(|| version.to_string(), |tag| tag.as_str().to_owned());
            if !seen.contains(&text) {
                seen.push(text);
            }
        }
        let more = seen.len().saturating_sub(SHOWN);
        seen.truncate(SHOWN);
        HistoryError::Never { tag: tag.as_str().to_owned(), seen, more, looked: self.depth() }
    }
}

/// What a commit says of one image.
fn sight<'h>(moment: &'h Moment, image: usize, repository: Option<&Repository>) -> Sight<'h> {
    Sight {
        content: moment.contents.get(image).and_then(Option::as_ref),
        is_rollback: repository.is_some_and(|image| moment.left.concerns(image)),
    }
}

/// Which commit changed any of the images last.
enum Change {
    /// Older commits may tell.
    Unknown,
    /// There is none.
    None,
    /// This one, by its number.
    At(usize),
}

/// The last change, when each image has gone back to one of its versions.
fn last_change(all: &[Runs], at: &[usize], is_over: bool) -> Change {
    let is_last = |known: &Runs, at: usize| at + 1 >= known.all.len();
    let changes = all.iter().zip(at).filter_map(|(known, at)| written(known, *at));
    let Some(last) = changes.min() else {
        return if is_over { Change::None } else { Change::Unknown };
    };
    // The point that a rollback went back to, or a version that goes on in older commits, can be a later change.
    let may_be_later = |known: &Runs, at: usize| {
        is_last(known, at) && (known.is_searching || known.all.last().is_some_and(|run| run.written < last))
    };
    if !is_over && all.iter().zip(at).any(|(known, at)| may_be_later(known, *at)) {
        return Change::Unknown;
    }
    Change::At(last)
}

/// The commit that wrote a version, where an older one is known.
fn written(known: &Runs, at: usize) -> Option<usize> {
    known.all.get(at).filter(|_| at + 1 < known.all.len()).map(|run| run.written)
}
