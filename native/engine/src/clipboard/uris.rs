//! Lists of files as clipboards hold them: `text/uri-list` (RFC 2483) and `x-special/gnome-copied-files`, which says `copy` or `cut` first. Pure.

use std::path::{Path, PathBuf};

use super::{Unusable, checked};
use crate::core::words::ClipboardFault;

#[cfg(any(target_os = "linux", test))]
pub const URIS: &str = "text/uri-list";
#[cfg(any(target_os = "linux", test))]
pub const GNOME: &str = "x-special/gnome-copied-files";

/// The files of a list; `None` when it names none, as the list of a link in a browser.
pub fn files_of(list: &[u8]) -> Result<Option<Vec<PathBuf>>, Unusable> {
    let mut files = Vec::new();
    let mut others = 0;
    for line in list.split(|byte| matches!(byte, b'\n' | b'\r')) {
        // The first line of GNOME's list is no URI; others may have comments, and a NUL at their end.
        let line = line.trim_ascii().strip_suffix(b"\0").unwrap_or(line.trim_ascii());
        if line.is_empty() || line.starts_with(b"#") || matches!(line, b"copy" | b"cut") {
            continue;
        }
        match path_of(line)? {
            Some(path) => files.push(path),
            None => others += 1,
        }
    }
    let files = checked(files)?;
    match (files.is_empty(), others) {
        (true, _) => Ok(None),
        (false, 0) => Ok(Some(files)),
        (false, _) => Err(Unusable::new(
            ClipboardFault::Elsewhere,
            "it has files that are not on this computer's disks (of another computer, or of a phone)",
        )),
    }
}

/// The list in the form that the file manager of this desktop pastes, as a tool can give only one: KDE and LXQt take URIs, all others (GNOME, Xfce, Cinnamon,
/// MATE) GNOME's form.
#[cfg(any(target_os = "linux", test))]
pub fn list_for(desktop: &str, paths: &[&Path]) -> (&'static str, Vec<u8>) {
    let takes_uris = desktop
        .split(':')
        .any(|name| name.eq_ignore_ascii_case("KDE") || name.eq_ignore_ascii_case("LXQt"));
    if takes_uris {
        return (URIS, lines_of(paths));
    }
    let uris: Vec<String> = paths.iter().map(|path| uri_of(path)).collect();
    (GNOME, format!("copy\n{}", uris.join("\n")).into_bytes())
}

/// A URI in each line.
pub fn lines_of(paths: &[&Path]) -> Vec<u8> {
    let lines: String = paths.iter().map(|path| uri_of(path) + "\r\n").collect();
    lines.into_bytes()
}

/// `None`: it is not a file, or one of another computer.
fn path_of(uri: &[u8]) -> Result<Option<PathBuf>, Unusable> {
    let Some(rest) = uri.strip_prefix(b"file:") else {
        return Ok(None);
    };
    let path = match rest.strip_prefix(b"//") {
        // A host between: this one is not named, or called by the name that is the same everywhere.
        Some(rest) => rest.strip_prefix(b"localhost").unwrap_or(rest),
        None => rest,
    };
    if !path.starts_with(b"/") {
        return Ok(None);
    }
    let bytes = decoded(path).ok_or_else(|| broken(uri))?;
    let text = String::from_utf8(bytes).map_err(|_| broken(uri))?;
    if text.contains('\0') {
        return Err(broken(uri));
    }
    Ok(Some(PathBuf::from(text)))
}

fn broken(uri: &[u8]) -> Unusable {
    let shown: String = String::from_utf8_lossy(uri).chars().take(200).collect();
    Unusable::new(
        ClipboardFault::Elsewhere,
        format!("it names a file in a way that cannot be read: {shown}"),
    )
}

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let digit = |byte: Option<&u8>| char::from(*byte?).to_digit(16);
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    Some(bytes)
}

fn uri_of(path: &Path) -> String {
    let mut uri = String::from("file://");
    for byte in path.to_string_lossy().bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWKWARD: [&str; 6] = ["/a b", "/100%", "/a#b?c", "/new\nline", "/日本語", "/copy"];

    fn files(list: &[u8]) -> Option<Vec<PathBuf>> {
        files_of(list).unwrap()
    }

    #[test]
    fn awkward_names_come_back_from_both_forms() {
        let paths: Vec<PathBuf> = AWKWARD.iter().map(PathBuf::from).collect();
        let given: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        for (desktop, form) in [("KDE", URIS), ("ubuntu:GNOME", GNOME), ("", GNOME), ("LXQt", URIS)] {
            let (name, list) = list_for(desktop, &given);
            assert_eq!(name, form);
            assert_eq!(files(&list), Some(paths.clone()), "{desktop}");
        }
    }

    #[test]
    fn lists_as_file_managers_write_them() {
        let both = Some(vec![PathBuf::from("/a b"), PathBuf::from("/c")]);
        assert_eq!(files(b"cut\nfile:///a%20b\nfile:///c"), both);
        assert_eq!(files(b"copy\nfile:///a%20b\nfile:///c\0"), both);
        assert_eq!(files(b"# a comment\r\nfile:///a%20b\r\nfile://localhost/c\r\n"), both);
        assert_eq!(files(b"file:/a%20b\nfile:///c\n\n"), both);
    }

    #[test]
    fn links_are_no_files_and_files_elsewhere_are_refused() {
        assert_eq!(files(b"https://example.org/\r\n"), None);
        assert_eq!(files(b"file://other/a\r\n"), None);
        assert_eq!(files(b""), None);
        let mixed = files_of(b"file:///a\r\nmtp://phone/b\r\n").unwrap_err();
        assert_eq!(mixed.why, ClipboardFault::Elsewhere);
    }

    #[test]
    fn broken_uris_are_refused() {
        for list in [&b"file:///a%2"[..], b"file:///a%zz", b"file:///%ff", b"file:///a%00b"] {
            assert_eq!(files_of(list).unwrap_err().why, ClipboardFault::Elsewhere, "{list:?}");
        }
    }
}
