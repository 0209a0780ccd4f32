//! The numbers and compressed streams that a pack's entries are made of; this module must not know what they mean.

#![deny(clippy::disallowed_methods)]

use flate2::{Decompress, FlushDecompress, Status};

/// Inflates one stream after another with one working memory, which is dear to set up.
pub(super) struct Inflater(Decompress);

impl Default for Inflater {
    fn default() -> Self {
        Self(Decompress::new(true))
    }
}

impl Inflater {
    /// Inflates a whole stream whose content has a known size; none when it hasn't.
    pub(super) fn whole(&mut self, input: &[u8], size: usize) -> Option<Vec<u8>> {
        self.0.reset(true);
        let mut content = Vec::with_capacity(size + 1);
        let status = self.0.decompress_vec(input, &mut content, FlushDecompress::Finish);
        let fits = content.len() == size && matches!(status, Ok(Status::StreamEnd));
        fits.then_some(content)
    }

    /// Inflates one stream whose content has a known size and returns how many bytes it took; none when it has another
    /// size. Content beyond the buffer's capacity is dropped.
    pub(super) fn through(&mut self, input: &[u8], content: &mut Vec<u8>, size: usize) -> Option<usize> {
        self.0.reset(true);
        let (mut taken, mut made) = (0, 0);
        loop {
            if content.len() == content.capacity() {
                content.clear();
            }
            let (before_in, before_out) = (self.0.total_in(), self.0.total_out());
            let rest = input.get(taken..).unwrap_or_default();
            let status = self.0.decompress_vec(rest, content, FlushDecompress::None);
            let status = status.ok()?;
            let progress = |now: u64, before: u64| usize::try_from(now - before).ok();
            let (read, written) = (progress(self.0.total_in(), before_in)?, progress(self.0.total_out(), before_out)?);
            taken += read;
            made += written;
            match status {
                Status::StreamEnd => return (made == size).then_some(taken),
                _ if made > size || (read == 0 && written == 0) => return None,
                _ => {}
            }
        }
    }
}

/// An entry's first bytes: three bits of kind, the size in the others, least significant first.
pub(super) fn kind_and_size(bytes: &mut std::slice::Iter<'_, u8>) -> Option<(u8, usize)> {
    let first = *bytes.next()?;
    let mut size = usize::from(first & 15);
    let mut shift = 4;
    let mut more = first & 128 != 0;
    while more {
        let byte = *bytes.next()?;
        if shift > 56 {
            return None;
        }
        size |= usize::from(byte & 127) << shift;
        shift += 7;
        more = byte & 128 != 0;
    }
    Some((first >> 4 & 7, size))
}

/// How far before an entry its base starts.
pub(super) fn base_distance(bytes: &mut std::slice::Iter<'_, u8>) -> Option<usize> {
    let mut byte = *bytes.next()?;
    let mut distance = usize::from(byte & 127);
    while byte & 128 != 0 {
        byte = *bytes.next()?;
        distance = distance.checked_add(1)?.checked_mul(128)? | usize::from(byte & 127);
    }
    Some(distance)
}
