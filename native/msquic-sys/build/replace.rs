//! Guarded replacements of whole foreign files by ours: the file that is replaced must be the one it was written for.
//!
//! Used by build.rs; the tests below run with those of the crate.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

pub struct Replacement {
    /// Path below the root of the sources, with `/`.
    pub file: &'static str,
    /// SHA-256, lower-case hex, of the file that is replaced.
    pub sha256: &'static str,
    /// What stands there instead.
    pub with: &'static str,
}

/// Replaces all files below `root`, or none when one of them is not the expected one.
pub fn apply(root: &Path, replacements: &[Replacement]) -> Result<(), String> {
    for replacement in replacements {
        let place = format!("replacement of {}", replacement.file);
        let original = fs::read(root.join(replacement.file)).map_err(|error| format!("{place}: {error}"))?;
        let found: String = Sha256::digest(&original)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        if found != replacement.sha256 {
            return Err(format!(
                "{place}: the file has changed (SHA-256 is {found}, expected {}); look at the new one, and at all that calls it",
                replacement.sha256
            ));
        }
    }
    for replacement in replacements {
        fs::write(root.join(replacement.file), replacement.with)
            .map_err(|error| format!("replacement of {}: {error}", replacement.file))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf "old" | sha256sum
    const OLD: &str = "cba06b5736faf67e54b07b561eae94395e774c517a7d910a54369e1263ccfbd4";

    #[test]
    fn all_files_are_replaced_or_none() {
        let root = std::env::temp_dir().join(format!("ultra-replace-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        let write = |name: &str, text: &str| fs::write(root.join(name), text).unwrap();
        let read = |name: &str| fs::read_to_string(root.join(name)).unwrap();
        let replacement = |file| Replacement {
            file,
            sha256: OLD,
            with: "new",
        };
        write("a.c", "old");
        write("a.h", "other");
        let message = apply(&root, &[replacement("a.c"), replacement("a.h")]).unwrap_err();
        assert!(message.contains("a.h") && message.contains("has changed"), "{message}");
        assert_eq!(read("a.c"), "old");
        write("a.h", "old");
        apply(&root, &[replacement("a.c"), replacement("a.h")]).unwrap();
        assert_eq!((read("a.c"), read("a.h")), ("new".to_owned(), "new".to_owned()));
        fs::remove_dir_all(&root).unwrap();
    }
}
