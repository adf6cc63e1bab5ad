//! The user's clipboard: what is copied there becomes what is sent, and what arrived goes there.
//!
//! On Linux and macOS clipboards are reached through the system's tools: a fixed list of them, found in the absolute folders of PATH and started
//! without a shell, with nothing of the environment but what finds the display. What they say is bounded in length and in time. Windows has
//! functions for it.

#[cfg(any(target_os = "macos", all(unix, test)))]
mod macos;
mod text;
#[cfg(unix)]
mod tool;
#[cfg(target_os = "linux")]
mod tools;
#[cfg(unix)]
mod uris;
#[cfg(windows)]
mod windows;

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::core::words::{ClipboardFault, ClipboardForm};

#[cfg(target_os = "macos")]
use macos::Pasteboard as Found;
#[cfg(target_os = "linux")]
use tools::Tool as Found;
#[cfg(windows)]
use windows::Native as Found;

/// Longest text that goes to or comes from a clipboard: it is held in memory.
pub const MOST_TEXT: usize = 64 << 20;

/// Longest list of types or files: more than any clipboard has.
#[cfg(target_os = "linux")]
const MOST_LIST: usize = 16 << 20;

/// More files than a user copies, and as many arguments as `ultra send` may get.
const MOST_FILES: usize = 100_000;

/// What is on a clipboard.
#[derive(Debug, PartialEq, Eq)]
pub enum Clipping {
    /// Also when it has only things that are neither files nor text.
    Nothing,
    /// Copied or cut: what becomes of cut files is up to the program that pastes them, so they stay.
    Files(Vec<PathBuf>),
    Text(Vec<u8>),
}

impl Clipping {
    pub fn form(&self) -> ClipboardForm {
        match self {
            Self::Nothing => ClipboardForm::Nothing,
            Self::Files(_) => ClipboardForm::Files,
            Self::Text(_) => ClipboardForm::Text,
        }
    }
}

/// Why a clipboard cannot be used, and the part of a sentence about it.
#[derive(Debug, PartialEq, Eq)]
pub struct Unusable {
    pub why: ClipboardFault,
    pub text: String,
}

impl Unusable {
    fn new(why: ClipboardFault, text: impl Into<String>) -> Self {
        Self { why, text: text.into() }
    }
}

/// A way to the clipboard of this desktop.
pub trait Clipboard {
    /// Whether it can be used, as far as only asking tells.
    fn check(&self) -> Result<(), Unusable>;
    /// What is there now: files before text, as programs that copy files give their names as text besides.
    fn read(&self) -> Result<Clipping, Unusable>;
    /// Puts files there, to be pasted in a file manager.
    fn put_files(&self, paths: &[&Path]) -> Result<(), Unusable>;
    /// Puts a text there, which is UTF-8 unless the user wants it raw.
    fn put_text(&self, text: &[u8]) -> Result<(), Unusable>;
}

/// The clipboard that this process can reach.
pub fn open() -> Result<impl Clipboard, Unusable> {
    Found::find()
}

/// Puts the text of a file there and removes the file. Unless it is wanted `raw` the text cannot do anything in a terminal that it is pasted into.
pub fn put_text_of(clipboard: &impl Clipboard, path: &Path, raw: bool) -> Result<(), Unusable> {
    let failed =
        |error: std::io::Error| Unusable::new(ClipboardFault::Failed, format!("the text cannot be read ({error})"));
    let file = std::fs::File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(MOST_TEXT as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > MOST_TEXT {
        return Err(Unusable::new(ClipboardFault::TooMuch, "the text is longer than 64 MiB"));
    }
    let bytes = if raw { bytes } else { text::harmless(bytes)? };
    clipboard.put_text(&bytes)?;
    std::fs::remove_file(path).map_err(|error| {
        Unusable::new(
            ClipboardFault::Failed,
            format!("the text is on the clipboard, and its file stays ({error})"),
        )
    })
}

/// An error where there are more files than anybody copies.
fn checked(files: Vec<PathBuf>) -> Result<Vec<PathBuf>, Unusable> {
    match files.len() {
        0..=MOST_FILES => Ok(files),
        _ => Err(Unusable::new(
            ClipboardFault::TooMuch,
            format!("it has more than {MOST_FILES} files"),
        )),
    }
}
