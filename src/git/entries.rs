//! A tree object's entries, as its bytes; this module must not look at what they point to.

#![deny(clippy::disallowed_methods)]

use git2::Oid;

use super::error::PackError;

/// The mode of a directory.
pub(super) const DIRECTORY: &str = "40000";

/// One entry of a tree object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TreeEntry<'a> {
    pub(super) name: &'a [u8],
    pub(super) kind: EntryKind,
    pub(super) id: Oid,
    /// Where the entry starts in the tree.
    at: usize,
    /// Where the id's bytes start in the tree.
    id_at: usize,
}

/// What an entry's mode says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EntryKind {
    Directory,
    File,
    Symlink,
    Submodule,
}

/// Reads a tree's entries in their order, one at a time; the first one that is none is an error and the last.
pub(super) fn entries(tree: &[u8]) -> impl Iterator<Item = Result<TreeEntry<'_>, PackError>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = tree.get(at..).filter(|rest| !rest.is_empty())?;
        let found = entry(rest, at);
        at = found.map_or(tree.len(), |(_, length)| at + length);
        Some(found.map(|(entry, _)| entry).ok_or(PackError::Malformed))
    })
}

/// Finds the entry with this name, in a tree that is sound to its end.
pub(super) fn find<'a>(tree: &'a [u8], name: &str) -> Result<Option<TreeEntry<'a>>, PackError> {
    let mut found = None;
    for entry in entries(tree) {
        let entry = entry?;
        if found.is_none() && entry.name == name.as_bytes() {
            found = Some(entry);
        }
    }
    Ok(found)
}

/// The same tree with another id in one entry; mode, name and every other entry stay byte for byte.
pub(super) fn with_id(tree: &[u8], entry: TreeEntry<'_>, id: Oid) -> Option<Vec<u8>> {
    let mut changed = tree.to_vec();
    changed.get_mut(entry.id_at..entry.id_at + 20)?.copy_from_slice(id.as_bytes());
    Some(changed)
}

/// The same tree without one entry.
pub(super) fn without(tree: &[u8], entry: TreeEntry<'_>) -> Option<Vec<u8>> {
    Some([tree.get(..entry.at)?, tree.get(entry.id_at + 20..)?].concat())
}

/// The same tree with an entry of a name that it has not yet, at its place in Git's order: a directory's name counts as if
/// a slash stood behind it.
pub(super) fn with_new(tree: &[u8], (mode, name): (&str, &str), id: Oid) -> Result<Vec<u8>, PackError> {
    let key = |name: &[u8], is_directory: bool| [name, if is_directory { b"/" } else { b"".as_slice() }].concat();
    let own = key(name.as_bytes(), mode == DIRECTORY);
    let mut at = tree.len();
    for entry in entries(tree) {
        let entry = entry?;
        if key(entry.name, entry.kind == EntryKind::Directory) > own {
            at = entry.at;
            break;
        }
    }
    let (before, behind) = tree.split_at(at);
    Ok([before, format!("{mode} {name}\0").as_bytes(), id.as_bytes(), behind].concat())
}

/// Whether a name may be a component of a path in a repository: what Git itself refuses to check out is none.
pub(super) fn is_component(name: &[u8]) -> bool {
    let is_dots = name.is_empty() || name == b"." || name == b"..";
    !is_dots && !name.eq_ignore_ascii_case(b".git") && !name.contains(&b'/') && !name.contains(&0)
}

/// `MODE NAME\0` and 20 bytes of id.
fn entry(bytes: &[u8], at: usize) -> Option<(TreeEntry<'_>, usize)> {
    let space = bytes.iter().take(8).position(|&byte| byte == b' ')?;
    let mode = std::str::from_utf8(bytes.get(..space)?).ok()?;
    let kind = match u32::from_str_radix(mode, 8).ok()? >> 12 {
        0o04 => EntryKind::Directory,
        0o10 => EntryKind::File,
        0o12 => EntryKind::Symlink,
        0o16 => EntryKind::Submodule,
        _ => return None,
    };
    let rest = bytes.get(space + 1..)?;
    let zero = rest.iter().position(|&byte| byte == 0)?;
    let id = Oid::from_bytes(rest.get(zero + 1..zero + 21)?).ok()?;
    let start = space + 1 + zero + 1;
    let entry = TreeEntry { name: rest.get(..zero)?, kind, id, at, id_at: at + start };
    Some((entry, start + 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &str, u8)]) -> Vec<u8> {
        let mut tree = Vec::new();
        for (mode, name, id) in entries {
            tree.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            tree.extend_from_slice(&[*id; 20]);
        }
        tree
    }

    #[test]
    fn changes_one_id_and_nothing_else() {
        let before = tree(&[("100664", "odd mode", 1), ("100755", "é\n\".sh", 2), ("40000", "z", 3)]);
        let entry = find(&before, "é\n\".sh").unwrap().unwrap();
        assert_eq!(entry.kind, EntryKind::File);
        let after = with_id(&before, entry, Oid::from_bytes(&[9; 20]).unwrap()).unwrap();
        assert_eq!(after, tree(&[("100664", "odd mode", 1), ("100755", "é\n\".sh", 9), ("40000", "z", 3)]));
    }

    #[test]
    fn refuses_what_is_no_tree() {
        let whole = tree(&[("100644", "a", 1)]);
        for length in 1..whole.len() {
            assert_eq!(entries(&whole[..length]).last(), Some(Err(PackError::Malformed)), "{length}");
        }
        for wrong in ["1 a", "100644a", "999999 a", "0 a"] {
            let bytes = [wrong.as_bytes(), &[0; 21]].concat();
            assert_eq!(entries(&bytes).last(), Some(Err(PackError::Malformed)), "{wrong}");
        }
    }

    #[test]
    fn knows_what_a_component_is() {
        for name in ["", ".", "..", ".git", ".GIT", "a/b", "a\0"] {
            assert!(!is_component(name.as_bytes()), "{name:?}");
        }
        assert!(is_component(b".gitignore"));
    }
}
