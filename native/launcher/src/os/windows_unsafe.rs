//! What Windows does through its C interface alone.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::process::Child;
use std::ptr::null;

use windows_sys::Win32::Security::Cryptography::{BCRYPT_USE_SYSTEM_PREFERRED_RNG, BCryptGenRandom};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_BASIC_INFO, FileBasicInfo, GetFileInformationByHandle,
    GetFileInformationByHandleEx,
};
use windows_sys::Win32::System::Console::{
    FlushConsoleInputBuffer, GetConsoleProcessList, GetStdHandle, INPUT_RECORD, KEY_EVENT, ReadConsoleInputW,
    STD_INPUT_HANDLE, SetConsoleCtrlHandler,
};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation, SetInformationJobObject,
};

/// Processes that end when its last handle is closed, which the system does when this process ends.
pub struct Job(OwnedHandle);

impl Job {
    pub fn new() -> io::Result<Job> {
        // SAFETY: no attributes and no name; the handle is checked before it is owned.
        let handle = unsafe { CreateJobObjectW(null(), null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it is open, and owned by nothing else.
        let job = Job(unsafe { OwnedHandle::from_raw_handle(handle) });
        // SAFETY: a structure of numbers, for which zeros are a value.
        let mut limits: JOBOBJECT_EXTENDED_LIMIT_INFORMATION = unsafe { zeroed() };
        limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
        // SAFETY: the handle is open; the structure is the one of this class, and its size is stated.
        let set = unsafe {
            SetInformationJobObject(
                job.0.as_raw_handle(),
                JobObjectExtendedLimitInformation,
                (&raw const limits).cast(),
                size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>() as u32,
            )
        };
        if set == 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(job)
        }
    }

    pub fn take(&self, child: &Child) -> io::Result<()> {
        // SAFETY: both handles are open.
        let taken = unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), child.as_raw_handle()) };
        if taken == 0 {
            Err(io::Error::last_os_error())
        } else {
            Ok(())
        }
    }
}

/// Ctrl-C and Ctrl-Break do not end this process from now on. (A handler, because a child would inherit that they are ignored.)
pub fn leave_control_keys_to_others() {
    unsafe extern "system" fn handled(_kind: u32) -> i32 {
        1
    }
    // SAFETY: the handler is a function that lives as long as the process and touches nothing. Should it fail, the keys end this process,
    // and the job the program.
    unsafe { SetConsoleCtrlHandler(Some(handled), 1) };
}

/// Whether nobody else uses the console of this process: it was made for it, and goes with it.
pub fn has_console_alone() -> bool {
    let mut processes = [0u32; 2];
    // SAFETY: the list has room for as many numbers as is said.
    unsafe { GetConsoleProcessList(processes.as_mut_ptr(), processes.len() as u32) == 1 }
}

/// Waits until a key is pressed; at once where there are no keys, because standard input is no console.
pub fn wait_for_key() {
    // SAFETY: it takes a number; a handle that is none is refused by the calls below.
    let keys = unsafe { GetStdHandle(STD_INPUT_HANDLE) };
    // What was pressed meanwhile was not meant. (What is no console has nothing to forget.)
    // SAFETY: it reads from no memory of ours.
    unsafe { FlushConsoleInputBuffer(keys) };
    loop {
        // SAFETY: a structure of numbers, for which zeros are a value.
        let mut event: INPUT_RECORD = unsafe { zeroed() };
        let mut read = 0;
        // SAFETY: there is room for the one event that is asked for, and for the count.
        if unsafe { ReadConsoleInputW(keys, &raw mut event, 1, &raw mut read) } == 0 {
            return;
        }
        // SAFETY: the number says which field of the union was written.
        if u32::from(event.EventType) == KEY_EVENT && unsafe { event.Event.KeyEvent.bKeyDown } != 0 {
            return;
        }
    }
}

pub fn random() -> io::Result<u64> {
    let mut bytes = [0u8; 8];
    // SAFETY: without an algorithm the system's preferred one; it writes as many bytes as the buffer has.
    let status = unsafe {
        BCryptGenRandom(
            std::ptr::null_mut(),
            bytes.as_mut_ptr(),
            bytes.len() as u32,
            BCRYPT_USE_SYSTEM_PREFERRED_RNG,
        )
    };
    if status == 0 {
        Ok(u64::from_le_bytes(bytes))
    } else {
        Err(io::Error::other("the system gives no random numbers"))
    }
}

/// What tells a file from another one under its name, and from itself after a change.
pub struct Identity {
    /// Volume and number.
    pub number: String,
    pub links: u32,
    /// When its content or its status was changed last, by the system's clock.
    pub changed: i64,
}

pub fn identity(file: &File) -> io::Result<Identity> {
    // SAFETY: structures of numbers, for which zeros are a value.
    let (mut found, mut basic): (BY_HANDLE_FILE_INFORMATION, FILE_BASIC_INFO) = unsafe { zeroed() };
    // SAFETY: the handle is open, and the structure is written.
    if unsafe { GetFileInformationByHandle(file.as_raw_handle(), &mut found) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let (place, size) = ((&raw mut basic).cast(), size_of::<FILE_BASIC_INFO>() as u32);
    // SAFETY: the handle is open, and the structure is the one of this class, of the stated size.
    if unsafe { GetFileInformationByHandleEx(file.as_raw_handle(), FileBasicInfo, place, size) } == 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Identity {
        number: format!(
            "{} {}-{}",
            found.dwVolumeSerialNumber, found.nFileIndexHigh, found.nFileIndexLow
        ),
        links: found.nNumberOfLinks,
        changed: basic.ChangeTime,
    })
}
