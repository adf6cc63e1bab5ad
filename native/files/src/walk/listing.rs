//! The names of a folder.

use std::io;

use crate::os::{Folder, NativeFolder};

/// The names of a folder, sorted, in one allocation.
pub(super) struct Listing {
    text: String,
    spans: std::vec::IntoIter<(u32, u16)>,
}

impl Listing {
    /// Reads the names of a folder; those that are not UTF-8 go to `unsendable`, lossy.
    pub(super) fn read(folder: &NativeFolder, unsendable: &mut dyn FnMut(String)) -> io::Result<Self> {
        let mut text = String::new();
        let mut spans = Vec::new();
        let mut too_large = false;
        folder.list(&mut |name| match std::str::from_utf8(name) {
            Ok(name) => match (u32::try_from(text.len()), u16::try_from(name.len())) {
                (Ok(start), Ok(len)) => {
                    text.push_str(name);
                    spans.push((start, len));
                }
                _ => too_large = true,
            },
            Err(_) => unsendable(String::from_utf8_lossy(name).into_owned()),
        })?;
        if too_large {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        spans.sort_unstable_by(|a, b| slice(&text, *a).cmp(slice(&text, *b)));
        let spans = spans.into_iter();
        Ok(Self { text, spans })
    }

    pub(super) fn empty() -> Self {
        Self {
            text: String::new(),
            spans: Vec::new().into_iter(),
        }
    }

    pub(super) fn next(&mut self) -> Option<String> {
        let span = self.spans.next()?;
        Some(slice(&self.text, span).to_owned())
    }
}

fn slice(text: &str, (start, len): (u32, u16)) -> &str {
    let start = start as usize;
    // Spans are made together with the text.
    text.get(start..start + usize::from(len)).unwrap_or_default()
}
