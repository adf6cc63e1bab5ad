//! A held folder, and how what is in it is opened: by its handle and one component, never by a path.

use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};

use windows_sys::Wdk::Storage::FileSystem::{FILE_DIRECTORY_FILE, FILE_OPEN, FILE_OPEN_REPARSE_POINT};
use windows_sys::Win32::Foundation::ERROR_INVALID_NAME;
use windows_sys::Win32::Storage::FileSystem as win;

use super::calls_unsafe::{self as calls, How};
use super::error_of;
use crate::os::names::windows as names;

/// A folder's handle.
pub struct NativeFolder(pub(super) OwnedHandle);

/// Nobody is kept away by what is open here.
pub(super) const SHARED: u32 = win::FILE_SHARE_READ | win::FILE_SHARE_WRITE | win::FILE_SHARE_DELETE;

/// Of what is there, for something; a link is opened itself.
pub(super) fn open(access: u32, options: u32) -> How {
    How {
        access,
        share: SHARED,
        disposition: FILE_OPEN,
        options: options | FILE_OPEN_REPARSE_POINT,
    }
}

impl NativeFolder {
    pub(super) fn child(&self, name: &str, how: How) -> io::Result<OwnedHandle> {
        if !names::is_one_component(name) {
            return Err(error_of(ERROR_INVALID_NAME));
        }
        calls::open_at(self.0.as_handle(), name, how)
    }

    /// The folder itself, for something else.
    pub(super) fn again(&self, access: u32) -> io::Result<OwnedHandle> {
        calls::open_at(self.0.as_handle(), "", open(access, FILE_DIRECTORY_FILE))
    }

    pub(super) fn handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

/// A name that is to be given: the kernel would take other ones for paths.
pub(super) fn check(name: &str) -> io::Result<()> {
    match names::is_one_component(name) {
        true => Ok(()),
        false => Err(error_of(ERROR_INVALID_NAME)),
    }
}
