//! Whose a file is, who may do what with it, and files and folders for this user alone. (The launcher has this file too: one source for both.)

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::mem::size_of;
use std::os::windows::io::{AsRawHandle, BorrowedHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, INVALID_HANDLE_VALUE, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertSidToStringSidW, ConvertStringSecurityDescriptorToSecurityDescriptorW, GetSecurityInfo, SDDL_REVISION_1,
    SE_FILE_OBJECT,
};
use windows_sys::Win32::Security::{
    ACCESS_ALLOWED_ACE, ACE_HEADER, ACL, DACL_SECURITY_INFORMATION, EqualSid, GetAce, GetLengthSid,
    GetTokenInformation, INHERIT_ONLY_ACE, OWNER_SECURITY_INFORMATION, PSID, SECURITY_ATTRIBUTES, TOKEN_OWNER,
    TOKEN_QUERY, TOKEN_USER, TokenOwner, TokenUser,
};
use windows_sys::Win32::Storage::FileSystem::{
    CreateDirectoryW, CreateFileW, FILE_ATTRIBUTE_NORMAL, FILE_FLAG_OPEN_REPARSE_POINT, FILE_SHARE_DELETE,
    FILE_SHARE_READ, FILE_SHARE_WRITE,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

/// Who this process is: the user, and who owns what it creates, which for an administrator may be the group of them.
struct Me {
    user: Sid,
    owner: Sid,
}

/// A security identifier of our own.
struct Sid(Vec<u64>);

impl Sid {
    fn as_ptr(&self) -> PSID {
        self.0.as_ptr().cast_mut().cast()
    }
}

/// Whether a file or folder belongs to this user. An error also where the disk knows no owners.
pub(super) fn is_mine(handle: BorrowedHandle<'_>) -> io::Result<bool> {
    let described = Described::of(handle, OWNER_SECURITY_INFORMATION)?;
    let me = me()?;
    // SAFETY: all three are valid identifiers: two of ours, and one in the description, which lives.
    Ok(described.owner.is_null()
        || unsafe {
            EqualSid(described.owner, me.user.as_ptr()) != 0 || EqualSid(described.owner, me.owner.as_ptr()) != 0
        })
}

/// What everybody but this user, the system itself and administrators may do with an open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Others {
    pub(super) read: bool,
    pub(super) write: bool,
    /// Remove it or give it another name, or what is in a folder.
    pub(super) replace: bool,
}

impl Others {
    const ALL: Self = Self {
        read: true,
        write: true,
        replace: true,
    };
}

