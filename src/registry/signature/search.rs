//! Looks through all that stands beside an image, in bounded requests and memory, until what is wanted is found.
//! This module must not judge what it finds.
//!
//! One bad, large, missing or foreign object is passed over and counted. Where the registry itself is in trouble, that is the
//! answer if nothing else is found: what could not be read may have been what is wanted.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::candidates;
use super::carrier::{Carrier, Parcel, Turn, Wanted};
use super::tally::Tally;
use crate::image::Digest;
use crate::registry::error::RegistryError;
use crate::registry::source::{ImageSource, Manifest};

/// As many manifests, and as many blobs, are looked at for one requirement.
const MOST: usize = 500;

/// As much is read at a time; less where attestations are wanted, for the memory that they take.
const AT_A_TIME: usize = 8;
const ATTESTATIONS_AT_A_TIME: usize = 4;

/// One object that takes longer is passed over.
const PATIENCE: Duration = Duration::from_secs(10);

/// A registry that fails so often is not asked on.
const MOST_TROUBLE: usize = 4;

/// The longest signature that is read, and how much is read of all.
const SIGNATURE: usize = 1024 * 1024;
const SIGNATURES: usize = 16 * SIGNATURE;

/// The longest attestation that is read, and how much is read of all.
const ATTESTATION: usize = 32 * 1024 * 1024;
const ATTESTATIONS: usize = 3 * ATTESTATION;

/// One search.
pub(in crate::registry) struct Search<'a> {
    source: &'a ImageSource,
    digest: &'a Digest,
    wanted: Wanted<'a>,
    state: Mutex<State>,
}

/// What came of it so far.
#[derive(Default)]
struct State {
    tally: Tally,
    later: Vec<Parcel>,
    manifests: usize,
    blobs: usize,
    bytes: usize,
    trouble: Vec<RegistryError>,
}

/// What is to be read, and what came of it.
enum Job {
    Manifest(Digest),
    Blob(Parcel),
}

enum Done {
    Manifest(Vec<Parcel>),
    Blob(Vec<Carrier>),
}

/// What the search came to.
pub(in crate::registry) enum SearchResult<T> {
    /// The visitor was content.
    Found(T),
    /// All that there is, or as much as is looked at, was passed over.
    Nothing(Tally),
}

impl<'a> Search<'a> {
    pub(in crate::registry) fn new(source: &'a ImageSource, digest: &'a Digest, wanted: Wanted<'a>) -> Self {
        Self { source, digest, wanted, state: Mutex::default() }
    }

    /// Shows the visitor each carrier, until it breaks; what it goes on with is the reason why it passed one over.
    pub(in crate::registry) async fn visit<T>(
        self,
        mut visitor: impl FnMut(&Carrier) -> ControlFlow<T, String>,
    ) -> Result<SearchResult<T>, RegistryError> {
        if let Some(found) = self.tag(&mut visitor).await? {
            return Ok(SearchResult::Found(found));
        }
        if let Some(found) = self.referrers(&mut visitor).await? {
            return Ok(SearchResult::Found(found));
        }
        let later = std::mem::take(&mut self.state().later);
        if let Some(found) = self.read(later.into_iter().map(Job::Blob), &mut visitor).await? {
            return Ok(SearchResult::Found(found));
        }
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        match state.trouble.into_iter().next() {
            Some(error) => Err(error),
            None => Ok(SearchResult::Nothing(state.tally)),
        }
    }

    /// The tag of cosign 2, which is named by the digest.
    async fn tag<T>(
        &self,
        visitor: &mut impl FnMut(&Carrier) -> ControlFlow<T, String>,
    ) -> Result<Option<T>, RegistryError> {
        let kind = match self.wanted {
            Wanted::Signatures => "sig",
            Wanted::Attestations(_) => "att",
        };
        let tag = format!("{}.{kind}", self.digest.as_str().replacen(':', "-", 1));
        let Some(manifest) = self.tagged(&tag).await else { return Ok(None) };
        self.read(self.parcels(&manifest).into_iter().map(Job::Blob), visitor).await
    }

    /// What refers to the image, by the API, and by the tag that stands in for it: a registry that has come to know the API may
    /// still have what was pushed before.
    async fn referrers<T>(
        &self,
        visitor: &mut impl FnMut(&Carrier) -> ControlFlow<T, String>,
    ) -> Result<Option<T>, RegistryError> {
        let (pages, broken) = self.source.referrers(self.digest).await?;
        self.state().trouble.extend(broken);
        if let Some(found) = self.manifests(&pages, visitor).await? {
            return Ok(Some(found));
        }
        let tag = candidates::fallback_tag(self.digest);
        match self.tagged(&tag).await {
            Some(index) => self.manifests(&[index.body], visitor).await,
            None => Ok(None),
        }
    }

