//! The exact edit: a file's text and what is wanted in, the text with only the wanted values changed out.
//! This module must not know where the text comes from or goes to.
//!
//! What is asked of a file is a `job`, what comes out of it `rewritten`. One pass per file: index all documents (`reading`, `document`), recognise what in them is an image (`recognise`), select
//! from that (`at_path`, `matching`, `kustomize`) and write down what is to be written (`place`, `sharing`) into a plan and
//! a ledger of places (`plan`, `ledger`); refuse what SOPS has signed (`sops`); splice (`insert`, `splice`), read the result
//! again and prove that it differs in exactly the intended nodes (`proof`). `listing` and `survey` select from what is
//! recognised, too; `replace` writes values that are no images. A literal text that holds YAML goes through the same, as a file inside the file (`nested`).

#![deny(clippy::disallowed_methods)]

mod address;
mod at_path;
mod below;
mod bounds;
mod document;
mod documents;
mod error;
mod hint;
mod inline;
mod insert;
mod job;
mod kustomize;
mod layout;
mod ledger;
mod leftover;
mod listing;
mod matching;
mod mention;
mod nested;
mod node;
mod note;
mod path;
mod place;
mod plan;
mod proof;
mod quoting;
mod reading;
mod recognise;
mod replace;
mod resolve;
mod rewritten;
mod scalars;
mod sharing;
mod sops;
mod splice;
mod survey;
mod tag_source;
mod view;
mod within;

pub use below::{Below, Dead, Inline};
pub use bounds::{Bomb, MAX_BYTES, MAX_PLACES};
pub use error::{EditError, Reason};
pub use job::{Job, Kind, KnownDigest, Pin, Rules, Wanted};
pub use leftover::Leftover;
pub use path::{Path, PathError};
pub(crate) use quoting::{is_string, quoted, written};
pub use recognise::kustomization::is_kustomization_file_name;
pub use rewritten::{Holding, Place, Rewritten, Written};
pub use scalars::scalars;
pub use survey::{Form, Sighting, Survey, survey};
pub use tag_source::{TagPlace, TagSource};

use document::Document;
use error::{Outcome, ReasonAt};
use leftover::Search;
use nested::Nested;
use note::Note;
use place::Placing;
use recognise::{Recogniser, Scope, object};
use view::View;

/// How much of what was passed over in one file a message may name.
const PASSED: usize = 20;

/// Works out one file's edit: all jobs at once, all or nothing.
///
/// A job without a path or name that matches nothing is no error here: it has no place.
pub fn rewrite(file: &str, bytes: &[u8], jobs: &[Job], wanted: &[Wanted]) -> Result<Rewritten, EditError> {
    rewrite_above(&Below::default(), (file, bytes), jobs, wanted)
}

/// The same for a kustomization of which something is known of what is below it.
pub fn rewrite_above(
    below: &Below,
    (file, bytes): (&str, &[u8]),
    jobs: &[Job],
    wanted: &[Wanted],
) -> Result<Rewritten, EditError> {
    let text = text_of(file, bytes)?;
    edit(below, (file, text), jobs, wanted).map_err(|refusal| locate(file, text, refusal))
}

/// Lists the places that a target of this kind would find in a file, whatever image was wanted.
pub fn list(file: &str, bytes: &[u8], kind: &Kind) -> Result<Vec<Holding>, EditError> {
    let text = text_of(file, bytes)?;
    let listed = reading::read(text).and_then(|document| listing::list(&document, kind));
    listed.map_err(|refusal| locate(file, text, refusal))
}

/// Lists the places in the texts of a kustomization that Kustomize applies to what is below it: patches and transformers.
pub fn list_inline(file: &str, bytes: &[u8]) -> Result<Vec<Holding>, EditError> {
    let text = text_of(file, bytes)?;
    let listed = reading::read(text).and_then(|document| listing::inline(&document));
    listed.map_err(|refusal| locate(file, text, refusal))
}

/// The file's text with other values at some paths. Each is a single value that is there; a number stays a number where the new
/// value is one, all else becomes a text.
pub fn replace(file: &str, bytes: &[u8], values: &[(Path, &str)]) -> Result<String, EditError> {
    let text = text_of(file, bytes)?;
    replace::replaced(text, values).map_err(|refusal| locate(file, text, refusal))
}

