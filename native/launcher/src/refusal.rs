//! The few things that the launcher says itself, because without its files no control plane runs that could say them.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

/// The exit code of a local disk or permission, as in docs/design.md 9.
pub const EXIT_DISK: u8 = 4;

/// One line for the user, and the exit code.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: u8,
    pub text: String,
}

impl Refusal {
    pub fn disk(text: impl Into<String>) -> Refusal {
        Refusal {
            code: EXIT_DISK,
            text: text.into(),
        }
    }

    /// On standard error; with `--json` also as the two events that a reader of standard output waits for.
    pub fn print(&self, is_json: bool) -> io::Result<()> {
        writeln!(io::stderr(), "ultra: {}", self.text)?;
        if is_json {
            // (No control character is in the text.)
            let text = self.text.replace('\\', "\\\\").replace('"', "\\\"");
            let mut out = io::stdout().lock();
            writeln!(out, r#"{{"type":"error","kind":"disk","text":"{text}"}}"#)?;
            writeln!(out, r#"{{"type":"exit","code":{},"why":"{text}"}}"#, self.code)?;
        }
        Ok(())
    }
}

/// The system's words for an error, without its number.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_lowercase(),
        None => text,
    }
}

/// A path as the terminal may show it: without control characters, and with what is no UTF-8 written as `\xNN`.
pub fn shown(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() || is_invisible(character) {
                let _ = write!(text, "{}", character.escape_unicode());
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// Marks of direction and width, which make text look like another one.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
