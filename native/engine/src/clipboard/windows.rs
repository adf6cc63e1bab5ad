//! The clipboard of Windows: files as `CF_HDROP`, text as `CF_UNICODETEXT`, whose lines end with CR and LF.

use std::path::Path;

use super::{Clipboard, Clipping, MOST_TEXT, Unusable, checked};
use crate::core::words::ClipboardFault;
use crate::os::clipboard::{FILES, Open, TEXT, drop_list};

/// Nothing has to be found: the system's functions are always there.
pub struct Native;

impl Native {
    pub fn find() -> Result<Self, Unusable> {
        Ok(Self)
    }
}

impl Clipboard for Native {
    fn check(&self) -> Result<(), Unusable> {
        open().map(drop)
    }

    fn read(&self) -> Result<Clipping, Unusable> {
        let clipboard = open()?;
        if clipboard.has(FILES) {
            let files = checked(clipboard.files().map_err(|error| failed(&error))?)?;
            return Ok(if files.is_empty() {
                Clipping::Nothing
            } else {
                Clipping::Files(files)
            });
        }
        if !clipboard.has(TEXT) {
            return Ok(Clipping::Nothing);
        }
        let units = clipboard.text(MOST_TEXT).map_err(|error| failed(&error))?;
        let text = String::from_utf16_lossy(&units).replace("\r\n", "\n");
        match text.len() {
            0 => Ok(Clipping::Nothing),
            1..=MOST_TEXT => Ok(Clipping::Text(text.into_bytes())),
            _ => Err(Unusable::new(ClipboardFault::TooMuch, "it holds more than 64 MiB")),
        }
    }

    fn put_files(&self, paths: &[&Path]) -> Result<(), Unusable> {
        put(FILES, &drop_list(paths))
    }

    fn put_text(&self, text: &[u8]) -> Result<(), Unusable> {
        let text = std::str::from_utf8(text)
            .map_err(|_| Unusable::new(ClipboardFault::NotText, "what arrived is no text in UTF-8"))?;
        let lines = text.replace("\r\n", "\n").replace('\n', "\r\n");
        // A text ends at its first NUL there.
        let units = lines.encode_utf16().take_while(|unit| *unit != 0).chain([0]);
        put(TEXT, &units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
    }
}

fn open() -> Result<Open, Unusable> {
    Open::new().map_err(|error| failed(&error))
}

fn put(form: u32, bytes: &[u8]) -> Result<(), Unusable> {
    open()?.put(form, bytes).map_err(|error| failed(&error))
}

fn failed(error: &std::io::Error) -> Unusable {
    Unusable::new(ClipboardFault::Failed, format!("Windows refuses it ({error})"))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// One test, because there is one clipboard.
    #[test]
    fn what_is_put_there_comes_back() {
        let paths = [r"C:\a b\100%.txt", r"C:\日本語\#"].map(PathBuf::from);
        let given: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        Native.put_files(&given).unwrap();
        assert_eq!(Native.read(), Ok(Clipping::Files(paths.to_vec())));
        for text in ["one line", "Grüße, 日本語 👩‍💻\n\tשלום\n"] {
            Native.put_text(text.as_bytes()).unwrap();
            assert_eq!(Native.read(), Ok(Clipping::Text(text.into())));
        }
        let long = "x".repeat(10 << 20);
        Native.put_text(long.as_bytes()).unwrap();
        assert_eq!(Native.read(), Ok(Clipping::Text(long.into())));
        Native.put_text(b"").unwrap();
        assert_eq!(Native.read(), Ok(Clipping::Nothing));
        assert_eq!(Native.put_text(b"\xff").unwrap_err().why, ClipboardFault::NotText);
    }
}
