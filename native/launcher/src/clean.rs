//! Removes what is no longer used: the folders of versions that nobody has started for 30 days, and what crashes left.
//!
//! A version that runs may be removed: everything it needs is loaded before a transfer begins, and what is mapped stays until
//! the process ends. Only a start between its check and its `exec` needs the names, and it has marked its folder as used within
//! the last day. So age alone decides, and no lock is held while ultra runs.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::stamp;

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
pub fn remove_unused(base: &Path, current: &Path) {
    let Ok(entries) = fs::read_dir(base) else {
        return;
    };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str());
        let unused = match name {
            Some(name) if name.starts_with(".new-") || name.starts_with(".old-") => {
                age(&path).is_some_and(|age| age > DAY)
            }
            Some(name) if is_key(name) && path != current => {
                let mark = age(&path.join(stamp::NAME)).or_else(|| age(&path));
                mark.is_some_and(|age| age > UNUSED)
            }
            _ => false,
        };
        if unused {
            set_aside(base, &path);
        }
    }
}

/// A path in this folder with a name that nothing has.
pub fn fresh_name(base: &Path, head: &str) -> io::Result<PathBuf> {
    let mut random = [0; 8];
    rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
    Ok(base.join(format!("{head}-{:016x}", u64::from_le_bytes(random))))
}

/// Removes a folder of ours. What stays is removed after a day.
pub fn discard(folder: &Path) {
    let _ = fs::remove_dir_all(folder);
}

/// Renamed first: half a version must not stand under its name.
fn set_aside(base: &Path, path: &Path) {
    let Ok(aside) = fresh_name(base, ".old") else {
        return;
    };
    if fs::rename(path, &aside).is_ok() {
        discard(&aside);
    }
}

fn is_key(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `None` where it is not there, or changed in the future by a clock that was wrong.
fn age(path: &Path) -> Option<Duration> {
    let modified = fs::symlink_metadata(path).ok()?.modified().ok()?;
    SystemTime::now().duration_since(modified).ok()
}