    async fn manifests<T>(
        &self,
        pages: &[Vec<u8>],
        visitor: &mut impl FnMut(&Carrier) -> ControlFlow<T, String>,
    ) -> Result<Option<T>, RegistryError> {
        let mut named = candidates::all_of(pages, self.wanted);
        {
            let mut state = self.state();
            let room = MOST.saturating_sub(state.manifests);
            state.tally.skip(named.len().saturating_sub(room));
            named.truncate(room);
            state.manifests += named.len();
        }
        self.read(named.into_iter().map(Job::Manifest), visitor).await
    }

    /// The blobs of a manifest that are looked at now; the others are kept.
    fn parcels(&self, manifest: &Manifest) -> Vec<Parcel> {
        let parcels = Parcel::all_of(&manifest.body, self.wanted);
        if parcels.is_empty() {
            self.state().tally.pass(format!("an artifact that contains no {}", self.noun()));
        }
        let (now, later) = parcels.into_iter().partition(|parcel| parcel.turn == Turn::Now);
        self.state().later.extend(later);
        now
    }

    /// Reads manifests and blobs, some at a time: what a manifest names comes before the next manifest.
    async fn read<T>(
        &self,
        jobs: impl Iterator<Item = Job>,
        visitor: &mut impl FnMut(&Carrier) -> ControlFlow<T, String>,
    ) -> Result<Option<T>, RegistryError> {
        let at_a_time = match self.wanted {
            Wanted::Signatures => AT_A_TIME,
            Wanted::Attestations(_) => ATTESTATIONS_AT_A_TIME,
        };
        let mut jobs: VecDeque<Job> = jobs.collect();
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < at_a_time
                && let Some(job) = jobs.pop_front()
            {
                running.push(self.work(job));
            }
            match running.next().await {
                None => return Ok(None),
                Some(Done::Manifest(parcels)) => {
                    parcels.into_iter().rev().for_each(|one| jobs.push_front(Job::Blob(one)));
                }
                Some(Done::Blob(carriers)) => {
                    for carrier in carriers {
                        match visitor(&carrier) {
                            ControlFlow::Break(found) => return Ok(Some(found)),
                            ControlFlow::Continue(reason) => self.state().tally.pass(reason),
                        }
                    }
                }
            }
        }
    }

    async fn work(&self, job: Job) -> Done {
        match job {
            Job::Manifest(digest) => {
                let found = self.patiently(self.source.manifest_of(&digest), "a referrer").await;
                Done::Manifest(found.map(|manifest| self.parcels(&manifest)).unwrap_or_default())
            }
            Job::Blob(parcel) => Done::Blob(self.open(parcel).await),
        }
    }

    /// Reads a blob, unless it is too large or too much was read already.
    async fn open(&self, parcel: Parcel) -> Vec<Carrier> {
        let (limit, all) = match self.wanted {
            Wanted::Signatures => (SIGNATURE, SIGNATURES),
            Wanted::Attestations(_) => (ATTESTATION, ATTESTATIONS),
        };
        let claimed = usize::try_from(parcel.size).unwrap_or(usize::MAX);
        if claimed > limit {
            self.state().tally.pass(format!("an artifact larger than {} MiB", limit >> 20));
            return Vec::new();
        }
        {
            let mut state = self.state();
            if state.blobs >= MOST || state.bytes.saturating_add(claimed) > all {
                state.tally.skip(1);
                return Vec::new();
            }
            state.blobs += 1;
            state.bytes += claimed;
        }
        let Some(bytes) = self.patiently(self.source.blob(&parcel.digest, limit), "a blob").await else {
            return Vec::new();
        };
        self.state().bytes += bytes.len().saturating_sub(claimed);
        parcel.carriers(bytes)
    }

    /// The manifest of a tag, which may well be missing.
    async fn tagged(&self, tag: &str) -> Option<Manifest> {
        let read = async {
            match self.source.manifest(tag, None).await {
                Err(RegistryError::NotFound { .. }) => Ok(None),
                found => found.map(Some),
            }
        };
        self.patiently(read, "a tag").await.flatten()
    }

    /// What is read, unless it can't be in time: that is counted, and kept where it is the registry's trouble.
    async fn patiently<T>(&self, answer: impl Future<Output = Result<T, RegistryError>>, what: &str) -> Option<T> {
        if self.state().trouble.len() >= MOST_TROUBLE {
            return None;
        }
        let error = match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(found)) => return Some(found),
            Ok(Err(error)) => error,
            Err(_) => self.source.silent(PATIENCE),
        };
        let mut state = self.state();
        match error {
            RegistryError::NotFound { .. } => state.tally.pass(format!("{what} that is missing")),
            RegistryError::BadAnswer { reason, .. } => state.tally.pass(format!("{what} that can't be used: {reason}")),
            trouble => state.trouble.push(trouble),
        }
        None
    }

    fn noun(&self) -> &'static str {
        match self.wanted {
            Wanted::Signatures => "signature",
            Wanted::Attestations(_) => "attestation of the wanted type",
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
