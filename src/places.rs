//! The places that targets have in environments, by the files that were found; this module must not ask a server, nor change a
//! text.

#![deny(clippy::disallowed_methods)]

use std::collections::HashMap;

use crate::edit::{self, Holding, MAX_PLACES};
use crate::hold::Entry;
use crate::image::Repository;
use crate::plan::Target;
use crate::rewrite::{self, EffectivePlaces, RewriteError, TargetFiles, Trees};
use crate::text::one_line;
use crate::tree::Found;

/// As many names are told of those that were passed over.
const NAMES: usize = 10;

/// A target in one environment.
pub(crate) struct Spot {
    /// The target's number in the settings of its repository.
    pub(crate) number: usize,
    pub(crate) environment: Option<String>,
    pub(crate) target: Target,
    /// The repository that the config gives the target's image.
    pub(crate) repository: Option<Repository>,
    pub(crate) likelihood: Likelihood,
}

/// Whether a target's file has to be there in an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likelihood {
    /// The target, or the user, says so.
    Said,
    /// It belongs to the environments for which the file is there.
    Tried,
    /// The name is no environment's: that the file is there is said, and no more.
    PassedOver,
}

/// A place in an environment.
pub(crate) struct EnvironmentPlace {
    pub(crate) environment: Option<String>,
    pub(crate) file: String,
    pub(crate) holding: Holding,
    /// Why it stays as it is.
    pub(crate) hold: Option<Entry>,
}

/// What a target's files hold.
#[derive(Default)]
pub(crate) struct TargetPlaces {
    /// The places, each with its file.
    pub(crate) places: Vec<(String, Holding)>,
    /// What the user may not expect, a sentence each.
    pub(crate) problems: Vec<String>,
    /// Why some of the files can't be read.
    pub(crate) errors: Vec<RewriteError>,
    /// How many of the files can be read.
    pub(crate) read: usize,
}

/// What makes a place one: its environment, file, document, path and, where a key stands twice, line.
type Identity = (Option<String>, String, usize, String, usize);

/// Everything that was seen in one repository.
#[derive(Default)]
struct Reader {
    seen: Vec<EnvironmentPlace>,
    known: HashMap<Identity, Vec<usize>>,
    problems: Vec<String>,
    /// The first thing that kept a file from being read.
    first: Option<RewriteError>,
    is_readable: bool,
    /// For each target with `<env>`: whether a file is there, and the names of those that were passed over.
    tried: Vec<(bool, Vec<String>)>,
}

/// The places of all files, and what could not be read; an error when there is no file at all. `files` are the targets'
/// paths as the user wrote them.
pub(crate) fn places(
    spots: &[Spot],
    files: &[String],
    (found, trees): (&[Found], &Trees),
) -> (Result<Vec<EnvironmentPlace>, RewriteError>, Vec<String>) {
    let mut reader = Reader { tried: vec![(false, Vec::new()); files.len()], ..Reader::default() };
    for (spot, found) in spots.iter().zip(found) {
        reader.read_spot(spot, found, trees);
    }
    let tried = std::mem::take(&mut reader.tried);
    for (number, (file, (is_found, passed_over))) in files.iter().zip(tried).enumerate() {
        let is_tried = |spot: &Spot| spot.number == number && spot.likelihood != Likelihood::Said;
        let has_env = file.contains(crate::plan::ENVIRONMENT);
        if has_env
            && !is_found
            && passed_over.is_empty()
            && spots.iter().all(|spot| spot.number != number || is_tried(spot))
        {
            reader.add_problem(format!("{}: no environment has a file at this path", one_line(file)));
        }
        if !passed_over.is_empty() {
            reader.add_problem(not_environments(file, &passed_over));
        }
    }
    let Reader { seen, problems, first, is_readable, .. } = reader;
    match first {
        Some(error) if !is_readable && !spots.is_empty() => (Err(error), problems),
        _ => (Ok(seen), problems),
    }
}

fn not_environments(file: &str, names: &[String]) -> String {
    let shown = names.iter().take(NAMES).map(|name| one_line(name)).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(NAMES);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!(
        "{}: skipped, because these names are not usual names of environments: {shown}{more}; if they are \
         environments, list all environments under environments: in the config file, or set --environment",
        one_line(file)
    )
}

