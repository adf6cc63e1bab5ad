//! What is done in a held folder.

use std::fs::OpenOptions;
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::{AsHandle, OwnedHandle};
use std::path::Path;

use windows_sys::Wdk::Storage::FileSystem::{
    FILE_CREATE, FILE_DIRECTORY_FILE, FILE_NON_DIRECTORY_FILE, FILE_WRITE_THROUGH,
};
use windows_sys::Win32::Foundation::ERROR_DIRECTORY_NOT_SUPPORTED;
use windows_sys::Win32::Storage::FileSystem as win;

use super::calls_unsafe::{self as calls, How};
use super::held::{NativeFolder, SHARED, check, open};
use super::patience::patiently;
use super::stats::{kind_of, stat_of};
use super::{LINK, NativeFile, error_of, exchange, links, stats};
use crate::os::fault_points::faulty;
use crate::os::names::windows as names;
use crate::os::windows_formats::names_of;
use crate::os::windows_ways::{self as ways, Taken};
use crate::os::{Acl, Attributes, Folder, NodeKind, Stat, Time, XattrNames};

const LISTING: u32 = win::FILE_LIST_DIRECTORY | win::FILE_TRAVERSE | win::FILE_READ_ATTRIBUTES | win::READ_CONTROL;
const LOOKING: u32 = win::FILE_READ_ATTRIBUTES | win::READ_CONTROL;
const READING: u32 = win::FILE_GENERIC_READ;
const WRITING: u32 = win::FILE_GENERIC_READ | win::FILE_GENERIC_WRITE;

/// Words in the buffer for names: some 600 names of usual length.
const LIST_WORDS: usize = 8192;

impl NativeFolder {
    /// Opens a child that is no link.
    fn plain(&self, name: &str, access: u32, options: u32) -> io::Result<OwnedHandle> {
        let handle = self.child(name, open(access, options))?;
        let attributes = calls::basic(handle.as_handle())?.FileAttributes;
        if attributes & win::FILE_ATTRIBUTE_REPARSE_POINT == 0 {
            return Ok(handle);
        }
        match kind_of(handle.as_handle(), attributes)? {
            NodeKind::Link | NodeKind::Special => Err(error_of(LINK)),
            NodeKind::File | NodeKind::Folder => self.kept(name, access, options, &handle),
        }
    }

    /// Opens a child that is kept in a way of its own (in a cloud, compressed), by which the system has to go to reach its contents. It has to
    /// be the one that was looked at: meanwhile the name may have become a link.
    fn kept(&self, name: &str, access: u32, options: u32, looked_at: &OwnedHandle) -> io::Result<OwnedHandle> {
        let how = How {
            options,
            ..open(access, options)
        };
        let handle = self.child(name, how)?;
        match calls::identity(handle.as_handle())? == calls::identity(looked_at.as_handle())? {
            true => Ok(handle),
            false => Err(error_of(LINK)),
        }
    }

    fn create(&self, name: &str) -> io::Result<NativeFile> {
        let how = How {
            disposition: FILE_CREATE,
            ..open(WRITING, FILE_NON_DIRECTORY_FILE)
        };
        // A previous file of the name may be on its way out while a scanner holds it.
        patiently(|| self.child(name, how)).map(NativeFile::new)
    }

    /// Opens a child to rename it, on whose disk the new name is when the call returns (as MOVEFILE_WRITE_THROUGH).
    fn to_rename(&self, name: &str) -> io::Result<OwnedHandle> {
        self.child(name, open(win::DELETE | win::FILE_READ_ATTRIBUTES, FILE_WRITE_THROUGH))
    }

    fn rename(&self, from: &str, to: &str, taken: Taken) -> io::Result<()> {
        check(to)?;
        patiently(|| {
            let handle = self.to_rename(from)?;
            calls::rename(handle.as_handle(), self.0.as_handle(), to, taken)
        })
    }
}

