//! What each system does in its own way: the few operations that everything else here is made of. A system implements the traits below
//! for its `NativeFolder`, `NativeFile` and `System`. Linux and macOS share `unix.rs`; which names each system can hold stands in `names.rs`,
//! which is pure and tested everywhere.
//!
//! A folder is held by its descriptor, names are single components, and nothing here follows a symbolic link, except
//! [`Folder::open`], which opens what the user of this machine named. So no name from a peer leads out of the tree, even while
//! another process swaps folders for links. Tests put faults between these traits and the real thing.

use std::path::Path;
use std::{fs, io};

mod copying;
pub mod fault_points;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "macos")]
mod macos;
pub mod names;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
#[cfg(any(windows, test))]
mod windows_formats;
#[cfg(any(windows, test))]
mod windows_ways;

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(target_os = "macos")]
use macos as system;
#[cfg(windows)]
use windows as system;

pub use system::{NativeFile, NativeFolder, System};

/// Seconds and nanoseconds since 1970; the nanoseconds count forwards also before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    pub secs: i64,
    pub nanos: u32,
}

/// What a name stands for. Links are never followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    File,
    Folder,
    Link,
    /// A FIFO, socket or device: opening one may block or do something.
    Special,
}

/// What the system says of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub kind: NodeKind,
    pub dev: u64,
    pub ino: u64,
    pub size: u64,
    /// Permission bits, at most 0o777.
    pub mode: u16,
    pub uid: u32,
    pub gid: u32,
    pub links: u64,
    /// Units of 512 bytes that it occupies on the disk: fewer than its size where it may have holes.
    pub blocks: u64,
    pub mtime: Time,
    pub ctime: Time,
}

/// How a file system makes what was written durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// It keeps files in memory: there is nothing to make durable.
    Memory,
    /// One call writes everything that was written before it, and reports what failed. Only file systems for which a power-cut test
    /// showed that (`docs/reliability.md`).
    Whole,
    /// Each file by itself.
    Each,
}

/// What a file system means by the size 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sizes {
    /// Such a file is empty.
    Told,
    /// Contents are made when they are read, as in `/proc`: it may hold anything.
    Made,
    /// Only reading tells.
    Unknown,
}

/// How a file system guards a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Permission bits, at most 0o777.
    Mode(u16),
    /// The file system shows the same mode for every file, and `chmod` changes nothing.
    NoModes,
    /// A pipe or a terminal: it cannot be opened by name.
    Stream,
}

/// What a process has of its system.
pub trait Process {
    /// The bits that the user takes from the mode of everything new.
    fn umask() -> u16;
    /// Who this process acts as.
    fn user() -> u32;
    /// Seconds since 1970, as files are stamped with them.
    fn now() -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
    }
    /// 128 unguessable bits.
    fn random() -> io::Result<u128>;
    /// What this system keeps of the time of a file.
    fn kept_time(time: Time) -> Time {
        time
    }
}

/// What the errors of a system mean.
pub trait Errors {
    /// This file system or system cannot do it at all.
    fn is_unsupported(error: &io::Error) -> bool;
    /// This file system keeps no such thing, or keeps it from this user.
    fn is_refused(error: &io::Error) -> bool;
    /// A link where none is followed.
    fn is_link(error: &io::Error) -> bool;
    /// This file system has no such links, this user may make none to that file, it is on another file system, or it has as many names as
    /// it can.
    fn has_no_link(error: &io::Error) -> bool;
    /// What disks say to a name that they do not take. It may have other causes, where it was no trial of a name.
    fn is_bad_name(error: &io::Error) -> bool;
    /// What a search for data or holes says behind the end of a file.
    fn is_behind_end(error: &io::Error) -> bool;
    /// A link or a file where a folder is needed.
    fn is_no_folder(error: &io::Error) -> bool;
}

/// What a path is that a ticket is read from or written to. Links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketPlace {
    File,
    Pipe,
    /// A terminal, or another device that takes one character after the other.
    Device,
    Other,
}

