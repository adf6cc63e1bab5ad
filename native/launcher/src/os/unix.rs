//! What Linux and macOS share: folders that are private by owner and mode, and a process that becomes another program.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::io::Errno;

use super::descriptor_path;
use crate::home::{Unusable, is_missing, refused};
use crate::places::Place;

const OTHERS_WRITE: u32 = 0o022;
const STICKY: u32 = 0o1000;
const ROOT: u32 = 0;

/// The variable that names the folder for temporary files, and where it is expected without.
pub const TEMPORARY: (&str, Option<&str>) = ("TMPDIR", Some("/tmp"));
/// The variable that names the user's own folder.
pub const HOME: &str = "HOME";
/// The variable that names the folder for caches.
pub const CACHE: &str = "XDG_CACHE_HOME";

pub fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Tells users apart in a folder that all share.
pub fn user() -> String {
    effective_user().to_string()
}

/// Whether a variable of the environment is the one of this name.
pub fn is_same_variable(name: &str, found: &str) -> bool {
    name == found
}

/// Becomes the program; returns only if that fails.
pub fn run(mut command: Command) -> io::Error {
    command.exec()
}

pub fn path_in_url(path: &Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_vec()
}

pub fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    file.read_at(buffer, at)
}

pub fn read_exact_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<()> {
    file.read_exact_at(buffer, at)
}

pub fn write_all_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    file.write_all_at(bytes, at)
}

/// A file that was not there, for this user alone.
pub fn new_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// A file for this user alone, made if need be.
pub fn lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

pub fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)?;
    // (A folder can inherit setgid from the one above.)
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

pub fn is_private_folder(_path: &Path, status: &Metadata) -> bool {
    status.is_dir() && status.uid() == effective_user() && status.mode() & 0o7777 == 0o700
}

/// Gives what was unpacked its mode.
pub fn settle(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(mode))
}

/// What changes whenever the file does, in words for a stamp. `None`: it is not this user's alone, or has another mode.
pub fn identity(_path: &Path, status: &Metadata, mode: Option<u32>) -> Option<String> {
    let is_right = status.uid() == effective_user() && status.nlink() == 1 && Some(status.mode() & 0o7777) == mode;
    is_right.then(|| {
        format!(
            "{} {} {} {}.{} {}.{}",
            status.dev(),
            status.ino(),
            status.size(),
            status.mtime(),
            status.mtime_nsec(),
            status.ctime(),
            status.ctime_nsec()
        )
    })
}

/// Exchanges nothing and replaces nothing: fails when the new name exists.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system without the flag: `rename` of a folder fails on one with files, and an empty one is of no use to another start.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => fs::rename(from, to),
        result => result.map_err(io::Error::from),
    }
}

/// A pipe that holds these bytes and then ends. The next program inherits the end from which they are read.
pub fn pipe_with(bytes: &[u8]) -> io::Result<(OwnedFd, PathBuf)> {
    let (reader, writer) = rustix::pipe::pipe()?;
    File::from(writer).write_all(bytes)?;
    let path = descriptor_path(&reader);
    Ok((reader, path))
}

/// Makes the base folder if need be, and checks that no other user can put anything there, or another folder in its place. Returns its path
/// without links: what was checked is what is used, also when another user owns a link on the way.
pub fn make_base(place: &Place) -> Result<PathBuf, Unusable> {
    let Place { base, at_home } = place;
    if base.to_str().is_none() {
        return refused("its name is no valid UTF-8, which Deno needs");
    }
    let user = effective_user();
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