impl Attributes for NativeFolder {
    fn set_owner(&self, _uid: Option<u32>, _gid: Option<u32>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn xattr_names(&self) -> io::Result<XattrNames> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn xattr(&self, _name: &str) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn set_xattr(&self, _name: &str, _value: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Every folder has one, of Windows' own kind, and it is not carried.
    fn acl(&self, _acl: Acl) -> io::Result<Option<Vec<u8>>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn set_acl(&self, _acl: Acl, _value: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Folder for NativeFolder {
    type File = NativeFile;

    /// A file is written to the disk only through a handle that may write.
    const RIGHT_TO_SYNC: u16 = stats::WRITES;

    fn open(path: &Path) -> io::Result<Self> {
        let folder = OpenOptions::new()
            .access_mode(LISTING | win::SYNCHRONIZE)
            .share_mode(SHARED)
            .custom_flags(win::FILE_FLAG_BACKUP_SEMANTICS)
            .open(path)?;
        match folder.metadata()?.is_dir() {
            true => Ok(Self(folder.into())),
            false => Err(super::no_folder()),
        }
    }

    fn open_folder(&self, name: &str) -> io::Result<Self> {
        self.plain(name, LISTING, FILE_DIRECTORY_FILE).map(Self)
    }

    fn open_file(&self, name: &str) -> io::Result<NativeFile> {
        self.plain(name, READING, FILE_NON_DIRECTORY_FILE).map(NativeFile::new)
    }

    fn open_to_sync(&self, name: &str) -> io::Result<NativeFile> {
        let access = win::FILE_WRITE_DATA | win::FILE_READ_ATTRIBUTES;
        patiently(|| self.plain(name, access, FILE_NON_DIRECTORY_FILE)).map(NativeFile::new)
    }

    fn create_file(&self, name: &str) -> io::Result<NativeFile> {
        faulty("create-file", || self.create(name))
    }

    fn open_to_write(&self, name: &str) -> io::Result<NativeFile> {
        patiently(|| self.plain(name, WRITING, FILE_NON_DIRECTORY_FILE)).map(NativeFile::new)
    }

    /// Each write says that it goes to the end ([`crate::os::File::append`]).
    fn open_to_append(&self, name: &str) -> io::Result<NativeFile> {
        self.open_to_write(name)
    }

    fn create_to_append(&self, name: &str) -> io::Result<NativeFile> {
        faulty("create-journal", || self.create(name))
    }

    fn create_folder(&self, name: &str) -> io::Result<()> {
        faulty("create-folder", || {
            let how = How {
                disposition: FILE_CREATE,
                ..open(LISTING, FILE_DIRECTORY_FILE)
            };
            self.child(name, how).map(|_| ())
        })
    }

    fn can_hold(name: &str) -> bool {
        names::can_hold(name)
    }

    fn takes_every_name(&self) -> bool {
        false
    }

    fn stat(&self, name: &str) -> io::Result<Stat> {
        stat_of(self.child(name, open(LOOKING, 0))?.as_handle())
    }

    fn stat_self(&self) -> io::Result<Stat> {
        stat_of(self.handle())
    }

    fn list(&self, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        // Through a handle of its own: the position in the folder belongs to the handle.
        let folder = self.again(LISTING)?;
        let mut buffer = vec![0u64; LIST_WORDS];
        let mut from_start = true;
        while calls::list(folder.as_handle(), &mut buffer, from_start)? {
            from_start = false;
            let bytes: Vec<u8> = buffer.iter().flat_map(|word| word.to_le_bytes()).collect();
            names_of(&bytes, each).ok_or(io::ErrorKind::InvalidData)?;
        }
        Ok(())
    }

    fn may_read(&self, name: &str) -> io::Result<()> {
        self.child(name, open(READING, 0)).map(|_| ())
    }

    fn may_create(&self) -> io::Result<()> {
        self.again(win::FILE_ADD_FILE | win::FILE_ADD_SUBDIRECTORY).map(|_| ())
    }

    fn move_new(&self, from: &str, to: &str) -> io::Result<()> {
        faulty("move-new", || self.rename(from, to, Taken::Fails))
    }

    fn exchange(&self, one: &str, other: &str) -> io::Result<()> {
        faulty("exchange", || exchange::exchange(self, one, other))
    }

    fn link(&self, from: &str, to: &str) -> io::Result<()> {
        faulty("link", || self.link_into(from, self, to))
    }

    /// Who opens a file for its attributes alone is in nobody's way and meets nobody's: there is nothing to be patient with.
    fn link_into(&self, from: &str, folder: &Self, to: &str) -> io::Result<()> {
        check(to)?;
        let handle = self.child(from, open(win::FILE_WRITE_ATTRIBUTES, FILE_NON_DIRECTORY_FILE))?;
        calls::link(handle.as_handle(), folder.handle(), to)
    }

    fn read_link(&self, name: &str) -> io::Result<Vec<u8>> {
        links::read(self, name)
    }

    fn make_link(&self, name: &str, target: &str) -> io::Result<()> {
        links::make(self, name, target)
    }

    /// As in [`Folder::link_into`], nothing is to be waited for.
    fn set_child_mtime(&self, name: &str, mtime: Time) -> io::Result<()> {
        let handle = self.child(name, open(win::FILE_WRITE_ATTRIBUTES | win::FILE_READ_ATTRIBUTES, 0))?;
        stats::set_mtime(handle.as_handle(), mtime)
    }

    fn set_child_owner(&self, _name: &str, _uid: Option<u32>, _gid: Option<u32>) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn move_over(&self, from: &str, to: &str) -> io::Result<()> {
        faulty("move-over", || self.rename(from, to, Taken::Replaced))
    }

    fn remove_file(&self, name: &str) -> io::Result<()> {
        faulty("remove-file", || {
            patiently(|| {
                let access = win::DELETE | win::FILE_READ_ATTRIBUTES | win::FILE_WRITE_ATTRIBUTES;
                let handle = self.child(name, open(access, 0))?;
                let attributes = calls::basic(handle.as_handle())?.FileAttributes;
                if kind_of(handle.as_handle(), attributes)? == NodeKind::Folder {
                    return Err(error_of(ERROR_DIRECTORY_NOT_SUPPORTED));
                }
                remove(&handle, attributes)
            })
        })
    }

    fn remove_folder(&self, name: &str) -> io::Result<()> {
        patiently(|| {
            let handle = self.plain(name, win::DELETE | win::FILE_READ_ATTRIBUTES, FILE_DIRECTORY_FILE)?;
            calls::remove(handle.as_handle())
        })
    }

    /// Folders have no modes here; what may be done in them is inherited.
    fn set_mode(&self, _mode: u16) -> io::Result<()> {
        Ok(())
    }

    fn default_mode(&self) -> Option<u16> {
        None
    }

    fn set_mtime(&self, mtime: Time) -> io::Result<()> {
        let handle = self.again(win::FILE_WRITE_ATTRIBUTES | win::FILE_READ_ATTRIBUTES)?;
        stats::set_mtime(handle.as_handle(), mtime)
    }

    /// Who may add to a folder may write it to the disk. Where the disk does not take that, renames alone are written through.
    fn sync(&self) -> io::Result<()> {
        faulty("sync-folder", || {
            let flushed = self
                .again(win::FILE_ADD_FILE)
                .and_then(|handle| calls::flush(handle.as_handle()));
            flushed.map_err(|error| match error.kind() {
                io::ErrorKind::PermissionDenied => io::ErrorKind::Unsupported.into(),
                _ => error,
            })
        })
    }

    fn free_bytes(&self) -> io::Result<u64> {
        calls::free_bytes(self.handle())
    }
}

fn remove(handle: &OwnedHandle, attributes: u32) -> io::Result<()> {
    ways::remove_file(
        attributes & win::FILE_ATTRIBUTE_READONLY != 0,
        || calls::remove(handle.as_handle()),
        || stats::set_mode(handle.as_handle(), stats::WRITES),
    )
}

#[cfg(test)]
#[path = "in_use_tests.rs"]
mod tests;