fn edit(below: &Below, (file, text): (&str, &str), jobs: &[Job], wanted: &[Wanted]) -> Outcome<Rewritten> {
    let document = reading::read(text)?;
    let numbered: Vec<_> = jobs.iter().cloned().enumerate().collect();
    let Worked { edits, places, held, notes, passed } = work(below, (file, &document), &numbered, wanted)?;
    let text = splice::apply(text, &edits)?;
    let result = proof::prove(&document, &text, &edits)?;
    let leftovers = leftover::find(result.as_ref().unwrap_or(&document), &Search { jobs, wanted });
    let has_objects = object::has_objects(&document);
    Ok(Rewritten { text, places, held, has_objects, notes, passed, leftovers })
}

/// What a text's edit comes to, together with that of the texts in it.
struct Worked {
    edits: Vec<splice::Edit>,
    places: Vec<Place>,
    held: Vec<String>,
    notes: Vec<String>,
    passed: Vec<String>,
}

/// Works out the edit of a file, or of a text in it.
fn work(
    below: &Below,
    (file, document): (&str, &Document<'_>),
    jobs: &[(usize, Job)],
    wanted: &[Wanted],
) -> Outcome<Worked> {
    let recogniser = Recogniser::new(document);
    let mut placing = Placing::new(View::new(&recogniser, below, wanted));
    for (number, job) in jobs {
        placing.start(*number, job);
        match &job.kind {
            Kind::Helm { path: Some(path) } => at_path::edit(&mut placing, job, path)?,
            Kind::Helm { path: None } => matching::edit(&mut placing, job, Scope::Documents)?,
            Kind::Kustomize { name } => kustomize::edit(&mut placing, job, name.as_deref())?,
            Kind::Manifest => matching::edit(&mut placing, job, Scope::Objects)?,
        }
    }
    sharing::settle(&mut placing)?;
    let Placing { mut plan, ledger, texts, .. } = placing;
    plan.settle(document)?;
    let mut touched: Vec<_> = plan.touched().collect();
    let mut edits = insert::edits(document, &plan)?;
    let sentences = |is_meant: fn(&Note) -> bool, most: usize| {
        let notes = ledger.notes.iter().filter(|(_, note)| is_meant(note));
        notes.take(most).map(|(node, note)| note.sentence(file, document, *node)).collect::<Vec<_>>()
    };
    let mut notes = sentences(|note| !note.is_quiet(), usize::MAX);
    let mut passed = sentences(Note::is_of_an_image, PASSED);
    let mut places = ledger.into_places();
    let mut held = listing::held(&recogniser);
    for (node, jobs) in texts {
        let nested = Nested::of(document, node)?;
        let inner = nested.read(recogniser.above(node))?;
        let worked =
            work(&Below::default(), (file, &inner), &jobs, wanted).map_err(|refusal| nested.refusal(refusal))?;
        if !worked.edits.is_empty() {
            let text = splice::apply(inner.text, &worked.edits)?;
            proof::prove(&inner, &text, &worked.edits).map_err(|refusal| nested.refusal(refusal))?;
            edits.extend(nested.edits(&worked.edits)?);
            touched.push((node, false));
        }
        places.extend(worked.places);
        if places.len() > MAX_PLACES {
            return document.refuse(node, Reason::Bomb(Bomb::Places));
        }
        held.extend(worked.held);
        held.truncate(listing::HELD);
        notes.extend(worked.notes);
        passed.extend(worked.passed);
    }
    sops::guard(document, &touched)?;
    places.sort_by_key(|place| (place.line, place.column));
    Ok(Worked { edits: insert::ordered(edits)?, places, held, notes, passed })
}

fn text_of<'b>(file: &str, bytes: &'b [u8]) -> Result<&'b str, EditError> {
    std::str::from_utf8(bytes).map_err(|error| EditError {
        file: file.to_owned(),
        line: Some(bytes.iter().take(error.valid_up_to()).filter(|b| **b == b'\n').count() + 1),
        column: None,
        reason: Reason::NotUtf8,
    })
}

fn locate(file: &str, text: &str, refusal: ReasonAt) -> EditError {
    let offset = refusal.offset.filter(|offset| text.is_char_boundary(*offset));
    let before = offset.and_then(|offset| text.get(..offset));
    let line = before.map(|before| before.matches('\n').count() + 1);
    let column = before.map(|before| {
        let line = before.rsplit('\n').next().unwrap_or_default();
        line.trim_start_matches('\u{feff}').chars().count() + 1
    });
    EditError { file: file.to_owned(), line, column, reason: refusal.reason }
}

#[cfg(test)]
mod tests;
