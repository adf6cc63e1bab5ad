//! One name for a complete file or link, which replaces nothing but what was agreed.
//!
//! A new name is made in one step that fails where something has it. To replace a file, the part and the file change places in one step,
//! and only then is looked at what came out: where it is not the file that was agreed, they change back, and what comes out of that is looked at as
//! well. Until the new name is durable the
//! file that had it before stays, under a name of ours that says so (`.ultra-ID.swap`) and that nothing but the user ever removes later.

use std::collections::HashSet;
use std::io;

use parking_lot::Mutex;

use crate::error::{ErrorClass, FileError};
use crate::existing::{MOST_NUMBERS, backup_name};
use crate::os::{Errors, File, Folder, NodeKind, Stat, System};
use crate::reserved::{FileId, MOST_SWAPS, Reserved};

/// A file that was replaced, under the name of ours that it has until the new name is durable.
#[must_use = "it is to be removed once the new name is durable"]
#[derive(Debug)]
pub(crate) struct Previous {
    name: String,
}

impl Previous {
    /// Removes it. What cannot be removed stays, and `ultra clean` names it.
    pub(crate) fn remove(self, folder: &impl Folder) {
        let _ = folder.remove_file(&self.name);
    }
}

/// Files that the user agreed to replace, as they were when that was agreed.
pub(crate) struct Agreed {
    /// They stay, under names that say so.
    backup: bool,
    /// Those of several names, of which this transfer has replaced one: that moved the ctime of the file, which the others have too.
    touched: Mutex<HashSet<(u64, u64)>>,
}

impl Agreed {
    pub(crate) fn new(backup: bool) -> Self {
        Self {
            backup,
            touched: Mutex::default(),
        }
    }

    /// Whether what is there now is what was agreed.
    fn is_same(&self, seen: &Stat, now: &Stat) -> bool {
        let untouched = || !self.touched.lock().contains(&(now.dev, now.ino));
        is_same_but_ctime(seen, now) && (seen.ctime == now.ctime || !untouched())
    }

    /// A name of a file goes, which moves its ctime.
    fn touch(&self, now: &Stat) {
        if now.links > 1 {
            self.touched.lock().insert((now.dev, now.ino));
        }
    }
}

/// Why a part did not get its name.
#[derive(Debug)]
pub(crate) enum NotPlaced {
    /// Something has the name that was not there when the manifest came.
    Appeared,
    /// The file that was to be replaced is another one by now.
    Changed,
    /// It changed twice, before the two names changed places and behind that: the later version has the name, or nothing where it was removed, and
    /// the one before stands as a previous version. The part is gone, as the later one took its place.
    ChangedTwice,
    /// The two names could not change back: the complete file has the name, and the one that changed stands as a previous version.
    NotBack(io::Error),
    /// So many previous versions stand beside it that no name for a further one is left.
    Versions,
    /// No number for a further backup is left.
    Backups,
    System(io::Error),
}

impl From<io::Error> for NotPlaced {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AlreadyExists => Self::Appeared,
            _ => Self::System(error),
        }
    }
}

impl NotPlaced {
    /// Whether the part is where it was.
    fn leaves_part(&self) -> bool {
        !matches!(self, Self::ChangedTwice | Self::NotBack(_))
    }

    pub(crate) fn error_of(self, path: impl Into<String>) -> FileError {
        let why = match self {
            Self::System(error) => return FileError::new("complete", path, &error),
            Self::Appeared => "something with this name appeared during the transfer",
            Self::Changed => "the file with this name changed during the transfer, and was left as it is",
            Self::ChangedTwice => {
                "the file with this name changed twice while it was replaced; `ultra clean` lists what it was before"
            }
            Self::NotBack(error) => return FileError::new("put back (`ultra clean` lists it)", path, &error),
            Self::Backups => "a thousand backups of it are there; remove some",
            Self::Versions => "previous versions of it fill all names for them; `ultra clean` lists them",
        };
        FileError::rule(ErrorClass::Exists, "complete", path, why)
    }
}

/// What became of a part that has its name: the file that it replaced, if any.
type Placed = Result<Option<Previous>, NotPlaced>;

/// Gives a part or link in `folder` its final name, replacing nothing but the file or link that was `seen`. An error leaves the part where it
/// was, unless it says otherwise.
pub(crate) fn place<F: Folder>(folder: &F, part: &str, name: &str, seen: Option<Stat>, agreed: &Agreed) -> Placed {
    let Some(seen) = seen else {
        place_new(folder, part, name)?;
        return Ok(None);
    };
    let Some(swap) = move_to_swap(folder, part, name)? else {
        return replace_unguarded(folder, part, name, &seen, agreed);
    };
    let replaced = exchange(folder, &swap, name, &seen, agreed);
    if let Ok(Exchanged::Yes(complete)) = &replaced {
        if !agreed.backup {
            return Ok(Some(Previous { name: swap }));
        }
        let Err(error) = move_to_backup(folder, &swap, name) else {
            return Ok(None);
        };
        change_back(folder, &swap, name, complete)?;
        folder.move_new(&swap, part)?;
        return Err(error);
    }
    if let Err(refused) = replaced.as_ref()
        && !refused.leaves_part()
    {
        return replaced.map(|_| None);
    }
    if let Ok(Exchanged::NothingThere) = replaced
        && place_new(folder, &swap, name).is_ok()
    {
        return Ok(None);
    }
    // Should this fail, the complete file stays as `.swap`, which is never removed by itself.
    folder.move_new(&swap, part)?;
    match replaced {
        Ok(Exchanged::NothingThere | Exchanged::Yes(_)) => Err(NotPlaced::Appeared),
        Ok(Exchanged::Unsupported) => replace_unguarded(folder, part, name, &seen, agreed),
        Err(error) => Err(error),
    }
}

