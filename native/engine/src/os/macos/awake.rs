//! Keeping the machine awake: an assertion of IOKit. Its library is opened when it is asked for, so that nothing but libSystem is linked.

use std::ffi::{CStr, c_char, c_int, c_void};

const IOKIT: &CStr = c"/System/Library/Frameworks/IOKit.framework/IOKit";
const FOUNDATION: &CStr = c"/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation";

const UTF8: u32 = 0x0800_0100;
const LEVEL_ON: u32 = 255;

type MakeString = unsafe extern "C" fn(*const c_void, *const c_char, u32) -> *const c_void;
type Forget = unsafe extern "C" fn(*const c_void);
type Create = unsafe extern "C" fn(*const c_void, u32, *const c_void, *mut u32) -> c_int;
type Release = unsafe extern "C" fn(u32) -> c_int;

/// The assertion. Dropping it lets the machine sleep.
pub struct Lock {
    id: u32,
    release: Release,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // SAFETY: the function is the one for assertions, whose library stays open, and this one was made and is released once.
        unsafe { (self.release)(self.id) };
    }
}

/// Asks for the assertion; nothing where it is refused.
pub fn ask() -> Option<Lock> {
    let (kit, foundation) = (open(IOKIT)?, open(FOUNDATION)?);
    // SAFETY: these are the types of the functions of these names (`IOPMLib.h`, `CFString.h`, `CFBase.h`), and a function's address has the
    // size of a pointer.
    let (make_string, forget, create, release) = unsafe {
        (
            std::mem::transmute::<*mut c_void, MakeString>(find(foundation, c"CFStringCreateWithCString")?),
            std::mem::transmute::<*mut c_void, Forget>(find(foundation, c"CFRelease")?),
            std::mem::transmute::<*mut c_void, Create>(find(kit, c"IOPMAssertionCreateWithName")?),
            std::mem::transmute::<*mut c_void, Release>(find(kit, c"IOPMAssertionRelease")?),
        )
    };
    let mut id = 0;
    // SAFETY: the texts end with NUL and outlive the calls; the strings that are made of them are released once, after their use.
    let created = unsafe {
        let kind = make_string(std::ptr::null(), c"PreventUserIdleSystemSleep".as_ptr(), UTF8);
        let name = make_string(std::ptr::null(), c"ultra: files are being transferred".as_ptr(), UTF8);
        let created = !kind.is_null() && !name.is_null() && create(kind, LEVEL_ON, name, &mut id) == 0;
        for string in [kind, name] {
            if !string.is_null() {
                forget(string);
            }
        }
        created
    };
    created.then_some(Lock { id, release })
}

/// Stays open: closing a framework of the system is of no use.
fn open(path: &CStr) -> Option<*mut c_void> {
    // SAFETY: the path ends with NUL and outlives the call; libraries of the system do nothing surprising when they are opened.
    let library = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_LAZY) };
    (!library.is_null()).then_some(library)
}

fn find(library: *mut c_void, name: &CStr) -> Option<*mut c_void> {
    // SAFETY: the library is open, and the name ends with NUL and outlives the call.
    let function = unsafe { libc::dlsym(library, name.as_ptr()) };
    (!function.is_null()).then_some(function)
}
