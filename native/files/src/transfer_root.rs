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
pub struct TransferRoot {
    hasher: blake3::Hasher,
    /// What is not hashed yet. BLAKE3 takes many pieces at once where it is given many: of 100,000 entries that is a fifth of the time.
    pending: Vec<u8>,
}

/// Enough for BLAKE3 to use the processor's widest instructions, and little beside the processor's caches.
const BATCH: usize = 64 << 10;

impl TransferRoot {
    /// Adds the next entry. The wire knows no path over 4,096 bytes.
    pub fn add<P: AsRef<[u8]>>(&mut self, entry: RootEntry<P>) {
        let path = entry.path.as_ref();
        let pending = &mut self.pending;
        pending.extend_from_slice(&(path.len() as u16).to_le_bytes());
        pending.extend_from_slice(path);
        pending.push(entry.kind);
        pending.extend_from_slice(&entry.size.to_le_bytes());
        pending.push(entry.status);
        pending.extend_from_slice(&entry.root);
        if pending.len() >= BATCH {
            self.hasher.update(pending);
            pending.clear();
        }
    }

    pub fn finish(mut self) -> [u8; 32] {
        self.hasher.update(&self.pending);
        *self.hasher.finalize().as_bytes()
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
