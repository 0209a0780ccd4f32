//! Git's pkt-line framing (gitprotocol-common); this module must not read or write anything itself.

#![deny(clippy::disallowed_methods)]

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A payload, maybe empty.
    Data(&'a [u8]),
    /// `0000`: the end of a message.
    Flush,
    /// `0001`: the end of a section.
    Delimiter,
    /// `0002`: the end of a response.
    End,
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pkt-line's length is not four hexadecimal digits")]
pub struct PacketError;

/// The longest payload that a frame may carry.
pub(super) const LONGEST: usize = 65_516;

/// Takes the first frame off a buffer and says how many bytes it took; none when more bytes are needed.
pub fn split(buffer: &[u8]) -> Result<Option<(Packet<'_>, usize)>, PacketError> {
    let Some(digits) = buffer.get(..4) else {
        return Ok(None);
    };
    let length = digits.iter().try_fold(0, |length, &digit| {
        let digit = char::from(digit).to_digit(16).ok_or(PacketError)?;
        Ok(length * 16 + digit as usize)
    })?;
    match length {
        0 => Ok(Some((Packet::Flush, 4))),
        1 => Ok(Some((Packet::Delimiter, 4))),
        2 => Ok(Some((Packet::End, 4))),
        3 => Err(PacketError),
        _ => Ok(buffer.get(4..length).map(|payload| (Packet::Data(payload), length))),
    }
}

/// Appends one frame with this payload, of at most [`LONGEST`] bytes.
pub(super) fn line(into: &mut Vec<u8>, payload: &[u8]) {
    debug_assert!(payload.len() <= LONGEST, "nothing that is written is that long");
    into.extend_from_slice(format!("{:04x}", payload.len() + 4).as_bytes());
    into.extend_from_slice(payload);
}

/// Appends a flush.
pub(super) fn flush(into: &mut Vec<u8>) {
    into.extend_from_slice(b"0000");
}

/// Appends a delimiter.
pub(super) fn delimiter(into: &mut Vec<u8>) {
    into.extend_from_slice(b"0001");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let mut bytes = Vec::new();
        line(&mut bytes, b"command=fetch\n");
        delimiter(&mut bytes);
        line(&mut bytes, b"");
        flush(&mut bytes);
        assert_eq!(bytes, b"0012command=fetch\n000100040000");
        let mut rest = bytes.as_slice();
        let mut packets = Vec::new();
        while let Some((packet, taken)) = split(rest).unwrap() {
            packets.push(packet);
            rest = &rest[taken..];
        }
        assert_eq!(packets, [Packet::Data(b"command=fetch\n"), Packet::Delimiter, Packet::Data(b""), Packet::Flush]);
    }

    #[test]
    fn waits_for_the_rest_and_refuses_nonsense() {
        assert_eq!(split(b"00"), Ok(None));
        assert_eq!(split(b"0006a"), Ok(None));
        assert_eq!(split(b"0003"), Err(PacketError));
        assert_eq!(split(b"<htm"), Err(PacketError));
        assert_eq!(split(b"+001"), Err(PacketError));
    }
}
