//! The user's clipboard: what is copied there becomes what is sent, and what arrived goes there.
//!
//! Clipboards belong to programs, not to files, so the system's tools are asked: a fixed list of them, found in the absolute folders of PATH and started
//! without a shell, with nothing of the environment but what finds the display. What they say is bounded in length and in time.

mod text;
mod tools;
mod uris;

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::core::words::{ClipboardFault, ClipboardForm};

pub use tools::Tool;

/// Longest text that goes to or comes from a clipboard: it is held in memory.
pub const MOST_TEXT: usize = 64 << 20;

/// Longest list of types or files: more than any clipboard has.
const MOST_LIST: usize = 16 << 20;

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

/// What is on the clipboard now: files before text, as programs that copy files give their names as text besides.
pub fn read(tool: &Tool) -> Result<Clipping, Unusable> {
    let types = tool.types()?;
    for list in FILE_LISTS {
        if !types.iter().any(|one| one == list) {
            continue;
        }
        if let Some(files) = uris::files_of(&tool.get(list, MOST_LIST)?)? {
            return Ok(Clipping::Files(files));
        }
    }
    let Some(plain) = TEXTS.iter().find(|text| types.iter().any(|one| one == *text)) else {
        return Ok(Clipping::Nothing);
    };
    let bytes = tool.get(plain, MOST_TEXT)?;
    if bytes.is_empty() {
        return Ok(Clipping::Nothing);
    }
    Ok(Clipping::Text(text::as_utf8(bytes)))
}

/// Puts files there, to be pasted in a file manager.
pub fn put_files(tool: &Tool, paths: &[&Path]) -> Result<(), Unusable> {
    let (form, list) = uris::list_for(tool.desktop(), paths);
    tool.put(form, &list)
}

/// Puts the text of a file there and removes the file. Unless it is wanted `raw` the text cannot do anything in a terminal that it is pasted into.
pub fn put_text_of(tool: &Tool, path: &Path, raw: bool) -> Result<(), Unusable> {
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
    tool.put(tools::PLAIN_TEXT, &bytes)?;
    std::fs::remove_file(path).map_err(|error| {
        Unusable::new(
            ClipboardFault::Failed,
            format!("the text is on the clipboard, and its file stays ({error})"),
        )
    })
}

/// Lists of files, the one with most to say first.
const FILE_LISTS: [&str; 2] = [uris::GNOME, uris::URIS];

/// Names of plain text, the surest encoding first.
const TEXTS: [&str; 6] = [
    "text/plain;charset=utf-8",
    "UTF8_STRING",
    "text/plain;charset=UTF-8",
    "text/plain",
    "STRING",
    "TEXT",
];
