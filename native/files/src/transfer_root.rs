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
    /// Zeros unless a committed file.
    pub root: [u8; 32],
}

/// The transfer root of `docs/protocol.md`, from the entries in any order.
pub fn transfer_root<P: AsRef<[u8]>>(entries: impl IntoIterator<Item = RootEntry<P>>) -> [u8; 32] {
    let mut entries: Vec<RootEntry<P>> = entries.into_iter().collect();
    entries.sort_unstable_by(|a, b| a.path.as_ref().cmp(b.path.as_ref()));
    let mut hasher = blake3::Hasher::new();
    for entry in &entries {
        let path = entry.path.as_ref();
        // The wire knows no path over 4,096 bytes.
        hasher.update(&(path.len() as u16).to_le_bytes());
        hasher.update(path);
        hasher.update(&[entry.kind]);
        hasher.update(&entry.size.to_le_bytes());
        hasher.update(&[entry.status]);
        hasher.update(&entry.root);
    }
    *hasher.finalize().as_bytes()
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
