//! macOS's pasteboard, through `osascript`, which every macOS has: its scripts in JavaScript reach AppKit, and pbcopy and pbpaste know no files.

#[cfg(target_os = "macos")]
use std::path::Path;
#[cfg(target_os = "macos")]
use std::path::PathBuf;

#[cfg(target_os = "macos")]
use super::tool::{feed, run, unusable};
#[cfg(target_os = "macos")]
use super::{Clipboard, MOST_TEXT};
use super::{Clipping, Unusable, uris};
use crate::core::words::ClipboardFault;
#[cfg(target_os = "macos")]
use crate::os::{Programs, System};

#[cfg(target_os = "macos")]
const PROGRAM: &str = "osascript";

/// The first line says what follows: URIs of files, a line each, or the text. (Finder names files by their numbers on the disk, which become paths here.)
#[cfg(target_os = "macos")]
const READ: &str = r#"
ObjC.import("AppKit");
function run() {
  const board = $.NSPasteboard.generalPasteboard;
  const files = [];
  for (const item of ObjC.unwrap(board.pasteboardItems) || []) {
    const uri = ObjC.unwrap(item.stringForType("public.file-url"));
    const path = uri && $.NSURL.URLWithString(uri).filePathURL;
    if (path) files.push(ObjC.unwrap(path.absoluteString));
  }
  if (files.length > 0) return "files\n" + files.join("\n");
  const text = ObjC.unwrap(board.stringForType("public.utf8-plain-text"));
  return text ? "text\n" + text : "nothing";
}
"#;

/// Puts there what it reads: URIs of files, a line each, when its argument is `files`, and otherwise a text.
#[cfg(target_os = "macos")]
const WRITE: &str = r#"
ObjC.import("AppKit");
function run([form]) {
  const bytes = $.NSFileHandle.fileHandleWithStandardInput.readDataToEndOfFile;
  const text = $.NSString.alloc.initWithDataEncoding(bytes, $.NSUTF8StringEncoding);
  if (ObjC.unwrap(text) === undefined) throw new Error("it is no text in UTF-8");
  const board = $.NSPasteboard.generalPasteboard;
  board.clearContents;
  const uris = form === "files" ? ObjC.unwrap(text).split("\r\n").filter((uri) => uri !== "") : [];
  const isThere = form === "files"
    ? board.writeObjects($(uris.map((uri) => $.NSURL.URLWithString(uri))))
    : board.setStringForType(text, "public.utf8-plain-text");
  if (!isThere) throw new Error("the pasteboard refused it");
}
"#;

/// The general pasteboard, which is what Cmd-C and Cmd-V have.
#[cfg(target_os = "macos")]
pub struct Pasteboard(PathBuf);

#[cfg(target_os = "macos")]
impl Pasteboard {
    pub fn find() -> Result<Self, Unusable> {
        let program = System::find_program(PROGRAM);
        program
            .map(Self)
            .ok_or_else(|| Unusable::new(ClipboardFault::Missing, PROGRAM))
    }

    fn put(&self, form: &str, bytes: &[u8]) -> Result<(), Unusable> {
        feed(&self.0, &["-l", "JavaScript", "-e", WRITE, form], bytes)
    }
}

#[cfg(target_os = "macos")]
impl Clipboard for Pasteboard {
    /// A session without a desktop has a pasteboard of its own, so there is nothing to check.
    fn check(&self) -> Result<(), Unusable> {
        Ok(())
    }

    fn read(&self) -> Result<Clipping, Unusable> {
        let said = run(&self.0, &["-l", "JavaScript", "-e", READ], MOST_TEXT + 16);
        clipping_of(&said.map_err(|fault| unusable(&self.0, fault))?)
    }

    fn put_files(&self, paths: &[&Path]) -> Result<(), Unusable> {
        self.put("files", &uris::lines_of(paths))
    }

    fn put_text(&self, text: &[u8]) -> Result<(), Unusable> {
        self.put("text", text)
    }
}

/// What [`READ`] says, behind which osascript ends the line.
fn clipping_of(said: &[u8]) -> Result<Clipping, Unusable> {
    let said = said.strip_suffix(b"\n").unwrap_or(said);
    if let Some(text) = said.strip_prefix(b"text\n") {
        return Ok(Clipping::Text(text.to_vec()));
    }
    if let Some(list) = said.strip_prefix(b"files\n") {
        return Ok(uris::files_of(list)?.map_or(Clipping::Nothing, Clipping::Files));
    }
    match said {
        b"nothing" => Ok(Clipping::Nothing),
        _ => Err(Unusable::new(
            ClipboardFault::Failed,
            "osascript did not say what it holds",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn what_the_script_says_is_files_a_text_or_nothing() {
        let text = |text: &str| Ok(Clipping::Text(text.into()));
        assert_eq!(clipping_of(b"nothing\n"), Ok(Clipping::Nothing));
        assert_eq!(clipping_of(b"text\nfiles\nx\n\n"), text("files\nx\n"));
        assert_eq!(clipping_of("text\n日本語\n".as_bytes()), text("日本語"));
        let files = [PathBuf::from("/a b"), PathBuf::from("/日本語")];
        assert_eq!(
            clipping_of(b"files\nfile:///a%20b\nfile:///%E6%97%A5%E6%9C%AC%E8%AA%9E\n"),
            Ok(Clipping::Files(files.into()))
        );
    }

    #[test]
    fn other_words_are_no_clipping() {
        for said in [&b""[..], b"\n", b"text", b"something\nelse"] {
            assert_eq!(clipping_of(said).unwrap_err().why, ClipboardFault::Failed, "{said:?}");
        }
        assert_eq!(
            clipping_of(b"files\nfile:///a%00b").unwrap_err().why,
            ClipboardFault::Elsewhere
        );
    }
}