/// The file or pipe of a ticket, which stands where the user wants it. Links are followed but where it says so.
pub trait TicketFiles {
    /// Opens for reading; never makes a terminal this process's own. Blocks until a pipe has a writer.
    fn open(path: &Path) -> io::Result<fs::File>;
    /// Opens for writing behind what is there.
    fn append(path: &Path) -> io::Result<fs::File>;
    /// Creates a file that was not there, accessible to its owner alone. A link is an error.
    fn create(path: &Path) -> io::Result<fs::File>;
    fn place(file: &fs::File, status: &fs::Metadata) -> TicketPlace;
    /// The same of a path, without opening what may be a pipe.
    fn place_at(path: &Path) -> io::Result<TicketPlace>;
    /// How an open plain file is guarded.
    fn guard(file: &fs::File, status: &fs::Metadata) -> Guard;
    /// Whether a path names an open descriptor of a process, which is written into and never replaced.
    fn is_descriptor(path: &Path) -> bool;
}

/// A file of state, which this user alone may read and one process has at a time.
pub trait StateFiles {
    /// Makes a folder, and those above it that are missing, for this user alone.
    fn make_private(folder: &Path) -> io::Result<()>;
    /// Opens for reading and writing; with `create` one that is missing is made, for this user alone. A link is an error.
    fn open_state(path: &Path, create: bool) -> io::Result<fs::File>;
    /// Whether it is a plain file of this user that, as far as its disk keeps modes, nobody else may read or change.
    fn is_private(file: &fs::File) -> io::Result<bool>;
    /// Whether an open file is what a path leads to.
    fn is_at(file: &fs::File, path: &Path) -> io::Result<bool>;
}

/// Users and groups by name and number.
pub trait Owners {
    /// Whether this system has numbers for them that mean something to another one.
    fn has_numbers() -> bool {
        true
    }
    fn user_name(uid: u32) -> Option<String>;
    fn group_name(gid: u32) -> Option<String>;
    fn user_id(name: &str) -> Option<u32>;
    fn group_id(name: &str) -> Option<u32>;
}

/// The ACLs of a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acl {
    /// Who may do what with it.
    Access,
    /// What is created in the folder gets.
    Default,
}

/// Extended attributes that can be carried to another machine.
pub struct XattrNames {
    pub names: Vec<String>,
    /// Whether there are no others: a name that is not UTF-8 cannot travel.
    pub complete: bool,
}

/// What an open file or folder has besides contents, mode and times.
pub trait Attributes {
    /// Sets owner and group; `None` leaves one as it is.
    fn set_owner(&self, uid: Option<u32>, gid: Option<u32>) -> io::Result<()>;
    /// The names of its extended attributes that this user may carry to another machine: those of users, and all others for root but
    /// ACLs and capabilities, which are rights like setuid.
    fn xattr_names(&self) -> io::Result<XattrNames>;
    fn xattr(&self, name: &str) -> io::Result<Vec<u8>>;
    /// Sets one of the attributes that [`Attributes::xattr_names`] would tell; others are refused.
    fn set_xattr(&self, name: &str, value: &[u8]) -> io::Result<()>;
    /// `None` if it has none beyond its mode.
    fn acl(&self, acl: Acl) -> io::Result<Option<Vec<u8>>>;
    fn set_acl(&self, acl: Acl, value: &[u8]) -> io::Result<()>;
}

