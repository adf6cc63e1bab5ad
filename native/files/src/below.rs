//! Opening folders below one that is held.

use std::io;
use std::sync::Arc;

use crate::os::{Folder, NativeFolder};

/// Opens a folder below another one, component by component, without following links.
pub(crate) fn open_below(folder: &Arc<NativeFolder>, way: &[String]) -> io::Result<Arc<NativeFolder>> {
    way.iter().try_fold(Arc::clone(folder), |folder, component| {
        Ok(Arc::new(folder.open_folder(component)?))
    })
}
