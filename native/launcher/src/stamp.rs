//! Whether unpacked files are untouched, without reading 100 MB at each start.
//!
//! When files have been hashed, a stamp keeps what the system says of each: device, inode, size, and the times of the last change
//! of content and of status. The system sets the latter by its own clock at every change, and nothing but root can set it back.
//! So a stamp that fits means: these are the files that were hashed. One that does not fit proves nothing, and they are hashed anew.
//!
//! The stamp also names the start of the machine: what was unpacked is not forced to disk, so after a power cut a file can have its
//! size and times and not its content. The first use after each start of the machine hashes. (Windows does not tell its starts; there
//! what is unpacked is forced to disk.)

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::fresh;
use crate::os;
use crate::payload::{Manifest, Part};

/// The stamp's name in the folder. Its own time says when the folder was last used.
pub const NAME: &str = "stamp";

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As they were when they were hashed.
    Untouched,
    /// Not as they were, but hashed now and right.
    Right,
    /// Missing, changed, or not private to this user.
    Wrong,
}

/// Looks at all files of a folder that is private to this user.
pub fn check(folder: &Path, manifest: &Manifest) -> io::Result<State> {
    let now = stamp_of(folder, manifest)?;
    let Some(now) = now else {
        return Ok(State::Wrong);
    };
    match kept(folder)? {
        Kept::Stamp(kept) if kept == now => return Ok(State::Untouched),
        Kept::Stamp(_) | Kept::Nothing => {}
        // A pipe would be waited for, and a folder cannot be replaced: all is unpacked anew.
        Kept::Other => return Ok(State::Wrong),
    }
    for part in manifest.files() {
        if !has_content(&folder.join(&part.name), part)? {
            return Ok(State::Wrong);
        }
    }
    // Taken before the hashes: a change since then does not fit it.
    keep(folder, &now)?;
    Ok(State::Right)
}

/// Keeps a stamp of files that were just unpacked and checked. False: they are not as they were made, which is how disks behave that
/// keep no modes.
pub fn make(folder: &Path, manifest: &Manifest) -> io::Result<bool> {
    match stamp_of(folder, manifest)? {
        Some(stamp) => keep(folder, &stamp).map(|()| true),
        None => Ok(false),
    }
}

enum Kept {
    Stamp(String),
    Nothing,
    /// No regular file, or too long for a stamp.
    Other,
}

/// What stands under the stamp's name. Nothing is opened that is no regular file of a stamp's size.
fn kept(folder: &Path) -> io::Result<Kept> {
    const LONGEST: u64 = 64 * 1024;
    let path = folder.join(NAME);
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Kept::Nothing),
        Err(error) => Err(error),
        Ok(status) if !status.is_file() || status.len() > LONGEST => Ok(Kept::Other),
        Ok(_) => Ok(fs::read_to_string(&path).map_or(Kept::Nothing, Kept::Stamp)),
    }
}

/// `None`: a file is missing, is no regular file of this user's, or has another size or mode than it must.
fn stamp_of(folder: &Path, manifest: &Manifest) -> io::Result<Option<String>> {
    let mut text = format!("{}\n{}\n", manifest.key(), os::boot_id());
    for part in manifest.files() {
        let path = folder.join(&part.name);
        let status = match fs::symlink_metadata(&path) {
            Ok(status) => status,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let is_right = status.is_file() && Some(status.len()) == part.size();
        let Some(identity) = os::identity(&path, &status, part.mode).filter(|_| is_right) else {
            return Ok(None);
        };
        let _ = writeln!(text, "{} {identity}", part.name);
    }
    Ok(Some(text))
}

fn has_content(path: &Path, part: &Part) -> io::Result<bool> {
    let file = File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    for piece in &part.pieces {
        let mut hasher = blake3::Hasher::new();
        let mut left = (&file).take(piece.size);
        loop {
            let read = left.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            hasher.update(&buffer[..read]);
        }
        if hasher.finalize() != piece.hash {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Replaces the stamp. A cache that cannot be written works all the same; it is hashed each time then.
fn keep(folder: &Path, stamp: &str) -> io::Result<()> {
    let fresh = fresh::name(folder, ".stamp")?;
    let written = (|| {
        io::Write::write_all(&mut os::new_file(&fresh)?, stamp.as_bytes())?;
        fs::rename(&fresh, folder.join(NAME))
    })();
    if written.is_err() {
        let _ = fs::remove_file(&fresh); // it may never have been made
    }
    match written {
        Err(error) if is_read_only(&error) => Ok(()),
        result => result,
    }
}

fn is_read_only(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(
        error.kind(),
        AlreadyExists | PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull
    )
}
