//! The user's clipboard, for those who are at the door.

use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::Engine;
use crate::clipboard::{self, Clipboard, Clipping, Unusable};
use crate::core::event::Event;
use crate::core::words::ClipboardForm;

/// The text that was last read: sources of it may be made several times.
#[derive(Clone, Default)]
pub(super) struct Clipped(Arc<Mutex<Option<Arc<[u8]>>>>);

impl Clipped {
    pub(super) fn text(&self) -> Option<Arc<[u8]>> {
        self.0.lock().clone()
    }
}

impl Engine {
    pub(super) fn read_clipboard(&self, request: u32) {
        let (tell, clipped) = (self.tell.clone(), self.clipboard.clone());
        self.background.run(move || {
            let read = clipboard::open().and_then(|clipboard| clipboard.read());
            tell.tell(match read {
                Ok(clipping) => read_event(request, clipping, &clipped),
                Err(fault) => failed(request, fault),
            });
        });
    }

    pub(super) fn write_clipboard(&self, request: u32, form: ClipboardForm, raw: bool, paths: Vec<String>) {
        let tell = self.tell.clone();
        self.background.run(move || {
            let paths: Vec<&Path> = paths.iter().filter(|path| !path.is_empty()).map(Path::new).collect();
            let written = clipboard::open().and_then(|there| match form {
                ClipboardForm::Nothing => there.check(),
                ClipboardForm::Files => there.put_files(&paths),
                ClipboardForm::Text => paths
                    .iter()
                    .try_for_each(|path| clipboard::put_text_of(&there, path, raw)),
            });
            tell.tell(match written {
                Ok(()) => Event::ClipboardWritten { request },
                Err(fault) => failed(request, fault),
            });
        });
    }
}

fn read_event(request: u32, clipping: Clipping, clipped: &Clipped) -> Event {
    let form = clipping.form();
    let (size, paths) = match clipping {
        Clipping::Nothing => (0, Vec::new()),
        Clipping::Files(paths) => {
            let paths = paths.iter().map(|path| path.to_string_lossy().into_owned());
            (0, paths.collect())
        }
        Clipping::Text(text) => {
            let size = text.len() as u64;
            *clipped.0.lock() = Some(text.into());
            (size, Vec::new())
        }
    };
    Event::ClipboardRead {
        request,
        form,
        size,
        paths,
    }
}

fn failed(request: u32, Unusable { why, text }: Unusable) -> Event {
    Event::ClipboardFailed { request, why, text }
}