/// A held folder. A *name* is one plain component.
pub trait Folder: Attributes + Sized + Send + Sync + 'static {
    type File: File;

    /// The right of its owner that a file must have so that [`Folder::open_to_sync`] can open it.
    const RIGHT_TO_SYNC: u16 = 0o400;

    /// Opens a folder that the user of this machine named: links are followed.
    fn open(path: &Path) -> io::Result<Self>;
    /// Opens a child folder; a link is an error, wherever it points.
    fn open_folder(&self, name: &str) -> io::Result<Self>;
    /// Opens a child for reading without ever blocking; a link is an error. The caller checks that it is a plain file.
    fn open_file(&self, name: &str) -> io::Result<Self::File>;
    /// Opens a child to make it durable; a link is an error.
    fn open_to_sync(&self, name: &str) -> io::Result<Self::File> {
        self.open_file(name)
    }
    /// Creates a file that was not there, for reading and writing by its owner alone.
    fn create_file(&self, name: &str) -> io::Result<Self::File>;
    /// [`Folder::create_file`] with the mode that it is to keep, less what the system takes from new files there. `false` beside the file:
    /// its mode is still to be set.
    fn create_file_as(&self, name: &str, _mode: u16) -> io::Result<(Self::File, bool)> {
        Ok((self.create_file(name)?, false))
    }
    /// Opens a file that is there for reading and writing, without ever blocking; a link is an error. The caller checks what it is. Systems
    /// and file systems without it cannot take up what an earlier run left.
    fn open_to_write(&self, _name: &str) -> io::Result<Self::File> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// [`Folder::open_to_write`] for a file of which every write goes to its end, in one step.
    fn open_to_append(&self, _name: &str) -> io::Result<Self::File> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// [`Folder::create_file`] for a file of which every write goes to its end, in one step.
    fn create_to_append(&self, _name: &str) -> io::Result<Self::File> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// Creates a folder that only its owner can enter.
    fn create_folder(&self, name: &str) -> io::Result<()>;

    /// Whether this system can hold a name that the protocol carries.
    fn can_hold(name: &str) -> bool;
    /// Whether the disk takes each such name in this folder, and no two of them for one; `false` where that is not known.
    fn takes_every_name(&self) -> bool;
    /// What the size 0 says of the child, and of all others on its file system.
    fn sizes(&self, _name: &str) -> io::Result<Sizes> {
        Ok(Sizes::Told)
    }
    /// Whether a child that is a file has contents, whatever its size says.
    fn holds_something(&self, name: &str) -> io::Result<bool> {
        Ok(self.open_file(name)?.read_some_at(0, &mut [0])? > 0)
    }
    fn stat(&self, name: &str) -> io::Result<Stat>;
    fn stat_self(&self) -> io::Result<Stat>;
    /// When the folder was made; `None` where the system or its file system does not tell. (An inode's number is given again.)
    fn birth(&self) -> Option<Time> {
        None
    }
    /// Calls `each` with the bytes of every name, in no order.
    fn list(&self, each: &mut dyn FnMut(&[u8])) -> io::Result<()>;
    /// Whether this process may read the child. Advice: only opening tells.
    fn may_read(&self, name: &str) -> io::Result<()>;
    /// Whether this process may create children. Advice: only creating tells.
    fn may_create(&self) -> io::Result<()>;

    /// Renames a child in one step, and only if the new name is free. `Unsupported` or `InvalidInput` where the file system
    /// lacks it.
    fn move_new(&self, from: &str, to: &str) -> io::Result<()>;
    /// Lets two children change places: in one step, or on Windows so that no other process can touch `other` meanwhile, which
    /// nobody has open for writing, this process included. `Unsupported` or `InvalidInput` where neither can be had.
    fn exchange(&self, one: &str, other: &str) -> io::Result<()>;
    /// Gives a child a second name if that name is free.
    fn link(&self, from: &str, to: &str) -> io::Result<()>;
    /// Gives a child a second name in another folder if that name is free. A symbolic link is not followed.
    fn link_into(&self, from: &str, folder: &Self, to: &str) -> io::Result<()>;
    /// Where a child that is a symbolic link leads.
    fn read_link(&self, name: &str) -> io::Result<Vec<u8>>;
    /// Makes a symbolic link that was not there.
    fn make_link(&self, name: &str, target: &str) -> io::Result<()>;
    /// Sets the time of a child, which is not followed if it is a symbolic link.
    fn set_child_mtime(&self, name: &str, mtime: Time) -> io::Result<()>;
    /// Sets owner and group of a child, which is not followed; `None` leaves one as it is.
    fn set_child_owner(&self, name: &str, uid: Option<u32>, gid: Option<u32>) -> io::Result<()>;
    /// Renames a child; a file of the new name is replaced in one step.
    fn move_over(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove_file(&self, name: &str) -> io::Result<()>;
    /// Removes an empty child folder.
    fn remove_folder(&self, name: &str) -> io::Result<()>;

    /// Sets the permission bits and leaves the others: what is created in a setgid folder belongs to the folder's group.
    fn set_mode(&self, mode: u16) -> io::Result<()>;
    /// The most that the folder's default ACL gives to what is created in it; `None` without one.
    fn default_mode(&self) -> Option<u16>;
    fn set_mtime(&self, mtime: Time) -> io::Result<()>;
    /// Makes the names in this folder durable.
    fn sync(&self) -> io::Result<()>;
    /// How the folder's file system makes files durable.
    fn storage(&self) -> Storage {
        Storage::Each
    }
    /// Makes everything durable that was written to the folder's file system before this call, and reports what could not be written
    /// since the folder was opened. Only where [`Folder::storage`] is [`Storage::Whole`].
    fn sync_all(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// Bytes that this user can still write to the folder's file system.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// An open plain file.
pub trait File: Attributes + Send + Sync + 'static {
    fn stat(&self) -> io::Result<Stat>;
    /// One read; may return fewer bytes, 0 at the end.
    fn read_some_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize>;
    /// One write; may take fewer bytes.
    fn write_some_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;
    /// Where data begins at or behind `offset`, which lies in the file; `None` if only a hole follows. Moves the descriptor's position,
    /// which nothing but [`File::seek_and_write`] uses.
    fn next_data(&self, offset: u64) -> io::Result<Option<u64>>;
    /// Where a hole begins at or behind `offset`, which lies in the file: at its end at the latest.
    fn next_hole(&self, offset: u64) -> io::Result<u64>;
    /// Copies the first `len` bytes of another file, sharing them on the disk where the file system can.
    fn copy_from(&self, other: &Self, len: u64) -> io::Result<()>;
    /// Waits until the file can take bytes again, after a write said that it would block.
    fn wait_writable(&self) -> io::Result<()>;
    fn set_size(&self, size: u64) -> io::Result<()>;
    /// Reserves space on the disk up to `size`.
    fn allocate(&self, size: u64) -> io::Result<()>;
    /// Reserves space on the disk up to `size` and leaves the size as it is. Advice.
    fn reserve(&self, _size: u64) {}
    /// Makes a range a hole: it reads as zeros and occupies nothing. The size stays. Where this is not possible, holes that an interrupted
    /// transfer left are filled with zeros.
    fn clear_range(&self, _offset: u64, _len: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    /// Takes the file for this open file alone, until it is closed, also by the end of the process; `false`: another one has it. `true` also
    /// where the file system has no locks.
    fn try_lock(&self) -> io::Result<bool> {
        Ok(true)
    }
    /// Writes behind the end of a file that was opened to append, in one write.
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        match self.write_some_at(0, bytes)? {
            len if len == bytes.len() => Ok(()),
            _ => Err(io::ErrorKind::WriteZero.into()),
        }
    }
    fn set_mode(&self, mode: u16) -> io::Result<()>;
    fn set_mtime(&self, mtime: Time) -> io::Result<()>;
    /// Makes contents, mode, times, owner and attributes durable.
    fn sync(&self) -> io::Result<()>;
    /// [`File::sync`] for what may take the disk long: this process can be ended while it waits.
    fn sync_long(&self) -> io::Result<()> {
        self.sync()
    }
    /// Starts writing a range to the disk, so that a later sync is short. Nothing where the system cannot.
    fn start_sync(&self, offset: u64, len: u64) -> io::Result<()>;
    /// A further descriptor of the same open file.
    fn duplicate(&self) -> io::Result<Self>
    where
        Self: Sized;
    /// Closes this descriptor and tells what the system says to that. Network disks and FUSE hand on what they hold when a descriptor of a file is
    /// closed, be there others or not, and some tell only then what failed.
    fn close(self) -> io::Result<()>;
    /// Says that the file will be read from front to back. Advice.
    fn will_read_in_order(&self);
    /// Lets the system forget a range of what it holds of the file in memory. Advice; what is not on the disk yet stays.
    fn forget_range(&self, _offset: u64, _len: u64) {}
    /// Whether the file lies in memory only, where there is nothing to forget.
    fn is_in_memory(&self) -> bool {
        false
    }
    /// Lets the system forget what it holds of the file in memory, so that reads come from the disk. Advice; what is not on the
    /// disk yet stays.
    fn forget_cached(&self);

    /// Fills `bytes` from `offset` on; `UnexpectedEof` if the file ends before.
    fn read_all_at(&self, mut offset: u64, mut bytes: &mut [u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.read_some_at(offset, bytes) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(len) => {
                    bytes = bytes.get_mut(len..).ok_or(io::ErrorKind::UnexpectedEof)?;
                    offset += len as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Moves the descriptor's position to `offset` and writes all of `bytes` there. The caller lets one at a time in. Systems without a
    /// position write as ever.
    fn seek_and_write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_all_at(offset, bytes)
    }

    /// Writes all of `bytes` at `offset`, however little each write takes.
    fn write_all_at(&self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write_some_at(offset, bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(len) => {
                    bytes = bytes.get(len..).ok_or(io::ErrorKind::WriteZero)?;
                    offset += len as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_writable()?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
