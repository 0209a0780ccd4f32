//! From what was found to targets: what varies with the environment alone becomes one of them; this module must not look
//! into a file.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use super::{Item, Maker, Proposal, Section, Target, TargetOptions, is_within};
use crate::init::collect::WritablePlace;
use crate::init::environments::ENVIRONMENT;
use crate::kustomize::directory;

/// How many files and places a comment names.
const NAMED: usize = 6;

/// What makes items one target: the file, maybe with `<env>`, the rest of the target, and why it is not in force.
type Key = (String, TargetOptions, usize, Option<String>);

impl Maker<'_> {
    /// The proposal with all that was found.
    pub(super) fn finish(mut self) -> Proposal {
        let mut groups: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
        for (number, item) in self.items.iter().enumerate() {
            let path = self.path(item.file);
            let file = self.environments.of_file(path).map_or(path, |member| member.pattern.as_str());
            let key = (file.to_owned(), item.how.clone(), item.image, item.but.clone());
            groups.entry(key).or_default().push(number);
        }
        let mut groups: Vec<(Key, Vec<usize>)> = groups.into_iter().collect();
        groups.sort_by_key(|((_, _, image, but), items)| (but.is_some(), items.first().copied(), *image));
        let mut proposal = Proposal::default();
        for ((file, how, image, but), items) in groups {
            proposal.items.push(self.target((file, how, image, but), &items));
        }
        proposal.items.sort_by_key(|target| (target.section, target.but.is_some()));
        self.check(&mut proposal);
        self.say_what_is_left_out(&mut proposal);
        self.tags(&mut proposal);
        self.unused(&proposal);
        proposal.remarks = self.remarks;
        proposal.images = self.images;
        proposal
    }

    fn target(&self, (file, how, image, but): Key, items: &[usize]) -> Target {
        let items: Vec<&Item> = items.iter().map(|number| &self.items[*number]).collect();
        let environments: BTreeSet<String> =
            items.iter().filter_map(|item| self.environment_of(item).map(str::to_owned)).collect();
        // One environment's file is called by its name.
        let file = match (items.as_slice(), environments.len()) {
            ([item], 1) => self.path(item.file),
            _ => file.as_str(),
        };
        let file = if how.section == Section::Kustomize { directory(file) } else { file };
        Target {
            section: how.section,
            file: if file.is_empty() { ".".to_owned() } else { file.to_owned() },
            path: how.path.clone(),
            name: how.name.clone(),
            images: BTreeSet::from([image]),
            is_for_all: false,
            create: how.create,
            any_repository: how.any_repository,
            environments,
            why: self.why(image, &items),
            but,
        }
    }

    /// What was seen of an image at a target.
    fn why(&self, image: usize, items: &[&Item]) -> Vec<String> {
        let spots: Vec<&WritablePlace> = items.iter().flat_map(|item| &item.spots).collect();
        let paths: BTreeSet<&str> = spots.iter().map(|spot| spot.path.as_str()).collect();
        let old: BTreeSet<&str> = spots.iter().map(|spot| spot.old.as_str()).filter(|old| !old.is_empty()).collect();
        let mut place = format!("{}: {}", self.images[image].name, listed(&paths.into_iter().collect::<Vec<_>>()));
        if let ([_], [spot]) = (items, spots.as_slice()) {
            place = format!("{place}, line {}", spot.line);
        }
        if !old.is_empty() {
            place = format!("{place}; now {}", listed(&old.into_iter().collect::<Vec<_>>()));
        }
        let mut why = vec![place];
        if items.iter().any(|item| item.how.create) {
            why.push("this place has no tag yet: create: true adds it".to_owned());
        } else if spots.iter().any(|spot| spot.old.is_empty()) {
            let is_values = items.iter().any(|item| item.how.section == Section::Helm);
            why.push(if is_values { self.blank(items) } else { "this place has no tag yet, and gets one".to_owned() });
        }
        for note in items.iter().flat_map(|item| &item.notes) {
            if !why.contains(note) && why.len() < NAMED {
                why.push(note.clone());
            }
        }
        why
    }

    /// What stands for a blank tag so far.
    fn blank(&self, items: &[&Item]) -> String {
        let charts = items.iter().flat_map(|item| {
            let path = self.path(item.file);
            self.collected.charts.iter().filter(move |(chart, _)| is_within(path, chart))
        });
        match charts.max_by_key(|(chart, _)| chart.len()) {
            Some((_, Some(version))) => {
                format!("the tag is empty: the chart uses appVersion of Chart.yaml, {version}")
            }
            _ => "the tag is empty: the chart uses its default, most often its appVersion".to_owned(),
        }
    }

    /// The environments that a target with `<env>` leaves out, as far as nothing else in force is theirs.
    fn say_what_is_left_out(&self, proposal: &mut Proposal) {
        let all = proposal.environments.clone();
        let known: BTreeSet<&str> = self.environments.names();
        let covered: BTreeSet<(usize, String)> = proposal
            .targets()
            .flat_map(|target| {
                target.images.iter().flat_map(|image| target.environments.iter().map(|name| (*image, name.clone())))
            })
            .collect();
        for target in proposal.items.iter_mut().filter(|it| it.but.is_none() && it.file.contains(ENVIRONMENT)) {
            let is_left_out = |name: &&&str| {
                let own = target.file.replace(ENVIRONMENT, name);
                let is_there = all.contains(**name) || self.is_there(&own);
                is_there && !target.images.iter().any(|image| covered.contains(&(*image, (**name).to_owned())))
            };
            let left_out: Vec<String> = known
                .iter()
                .filter(is_left_out)
                .map(|name| {
                    let own = target.file.replace(ENVIRONMENT, name);
                    let why = if self.is_there(&own) { "has no such place" } else { "does not exist" };
                    format!("{name} ({own} {why})")
                })
                .collect();
            if !left_out.is_empty() {
                let names: Vec<&str> = left_out.iter().map(String::as_str).collect();
                target.why.push(format!("environments without it: {}", listed(&names)));
            }
        }
    }

    fn is_there(&self, file: &str) -> bool {
        let in_it = |name: &&str| self.files.has(&format!("{file}/{name}"));
        self.files.has(file) || ["kustomization.yaml", "kustomization.yml", "Kustomization"].iter().any(in_it)
    }

    /// A tag that a place in force holds, for every environment.
    fn tags(&self, proposal: &mut Proposal) {
        for item in self.items.iter().filter(|item| item.but.is_none()) {
            let tags = item.spots.iter().filter_map(|spot| spot.old.split('@').next()).filter(|tag| !tag.is_empty());
            let environment = self.environment_of(item).map(str::to_owned);
            for tag in tags {
                proposal.tags.entry(environment.clone()).or_insert_with(|| tag.to_owned());
            }
        }
    }

    /// Images that nothing is proposed for.
    fn unused(&mut self, proposal: &Proposal) {
        for (number, image) in self.images.iter_mut().enumerate() {
            image.is_used = proposal.targets().any(|target| target.images.contains(&number));
            if image.is_used {
                continue;
            }
            let seen = proposal.items.iter().find(|target| target.images.contains(&number));
            let what = match seen.and_then(|target| target.but.as_ref()) {
                Some(but) => format!("none of its places has an effect: {but}"),
                None => "no file names it in a place that can be edited".to_owned(),
            };
            self.remarks.push(format!("{}: {what}", image.repository));
        }
    }
}

/// The first few of them.
pub(super) fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > NAMED { format!("{shown}, …") } else { shown }
}
