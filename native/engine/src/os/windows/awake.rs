//! Keeping the machine awake: a power request, which the system drops with the process at the latest. (`SetThreadExecutionState` belongs to the
//! thread that called it.)

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};

use windows_sys::Win32::Foundation::INVALID_HANDLE_VALUE;
use windows_sys::Win32::System::Power::{
    PowerClearRequest, PowerCreateRequest, PowerRequestSystemRequired, PowerSetRequest,
};
use windows_sys::Win32::System::SystemServices::POWER_REQUEST_CONTEXT_VERSION;
use windows_sys::Win32::System::Threading::{POWER_REQUEST_CONTEXT_SIMPLE_STRING, REASON_CONTEXT, REASON_CONTEXT_0};

/// The request. Dropping it lets the machine sleep.
pub struct Lock(OwnedHandle);

impl Drop for Lock {
    fn drop(&mut self) {
        // SAFETY: the handle is of a request that was set, and is open.
        unsafe { PowerClearRequest(self.0.as_raw_handle(), PowerRequestSystemRequired) };
    }
}

/// Asks for it; nothing where it is refused.
pub fn ask() -> Option<Lock> {
    let mut why: Vec<u16> = "ultra: files are being transferred\0".encode_utf16().collect();
    let context = REASON_CONTEXT {
        Version: POWER_REQUEST_CONTEXT_VERSION,
        Flags: POWER_REQUEST_CONTEXT_SIMPLE_STRING,
        Reason: REASON_CONTEXT_0 {
            SimpleReasonString: why.as_mut_ptr(),
        },
    };
    // SAFETY: the structure and its text, which ends with NUL, outlive the call.
    let request = unsafe { PowerCreateRequest(&context) };
    if request == INVALID_HANDLE_VALUE || request.is_null() {
        return None;
    }
    // SAFETY: the call has just made the handle, and nothing else has it.
    let request = unsafe { OwnedHandle::from_raw_handle(request) };
    // SAFETY: the handle is of a request.
    let is_set = unsafe { PowerSetRequest(request.as_raw_handle(), PowerRequestSystemRequired) } != 0;
    is_set.then_some(Lock(request))
}
