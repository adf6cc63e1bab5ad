//! Where the files may be unpacked, best first.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::os;

/// The variable with which a user decides.
pub const VARIABLE: &str = "ULTRA_CACHE_DIR";

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The folder that holds one folder for each version.
    pub base: PathBuf,
    /// Make it only below a folder of the user's own: under sudo, the home is another user's, and stays as it is.
    pub at_home: bool,
}

/// The place that the user chose, and no other; or all that are usual. `Err`: what is wrong with the choice.
pub fn places(variable: impl Fn(&str) -> Option<OsString>, user: &str) -> Result<Vec<Place>, String> {
    let path = |name: &str| {
        let value = variable(name).filter(|value| !value.is_empty());
        value.map(PathBuf::from)
    };
    if let Some(base) = path(VARIABLE) {
        if !base.is_absolute() {
            return Err(format!("{VARIABLE} must be an absolute path"));
        }
        // A folder of its own: the user may have chosen one that holds other things, and only what is ultra's is ever removed.
        let base = base.join("ultra");
        return Ok(vec![Place { base, at_home: false }]);
    }
    // The XDG rules say to ignore relative paths.
    let absolute = |name: &str| path(name).filter(|path| path.is_absolute());
    let cache = absolute(os::CACHE).or_else(|| absolute(os::HOME).map(|home| home.join(os::CACHE_IN_HOME)));
    let (temporary, usual) = os::TEMPORARY;
    let temporary = absolute(temporary).or_else(|| usual.map(PathBuf::from));
    let below = |parent: PathBuf, at_home| Place {
        base: parent.join("ultra"),
        at_home,
    };
    let mut places: Vec<Place> = Vec::new();
    places.extend(cache.map(|parent| below(parent, true)));
    places.extend(absolute("XDG_RUNTIME_DIR").map(|parent| below(parent, true)));
    places.extend(temporary.map(|parent| Place {
        base: parent.join(format!("ultra-{user}")),
        at_home: false,
    }));
    Ok(places)
}
