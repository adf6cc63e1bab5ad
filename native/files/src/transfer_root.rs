//! One hash over what a transfer did, which both sides compute and compare.

/// An entry as the transfer root sees it.
#[derive(Clone, Copy, Debug)]
pub struct RootEntry<P> {
    /// As it was on the wire: a receiver that renames it still hashes what the sender called it.
    pub path: P,
    pub kind: u8,
    pub size: u64,
    /// 1 committed, 2 present, 3 skipped, 4 failed.
    pub status: u8,
    /// Zeros unless a committed file or symbolic link.
    pub root: [u8; 32],
}

/// The transfer root of `docs/protocol.md`: entries are added in the order of the manifest.
#[derive(Default)]
pub struct TransferRoot(blake3::Hasher);

impl TransferRoot {
    /// Adds the next entry. The wire knows no path over 4,096 bytes.
    pub fn add<P: AsRef<[u8]>>(&mut self, entry: RootEntry<P>) {
        let path = entry.path.as_ref();
        self.0.update(&(path.len() as u16).to_le_bytes());
        self.0.update(path);
        // Together: each update of a hasher has its price, and there may be millions of entries.
        let mut fields = [0; 42];
        let [kind, rest @ ..] = &mut fields;
        *kind = entry.kind;
        let (size, rest) = rest.split_at_mut(8);
        size.copy_from_slice(&entry.size.to_le_bytes());
        if let [status, root @ ..] = rest {
            *status = entry.status;
            root.copy_from_slice(&entry.root);
        }
        self.0.update(&fields);
    }

    pub fn finish(self) -> [u8; 32] {
        *self.0.finalize().as_bytes()
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
            all.add(entry);
        }
        all.finish()
    }

    #[test]
    fn the_transfer_root_depends_on_the_order_of_the_manifest() {
        let forth = transfer_root([entry("a", 1), entry("a/b", 1)]);
        let back = transfer_root([entry("a/b", 1), entry("a", 1)]);
        assert_ne!(forth, back);
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
