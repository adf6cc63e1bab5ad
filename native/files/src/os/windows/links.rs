//! Symbolic links, which Windows makes for files and for folders, and lets only some users make.

use std::io;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::io::AsHandle;
use std::path::PathBuf;

use windows_sys::Wdk::Storage::FileSystem::FILE_DIRECTORY_FILE;
use windows_sys::Win32::Storage::FileSystem as win;
use windows_sys::Win32::System::Ioctl::FSCTL_GET_REPARSE_POINT;

use super::calls_unsafe::{self as calls, How};
use super::held::{NativeFolder, check, open};
use crate::os::names::windows as names;
use crate::os::windows_formats::target_of;
use crate::os::{Folder, NodeKind};

/// Words of the longest reparse point (`MAXIMUM_REPARSE_DATA_BUFFER_SIZE`).
const REPARSE_WORDS: usize = 16 * 1024 / 8;

/// Where a link leads, with slashes.
pub(super) fn read(folder: &NativeFolder, name: &str) -> io::Result<Vec<u8>> {
    let link = folder.child(name, open(win::FILE_READ_ATTRIBUTES, 0))?;
    let mut room = vec![0u64; REPARSE_WORDS];
    let (len, _) = calls::control(link.as_handle(), FSCTL_GET_REPARSE_POINT, &[], &mut room)?;
    let bytes: Vec<u8> = room.iter().flat_map(|word| word.to_le_bytes()).collect();
    target_of(bytes.get(..len).unwrap_or_default()).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// Makes a link. The system wants a path, as only that way works in the developer mode; so the folder is held meanwhile against being moved,
/// and with it everything above, and the path is its own.
pub(super) fn make(folder: &NativeFolder, name: &str, target: &str) -> io::Result<()> {
    check(name)?;
    if !names::can_lead_to(target) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let unmoved = How {
        share: win::FILE_SHARE_READ | win::FILE_SHARE_WRITE,
        ..open(
            win::FILE_LIST_DIRECTORY | win::FILE_READ_ATTRIBUTES,
            FILE_DIRECTORY_FILE,
        )
    };
    let held = calls::open_at(folder.handle(), "", unmoved)?;
    let here = PathBuf::from(std::ffi::OsString::from_wide(&calls::path_of(held.as_handle())?));
    let written = target.replace('/', "\\");
    // A link to a folder is of another kind. To what is not there yet it is one to a file.
    let is_folder = leads_to_folder(folder, &here, target);
    let path = here.join(name);
    calls::make_symbolic_link(&with_nul(path.as_os_str()), &with_nul(written.as_ref()), is_folder)?;
    // Some systems say yes and do nothing.
    match folder.stat(name) {
        Ok(stat) if stat.kind == NodeKind::Link => Ok(()),
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(io::ErrorKind::Unsupported.into()),
        Err(error) => Err(error),
    }
}

/// Only looked at; a wrong answer makes a link that does not open, and nothing else.
fn leads_to_folder(folder: &NativeFolder, here: &std::path::Path, target: &str) -> bool {
    match names::is_one_component(target) {
        true => folder.stat(target).is_ok_and(|stat| stat.kind == NodeKind::Folder),
        // `..` is nothing to paths without a longest length, so it is resolved here.
        false => {
            let mut path = here.to_owned();
            for component in target.split('/') {
                match component {
                    "" | "." => {}
                    ".." => {
                        path.pop();
                    }
                    name => path.push(name),
                }
            }
            path.is_dir()
        }
    }
}

fn with_nul(text: &std::ffi::OsStr) -> Vec<u16> {
    use std::os::windows::ffi::OsStrExt;
    text.encode_wide().chain([0]).collect()
}
