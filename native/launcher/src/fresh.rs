//! Names that nothing has yet.

use std::io;
use std::path::{Path, PathBuf};

use crate::os;

/// A path in this folder with a name that nothing has.
pub fn name(base: &Path, head: &str) -> io::Result<PathBuf> {
    Ok(base.join(format!("{head}-{:016x}", os::random()?)))
}
