//! The roots of files by their entries: one column, which costs 32 bytes an entry.

use std::collections::TryReserveError;

use parking_lot::Mutex;

#[derive(Default)]
pub struct Roots(Mutex<Vec<[u8; 32]>>);

/// No root: BLAKE3 of nothing that can be found.
const NONE: [u8; 32] = [0; 32];

impl Roots {
    pub fn set(&self, entry: u32, root: [u8; 32]) -> Result<(), TryReserveError> {
        let mut roots = self.0.lock();
        let len = entry as usize + 1;
        if roots.len() < len {
            let missing = len - roots.len();
            roots.try_reserve(missing)?;
            roots.resize(len, NONE);
        }
        if let Some(place) = roots.get_mut(entry as usize) {
            *place = root;
        }
        Ok(())
    }

    pub fn get(&self, entry: u32) -> Option<[u8; 32]> {
        let root = self.0.lock().get(entry as usize).copied();
        root.filter(|root| *root != NONE)
    }
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
}
