//! Guarded edits: changes to a copy of foreign sources that fail loudly when those sources are not the expected ones.
//!
//! An edit replaces whole lines. It names them by file, line numbers and the SHA-256 of their bytes, so this repository
//! holds none of the foreign lines, and a new version of the sources stops the build until somebody has looked at the edit.
//!
//! Used by build.rs; the tests below run with those of the crate.

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

/// One replaced run of lines. Line numbers are those of the original file, also when a file has several edits.
#[derive(Clone, Copy)]
pub struct Edit {
    /// Path below the root of the sources, with `/`.
    pub file: &'static str,
    /// The first replaced line, from 1.
    pub first_line: usize,
    /// The last replaced line, included.
    pub last_line: usize,
    /// SHA-256, lower-case hex, of the replaced lines with their line ends: `sed -n FIRST,LASTp FILE | sha256sum`.
    pub sha256: &'static str,
    /// What stands there instead, with its line ends; may be empty.
    pub replacement: &'static str,
}

/// Applies all edits below `root`, or none to a file that does not match.
pub fn apply(root: &Path, edits: &[Edit]) -> Result<(), String> {
    let mut files: Vec<&str> = edits.iter().map(|edit| edit.file).collect();
    files.sort_unstable();
    files.dedup();
    for file in files {
        let path = root.join(file);
        let original = fs::read(&path).map_err(|error| format!("guarded edit of {file}: {error}"))?;
        let of_file = edits.iter().filter(|edit| edit.file == file).collect();
        let edited = apply_to_text(&original, of_file)?;
        fs::write(&path, edited).map_err(|error| format!("guarded edit of {file}: {error}"))?;
    }
    Ok(())
}

/// Applies the edits of one file to its bytes.
fn apply_to_text(original: &[u8], mut edits: Vec<&Edit>) -> Result<Vec<u8>, String> {
    edits.sort_by_key(|edit| edit.first_line);
    let lines: Vec<&[u8]> = original.split_inclusive(|&byte| byte == b'\n').collect();
    let mut result = Vec::with_capacity(original.len());
    let mut done = 0;
    for edit in edits {
        let place = format!("guarded edit of {}:{}-{}", edit.file, edit.first_line, edit.last_line);
        if edit.first_line == 0 || edit.last_line < edit.first_line {
            return Err(format!("{place}: not a range of lines"));
        }
        if edit.first_line <= done {
            return Err(format!("{place}: overlaps another edit"));
        }
        if edit.last_line > lines.len() {
            return Err(format!("{place}: the file has only {} lines", lines.len()));
        }
        let replaced = lines[edit.first_line - 1..edit.last_line].concat();
        let found = hex(&Sha256::digest(&replaced));
        if found != edit.sha256 {
            return Err(format!(
                "{place}: the lines have changed (SHA-256 is {found}, expected {}); look at the new source and renew the edit",
                edit.sha256
            ));
        }
        result.extend(lines[done..edit.first_line - 1].concat());
        result.extend_from_slice(edit.replacement.as_bytes());
        done = edit.last_line;
    }
    result.extend(lines[done..].concat());
    Ok(result)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"one\ntwo\nthree\nfour\nfive";
    // printf "two\nthree\n" | sha256sum
    const TWO_THREE: &str = "f3952ccd5acbc3122b2fdc39d122b73e55f403fcb49dc411de7da4b4e987c07f";
    // printf "five" | sha256sum
    const FIVE: &str = "222b0bd51fcef7e65c2e62db2ed65457013bab56be6fafeb19ee11d453153c80";

    fn edit(first_line: usize, last_line: usize, sha256: &'static str, replacement: &'static str) -> Edit {
        Edit {
            file: "a/b.c",
            first_line,
            last_line,
            sha256,
            replacement,
        }
    }

    fn message(edits: &[Edit]) -> String {
        apply_to_text(TEXT, edits.iter().collect()).unwrap_err()
    }

    #[test]
    fn matching_lines_are_replaced_and_the_others_kept() {
        let edits = [edit(5, 5, FIVE, "5"), edit(2, 3, TWO_THREE, "2\n2.5\n3\n")];
        let result = apply_to_text(TEXT, edits.iter().collect()).unwrap();
        assert_eq!(result, b"one\n2\n2.5\n3\nfour\n5");
    }

    #[test]
    fn changed_lines_fail_with_place_and_checksum() {
        let message = message(&[edit(1, 2, TWO_THREE, "")]);
        assert!(message.contains("a/b.c:1-2"), "{message}");
        assert!(message.contains("the lines have changed"), "{message}");
        assert!(message.contains(TWO_THREE), "{message}");
        assert!(!message.contains('\n'), "{message}");
    }

    #[test]
    fn a_range_beyond_the_file_fails() {
        assert!(message(&[edit(5, 6, FIVE, "")]).contains("only 5 lines"));
    }

    #[test]
    fn an_empty_range_fails() {
        assert!(message(&[edit(0, 1, FIVE, "")]).contains("not a range"));
        assert!(message(&[edit(3, 2, FIVE, "")]).contains("not a range"));
    }

    #[test]
    fn overlapping_edits_fail() {
        let edits = [edit(2, 3, TWO_THREE, ""), edit(3, 3, FIVE, "")];
        assert!(message(&edits).contains("overlaps"));
    }

    #[test]
    fn edits_reach_the_files_below_the_root() {
        let root = std::env::temp_dir().join(format!("ultra-edits-{}", std::process::id()));
        fs::create_dir_all(root.join("a")).unwrap();
        fs::write(root.join("a/b.c"), TEXT).unwrap();
        apply(&root, &[edit(2, 3, TWO_THREE, "")]).unwrap();
        let edited = fs::read(root.join("a/b.c")).unwrap();
        let again = apply(&root, &[edit(2, 3, TWO_THREE, "")]);
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(edited, b"one\nfour\nfive");
        assert!(again.is_err(), "an edit cannot be applied twice");
    }
}
