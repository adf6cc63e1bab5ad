//! The kernel's calls, each as a safe function: names relative to a held handle, and what handles can be asked and told.

use std::ffi::c_void;
use std::io;
use std::mem::{offset_of, size_of, zeroed};
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows_sys::Wdk::Storage::FileSystem as nt;
use windows_sys::Wdk::System::SystemServices::FILE_FS_FULL_SIZE_INFORMATION;
use windows_sys::Win32::Foundation as codes;
use windows_sys::Win32::Foundation::{HANDLE, NTSTATUS, RtlNtStatusToDosError, UNICODE_STRING};
use windows_sys::Win32::Security::Cryptography::{BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom};
use windows_sys::Win32::Storage::FileSystem as win;
use windows_sys::Win32::System::IO::{DeviceIoControl, IO_STATUS_BLOCK, OVERLAPPED};

use super::error_of;
use crate::os::windows_ways::{Taken, Way, newer_or_simple, rename_flags};

/// How something is opened.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) access: u32,
    pub(super) share: u32,
    /// Open what is there, or create what is not.
    pub(super) disposition: u32,
    pub(super) options: u32,
}

/// Names of this length in bytes fit into the structures; the longest that a disk takes has 510.
const MAX_NAME_BYTES: usize = 0x7ffe;

/// Opens or creates the child `name` of a folder: one component, or nothing for the folder itself. The caller has checked which.
pub(super) fn open_at(folder: BorrowedHandle<'_>, name: &str, how: How) -> io::Result<OwnedHandle> {
    let mut units: Vec<u16> = name.encode_utf16().collect();
    let bytes = name_bytes(&units)?;
    let text = UNICODE_STRING {
        Length: bytes,
        MaximumLength: bytes,
        Buffer: units.as_mut_ptr(),
    };
    let attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: folder.as_raw_handle(),
        ObjectName: &raw const text,
        // As every program of Windows; a folder that tells case apart still does.
        Attributes: codes::OBJ_CASE_INSENSITIVE,
        SecurityDescriptor: ptr::null(),
        SecurityQualityOfService: ptr::null(),
    };
    let mut handle: HANDLE = ptr::null_mut();
    // SAFETY: all zeros are a valid status block.
    let mut status_block: IO_STATUS_BLOCK = unsafe { zeroed() };
    // SAFETY: the pointers lead to structures of ours that outlive the call, the text has the stated length, the root is a borrowed handle.
    let status = unsafe {
        nt::NtCreateFile(
            &mut handle,
            how.access | win::SYNCHRONIZE,
            &raw const attributes,
            &mut status_block,
            ptr::null(),
            win::FILE_ATTRIBUTE_NORMAL,
            how.share,
            how.disposition,
            how.options | nt::FILE_SYNCHRONOUS_IO_NONALERT,
            ptr::null(),
            0,
        )
    };
    done(status)?;
    // SAFETY: the call has just made the handle, and nothing else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Information of a kind that is plain numbers.
///
/// # Safety
///
/// `class` fills a `T`, and every pattern of bits is a valid `T`.
pub(super) unsafe fn query<T>(handle: BorrowedHandle<'_>, class: win::FILE_INFO_BY_HANDLE_CLASS) -> io::Result<T> {
    // SAFETY: the caller says that zeros are valid.
    let mut value: T = unsafe { zeroed() };
    let place = (&raw mut value).cast::<c_void>();
    // SAFETY: the place is ours and as long as is said; the handle is borrowed.
    let ok = unsafe { win::GetFileInformationByHandleEx(handle.as_raw_handle(), class, place, size_of::<T>() as u32) };
    if ok == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(value)
}

