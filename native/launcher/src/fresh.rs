//! Names that nothing has yet.

use std::io;
use std::path::{Path, PathBuf};

/// A path in this folder with a name that nothing has.
pub fn name(base: &Path, head: &str) -> io::Result<PathBuf> {
    let mut random = [0; 8];
    rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
    Ok(base.join(format!("{head}-{:016x}", u64::from_le_bytes(random))))
}
