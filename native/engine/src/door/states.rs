//! Files of state, which need no started engine: what this process leaves for one that is started after it, and files that several
//! processes change.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use parking_lot::Mutex;
use ultra_files::{FileError, StateFile, replace_if};

use super::blocks::FOLDER_FAULTS;
use super::ffi::{answer_bytes, bad, guarded, input, output};
use crate::core::fault::Fault;

/// Those that this process has, by their paths.
static HELD: LazyLock<Mutex<HashMap<PathBuf, StateFile>>> = LazyLock::new(Mutex::default);

const TAKE: u32 = 0;
const KEEP: u32 = 1;
const REMOVE: u32 = 2;
const REPLACE: u32 = 3;
const APPEND: u32 = 4;
const REMOVE_ALIKE: u32 = 5;

/// Called as a nonblocking symbol, on a thread of Deno's pool: the folder may be on another machine.
///
/// # Safety
/// See the contract of `ffi.rs`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ultra_state(
    act: u32,
    path: *const u8,
    len: u32,
    state: *const u8,
    state_len: u32,
    out: *mut u8,
    cap: u32,
) -> i32 {
    guarded(|| {
        // SAFETY: the caller's promise.
        let (path, state, out) = unsafe { (input(path, len)?, input(state, state_len)?, output(out, cap)?) };
        let path = Path::new(std::str::from_utf8(path).map_err(|_| bad())?);
        if act == REPLACE {
            let (expected, bytes) = expected_and_new(state)?;
            return replace_if(path, expected, bytes).map_err(answer).map(|()| 0);
        }
        if act == REMOVE_ALIKE {
            StateFile::remove_alike(path);
            return Ok(0);
        }
        let mut held = HELD.lock();
        match act {
            TAKE => {
                let mut file = StateFile::take(path).map_err(answer)?;
                let bytes = file.read(out.len()).map_err(answer)?;
                held.insert(path.to_owned(), file);
                answer_bytes(out, &bytes)
            }
            KEEP | APPEND => {
                let mut file = match held.remove(path) {
                    Some(file) => file,
                    None => {
                        let file = StateFile::make(path).map_err(answer)?;
                        StateFile::sweep(path.parent().unwrap_or(path));
                        file
                    }
                };
                let written = if act == KEEP {
                    file.write(state)
                } else {
                    file.append(state)
                };
                written.map_err(answer)?;
                held.insert(path.to_owned(), file);
                Ok(0)
            }
            REMOVE => match held.remove(path) {
                Some(file) => file.remove().map_err(answer).map(|()| 0),
                None => Ok(0),
            },
            _ => Err(bad()),
        }
    })
}

/// The length of what is expected stands first.
fn expected_and_new(state: &[u8]) -> Result<(&[u8], &[u8]), i32> {
    let (length, rest) = state.split_first_chunk::<4>().ok_or(bad())?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| bad())?;
    rest.split_at_checked(length).ok_or(bad())
}

fn answer(error: FileError) -> i32 {
    -(FOLDER_FAULTS + Fault::from(error).class as i32)
}
