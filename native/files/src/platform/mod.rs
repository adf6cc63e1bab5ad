//! The few file operations that everything else here is made of, all relative to held folders.
//!
//! A folder is held by its descriptor, names are single components, and nothing here follows a symbolic link, except
//! [`Folder::open`], which opens what the user of this machine named. So no name from a peer leads out of the tree, even while
//! somebody swaps folders for links. Tests put faults between these traits and the real thing.

use std::io;
use std::path::Path;

#[cfg(target_os = "linux")]
mod linux_unsafe;
#[cfg(target_os = "linux")]
mod unix;

#[cfg(target_os = "linux")]
pub use unix::{NativeFile, NativeFolder, random, umask};

#[cfg(not(target_os = "linux"))]
compile_error!("ultra-files has no platform for this system yet: implement platform::Folder and platform::File for it");

/// Seconds and nanoseconds since 1970; the nanoseconds count forwards also before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    pub links: u64,
    pub mtime: Time,
    pub ctime: Time,
}

/// Whether an error means that this file system or system cannot do it at all. EINVAL is what many network and FUSE file systems
/// say.
pub fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
        || error.raw_os_error() == Some(libc::EOPNOTSUPP)
}

/// Whether an error means that this file system keeps no such thing, or keeps it from this user: EPERM is what CIFS and Android's
/// shared storage say, EACCES what some servers do.
pub fn is_refused(error: &io::Error) -> bool {
    is_unsupported(error) || error.kind() == io::ErrorKind::PermissionDenied
}

/// A held folder. A *name* is one plain component.
pub trait Folder: Sized + Send + Sync + 'static {
    type File: File;

    /// Opens a folder that the user of this machine named: links are followed.
    fn open(path: &Path) -> io::Result<Self>;
    /// Opens a child folder; a link is an error, wherever it points.
    fn open_folder(&self, name: &str) -> io::Result<Self>;
    /// Opens a child for reading without ever blocking; a link is an error. The caller checks that it is a plain file.
    fn open_file(&self, name: &str) -> io::Result<Self::File>;
    /// Creates a file that was not there, for reading and writing by nobody else.
    fn create_file(&self, name: &str) -> io::Result<Self::File>;
    /// Creates a folder that nobody else can enter yet.
    fn create_folder(&self, name: &str) -> io::Result<()>;

    fn stat(&self, name: &str) -> io::Result<Stat>;
    fn stat_self(&self) -> io::Result<Stat>;
    /// Calls `each` with the bytes of every name, in no order.
    fn list(&self, each: &mut dyn FnMut(&[u8])) -> io::Result<()>;
    /// Whether this process may read the child. Advice: only opening tells.
    fn may_read(&self, name: &str) -> io::Result<()>;
    /// Whether this process may create children. Advice: only creating tells.
    fn may_create(&self) -> io::Result<()>;

    /// Renames a child in one step, and only if the new name is free. `Unsupported` or `InvalidInput` where the file system
    /// lacks it.
    fn move_new(&self, from: &str, to: &str) -> io::Result<()>;
    /// Gives a child a second name if that name is free.
    fn link(&self, from: &str, to: &str) -> io::Result<()>;
    /// Renames a child; a file of the new name is replaced in one step.
    fn move_over(&self, from: &str, to: &str) -> io::Result<()>;
    fn remove_file(&self, name: &str) -> io::Result<()>;
    /// Removes an empty child folder.
    fn remove_folder(&self, name: &str) -> io::Result<()>;

    fn set_mode(&self, mode: u16) -> io::Result<()>;
    fn set_mtime(&self, mtime: Time) -> io::Result<()>;
    /// Makes the names in this folder durable.
    fn sync(&self) -> io::Result<()>;
    /// Bytes that this user can still write to the folder's file system.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// An open plain file.
pub trait File: Send + Sync + 'static {
    fn stat(&self) -> io::Result<Stat>;
    /// One read; may return fewer bytes, 0 at the end.
    fn read_some_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize>;
    /// One write; may take fewer bytes.
    fn write_some_at(&self, offset: u64, bytes: &[u8]) -> io::Result<usize>;
    /// Waits until the file can take bytes again, after a write said that it would block.
    fn wait_writable(&self) -> io::Result<()>;
    fn set_size(&self, size: u64) -> io::Result<()>;
    /// Reserves space on the disk up to `size`.
    fn allocate(&self, size: u64) -> io::Result<()>;
    fn set_mode(&self, mode: u16) -> io::Result<()>;
    fn set_mtime(&self, mtime: Time) -> io::Result<()>;
    /// Makes the contents durable.
    fn sync_data(&self) -> io::Result<()>;
    /// Starts writing a range to the disk, so that a later sync is short. Nothing where the system cannot.
    fn start_sync(&self, offset: u64, len: u64) -> io::Result<()>;
    /// Says that the file will be read from front to back. Advice.
    fn will_read_in_order(&self);
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