/// What a target holds in the files that were found.
pub(crate) fn held(target: &Target, found: &Found, trees: &Trees) -> Result<TargetPlaces, RewriteError> {
    let TargetFiles { files, notes } = rewrite::files(target, found)?;
    let mut held = read(target, &files, trees);
    held.problems.extend(notes.iter().map(|note| one_line(note)));
    Ok(held)
}

/// Whether an error says that a target's file is not there.
pub(crate) fn is_absent(error: &RewriteError) -> bool {
    match error {
        RewriteError::Missing { .. } => true,
        RewriteError::Kustomizations { names, .. } => names.is_empty(),
        _ => false,
    }
}

fn read(target: &Target, files: &[(String, &[u8])], trees: &Trees) -> TargetPlaces {
    let mut held = TargetPlaces::default();
    let mut listed = Vec::new();
    for (file, bytes) in files {
        match edit::list(file, bytes, &target.kind) {
            Ok(holdings) => {
                held.read += 1;
                if holdings.len() >= MAX_PLACES {
                    let file = one_line(file);
                    let sentence =
                        format!("{file}: more than {MAX_PLACES} places name images: the others are not shown");
                    held.problems.push(sentence);
                }
                listed.extend(holdings.into_iter().map(|holding| (file.clone(), holding)));
            }
            Err(error) => held.errors.push(error.into()),
        }
    }
    let EffectivePlaces { places, problems } = rewrite::running(target, files, listed, trees);
    held.places = places;
    held.problems.extend(problems);
    held
}

impl Reader {
    fn read_spot(&mut self, spot: &Spot, found: &Found, trees: &Trees) {
        let TargetFiles { files, notes } = match rewrite::files(&spot.target, found) {
            Ok(read) => read,
            // The name in the directory was no environment's.
            Err(error) if spot.likelihood != Likelihood::Said && is_absent(&error) => return,
            Err(_) if spot.likelihood == Likelihood::PassedOver => return,
            Err(error) => return self.failed(error),
        };
        if let Some((is_found, passed_over)) = self.tried.get_mut(spot.number) {
            if spot.likelihood == Likelihood::PassedOver {
                passed_over.extend(spot.environment.clone());
                return;
            }
            *is_found = true;
        }
        for note in notes {
            self.add_problem(one_line(&note));
        }
        let TargetPlaces { places, problems, errors, read } = read(&spot.target, &files, trees);
        self.is_readable |= read > 0;
        for problem in problems {
            self.add_problem(problem);
        }
        for error in errors {
            self.failed(error);
        }
        for (file, holding) in places {
            self.add(spot, &file, holding);
        }
    }

    /// Adds a place, once, whatever number of targets name it.
    fn add(&mut self, spot: &Spot, file: &str, holding: Holding) {
        let repository = || spot.repository.clone();
        let holding = Holding { repository: holding.repository.or_else(repository), ..holding };
        let identity =
            (spot.environment.clone(), file.to_owned(), holding.document, holding.path.clone(), holding.line);
        let next = self.seen.len();
        let known = self.known.entry(identity).or_default();
        // One entry of a kustomization can give several images.
        let is_same = |at: &&usize| self.seen.get(**at).is_some_and(|seen| is_same(&seen.holding, &holding));
        let at = known.iter().find(is_same).copied();
        if let Some(known) = at.and_then(|at| self.seen.get_mut(at)) {
            known.holding.repository = known.holding.repository.take().or(holding.repository);
        } else {
            known.push(next);
            self.seen.push(EnvironmentPlace {
                environment: spot.environment.clone(),
                file: file.to_owned(),
                holding,
                hold: None,
            });
        }
    }

    fn failed(&mut self, error: RewriteError) {
        self.add_problem(one_line(&error.to_string()));
        self.first.get_or_insert(error);
    }

    /// Says a sentence, once.
    fn add_problem(&mut self, problem: String) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }
}

/// Whether two holdings of one place say the same.
fn is_same(one: &Holding, other: &Holding) -> bool {
    let is_other = one.repository.is_some() && other.repository.is_some() && one.repository != other.repository;
    !is_other && one.written == other.written
}