/// What others may do; `None`: the disk knows no rights.
pub(super) fn others(handle: BorrowedHandle<'_>) -> io::Result<Option<Others>> {
    /// `FILE_READ_DATA` and `GENERIC_READ`, and what generic rights stand for.
    const READS: u32 = 0x1 | 0x8000_0000 | 0x1000_0000;
    /// `FILE_WRITE_DATA`, `FILE_APPEND_DATA`, `WRITE_DAC`, `WRITE_OWNER`, `GENERIC_WRITE`, `GENERIC_ALL`.
    const WRITES: u32 = 0x2 | 0x4 | 0x4_0000 | 0x8_0000 | 0x4000_0000 | 0x1000_0000;
    /// `DELETE`, `FILE_DELETE_CHILD`, and the rights that give them.
    const REPLACES: u32 = 0x1_0000 | 0x40 | 0x4_0000 | 0x8_0000 | 0x1000_0000;
    let described = match Described::of(handle, DACL_SECURITY_INFORMATION | OWNER_SECURITY_INFORMATION) {
        Ok(described) => described,
        Err(error) if super::is_unknown(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut others = Others {
        read: false,
        write: false,
        replace: false,
    };
    if described.dacl.is_null() {
        // No list at all: everybody may do everything.
        return Ok(Some(Others::ALL));
    }
    // SAFETY: the list lies in the description, which lives.
    let count = u32::from(unsafe { (*described.dacl).AceCount });
    for index in 0..count {
        let mut entry: *mut c_void = ptr::null_mut();
        // SAFETY: the list is valid, and the place is ours.
        if unsafe { GetAce(described.dacl, index, &mut entry) } == 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the entry lies in the list and begins with its header.
        let header = unsafe { entry.cast::<ACE_HEADER>().read() };
        const ALLOWED: u8 = 0;
        if u32::from(header.AceFlags) & INHERIT_ONLY_ACE != 0
            || usize::from(header.AceSize) < size_of::<ACCESS_ALLOWED_ACE>()
        {
            continue;
        }
        // Rights that are denied only make it less; those of objects and callbacks give rights to somebody.
        let allowed = entry.cast::<ACCESS_ALLOWED_ACE>();
        match header.AceType {
            ALLOWED => {
                // SAFETY: this kind has this structure, which is not longer than the entry.
                let (mask, sid) = unsafe { ((*allowed).Mask, (&raw mut (*allowed).SidStart).cast::<c_void>()) };
                if !is_trusted(sid)? {
                    others.read |= mask & READS != 0;
                    others.write |= mask & WRITES != 0;
                    others.replace |= mask & REPLACES != 0;
                }
            }
            // Denied, audit, mandatory label and the like.
            1 | 2 | 3 | 0x11..=0x15 => {}
            _ => others = Others::ALL,
        }
    }
    Ok(Some(others))
}

/// This user, and those who can do everything anyway.
fn is_trusted(sid: PSID) -> io::Result<bool> {
    let me = me()?;
    // SAFETY: both are valid identifiers.
    if unsafe { EqualSid(sid, me.user.as_ptr()) } != 0 {
        return Ok(true);
    }
    is_of_system(sid)
}

fn is_of_system(sid: PSID) -> io::Result<bool> {
    /// The system, administrators, the owner by whatever name, and who installs Windows.
    const TRUSTED: [&str; 4] = [
        "S-1-5-18",
        "S-1-5-32-544",
        "S-1-3-4",
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
    ];
    let text = text_of(sid)?;
    Ok(TRUSTED.contains(&text.as_str()))
}

/// Whether a file or folder belongs to this user, or to those who can do everything anyway.
#[allow(dead_code, reason = "for the launcher")]
pub(super) fn is_mine_or_of_system(handle: BorrowedHandle<'_>) -> io::Result<bool> {
    let described = Described::of(handle, OWNER_SECURITY_INFORMATION)?;
    Ok(is_mine(handle)? || is_of_system(described.owner)?)
}

/// Opens or creates a file by its path, without following a link; what is created is for this user alone.
pub(super) fn open_private(path: &[u16], access: u32, disposition: u32) -> io::Result<File> {
    debug_assert!(path.last() == Some(&0));
    let private = Private::new("FA", "")?;
    // SAFETY: the path ends with NUL, and the attributes outlive the call.
    let handle = unsafe {
        CreateFileW(
            path.as_ptr(),
            access,
            FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
            &private.attributes(),
            disposition,
            FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT,
            ptr::null_mut(),
        )
    };
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just made the handle, and nothing else has it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) }.into())
}

