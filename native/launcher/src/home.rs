//! The unpacked files: one folder for each version, made whole under a fresh name and renamed into place.
//!
//! ```text
//! BASE/             private: only the user may write here
//!   KEY/            0700; deno (0500), the engine and the bundle (0400), the stamp, and Deno's own small caches
//!   .new-RANDOM/    being unpacked
//!   .old-RANDOM/    being removed
//!   .lock           held while unpacking, so that starts at the same time unpack once; they work without it too
//! ```
//!
//! What is used is private to the user and has the content that the manifest names; anything else is set aside and unpacked anew.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::clean;
use crate::fresh;
use crate::os;
use crate::payload::{BUNDLE, DENO, Manifest, Payload};
use crate::places::Place;
use crate::refusal::reason;
use crate::stamp::{self, State};

/// For how long a start waits for another one that unpacks. Then it unpacks by itself.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Files that are ready to run.
#[derive(Debug)]
pub struct Home {
    pub deno: PathBuf,
    pub engine: PathBuf,
    pub bundle: PathBuf,
    /// Where Deno may keep caches of its own.
    pub deno_dir: PathBuf,
    /// Descriptors that must stay open until the next program runs.
    pub open: Vec<File>,
}

/// Why a place cannot be used.
#[derive(Debug)]
pub enum Unusable {
    /// In words that follow its path.
    Place(String),
    /// The executable itself is damaged, so no place will do.
    Payload,
    /// This system lacks what the files need, in words.
    System(&'static str),
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Unusable {
        match error.kind() {
            io::ErrorKind::InvalidData => Unusable::Payload,
            _ => Unusable::Place(reason(&error)),
        }
    }
}

/// Finds the files unpacked at this place, or unpacks them.
pub fn ready(place: &Place, payload: &Payload) -> Result<Home, Unusable> {
    let base = &os::make_base(place)?;
    if !os::may_execute(base)? {
        return refused("no program may be run there (noexec)");
    }
    let folder = base.join(payload.manifest.key());
    if is_good(&folder, &payload.manifest)? {
        if clean::is_due(&folder) {
            clean::mark_used(&folder);
            clean::remove_unused(base, &folder, &payload.manifest);
        }
    } else {
        let _lock = lock(base);
        // Another start may have unpacked meanwhile.
        if !is_good(&folder, &payload.manifest)? {
            unpack(base, &folder, payload)?;
            clean::remove_unused(base, &folder, &payload.manifest);
        }
    }
    let engine = payload.manifest.engine().ok_or(Unusable::Payload)?;
    Ok(Home {
        deno: folder.join(DENO),
        engine: folder.join(&engine.name),
        bundle: folder.join(BUNDLE),
        deno_dir: folder.join(clean::DENO_DIR),
        open: Vec::new(),
    })
}

pub(crate) fn refused<T>(why: &str) -> Result<T, Unusable> {
    Err(Unusable::Place(why.to_owned()))
}

pub(crate) fn is_missing(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether the files are there, private to this user, and have the right content.
fn is_good(folder: &Path, manifest: &Manifest) -> io::Result<bool> {
    if is_missing(folder)? {
        return Ok(false);
    }
    let status = fs::symlink_metadata(folder)?;
    Ok(os::is_private_folder(folder, &status) && stamp::check(folder, manifest)? != State::Wrong)
}

/// Waits for starts that unpack at the same time. Without a lock (some network file systems have none) each unpacks for itself.
fn lock(base: &Path) -> Option<File> {
    let file = os::lock_file(&base.join(".lock")).ok()?;
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(TryLockError::WouldBlock) if since.elapsed() < LOCK_PATIENCE => thread::sleep(LOCK_PAUSE),
            Err(_) => return None,
        }
    }
}

fn unpack(base: &Path, folder: &Path, payload: &Payload) -> Result<(), Unusable> {
    let fresh = fresh::name(base, ".new")?;
    let placed = fill(&fresh, payload).and_then(|()| put_in_place(base, &fresh, folder, payload));
    if placed.is_err() {
        clean::discard(&fresh);
    }
    placed
}

fn fill(fresh: &Path, payload: &Payload) -> Result<(), Unusable> {
    os::make_private_folder(fresh)?;
    let mut targets = Vec::new();
    for part in payload.manifest.files() {
        targets.push((part, os::new_file(&fresh.join(&part.name))?));
    }
    payload.unpack(&targets)?;
    for (part, file) in targets {
        os::settle(&file, part.mode.unwrap_or(0o400))?;
    }
    // Where modes are not kept, nothing can be private.
    if !stamp::make(fresh, &payload.manifest)? || !is_good(fresh, &payload.manifest)? {
        return refused("that disk keeps no file modes");
    }
    let engine = payload.manifest.engine().ok_or(Unusable::Payload)?;
    match os::what_is_missing(&fresh.join(DENO), &fresh.join(&engine.name)) {
        Some(words) => Err(Unusable::System(words)),
        None => Ok(()),
    }
}

/// Gives the folder its name. What stands there and is wrong is set aside; programs that run from it keep what they have.
fn put_in_place(base: &Path, fresh: &Path, folder: &Path, payload: &Payload) -> Result<(), Unusable> {
    for _ in 0..2 {
        match os::rename_new(fresh, folder) {
            Ok(()) => return Ok(()),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error.into()),
        }
        if is_good(folder, &payload.manifest)? {
            clean::discard(fresh);
            return Ok(());
        }
        let aside = fresh::name(base, ".old")?;
        fs::rename(folder, &aside)?;
        clean::discard(&aside);
    }
    refused("another program keeps replacing what is unpacked there")
}

fn is_taken(error: &io::Error) -> bool {
    use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, NotADirectory};
    matches!(error.kind(), AlreadyExists | DirectoryNotEmpty | NotADirectory)
}
