//! The roots of files by their entries. Transfers of the same files share one column, which costs 32 bytes an entry; each of them has a bit an
//! entry beside, and what differs. So many clients of one tree cost little more than one.

use std::collections::{HashMap, TryReserveError};
use std::sync::Arc;

use parking_lot::Mutex;

#[derive(Default)]
pub struct Roots {
    common: Arc<Mutex<Vec<[u8; 32]>>>,
    own: Mutex<Own>,
}

/// What one transfer has set.
#[derive(Default)]
struct Own {
    /// A bit for each entry whose root is the one in the common column.
    common: Vec<u64>,
    /// Roots other than there: a file was changed between two transfers in a way that its times do not show.
    others: HashMap<u32, [u8; 32]>,
}

/// No root: BLAKE3 of nothing that can be found.
const NONE: [u8; 32] = [0; 32];

impl Roots {
    /// Those of another transfer of the same files; none are set.
    pub fn beside(&self) -> Self {
        Self {
            common: self.common.clone(),
            own: Mutex::default(),
        }
    }

    pub fn set(&self, entry: u32, root: [u8; 32]) -> Result<(), TryReserveError> {
        let mut own = self.own.lock();
        let mut common = self.common.lock();
        let place = place_of(&mut common, entry as usize, NONE)?;
        if *place == NONE {
            *place = root;
        }
        let is_common = *place == root;
        drop(common);
        let bit = 1 << (entry % u64::BITS);
        let bits = place_of(&mut own.common, (entry / u64::BITS) as usize, 0)?;
        if is_common {
            *bits |= bit;
            own.others.remove(&entry);
            return Ok(());
        }
        *bits &= !bit;
        own.others.try_reserve(1)?;
        own.others.insert(entry, root);
        Ok(())
    }

    pub fn get(&self, entry: u32) -> Option<[u8; 32]> {
        let own = self.own.lock();
        let bits = own.common.get((entry / u64::BITS) as usize).copied().unwrap_or(0);
        if bits & (1 << (entry % u64::BITS)) == 0 {
            return own.others.get(&entry).copied();
        }
        self.common.lock().get(entry as usize).copied()
    }
}

/// The place of a column that grows to have it.
fn place_of<T: Copy>(column: &mut Vec<T>, index: usize, nothing: T) -> Result<&mut T, TryReserveError> {
    if column.len() <= index {
        column.try_reserve(index + 1 - column.len())?;
        column.resize(index + 1, nothing);
    }
    Ok(&mut column[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_found_by_its_entry_and_others_have_none() {
        let roots = Roots::default();
        assert_eq!(roots.set(70, [7; 32]), Ok(()));
        assert_eq!(roots.set(3, [3; 32]), Ok(()));
        assert_eq!(
            [70, 3, 4, 71].map(|entry| roots.get(entry)),
            [Some([7; 32]), Some([3; 32]), None, None]
        );
    }

    #[test]
    fn transfers_of_the_same_files_know_only_their_own_roots_also_where_these_differ() {
        let first = Roots::default();
        let second = first.beside();
        assert_eq!(first.set(1, [1; 32]), Ok(()));
        assert_eq!(second.get(1), None, "it has not sent that file");
        assert_eq!(second.set(1, [1; 32]), Ok(()));
        assert_eq!(second.set(2, [2; 32]), Ok(()));
        assert_eq!(first.set(2, [9; 32]), Ok(()));
        assert_eq!([first.get(2), second.get(2)], [Some([9; 32]), Some([2; 32])]);
        assert_eq!(first.set(2, [2; 32]), Ok(()));
        assert_eq!(first.get(2), Some([2; 32]));
        assert_eq!(first.set(1, [8; 32]), Ok(()));
        assert_eq!([first.get(1), second.get(1)], [Some([8; 32]), Some([1; 32])]);
    }

    #[test]
    fn a_further_transfer_of_the_same_files_costs_a_bit_an_entry() {
        const ENTRIES: u32 = 100_000;
        let first = Roots::default();
        for entry in 0..ENTRIES {
            assert_eq!(first.set(entry, *blake3::hash(&entry.to_le_bytes()).as_bytes()), Ok(()));
        }
        let second = first.beside();
        for entry in 0..ENTRIES {
            assert_eq!(
                second.set(entry, *blake3::hash(&entry.to_le_bytes()).as_bytes()),
                Ok(())
            );
        }
        let own = second.own.lock();
        assert!(
            own.common.capacity() * 8 <= ENTRIES as usize / 4,
            "{}",
            own.common.capacity()
        );
        assert_eq!(own.others.capacity(), 0);
        assert!(Arc::ptr_eq(&first.common, &second.common));
    }
}