/// Makes a folder for this user alone, with all that will be in it.
pub(super) fn make_private_folder(path: &[u16]) -> io::Result<()> {
    debug_assert!(path.last() == Some(&0));
    let private = Private::new("FA", "OICI")?;
    // SAFETY: the path ends with NUL, and the attributes outlive the call.
    let made = unsafe { CreateDirectoryW(path.as_ptr(), &private.attributes()) };
    if made == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Lets everybody do everything with a file or folder.
#[cfg(test)]
#[allow(dead_code, reason = "for the launcher's tests")]
pub(super) fn open_to_everybody(path: &[u16]) -> io::Result<()> {
    use windows_sys::Win32::Security::SetFileSecurityW;
    debug_assert!(path.last() == Some(&0));
    let open = Private::of("D:P(A;OICI;FA;;;WD)")?;
    // SAFETY: the path ends with NUL, and the description outlives the call.
    match unsafe { SetFileSecurityW(path.as_ptr(), DACL_SECURITY_INFORMATION, open.0) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// A description that the system gives, and frees.
struct Described {
    owner: PSID,
    dacl: *mut ACL,
    descriptor: *mut c_void,
}

impl Described {
    fn of(handle: BorrowedHandle<'_>, what: u32) -> io::Result<Self> {
        let mut described = Self {
            owner: ptr::null_mut(),
            dacl: ptr::null_mut(),
            descriptor: ptr::null_mut(),
        };
        // SAFETY: the places are ours, and what is not wanted is null; the handle is borrowed.
        let code = unsafe {
            GetSecurityInfo(
                handle.as_raw_handle(),
                SE_FILE_OBJECT,
                what,
                &mut described.owner,
                ptr::null_mut(),
                &mut described.dacl,
                ptr::null_mut(),
                &mut described.descriptor,
            )
        };
        match code {
            ERROR_SUCCESS => Ok(described),
            code => Err(super::error_of(code)),
        }
    }
}

impl Drop for Described {
    fn drop(&mut self) {
        // SAFETY: the system gave it to be freed so, once.
        unsafe { LocalFree(self.descriptor) };
    }
}

/// The description of what is for this user and the system alone.
struct Private(*mut c_void);

impl Private {
    fn new(rights: &str, inherited: &str) -> io::Result<Self> {
        let user = text_of(me()?.user.as_ptr())?;
        Self::of(&format!(
            "D:P(A;{inherited};{rights};;;{user})(A;{inherited};{rights};;;SY)"
        ))
    }

    fn of(text: &str) -> io::Result<Self> {
        let text: Vec<u16> = text.encode_utf16().chain([0]).collect();
        let mut descriptor = ptr::null_mut();
        // SAFETY: the text ends with NUL, and the place is ours.
        let ok = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                text.as_ptr(),
                SDDL_REVISION_1,
                &mut descriptor,
                ptr::null_mut(),
            )
        };
        if ok == 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(Self(descriptor))
        }
    }

    fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: self.0,
            bInheritHandle: 0,
        }
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // SAFETY: the system gave it to be freed so, once.
        unsafe { LocalFree(self.0) };
    }
}

/// Asked once: it does not change.
fn me() -> io::Result<&'static Me> {
    static ME: OnceLock<Option<Me>> = OnceLock::new();
    let me = ME.get_or_init(|| find_me().ok()).as_ref();
    me.ok_or_else(|| io::ErrorKind::PermissionDenied.into())
}

fn find_me() -> io::Result<Me> {
    let mut token = ptr::null_mut();
    // SAFETY: the process's own handle needs no closing, and the place is ours.
    if unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &mut token) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just made the handle, and nothing else has it.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    let user = information(&token, TokenUser)?;
    let owner = information(&token, TokenOwner)?;
    // SAFETY: each class begins with its structure, whose pointers lead into the same buffer, which lives.
    let (user, owner) = unsafe {
        let user = (*user.as_ptr().cast::<TOKEN_USER>()).User.Sid;
        let owner = (*owner.as_ptr().cast::<TOKEN_OWNER>()).Owner;
        (copy(user), copy(owner))
    };
    Ok(Me { user, owner })
}

fn information(token: &OwnedHandle, class: i32) -> io::Result<Vec<u64>> {
    /// More than any such answer.
    const WORDS: usize = 128;
    let mut room = vec![0u64; WORDS];
    let mut len = 0;
    let bytes = size_of_val(room.as_slice()) as u32;
    // SAFETY: the room is ours, as long as is said, and aligned.
    let ok = unsafe { GetTokenInformation(token.as_raw_handle(), class, room.as_mut_ptr().cast(), bytes, &mut len) };
    if ok == 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(room)
    }
}

/// # Safety
///
/// The identifier is valid.
unsafe fn copy(sid: PSID) -> Sid {
    // SAFETY: the caller says so.
    let len = unsafe { GetLengthSid(sid) } as usize;
    let mut words = vec![0u64; len.div_ceil(size_of::<u64>())];
    // SAFETY: the identifier has that many bytes, and there is room for them.
    unsafe { ptr::copy_nonoverlapping(sid.cast::<u8>(), words.as_mut_ptr().cast(), len) };
    Sid(words)
}

/// `S-1-5-18`.
fn text_of(sid: PSID) -> io::Result<String> {
    let mut text = ptr::null_mut();
    // SAFETY: the identifier is valid, and the place is ours.
    if unsafe { ConvertSidToStringSidW(sid, &mut text) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the system gave a text that ends with NUL.
    let units = unsafe {
        let len = (0..).take_while(|at| *text.add(*at) != 0).count();
        std::slice::from_raw_parts(text, len)
    };
    let owned = String::from_utf16_lossy(units);
    // SAFETY: the system gave it to be freed so, once; the copy is ours.
    unsafe { LocalFree(text.cast()) };
    Ok(owned)
}
