//! What SOPS says about a file; this module must not decrypt anything.

#![deny(clippy::disallowed_methods)]

use super::document::{Document, Node};
use super::error::{Outcome, Reason};

/// What SOPS says about a document, in its key `sops`.
struct Seal {
    node: Node,
    /// Whether a change of a value that is not encrypted leaves the document as it can be decrypted.
    is_open: bool,
    /// Whether it is said which values are encrypted; else every one is, but for a few.
    is_selective: bool,
}

/// Refuses changes that would make a document one that nobody can decrypt any more.
///
/// SOPS signs all values of a document together, unless it was told to sign only those that are encrypted.
/// `touched` are the nodes that change, and whether something is added there.
pub(super) fn guard(document: &Document<'_>, touched: &[(Node, bool)]) -> Outcome<()> {
    if touched.is_empty() {
        return Ok(());
    }
    let seals: Vec<Option<Seal>> = document.roots.iter().map(|root| seal(document, *root)).collect();
    for &(node, is_added) in touched {
        let root = document.roots.partition_point(|root| *root <= node).checked_sub(1);
        let Some(Some(seal)) = root.and_then(|root| seals.get(root)) else { continue };
        if !seal.is_open {
            return document.refuse(node, Reason::Sealed { line: document.line_of(seal.node) });
        }
        // SOPS leaves a blank as it is, and takes whatever else stands in such a place for an encrypted value.
        if !seal.is_selective && (is_added || document.is_blank(node)) {
            return document.refuse(node, Reason::Encrypted);
        }
    }
    Ok(())
}

/// Whether a text is a value that SOPS has encrypted.
pub(super) fn is_encrypted(text: &str) -> bool {
    text.starts_with("ENC[")
}

fn seal(document: &Document<'_>, root: Node) -> Option<Seal> {
    let value = |mapping, key| document.get(mapping, key).filter(|value| !document.is_blank(*value));
    let sops = value(root, "sops")?;
    let node = value(sops, "mac")?;
    let is_open = value(sops, "mac_only_encrypted").is_some_and(|flag| document.value(flag) == "true");
    let selects = ["encrypted_regex", "encrypted_suffix", "unencrypted_regex"];
    let is_selective = selects.iter().any(|key| value(sops, key).is_some());
    Some(Seal { node, is_open, is_selective })
}
