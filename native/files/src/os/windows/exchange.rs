//! Replacing a file so that nothing unseen is replaced. Windows has no call that lets two names change places, so that the file that is replaced
//! is held instead: from before it is moved aside until it has its other name nobody else can write to it, move it or remove it.
//!
//! A process that dies in between leaves the previous file and the new one under names of ours that say so (`.ultra-ID.swap`), and nothing under
//! the name itself: `ultra clean` tells of both and removes neither.

use std::io;
use std::os::windows::io::AsHandle;

use windows_sys::Win32::Foundation::ERROR_DIRECTORY_NOT_SUPPORTED;
use windows_sys::Win32::Storage::FileSystem as win;

use super::calls_unsafe::{self as calls, How};
use super::error_of;
use super::held::{NativeFolder, check, open};
use super::patience::patiently;
use super::stats::kind_of;
use crate::os::NodeKind;
use crate::os::windows_ways::Taken;
use crate::reserved::{FileId, MOST_SWAPS, Reserved};

/// Lets the complete file `one` and the file `other` that has the final name change places.
pub(super) fn exchange(folder: &NativeFolder, one: &str, other: &str) -> io::Result<()> {
    check(one)?;
    check(other)?;
    let (here, access) = (folder.handle(), win::DELETE | win::FILE_READ_ATTRIBUTES);
    let alone = How {
        share: win::FILE_SHARE_READ,
        ..open(access, 0)
    };
    // Fails while another program has it open for more than reading.
    let held = patiently(|| folder.child(other, alone))?;
    let attributes = calls::basic(held.as_handle())?.FileAttributes;
    if kind_of(held.as_handle(), attributes)? == NodeKind::Folder {
        return Err(error_of(ERROR_DIRECTORY_NOT_SUPPORTED));
    }
    let new = patiently(|| folder.child(one, open(access, 0)))?;
    let rename = |handle: &std::os::windows::io::OwnedHandle, to: &str| {
        patiently(|| calls::rename(handle.as_handle(), here, to, Taken::Fails))
    };
    aside(other, |name| rename(&held, name))?;
    if let Err(error) = rename(&new, other) {
        // Something else has the name by now, which stays; then the previous file stays aside.
        rename(&held, other)?;
        return Err(error);
    }
    rename(&held, one)
}

/// Gives a file a free one of the names for its previous versions.
fn aside(name: &str, mut rename: impl FnMut(&str) -> io::Result<()>) -> io::Result<()> {
    for number in 0..MOST_SWAPS {
        match rename(&Reserved::Swap(FileId::of_version(name, number)).to_string()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result,
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
