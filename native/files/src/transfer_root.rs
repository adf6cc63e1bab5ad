//! One hash over what a transfer did, which both sides compute and compare.

use std::collections::TryReserveError;

/// An entry as the transfer root sees it.
#[derive(Clone, Copy, Debug)]
pub struct RootEntry<P> {
    /// As it was on the wire: a receiver that renames it still hashes what the sender called it.
    pub path: P,
    pub kind: u8,
    pub size: u64,
    /// 1 committed, 2 present, 3 skipped, 4 failed.
    pub status: u8,
    /// Zeros unless a committed file.
    pub root: [u8; 32],
}

/// The transfer root of `docs/protocol.md`, from entries in any order. Paths lie in one allocation: a million entries must not be a
/// million strings, and memory that is not there must be an answer.
#[derive(Default)]
pub struct TransferRoot {
    paths: Vec<u8>,
    /// Where in `paths` each one begins, and the entry with its path's length.
    entries: Vec<(usize, RootEntry<u16>)>,
}

impl TransferRoot {
    /// Adds an entry. The wire knows no path over 4,096 bytes.
    pub fn add<P: AsRef<[u8]>>(&mut self, entry: RootEntry<P>) -> Result<(), TryReserveError> {
        let path = entry.path.as_ref();
        self.paths.try_reserve(path.len())?;
        self.entries.try_reserve(1)?;
        let start = self.paths.len();
        self.paths.extend_from_slice(path);
        let RootEntry {
            kind,
            size,
            status,
            root,
            ..
        } = entry;
        let path = path.len() as u16;
        self.entries.push((
            start,
            RootEntry {
                path,
                kind,
                size,
                status,
                root,
            },
        ));
        Ok(())
    }

    pub fn finish(self) -> [u8; 32] {
        let Self { paths, mut entries } = self;
        let path_of = |start: usize, entry: &RootEntry<u16>| {
            let path = paths.get(start..start + usize::from(entry.path));
            path.unwrap_or_default()
        };
        entries.sort_unstable_by(|(a, one), (b, other)| path_of(*a, one).cmp(path_of(*b, other)));
        let mut hasher = blake3::Hasher::new();
        for (start, entry) in &entries {
            hasher.update(&entry.path.to_le_bytes());
            hasher.update(path_of(*start, entry));
            hasher.update(&[entry.kind]);
            hasher.update(&entry.size.to_le_bytes());
            hasher.update(&[entry.status]);
            hasher.update(&entry.root);
        }
        *hasher.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, status: u8) -> RootEntry<&str> {
        RootEntry {
            path,
            kind: 0,
            size: 3,
            status,
            root: [7; 32],
        }
    }

    fn transfer_root<const N: usize>(entries: [RootEntry<&str>; N]) -> [u8; 32] {
        let mut all = TransferRoot::default();
        for entry in entries {
            assert_eq!(all.add(entry), Ok(()));
        }
        all.finish()
    }

    #[test]
    fn the_transfer_root_does_not_depend_on_the_order_of_arrival() {
        let forth = transfer_root([entry("a", 1), entry("a/b", 1), entry("a-b", 2)]);
        let back = transfer_root([entry("a-b", 2), entry("a/b", 1), entry("a", 1)]);
        assert_eq!(forth, back);
    }

    #[test]
    fn the_transfer_root_hashes_the_fields_in_the_order_of_the_protocol() {
        let mut bytes = vec![1, 0, b'a', 0, 3, 0, 0, 0, 0, 0, 0, 0, 1];
        bytes.extend([7; 32]);
        assert_eq!(transfer_root([entry("a", 1)]), *blake3::hash(&bytes).as_bytes());
    }

    #[test]
    fn a_status_changes_the_transfer_root() {
        assert_ne!(transfer_root([entry("a", 1)]), transfer_root([entry("a", 4)]));
    }
}
