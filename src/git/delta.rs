//! Applies Git's deltas (gitformat-pack, "Deltified representation"); this module must not trust a length in them.

#![deny(clippy::disallowed_methods)]

use std::slice::Iter;

/// The size that a delta says its result has.
pub(super) fn result_size(delta: &[u8]) -> Option<usize> {
    let mut bytes = delta.iter();
    size(&mut bytes)?;
    size(&mut bytes)
}

/// Makes the result of a delta on its base; none when they don't fit together. The caller has bounded the result's size.
pub(super) fn apply(base: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = delta.iter();
    if size(&mut bytes)? != base.len() {
        return None;
    }
    let length = size(&mut bytes)?;
    let mut result = Vec::with_capacity(length);
    while let Some(&instruction) = bytes.next() {
        let piece = if instruction & 128 != 0 {
            let offset = number(&mut bytes, instruction, 4)?;
            let count = number(&mut bytes, instruction >> 4, 3)?;
            let count = if count == 0 { 0x1_0000 } else { count };
            base.get(offset..offset.checked_add(count)?)?
        } else {
            // An instruction of zero is reserved.
            let count = Some(usize::from(instruction)).filter(|&count| count > 0)?;
            let piece = bytes.as_slice().get(..count)?;
            bytes.nth(count - 1);
            piece
        };
        if result.len() + piece.len() > length {
            return None;
        }
        result.extend_from_slice(piece);
    }
    (result.len() == length).then_some(result)
}

/// Seven bits a byte, least significant first.
fn size(bytes: &mut Iter<'_, u8>) -> Option<usize> {
    let (mut size, mut shift) = (0, 0);
    loop {
        let byte = *bytes.next()?;
        if shift > 56 {
            return None;
        }
        size |= usize::from(byte & 127) << shift;
        shift += 7;
        if byte & 128 == 0 {
            return Some(size);
        }
    }
}

/// A number of which only the bytes are there that the mask's low bits name.
fn number(bytes: &mut Iter<'_, u8>, mask: u8, most: usize) -> Option<usize> {
    let mut number = 0;
    for place in 0..most {
        if mask >> place & 1 == 1 {
            number |= usize::from(*bytes.next()?) << (8 * place);
        }
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_inserts() {
        let delta = [11, 10, 0x91, 6, 5, 1, b'-', 0x90, 4];
        assert_eq!(result_size(&delta), Some(10));
        assert_eq!(apply(b"hell world!", &delta), Some(b"orld!-hell".to_vec()));
    }

    #[test]
    fn refuses_what_does_not_fit() {
        let cases: [&[u8]; 7] = [
            b"",
            &[4, 1, 1],             // the inserted byte is missing
            &[5, 1, 1, b'x'],       // another base
            &[4, 1, 0x91, 4, 1],    // behind the base's end
            &[4, 1, 0],             // the reserved instruction
            &[4, 1, 2, b'a', b'b'], // more than it said
            &[4, 9, 1, b'a'],       // less than it said
        ];
        for delta in cases {
            assert_eq!(apply(b"base", delta), None, "{delta:?}");
        }
    }
}
