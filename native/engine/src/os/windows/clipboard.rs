//! Windows's functions for the clipboard.

use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::ptr::{null, null_mut};
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{GlobalFree, HANDLE, HWND};
use windows_sys::Win32::System::DataExchange::{
    CloseClipboard, EmptyClipboard, GetClipboardData, IsClipboardFormatAvailable, OpenClipboard, SetClipboardData,
};
use windows_sys::Win32::System::Memory::{GMEM_MOVEABLE, GlobalAlloc, GlobalLock, GlobalSize, GlobalUnlock};
use windows_sys::Win32::UI::Shell::DragQueryFileW;
use windows_sys::Win32::UI::WindowsAndMessaging::{CreateWindowExW, DestroyWindow, HWND_MESSAGE};

/// `CF_UNICODETEXT`.
pub const TEXT: u32 = 13;
/// `CF_HDROP`.
pub const FILES: u32 = 15;

/// `DROPFILES` (shlobj_core.h): where the names begin, a point and two flags, of which the last one says that names are UTF-16.
const DROP_HEADER: usize = 20;

/// What `DragQueryFileW` takes for "how many".
const COUNT: u32 = u32::MAX;

/// How long another program may have it open. They hold it for milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);

/// The clipboard, open for this process until it is dropped.
pub struct Open {
    /// A hidden window: Windows takes contents only from a window.
    owner: HWND,
}

impl Open {
    pub fn new() -> io::Result<Self> {
        let class: Vec<u16> = "STATIC\0".encode_utf16().collect();
        // SAFETY: the class is one of the system's own, and its name ends with a zero; all other arguments may be null.
        let owner = unsafe {
            CreateWindowExW(
                0,
                class.as_ptr(),
                null(),
                0,
                0,
                0,
                0,
                0,
                HWND_MESSAGE,
                null_mut(),
                null_mut(),
                null(),
            )
        };
        if owner.is_null() {
            return Err(io::Error::last_os_error());
        }
        let end = Instant::now() + PATIENCE;
        // SAFETY: the window is this thread's, and exists.
        while unsafe { OpenClipboard(owner) } == 0 {
            if Instant::now() >= end {
                let error = io::Error::last_os_error();
                // SAFETY: the window is this thread's, and nobody else knows it.
                unsafe { DestroyWindow(owner) };
                return Err(error);
            }
            std::thread::sleep(LOOK);
        }
        Ok(Self { owner })
    }

    pub fn has(&self, form: u32) -> bool {
        // SAFETY: it takes a number.
        unsafe { IsClipboardFormatAvailable(form) != 0 }
    }

    /// The files that are there.
    pub fn files(&self) -> io::Result<Vec<PathBuf>> {
        let list = self.data(FILES)?;
        // SAFETY: a handle of this form is a list, and stays valid while the clipboard is open.
        let count = unsafe { DragQueryFileW(list, COUNT, null_mut(), 0) };
        let names = (0..count).map(|index| {
            // SAFETY: as above; without a buffer it gives the length.
            let len = unsafe { DragQueryFileW(list, index, null_mut(), 0) };
            let mut name = vec![0u16; len as usize + 1];
            // SAFETY: as above; the buffer has as many units as it says, the last one for a zero.
            let written = unsafe { DragQueryFileW(list, index, name.as_mut_ptr(), len + 1) };
            OsString::from_wide(&name[..(written as usize).min(name.len())]).into()
        });
        Ok(names.collect())
    }

    /// The text that is there, up to its first zero, and no more than so many units and one.
    pub fn text(&self, most: usize) -> io::Result<Vec<u16>> {
        let memory = self.data(TEXT)?;
        // SAFETY: a handle of this form is of global memory, which stays valid while the clipboard is open.
        let (start, bytes) = unsafe { (GlobalLock(memory), GlobalSize(memory)) };
        if start.is_null() {
            return Err(io::Error::last_os_error());
        }
        let units = (bytes / 2).min(most + 1);
        // SAFETY: the memory is locked and has at least so many bytes; allocations of the system are aligned for any number.
        let all = unsafe { std::slice::from_raw_parts(start.cast::<u16>(), units) };
        let text = all.iter().copied().take_while(|unit| *unit != 0).collect();
        // SAFETY: it was locked above, and nothing refers into it any more.
        unsafe { GlobalUnlock(memory) };
        Ok(text)
    }

    /// Puts these bytes there in place of all that is there.
    pub fn put(&self, form: u32, bytes: &[u8]) -> io::Result<()> {
        // SAFETY: it takes a number of bytes.
        let memory = unsafe { GlobalAlloc(GMEM_MOVEABLE, bytes.len()) };
        if memory.is_null() {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        // SAFETY: the memory is this function's until the clipboard takes it, and has as many bytes as are copied into it. It is freed only where
        // the clipboard did not take it.
        unsafe {
            let start = GlobalLock(memory);
            let is_there = !start.is_null() && {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), start.cast::<u8>(), bytes.len());
                GlobalUnlock(memory);
                EmptyClipboard() != 0 && !SetClipboardData(form, memory).is_null()
            };
            if is_there {
                return Ok(());
            }
            let error = io::Error::last_os_error();
            GlobalFree(memory);
            Err(error)
        }
    }

    fn data(&self, form: u32) -> io::Result<HANDLE> {
        // SAFETY: the clipboard is open by this thread.
        let data = unsafe { GetClipboardData(form) };
        if data.is_null() {
            return Err(io::Error::last_os_error());
        }
        Ok(data)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: this thread has opened it, and made the window.
        unsafe {
            CloseClipboard();
            DestroyWindow(self.owner);
        }
    }
}

/// A `CF_HDROP` of these files: each name ends with a zero, and the list with another one.
pub fn drop_list(paths: &[&Path]) -> Vec<u8> {
    let mut list = vec![0u8; DROP_HEADER];
    list[..4].copy_from_slice(&(DROP_HEADER as u32).to_le_bytes());
    list[DROP_HEADER - 4..].copy_from_slice(&1u32.to_le_bytes());
    for path in paths {
        let units = path.as_os_str().encode_wide().chain([0]);
        list.extend(units.flat_map(u16::to_le_bytes));
    }
    list.extend([0, 0]);
    list
}
