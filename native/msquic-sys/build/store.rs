//! Keeps what took minutes to build: one folder for each key, made once, by whoever comes first.
//!
//! Used by build.rs; the tests below run with those of the crate.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// A digest of everything on which a result depends.
#[derive(Default)]
pub struct Key(Sha256);

impl Key {
    pub fn add(&mut self, name: &str, value: impl AsRef<str>) {
        for part in [name, value.as_ref()] {
            // Lengths first, so that no two lists of parts look the same.
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
    }

    fn name(&self) -> String {
        let digest = self.0.clone().finalize();
        digest[..12].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What is kept of a result; sources and objects are removed.
const KEPT: &str = "lib";

/// The folder for `key` below `store`, filled by `make` unless it is there. Only results that are whole are found again.
pub fn kept(store: &Path, key: &Key, make: impl FnOnce(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
    let folder = store.join(key.name());
    let fault = |error: std::io::Error| format!("cannot write to {}: {error}", store.display());
    fs::create_dir_all(store).map_err(fault)?;
    // Cargo lets two of its processes into one target folder only in turn; this is for two target folders that are one.
    let lock = File::create(store.join("lock")).map_err(fault)?;
    lock.lock().map_err(fault)?;
    if folder.exists() {
        return Ok(folder);
    }
    let making = store.join("making");
    if making.exists() {
        fs::remove_dir_all(&making).map_err(fault)?;
    }
    fs::create_dir_all(&making).map_err(fault)?;
    make(&making)?;
    fs::create_dir_all(making.join(KEPT)).map_err(fault)?;
    for entry in fs::read_dir(&making).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        if entry.file_name() == KEPT {
            continue;
        }
        let path = entry.path();
        let removed = if path.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.map_err(fault)?;
    }
    fs::rename(&making, &folder).map_err(fault)?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn key(parts: &[(&str, &str)]) -> Key {
        let mut key = Key::default();
        parts.iter().for_each(|(name, value)| key.add(name, value));
        key
    }

    #[test]
    fn a_result_is_made_once_for_each_key_and_a_failed_one_again() {
        let store = std::env::temp_dir().join(format!("ultra-store-{}", std::process::id()));
        let made = Cell::new(0);
        let make = |folder: &Path| {
            made.set(made.get() + 1);
            fs::create_dir_all(folder.join("lib")).unwrap();
            fs::create_dir_all(folder.join("objects")).unwrap();
            fs::write(folder.join("lib/a"), b"a").unwrap();
            if made.get() == 1 {
                Err("no compiler".to_owned())
            } else {
                Ok(())
            }
        };
        let one = key(&[("flag", "on")]);
        assert!(kept(&store, &one, make).is_err());
        let folder = kept(&store, &one, make).unwrap();
        assert!(folder.join("lib/a").exists() && !folder.join("objects").exists());
        assert_eq!(kept(&store, &key(&[("flag", "on")]), make).unwrap(), folder);
        assert_eq!(made.get(), 2);
        assert_ne!(kept(&store, &key(&[("flag", "off")]), make).unwrap(), folder);
        fs::remove_dir_all(&store).unwrap();
    }

    #[test]
    fn keys_differ_wherever_a_part_ends() {
        let name = |parts: &[(&str, &str)]| key(parts).name();
        assert_ne!(name(&[("ab", "c")]), name(&[("a", "bc")]));
        assert_ne!(name(&[("a", ""), ("b", "")]), name(&[("a", "b")]));
    }
}
