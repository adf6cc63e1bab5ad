//! The first initialisation of OpenSSL in the process.

use std::ptr;
use std::sync::OnceLock;

/// OPENSSL_INIT_NO_LOAD_CONFIG
const NO_LOAD_CONFIG: u64 = 0x0000_0080;
/// OPENSSL_INIT_NO_ATEXIT
const NO_ATEXIT: u64 = 0x0008_0000;

/// Initialises OpenSSL once, before anything else does; later calls return the first result. `false` means that OpenSSL
/// could not start (no memory).
///
/// Only the first initialisation in a process counts. msquic's own one would install an exit handler that frees OpenSSL's
/// state under msquic's running threads, and would read a configuration file from a folder fixed at build time or from
/// `OPENSSL_CONF`, both of which another user may control. [`crate::open`] calls this; code that uses OpenSSL before that
/// (to make a certificate, for example) calls it first.
pub fn ssl_init() -> bool {
    static DONE: OnceLock<bool> = OnceLock::new();
    *DONE.get_or_init(|| {
        // SAFETY: the function takes a bit mask and, optionally, settings; it may be called from any thread at any time.
        unsafe { openssl_sys::OPENSSL_init_ssl(NO_LOAD_CONFIG | NO_ATEXIT, ptr::null()) == 1 }
    })
}
