//! Linux.

mod load;
mod socket;
mod thread_name;

pub use load::values as load;
pub use thread_name::borrow as borrow_thread_name;

use crate::core::words::Refusal;

/// Keys and tickets are in this process's memory: it leaves no core file, and other processes of the user can neither read its
/// memory nor its environment. (`exec` resets the flag, so the launcher cannot set it.)
pub fn keep_private() -> Result<(), Refusal> {
    // SAFETY: sets a flag of the process by number; no memory is passed.
    if unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) } != 0 {
        return Err(Refusal::Internal);
    }
    Ok(())
}