/// Sets information of a kind.
///
/// # Safety
///
/// `class` takes a `T`.
pub(super) unsafe fn set<T>(
    handle: BorrowedHandle<'_>,
    class: win::FILE_INFO_BY_HANDLE_CLASS,
    value: &T,
) -> io::Result<()> {
    let place = ptr::from_ref(value).cast::<c_void>();
    // SAFETY: the value outlives the call and is as long as is said; the handle is borrowed.
    let ok = unsafe { win::SetFileInformationByHandle(handle.as_raw_handle(), class, place, size_of::<T>() as u32) };
    if ok == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

pub(super) fn basic(handle: BorrowedHandle<'_>) -> io::Result<win::FILE_BASIC_INFO> {
    // SAFETY: this class is of this structure, which is numbers.
    unsafe { query(handle, win::FileBasicInfo) }
}

pub(super) fn set_basic(handle: BorrowedHandle<'_>, info: &win::FILE_BASIC_INFO) -> io::Result<()> {
    // SAFETY: this class takes this structure.
    unsafe { set(handle, win::FileBasicInfo, info) }
}

/// Size, room on the disk and number of names: `(size, allocated, links)`.
pub(super) fn standard(handle: BorrowedHandle<'_>) -> io::Result<(i64, i64, u32)> {
    // SAFETY: this class is of this structure. Its flags are bytes here, which may hold anything.
    let info: [u64; 3] = unsafe { query(handle, win::FileStandardInfo) }?;
    const { assert!(size_of::<win::FILE_STANDARD_INFO>() == size_of::<[u64; 3]>()) };
    Ok((info[1].cast_signed(), info[0].cast_signed(), info[2] as u32))
}

/// What tells an object from all others of this machine: the volume's number and the file's.
pub(super) fn identity(handle: BorrowedHandle<'_>) -> io::Result<(u64, u128)> {
    // SAFETY: this class is of this structure, which is numbers.
    let info: win::FILE_ID_INFO = unsafe { query(handle, win::FileIdInfo) }?;
    Ok((info.VolumeSerialNumber, u128::from_le_bytes(info.FileId.Identifier)))
}

/// The tag of a reparse point.
pub(super) fn reparse_tag(handle: BorrowedHandle<'_>) -> io::Result<u32> {
    // SAFETY: this class is of this structure, which is numbers.
    let info: win::FILE_ATTRIBUTE_TAG_INFO = unsafe { query(handle, win::FileAttributeTagInfo) }?;
    Ok(info.ReparseTag)
}

/// Reserves room on the disk up to `size`. What a file has beyond it is cut off.
pub(super) fn set_allocation(handle: BorrowedHandle<'_>, size: i64) -> io::Result<()> {
    let info = win::FILE_ALLOCATION_INFO { AllocationSize: size };
    // SAFETY: this class takes this structure.
    unsafe { set(handle, win::FileAllocationInfo, &info) }
}

/// The next names of a folder as the system lists them; `false`: there are no more. The position belongs to the handle.
pub(super) fn list(handle: BorrowedHandle<'_>, buffer: &mut [u64], from_start: bool) -> io::Result<bool> {
    let class = if from_start {
        win::FileFullDirectoryRestartInfo
    } else {
        win::FileFullDirectoryInfo
    };
    let len = u32::try_from(size_of_val(buffer)).unwrap_or(u32::MAX);
    // What is behind the names of this call must not be of the one before.
    buffer.fill(0);
    // SAFETY: the buffer is ours, as long as is said and aligned to eight bytes.
    let ok = unsafe {
        win::GetFileInformationByHandleEx(handle.as_raw_handle(), class, buffer.as_mut_ptr().cast::<c_void>(), len)
    };
    match ok {
        0 => match io::Error::last_os_error() {
            error if super::is_one_of(&error, &[codes::ERROR_NO_MORE_FILES, codes::ERROR_FILE_NOT_FOUND]) => Ok(false),
            error => Err(error),
        },
        _ => Ok(true),
    }
}

/// Gives what is open for it another name in a folder.
pub(super) fn rename(handle: BorrowedHandle<'_>, folder: BorrowedHandle<'_>, to: &str, taken: Taken) -> io::Result<()> {
    newer_or_simple(|way| {
        let class = match way {
            Way::Newer => nt::FileRenameInformationEx,
            Way::Simple => nt::FileRenameInformation,
        };
        set_name(handle, folder, to, rename_flags(way, taken), class)
    })
}

/// Gives an open file a second name in a folder; fails if it is taken.
pub(super) fn link(handle: BorrowedHandle<'_>, folder: BorrowedHandle<'_>, to: &str) -> io::Result<()> {
    set_name(handle, folder, to, 0, nt::FileLinkInformation)
}

/// The structures for renames and links are alike.
fn set_name(
    handle: BorrowedHandle<'_>,
    folder: BorrowedHandle<'_>,
    to: &str,
    flags: u32,
    class: i32,
) -> io::Result<()> {
    type Info = nt::FILE_RENAME_INFORMATION;
    const {
        assert!(offset_of!(Info, FileName) == offset_of!(nt::FILE_LINK_INFORMATION, FileName));
        assert!(offset_of!(Info, RootDirectory) == offset_of!(nt::FILE_LINK_INFORMATION, RootDirectory));
        assert!(offset_of!(Info, FileNameLength) == offset_of!(nt::FILE_LINK_INFORMATION, FileNameLength));
    }
    let units: Vec<u16> = to.encode_utf16().collect();
    let bytes = u32::from(name_bytes(&units)?);
    let len = (offset_of!(Info, FileName) + bytes as usize).max(size_of::<Info>());
    let mut buffer = vec![0u64; len.div_ceil(size_of::<u64>())];
    let info = buffer.as_mut_ptr().cast::<Info>();
    // SAFETY: the buffer is aligned to eight bytes and long enough for the structure and for the name, which is copied behind its other fields.
    unsafe {
        (*info).Anonymous.Flags = flags;
        (*info).RootDirectory = folder.as_raw_handle();
        (*info).FileNameLength = bytes;
        ptr::copy_nonoverlapping(units.as_ptr(), (&raw mut (*info).FileName).cast::<u16>(), units.len());
    }
    // SAFETY: all zeros are a valid status block.
    let mut status_block: IO_STATUS_BLOCK = unsafe { zeroed() };
    // SAFETY: the structure is of this class, ours and as long as is said; both handles are borrowed.
    done(unsafe {
        nt::NtSetInformationFile(
            handle.as_raw_handle(),
            &mut status_block,
            info.cast(),
            len as u32,
            class,
        )
    })
}

/// Removes what is open for it: its name is gone at once, also while others have it open. In the simple way it goes with the last handle, and a
/// read-only file has to be made another one first.
pub(super) fn remove(handle: BorrowedHandle<'_>) -> io::Result<()> {
    newer_or_simple(|way| match way {
        Way::Newer => remove_at_once(handle),
        Way::Simple => {
            let info = win::FILE_DISPOSITION_INFO { DeleteFile: true };
            // SAFETY: this class takes this structure.
            unsafe { set(handle, win::FileDispositionInfo, &info) }
        }
    })
}

fn remove_at_once(handle: BorrowedHandle<'_>) -> io::Result<()> {
    let flags = nt::FILE_DISPOSITION_DELETE
        | nt::FILE_DISPOSITION_POSIX_SEMANTICS
        | nt::FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE;
    // SAFETY: all zeros are a valid status block.
    let mut status_block: IO_STATUS_BLOCK = unsafe { zeroed() };
    // SAFETY: this class takes a number of this length, which outlives the call.
    done(unsafe {
        nt::NtSetInformationFile(
            handle.as_raw_handle(),
            &mut status_block,
            (&raw const flags).cast(),
            size_of::<u32>() as u32,
            nt::FileDispositionInformationEx,
        )
    })
}

/// Writes what was written to an open file or folder to the disk, and what its names need.
pub(super) fn flush(handle: BorrowedHandle<'_>) -> io::Result<()> {
    // SAFETY: all zeros are a valid status block.
    let mut status_block: IO_STATUS_BLOCK = unsafe { zeroed() };
    // SAFETY: the block outlives the call, and the handle is borrowed.
    done(unsafe { nt::NtFlushBuffersFile(handle.as_raw_handle(), &mut status_block) })
}

/// Bytes that this user can still write to the disk of a handle.
pub(super) fn free_bytes(handle: BorrowedHandle<'_>) -> io::Result<u64> {
    // SAFETY: all zeros are valid for both.
    let (mut sizes, mut status_block): (FILE_FS_FULL_SIZE_INFORMATION, IO_STATUS_BLOCK) = unsafe { zeroed() };
    // SAFETY: the structure is of this class, ours and as long as is said.
    done(unsafe {
        nt::NtQueryVolumeInformationFile(
            handle.as_raw_handle(),
            &mut status_block,
            (&raw mut sizes).cast(),
            size_of::<FILE_FS_FULL_SIZE_INFORMATION>() as u32,
            nt::FileFsFullSizeInformation,
        )
    })?;
    let unit = u64::from(sizes.SectorsPerAllocationUnit).saturating_mul(u64::from(sizes.BytesPerSector));
    let units = u64::try_from(sizes.CallerAvailableAllocationUnits).unwrap_or(0);
    Ok(units.saturating_mul(unit))
}

/// A call for the file system: what is given to it, and room for what it answers. How many bytes it answered, and whether that is all.
pub(super) fn control(
    handle: BorrowedHandle<'_>,
    code: u32,
    given: &[u64],
    room: &mut [u64],
) -> io::Result<(usize, bool)> {
    let mut len = 0;
    let lengths = (u32::try_from(size_of_val(given)), u32::try_from(size_of_val(room)));
    let (Ok(given_len), Ok(room_len)) = lengths else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    // SAFETY: both buffers are ours and as long as is said, the place for the length is ours, and the handle is borrowed and synchronous.
    let ok = unsafe {
        DeviceIoControl(
            handle.as_raw_handle(),
            code,
            given.as_ptr().cast::<c_void>(),
            given_len,
            room.as_mut_ptr().cast::<c_void>(),
            room_len,
            &mut len,
            ptr::null_mut(),
        )
    };
    match ok {
        0 => match io::Error::last_os_error() {
            error if super::is_one_of(&error, &[codes::ERROR_MORE_DATA]) => Ok((len as usize, false)),
            error => Err(error),
        },
        _ => Ok((len as usize, true)),
    }
}

/// Takes a byte of a file for this handle alone, without waiting; `false`: another one has it. Locks of Windows keep others from reading and
/// writing, so it is a byte that no file has.
pub(super) fn try_lock(handle: BorrowedHandle<'_>) -> io::Result<bool> {
    // SAFETY: all zeros are a valid structure.
    let mut place: OVERLAPPED = unsafe { zeroed() };
    place.Anonymous.Anonymous.Offset = u32::MAX;
    place.Anonymous.Anonymous.OffsetHigh = i32::MAX.cast_unsigned();
    let flags = win::LOCKFILE_EXCLUSIVE_LOCK | win::LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the structure outlives the call, which does not wait, and the handle is borrowed and synchronous.
    let ok = unsafe { win::LockFileEx(handle.as_raw_handle(), flags, 0, 1, 0, &mut place) };
    match ok {
        0 => match io::Error::last_os_error() {
            error if super::is_one_of(&error, &[codes::ERROR_LOCK_VIOLATION, codes::ERROR_IO_PENDING]) => Ok(false),
            error => Err(error),
        },
        _ => Ok(true),
    }
}

/// The path of a handle from the top of its disk, in the form that has no longest length.
pub(super) fn path_of(handle: BorrowedHandle<'_>) -> io::Result<Vec<u16>> {
    let mut path = vec![0u16; 1024];
    loop {
        let room = u32::try_from(path.len()).unwrap_or(u32::MAX);
        // SAFETY: the place is ours and as long as is said; the handle is borrowed.
        let len = unsafe {
            win::GetFinalPathNameByHandleW(
                handle.as_raw_handle(),
                path.as_mut_ptr(),
                room,
                win::FILE_NAME_NORMALIZED,
            )
        };
        match len as usize {
            0 => return Err(io::Error::last_os_error()),
            len if len < path.len() => {
                path.truncate(len);
                return Ok(path);
            }
            // What is missing, with the NUL.
            len => path.resize(len + 1, 0),
        }
    }
}

/// Makes a symbolic link under a path. Both end with NUL.
pub(super) fn make_symbolic_link(path: &[u16], target: &[u16], is_folder: bool) -> io::Result<()> {
    debug_assert!(path.last() == Some(&0) && target.last() == Some(&0));
    let kind = if is_folder {
        win::SYMBOLIC_LINK_FLAG_DIRECTORY
    } else {
        0
    };
    // SAFETY: both texts end with NUL and outlive the call.
    let made = unsafe {
        win::CreateSymbolicLinkW(
            path.as_ptr(),
            target.as_ptr(),
            kind | win::SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE,
        )
    };
    if made { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// A disk, a pipe or a device.
pub(super) fn handle_kind(handle: BorrowedHandle<'_>) -> u32 {
    // SAFETY: takes a handle, which is borrowed, and gives a number.
    unsafe { win::GetFileType(handle.as_raw_handle()) }
}

/// 128 bits that nobody can guess.
pub(super) fn random() -> io::Result<u128> {
    let mut bytes = [0u8; 16];
    // SAFETY: the place is ours and as long as is said; the system's own generator needs no handle.
    let status = unsafe {
        BCryptGenRandom(
            ptr::null_mut(),
            bytes.as_mut_ptr(),
            bytes.len() as u32,
            BCRYPT_USE_SYSTEM_PREFERRED_RNG,
        )
    };
    done(status)?;
    Ok(u128::from_le_bytes(bytes))
}

#[cfg(feature = "faults")]
pub(super) fn end_process() -> ! {
    use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};
    const AS_KILL_9: u32 = 137;
    // SAFETY: ends this process, which borrows nothing from anybody.
    unsafe { TerminateProcess(GetCurrentProcess(), AS_KILL_9) };
    std::process::abort()
}

fn name_bytes(units: &[u16]) -> io::Result<u16> {
    let bytes = size_of_val(units);
    match u16::try_from(bytes) {
        Ok(len) if bytes <= MAX_NAME_BYTES => Ok(len),
        _ => Err(error_of(codes::ERROR_FILENAME_EXCED_RANGE)),
    }
}

/// The kernel's answer as the error that programs know.
fn done(status: NTSTATUS) -> io::Result<()> {
    if status >= 0 {
        return Ok(());
    }
    Err(error_of(match status {
        // Programs are told that they have no right, which would read as something else.
        codes::STATUS_FILE_IS_A_DIRECTORY => codes::ERROR_DIRECTORY_NOT_SUPPORTED,
        codes::STATUS_DELETE_PENDING => codes::ERROR_DELETE_PENDING,
        // Whatever the disk says that is full.
        codes::STATUS_DISK_FULL => codes::ERROR_DISK_FULL,
        // SAFETY: takes a number and gives one.
        status => unsafe { RtlNtStatusToDosError(status) },
    }))
}
