//! How version 0 asks for objects, and what stands before the pack that comes; this module must not know where they are
//! asked for.

use git2::Oid;

use super::super::capabilities::{Capabilities, object_id};
use super::super::error::GitError;
use super::super::fetch::{self, Extent};
use super::super::pkt::{self, Packet};
use super::super::transport::Session;

/// The side band that a pack comes in; without one it comes as it is.
pub(super) fn side_band(capabilities: &Capabilities) -> Option<&'static str> {
    ["side-band-64k", "side-band"].into_iter().find(|name| capabilities.has(name))
}

pub(super) fn request(capabilities: &Capabilities, wants: &[Oid], extent: Extent) -> Vec<u8> {
    let filter = fetch::filter(extent).filter(|_| capabilities.has("filter"));
    let has_shallow = capabilities.has("shallow");
    let mut asked = asked(capabilities);
    if filter.is_some() {
        asked.push("filter");
    }
    let mut request = Vec::new();
    for (number, want) in wants.iter().enumerate() {
        let asked = if number == 0 { format!(" {}", asked.join(" ")) } else { String::new() };
        pkt::line(&mut request, format!("want {want}{asked}\n").as_bytes());
    }
    if let (Extent::Since(known), true) = (extent, has_shallow) {
        // What only the commits before it hold isn't here.
        pkt::line(&mut request, format!("shallow {known}\n").as_bytes());
    }
    if let (Some(depth), true) = (fetch::depth(extent), has_shallow) {
        pkt::line(&mut request, format!("deepen {depth}\n").as_bytes());
    }
    if let Some(filter) = filter {
        pkt::line(&mut request, format!("filter {filter}\n").as_bytes());
    }
    pkt::flush(&mut request);
    if let Some(known) = fetch::known(extent) {
        pkt::line(&mut request, format!("have {known}\n").as_bytes());
    }
    pkt::line(&mut request, b"done\n");
    request
}

/// The capabilities that are asked for wherever they are offered. Azure DevOps turns away whoever does not ask for a
/// form of `multi_ack` (TF401041).
fn asked(capabilities: &Capabilities) -> Vec<&'static str> {
    let acks = ["multi_ack_detailed", "multi_ack"].into_iter().find(|name| capabilities.has(name));
    let others = ["ofs-delta", "no-progress"].into_iter().filter(|name| capabilities.has(name));
    let mut asked: Vec<&str> = acks.into_iter().chain(others).collect();
    asked.extend(side_band(capabilities));
    if capabilities.has("object-format") {
        asked.push("object-format=sha1");
    }
    if capabilities.has("agent") {
        asked.push(concat!("agent=gitops-bump/", env!("CARGO_PKG_VERSION")));
    }
    asked
}

/// Reads on to the pack, behind the commits at which the history ends and what the server says to those that are here.
pub(super) async fn find_pack(session: &mut Session) -> Result<(), GitError> {
    loop {
        match session.packet().await? {
            Packet::Data(line) => {
                if is_last(line).ok_or_else(|| GitError::protocol("a line before the pack"))? {
                    return Ok(());
                }
            }
            // The end of the commits at which the history ends.
            Packet::Flush => {}
            Packet::Delimiter | Packet::End => return Err(GitError::protocol("a packet before the pack")),
        }
    }
}

/// Whether a line is the last one before the pack; none when no such line can stand there.
fn is_last(line: &[u8]) -> Option<bool> {
    let line = std::str::from_utf8(line.strip_suffix(b"\n").unwrap_or(line)).ok()?;
    let mut words = line.split(' ');
    let (what, id, how) = (words.next()?, words.next(), words.next());
    match (what, id.map(object_id), how) {
        ("NAK", None, None) | ("ACK", Some(Some(_)), None) => Some(true),
        ("ACK", Some(Some(_)), Some("common" | "ready" | "continue"))
        | ("shallow" | "unshallow", Some(Some(_)), None) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fetch::FetchDepth;
    use super::*;

    const ID: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

    fn text(capabilities: &str, extent: Extent) -> String {
        let first = format!("{ID} HEAD\0{capabilities}");
        let (_, capabilities) = Capabilities::of_first_ref(&first).unwrap();
        let request = request(&capabilities, &[object_id(ID).unwrap()], extent);
        String::from_utf8(request).unwrap().replace(ID, "ID")
    }

    #[test]
    fn asks_only_for_what_is_offered() {
        let top = Extent::Commit(FetchDepth::Top);
        assert_eq!(text("ofs-delta", top), "003cwant ID ofs-delta\n00000009done\n");
        let everything = text("side-band side-band-64k shallow filter", top);
        assert!(everything.starts_with("0047want ID side-band-64k filter\n000ddeepen 1\n0012filter tree:1\n0000"));
        let since = text("shallow", Extent::Since(object_id(ID).unwrap()));
        assert!(since.ends_with("shallow ID\n00000032have ID\n0009done\n"), "{since}");
    }

    #[test]
    fn tells_the_line_before_the_pack() {
        for (line, expected) in [
            ("NAK\n", Some(true)),
            ("ACK ID", Some(true)),
            ("ACK ID common\n", Some(false)),
            ("shallow ID\n", Some(false)),
            ("unshallow ID", Some(false)),
            ("shallow 4b82", None),
            ("shallow ID ID", None),
            ("ACK", None),
            ("NAK ID", None),
            ("\u{1}PACK", None),
        ] {
            assert_eq!(is_last(line.replace("ID", ID).as_bytes()), expected, "{line}");
        }
    }
}
