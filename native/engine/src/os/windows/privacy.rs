//! The memory of this process: no part of it in reports of crashes, and no other process of the user reads it. Administrators always can.

use std::io;
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_SUCCESS, LocalFree};
use windows_sys::Win32::Security::Authorization::{
    ConvertStringSecurityDescriptorToSecurityDescriptorW, SDDL_REVISION_1, SE_KERNEL_OBJECT, SetSecurityInfo,
};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, GetSecurityDescriptorDacl, PROTECTED_DACL_SECURITY_INFORMATION,
};
use windows_sys::Win32::System::ErrorReporting::{WER_FAULT_REPORTING_FLAG_NOHEAP, WerSetFlags};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

/// Its owner may wait for it, end it and ask how it ended (`SYNCHRONIZE`, `PROCESS_TERMINATE`, `PROCESS_QUERY_LIMITED_INFORMATION`), and nobody but
/// the system more. Whoever started it keeps the handle that it got.
const RIGHTS: &str = "D:P(A;;0x101001;;;OW)(A;;0x1fffff;;;SY)\0";

pub fn keep() -> io::Result<()> {
    // SAFETY: sets a flag of the process by number. A system that makes no reports has nothing to keep out of them.
    unsafe { WerSetFlags(WER_FAULT_REPORTING_FLAG_NOHEAP) };
    let text: Vec<u16> = RIGHTS.encode_utf16().collect();
    let mut descriptor = ptr::null_mut();
    // SAFETY: the text ends with NUL, and the place is ours.
    let made = unsafe {
        ConvertStringSecurityDescriptorToSecurityDescriptorW(
            text.as_ptr(),
            SDDL_REVISION_1,
            &mut descriptor,
            ptr::null_mut(),
        )
    };
    if made == 0 {
        return Err(io::Error::last_os_error());
    }
    let (mut present, mut list, mut defaulted) = (0, ptr::null_mut(), 0);
    // SAFETY: the description is the system's own and lives until it is freed, once, behind the last use of its list; the places are ours.
    let code = unsafe {
        let found = GetSecurityDescriptorDacl(descriptor, &mut present, &mut list, &mut defaulted);
        let code = match found {
            0 => None,
            _ => Some(SetSecurityInfo(
                GetCurrentProcess(),
                SE_KERNEL_OBJECT,
                DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION,
                ptr::null_mut(),
                ptr::null_mut(),
                list,
                ptr::null(),
            )),
        };
        LocalFree(descriptor);
        code
    };
    match code {
        Some(ERROR_SUCCESS) => Ok(()),
        Some(code) => Err(io::Error::from_raw_os_error(code.cast_signed())),
        None => Err(io::Error::last_os_error()),
    }
}
