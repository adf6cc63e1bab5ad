//! Who else may touch a file, as a mode.

use std::fs::File;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::os::windows::io::AsHandle;
use std::path::Path;

use super::security_unsafe::{self as security, Others};
use crate::os::Guard;

/// The rights that others have, as the bits that stand for them elsewhere.
pub(super) fn guard(file: &File) -> io::Result<Guard> {
    Ok(match security::others(file.as_handle())? {
        None => Guard::NoModes,
        Some(others) => Guard::Mode(mode_of(others)),
    })
}

fn mode_of(others: Others) -> u16 {
    const OWNER: u16 = 0o600;
    OWNER | if others.read { 0o044 } else { 0 } | if others.write { 0o022 } else { 0 }
}

/// As the calls take a path.
pub(super) fn units(path: &Path) -> io::Result<Vec<u16>> {
    let units: Vec<u16> = path.as_os_str().encode_wide().collect();
    if units.contains(&0) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(units.into_iter().chain([0]).collect())
}
