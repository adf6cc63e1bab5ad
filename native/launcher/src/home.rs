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

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
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

const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;
const ROOT: u32 = 0;

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
    let base = &make_base(place)?;
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

fn refused<T>(why: &str) -> Result<T, Unusable> {
    Err(Unusable::Place(why.to_owned()))
}

/// Makes the base folder if need be, and checks that no other user can put anything there, or another folder in its place. Returns its path
/// without links: what was checked is what is used, also when another user owns a link on the way.
fn make_base(place: &Place) -> Result<PathBuf, Unusable> {
    let Place { base, at_home } = place;
    if base.to_str().is_none() {
        return refused("its name is no valid UTF-8, which Deno needs");
    }
    let user = os::effective_user();
    let above = nearest_existing(base)?;
    let real = fs::canonicalize(above)?;
    let is_new = above != base;
    for folder in real.ancestors().skip(usize::from(!is_new)) {
        let status = fs::metadata(folder)?;
        if status.uid() != user && status.uid() != ROOT {
            return refused("a folder above belongs to another user");
        }
        if status.mode() & OTHERS_WRITE != 0 && status.mode() & STICKY == 0 {
            return refused("other users may rename it");
        }
    }
    if !is_new {
        // A link is followed when it is the user's own.
        if fs::symlink_metadata(base)?.uid() != user {
            return refused("it belongs to another user");
        }
        check_own(&real, user)?;
        return Ok(real);
    }
    if *at_home && fs::metadata(&real)?.uid() != user {
        return refused("the folder above belongs to another user");
    }
    let rest = base
        .strip_prefix(above)
        .map_err(|_| Unusable::Place("it has no name".to_owned()))?;
    let real = real.join(rest);
    DirBuilder::new().recursive(true).mode(0o700).create(&real)?;
    check_own(&real, user)?;
    Ok(real)
}

fn check_own(base: &Path, user: u32) -> Result<(), Unusable> {
    let status = fs::metadata(base)?;
    if status.uid() != user {
        return refused("it belongs to another user");
    }
    if !status.is_dir() {
        return refused("it is no folder");
    }
    if status.mode() & OTHERS_WRITE != 0 {
        return refused("other users may write there");
    }
    Ok(())
}

/// The path itself, or the nearest folder above it that exists.
fn nearest_existing(path: &Path) -> io::Result<&Path> {
    for above in path.ancestors() {
        if !is_missing(above)? {
            return Ok(above);
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

fn is_missing(path: &Path) -> io::Result<bool> {
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
    let is_private = status.is_dir() && status.uid() == os::effective_user() && status.mode() & 0o7777 == 0o700;
    Ok(is_private && stamp::check(folder, manifest)? != State::Wrong)
}

/// Waits for starts that unpack at the same time. Without a lock (some network file systems have none) each unpacks for itself.
fn lock(base: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    let options = options.read(true).write(true).create(true).truncate(false);
    let file = options.mode(0o600).open(base.join(".lock")).ok()?;
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
    DirBuilder::new().mode(0o700).create(fresh)?;
    // (A folder can inherit setgid from the one above.)
    fs::set_permissions(fresh, fs::Permissions::from_mode(0o700))?;
    let mut targets = Vec::new();
    for part in payload.manifest.files() {
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        targets.push((part, options.open(fresh.join(&part.name))?));
    }
    payload.unpack(&targets)?;
    for (part, file) in targets {
        file.set_permissions(fs::Permissions::from_mode(part.mode.unwrap_or(0o400)))?;
    }
    // Where modes are not kept, nothing can be private.
    if !stamp::make(fresh, &payload.manifest)? || !is_good(fresh, &payload.manifest)? {
        return refused("that disk keeps no file modes");
    }
    Ok(())
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
