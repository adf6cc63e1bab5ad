//! Functions that need no started engine: ticket files.

use std::path::Path;

use ultra_files::{FileError, Guard, read_ticket, write_ticket};

use super::blocks::FOLDER_FAULTS;
use super::ffi::{answer_bytes, bad, guarded, input, output};
use crate::core::fault::Fault;

/// Answers for a [`Guard`] that is no mode: above every mode.
const NO_MODES: u32 = 0x1000;
const STREAM: u32 = 0x2000;

/// Blocks while a pipe is empty: called as a nonblocking symbol, on a thread of Deno's pool.
///
/// # Safety
/// See the contract of `ffi.rs`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_read_ticket(path: *const u8, len: u32, out: *mut u8, cap: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (path, out) = unsafe { (input(path, len)?, output(out, cap)?) };
        let (guard, text) = out.split_at_mut_checked(4).ok_or(bad())?;
        // One byte more than was asked for tells the caller that the file is too long.
        let most = text.len().checked_sub(1).ok_or(bad())?;
        let read = read_ticket(path_of(path)?, most).map_err(fault_answer)?;
        guard.copy_from_slice(&guard_number(read.guard).to_le_bytes());
        answer_bytes(text, &read.bytes)
    })
}

/// Blocks until a pipe has a reader: called as a nonblocking symbol, on a thread of Deno's pool.
///
/// # Safety
/// See the contract of `ffi.rs`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_write_ticket(path: *const u8, len: u32, ticket: *const u8, ticket_len: u32) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (path, ticket) = unsafe { (input(path, len)?, input(ticket, ticket_len)?) };
        let guard = write_ticket(path_of(path)?, ticket).map_err(fault_answer)?;
        i32::try_from(guard_number(guard)).map_err(|_| bad())
    })
}

fn path_of(bytes: &[u8]) -> Result<&Path, i32> {
    let path = std::str::from_utf8(bytes).map_err(|_| bad())?;
    Ok(Path::new(path))
}

fn guard_number(guard: Guard) -> u32 {
    match guard {
        Guard::Mode(mode) => mode.into(),
        Guard::NoModes => NO_MODES,
        Guard::Stream => STREAM,
    }
}

fn fault_answer(error: FileError) -> i32 {
    -(FOLDER_FAULTS + Fault::from(error).class as i32)
}