/// Whether two names changed places.
enum Exchanged {
    /// The previous file is under the name of ours now. With what the complete one is.
    Yes(Stat),
    /// What was to be replaced is gone.
    NothingThere,
    /// The file system cannot do it.
    Unsupported,
}

/// Lets the complete file under `swap` and the file that was agreed change places.
fn exchange<F: Folder>(
    folder: &F,
    swap: &str,
    name: &str,
    seen: &Stat,
    agreed: &Agreed,
) -> Result<Exchanged, NotPlaced> {
    match folder.stat(name) {
        Ok(now) if agreed.is_same(seen, &now) => {}
        Ok(_) => return Err(NotPlaced::Changed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Exchanged::NothingThere),
        Err(error) => return Err(error.into()),
    }
    let complete = folder.stat(swap)?;
    match folder.exchange(swap, name) {
        Ok(()) => {}
        Err(error) if System::is_unsupported(&error) => return Ok(Exchanged::Unsupported),
        // It went between the look and the exchange.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Exchanged::NothingThere),
        Err(error) => return Err(error.into()),
    }
    // The exchange itself moved the ctime.
    let out = folder.stat(swap);
    if let Ok(out) = &out
        && is_same_but_ctime(seen, out)
    {
        agreed.touch(out);
        return Ok(Exchanged::Yes(complete));
    }
    change_back(folder, swap, name, &complete)?;
    Err(out.map_or_else(NotPlaced::from, |_| NotPlaced::Changed))
}

/// Undoes an exchange. What comes out is the complete file, or what another program has put in its place meanwhile: that is the newest version, and
/// gets the name again. The last exchange is not judged: whatever comes out of it stands as a previous version, and nothing is lost.
fn change_back<F: Folder>(folder: &F, swap: &str, name: &str, complete: &Stat) -> Result<(), NotPlaced> {
    match folder.exchange(name, swap) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(NotPlaced::ChangedTwice),
        Err(error) => return Err(NotPlaced::NotBack(error)),
    }
    match folder.stat(swap) {
        Ok(out) if is_same_but_ctime(complete, &out) => Ok(()),
        _ => match folder.exchange(name, swap) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(NotPlaced::NotBack(error)),
            _ => Err(NotPlaced::ChangedTwice),
        },
    }
}

/// Gives a part the name under which the file that it replaces will stand. `None`: this file system cannot move without replacing, so it
/// cannot exchange either.
fn move_to_swap<F: Folder>(folder: &F, part: &str, name: &str) -> Result<Option<String>, NotPlaced> {
    for number in 0..MOST_SWAPS {
        let swap = Reserved::Swap(FileId::of_version(name, number)).to_string();
        match folder.move_new(part, &swap) {
            Ok(()) => return Ok(Some(swap)),
            Err(error) if System::is_unsupported(&error) => return Ok(None),
            // From an earlier run that was killed: it may be the only copy of what was there.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(NotPlaced::Versions)
}

/// Gives a file that was replaced the first name of a backup that is free. The same sync of the folder makes it durable as the new name.
fn move_to_backup<F: Folder>(folder: &F, from: &str, name: &str) -> Result<(), NotPlaced> {
    for number in 1..=MOST_NUMBERS {
        match place_new(folder, from, &backup_name(name, number)) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(NotPlaced::System(error)),
        }
    }
    Err(NotPlaced::Backups)
}

/// Without exchange: looking and replacing are two steps, and a file that changes between them is replaced unseen.
fn replace_unguarded<F: Folder>(folder: &F, part: &str, name: &str, seen: &Stat, agreed: &Agreed) -> Placed {
    match folder.stat(name) {
        Ok(now) if agreed.is_same(seen, &now) => {
            agreed.touch(&now);
            if agreed.backup {
                move_to_backup(folder, name, name)?;
                place_new(folder, part, name)?;
            } else {
                folder.move_over(part, name)?;
            }
        }
        Ok(_) => return Err(NotPlaced::Changed),
        Err(error) if error.kind() == io::ErrorKind::NotFound => place_new(folder, part, name)?,
        Err(error) => return Err(error.into()),
    }
    Ok(None)
}

fn place_new<F: Folder>(folder: &F, part: &str, name: &str) -> io::Result<()> {
    match folder.move_new(part, name) {
        Err(error) if System::is_unsupported(&error) => {}
        result => return result,
    }
    // Older and simpler file systems. A second name is refused if there is one, too.
    match folder.link(part, name) {
        Ok(()) => return folder.remove_file(part),
        // EPERM is how file systems without hard links say so.
        Err(error) if System::is_unsupported(&error) || error.kind() == io::ErrorKind::PermissionDenied => {}
        Err(error) => return Err(error),
    }
    // FAT: the name is reserved first, which fails where something has it, and then replaced. Killed between the two, an empty file stays.
    let reserved = folder.create_file(name)?.stat()?;
    let is_ours = |now: &Stat| (now.dev, now.ino, now.size) == (reserved.dev, reserved.ino, 0);
    let moved = match folder.stat(name) {
        Ok(now) if is_ours(&now) => folder.move_over(part, name),
        Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) => Err(error),
    };
    if moved.is_err() && folder.stat(name).is_ok_and(|now| is_ours(&now)) {
        let _ = folder.remove_file(name);
    }
    moved
}

fn is_same_but_ctime(seen: &Stat, now: &Stat) -> bool {
    let key = |stat: &Stat| (stat.kind, stat.dev, stat.ino, stat.size, stat.mtime);
    matches!(now.kind, NodeKind::File | NodeKind::Link) && key(seen) == key(now)
}
