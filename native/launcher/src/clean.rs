//! Removes what is no longer used: the folders of versions that were not started for 30 days, and what crashes left.
//!
//! A version that runs may be removed: everything it needs is loaded before a transfer begins, and what is mapped stays until
//! the process ends. Only a start between its check and its `exec` needs the names, and it has marked its folder as used within
//! the last day. So age alone decides, and no lock is held while ultra runs.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::payload::Manifest;
use crate::{fresh, os, stamp};

/// Where Deno may keep caches of its own, in the folder of a version.
pub const DENO_DIR: &str = "deno-dir";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const UNUSED: Duration = DAY.saturating_mul(30);

/// Whether the mark of use is older than a day.
pub fn is_due(folder: &Path) -> bool {
    age(&folder.join(stamp::NAME)).is_none_or(|age| age > DAY)
}

/// The time of the stamp is the mark of use. In a folder that cannot be written, it stays as it is.
pub fn mark_used(folder: &Path) {
    if let Ok(file) = File::open(folder.join(stamp::NAME)) {
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Removes versions unused for 30 days, and what interrupted starts left a day ago. Failures are for the next time.
///
/// Only what can be nothing but ultra's is touched: a private folder of this user's, named as ultra names it, that holds ultra's files and
/// nothing else. Whatever else lies beside it stays.
pub fn remove_unused(base: &Path, current: &Path, manifest: &Manifest) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let unused = match path.file_name().and_then(|name| name.to_str()) {
            Some(name) if is_leftover(name) => age(&path).is_some_and(|age| age > DAY),
            Some(name) if is_key(name) && path != current => {
                let mark = age(&path.join(stamp::NAME)).or_else(|| age(&path));
                mark.is_some_and(|age| age > UNUSED)
            }
            _ => false,
        };
        if unused && is_ours(&path, manifest).unwrap_or(false) {
            set_aside(base, &path);
        }
    }
}

/// Whether a folder is private to this user and holds nothing but what a start unpacks or makes there.
fn is_ours(folder: &Path, manifest: &Manifest) -> io::Result<bool> {
    let status = fs::symlink_metadata(folder)?;
    if !os::is_private_folder(folder, &status) {
        return Ok(false);
    }
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let known = name.to_str().is_some_and(|name| {
            [stamp::NAME, DENO_DIR].contains(&name)
                || name.starts_with(".stamp-")
                || manifest.files().any(|part| part.name == name)
        });
        if !known {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes a folder of ours. What stays is removed after a day.
pub fn discard(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
}

/// Renamed first: half a version must not stand under its name.
fn set_aside(base: &Path, path: &Path) {
    let Ok(aside) = fresh::name(base, ".old") else {
        return;
    };
    if fs::rename(path, &aside).is_ok() {
        discard(&aside);
    }
}

/// `.new-` or `.old-` and a random number, as [`fresh::name`] makes them.
fn is_leftover(name: &str) -> bool {
    let random = name.strip_prefix(".new-").or_else(|| name.strip_prefix(".old-"));
    random.is_some_and(|random| random.len() == 16 && random.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_key(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `None` where it is not there, or changed in the future by a clock that was wrong.
fn age(path: &Path) -> Option<Duration> {
    let modified = fs::symlink_metadata(path).ok()?.modified().ok()?;
    SystemTime::now().duration_since(modified).ok()
}
