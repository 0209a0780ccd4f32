//! From what was found to targets: what varies with the environment alone becomes one of them; this module must not look
//! into a file.

#![deny(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};

use super::{Item, Key, Maker, Needs, Proposal, Section, Target, is_within};
use crate::init::collect::Spot;
use crate::init::environments::{self, ENVIRONMENT, directory};

/// How many files and places a comment names.
const NAMED: usize = 6;

/// Files that become one target.
struct Group {
    file: String,
    environments: BTreeMap<String, usize>,
    items: Vec<usize>,
}

impl Maker<'_> {
    /// The proposal with all that was found.
    pub(super) fn finish(mut self) -> Proposal {
        let mut groups = self.groups();
        self.hold_guesses(&groups);
        if !self.items.iter().any(|item| item.but.is_none()) {
            self.free_one();
        }
        groups.sort_by(|one, other| (one.items.first(), &one.file).cmp(&(other.items.first(), &other.file)));
        let creates = self.items.iter().any(|item| item.but.is_none() && item.needs == Needs::Create);
        let mut proposal = Proposal { creates, ..Proposal::default() };
        for group in &groups {
            self.targets(group, creates, &mut proposal);
        }
        proposal.items.sort_by_key(|target| (target.section, target.but.is_some()));
        self.unused(&proposal);
        proposal.remarks = self.remarks;
        proposal.images = self.images;
        proposal
    }

    /// Files that vary with the environment alone become one group.
    fn groups(&mut self) -> Vec<Group> {
        let open = |item: &Item| item.but.is_none() || item.needs == Needs::Create;
        let files: BTreeSet<usize> = self.items.iter().filter(|item| open(item)).map(|item| item.file).collect();
        let mut by_file: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (number, item) in self.items.iter().enumerate() {
            by_file.entry(item.file).or_default().push(number);
        }
        let patterns = environments::patterns(files.iter().map(|file| (*file, self.path(*file))));
        let mut done: BTreeSet<usize> = BTreeSet::new();
        let mut groups = Vec::new();
        for (pattern, files) in patterns {
            let mut by_key: BTreeMap<Key<'_>, Vec<usize>> = BTreeMap::new();
            for number in files.values().filter_map(|file| by_file.get(file)).flatten().copied() {
                let item = &self.items[number];
                if !done.contains(&number) && open(item) {
                    by_key.entry(item.key()).or_default().push(number);
                }
            }
            let mut partial = Vec::new();
            let mut whole = Vec::new();
            for items in by_key.into_values() {
                let holders: BTreeSet<usize> = items.iter().map(|item| self.items[*item].file).collect();
                let is_whole = holders.len() == files.len();
                if is_whole { whole.extend(items) } else { partial.extend(items) }
            }
            done.extend(&whole);
            if !whole.is_empty() {
                groups.push(Group { file: pattern.path.clone(), environments: files.clone(), items: whole });
            }
            if !pattern.is_guess {
                for number in partial {
                    let names: Vec<&str> = files.keys().map(String::as_str).collect();
                    let but = format!("not every environment ({}) has it", listed(&names));
                    self.items[number].but.get_or_insert(but);
                }
            }
        }
        for (number, item) in self.items.iter().enumerate().filter(|(number, _)| !done.contains(number)) {
            let same = groups.iter_mut().find(|group| {
                group.environments.is_empty() && group.items.iter().all(|other| self.items[*other].file == item.file)
            });
            match same {
                Some(group) => group.items.push(number),
                None => groups.push(Group {
                    file: self.path(item.file).to_owned(),
                    environments: BTreeMap::new(),
                    items: vec![number],
                }),
            }
        }
        groups
    }

    /// A new entry for an image that no file names could go into one kustomization; among several nobody can choose.
    fn hold_guesses(&mut self, groups: &[Group]) {
        for image in 0..self.images.len() {
            let creates = |item: &usize| {
                let item = &self.items[*item];
                item.image == image
                    && item.section == Section::Kustomize
                    && item.needs == Needs::Create
                    && item.but.is_none()
            };
            let several = groups.iter().filter(|group| group.items.iter().any(creates)).count() > 1;
            for item in self.items.iter_mut().filter(|item| several && item.image == image) {
                if item.section == Section::Kustomize && item.needs == Needs::Create {
                    item.but.get_or_insert_with(|| "no file says which kustomization has the image".to_owned());
                }
            }
        }
    }

    /// Where everything differs between the environments, the first one is proposed.
    fn free_one(&mut self) {
        let differs = |item: &&mut Item| {
            item.needs == Needs::Nothing
                && item.but.as_ref().is_some_and(|but| but.starts_with("not every environment"))
        };
        let first = self.items.iter_mut().find(differs).map(|item| item.file);
        for item in self.items.iter_mut().filter(differs).filter(|item| Some(item.file) == first) {
            item.but = None;
        }
    }

    /// A group's targets: one for all its images where the file names no other, else one for each.
    fn targets(&mut self, group: &Group, creates: bool, proposal: &mut Proposal) {
        let mut together: BTreeMap<(Section, Option<String>), Vec<usize>> = BTreeMap::new();
        let mut alone = Vec::new();
        let mut by_image: BTreeMap<(Key<'_>, Option<&str>), Vec<usize>> = BTreeMap::new();
        for number in &group.items {
            let item = &self.items[*number];
            by_image.entry((item.key(), item.but.as_deref())).or_default().push(*number);
        }
        for ((key, but), items) in by_image {
            let is_joinable = !creates && key.1.is_none() && but.is_none();
            if is_joinable {
                together.entry((key.0, None)).or_default().extend(items);
            } else {
                alone.push(items);
            }
        }
        for ((section, _), items) in together {
            if self.is_all(&items) {
                proposal.items.push(self.target(group, section, &items, None));
            } else {
                let images: BTreeSet<usize> = items.iter().map(|item| self.items[*item].image).collect();
                for image in images {
                    let own: Vec<usize> =
                        items.iter().copied().filter(|item| self.items[*item].image == image).collect();
                    proposal.items.push(self.target(group, section, &own, Some(image)));
                }
            }
        }
        for items in alone {
            let Some(item) = items.first().map(|item| &self.items[*item]) else { continue };
            proposal.items.push(self.target(group, item.section, &items, Some(item.image)));
        }
        let is_used = group.items.iter().any(|item| self.items[*item].but.is_none());
        if is_used {
            proposal.environments.extend(group.environments.keys().cloned());
        }
        for item in &group.items {
            let item = &self.items[*item];
            self.images[item.image].is_used |= item.but.is_none();
        }
    }

    /// Whether the items are all that their files name of the proposed images.
    fn is_all(&self, items: &[usize]) -> bool {
        let own: BTreeSet<(usize, usize)> =
            items.iter().map(|item| (self.items[*item].file, self.items[*item].image)).collect();
        let files: BTreeSet<usize> = own.iter().map(|(file, _)| *file).collect();
        files.into_iter().all(|file| {
            let images = (0..self.images.len()).filter(|image| !own.contains(&(file, *image)));
            images.into_iter().all(|image| !self.seen(file).names(&self.images[image].repository))
        })
    }

    fn target(&self, group: &Group, section: Section, items: &[usize], image: Option<usize>) -> Target {
        let first = items.first().map(|item| &self.items[*item]);
        let directory = if section == Section::Kustomize { directory(&group.file) } else { &group.file };
        let mut why = Vec::new();
        if !group.environments.is_empty() {
            let names: Vec<&str> = group.environments.keys().map(String::as_str).collect();
            why.push(format!("{ENVIRONMENT}: {}", listed(&names)));
        }
        let images: BTreeSet<usize> = items.iter().map(|item| self.items[*item].image).collect();
        for image in images {
            let own: Vec<&Item> =
                items.iter().map(|item| &self.items[*item]).filter(|item| item.image == image).collect();
            why.extend(self.why(image, &own));
        }
        Target {
            section,
            file: if directory.is_empty() { ".".to_owned() } else { directory.to_owned() },
            path: first.and_then(|item| item.path.clone()),
            image,
            why,
            but: first.and_then(|item| item.but.clone()),
        }
    }

    /// What was seen of an image at a target.
    fn why(&self, image: usize, items: &[&Item]) -> Vec<String> {
        let spots: Vec<&Spot> = items.iter().flat_map(|item| &item.spots).collect();
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
        if items.iter().any(|item| item.needs == Needs::Create) {
            why.push("nothing is written there yet: create: true adds it".to_owned());
        } else if spots.iter().any(|spot| spot.old.is_empty()) {
            why.push(self.blank(items));
        }
        if let Some(base) = items.iter().find_map(|item| item.base) {
            why.push(format!("only the tag stands there; the repository is that of {}", self.path(base)));
        }
        why
    }

    /// What stands for a blank tag so far.
    fn blank(&self, items: &[&Item]) -> String {
        let charts = items.iter().flat_map(|item| {
            let path = self.path(item.file);
            self.collected.versions.iter().filter(move |(chart, _)| is_within(path, chart))
        });
        match charts.max_by_key(|(chart, _)| chart.len()) {
            Some((_, version)) => format!("the tag is blank: so far it is appVersion of Chart.yaml, {version}"),
            None => "the tag is blank: so far it is what the chart makes of that, most often its appVersion".to_owned(),
        }
    }

    /// Images that nothing is proposed for.
    fn unused(&mut self, proposal: &Proposal) {
        for (number, image) in self.images.iter().enumerate().filter(|(_, image)| !image.is_used) {
            let seen = proposal.items.iter().find(|target| target.image == Some(number));
            let what = match seen.and_then(|target| target.but.as_ref()) {
                Some(but) => format!("it has no place that is in force: {but}"),
                None => "no file names it in a place that can be written".to_owned(),
            };
            self.remarks.push(format!("{}: {what}", image.repository));
        }
    }
}

/// The first few of them.
fn listed(names: &[&str]) -> String {
    let shown = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > NAMED { format!("{shown}, …") } else { shown }
}
