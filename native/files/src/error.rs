//! One kind of error for everything that can go wrong with a file.

use std::fmt;
use std::io;

use crate::os::{Errors, System};

/// What an error means for the transfer, whatever the system called it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// The disk or the user's quota is full.
    NoSpace,
    /// The user may not do this.
    Permission,
    /// The file system is mounted read-only.
    ReadOnly,
    /// Something that must not be replaced has the name.
    Exists,
    /// A file or a folder on the way to it is gone.
    NotFound,
    /// The file is not the one that was looked at before.
    Changed,
    /// A folder, link, FIFO, socket or device where a plain file is needed, or something else where a folder is.
    NotAFile,
    /// The name cannot travel, or there are more of them than a transfer holds.
    Unsendable,
    /// More than a transfer holds.
    TooMuch,
    /// Anything else that the system reported.
    Io,
}

/// An operation on a file that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    pub class: ErrorClass,
    /// The system's own number, if the system failed; `None` if a rule of `ultra` did.
    pub errno: Option<i32>,
    /// What was being done, to be read after "cannot": `write`, `create the folder`.
    pub doing: &'static str,
    /// Which file: lossy where it is not UTF-8, and not escaped. Only `ui` prints it.
    pub path: String,
    /// Where in the file, if it concerns one place of it.
    pub at: Option<u64>,
    /// Replaces the system's text where `ultra` knows better.
    pub why: Option<&'static str>,
    /// What else the user should know.
    pub also: Option<&'static str>,
    /// Where what has arrived of it stays, below the folder that receives.
    pub left_at: Option<Box<str>>,
}

impl FileError {
    pub(crate) fn new(doing: &'static str, path: impl Into<String>, error: &io::Error) -> Self {
        Self {
            class: class_of(error),
            errno: error.raw_os_error(),
            doing,
            path: path.into(),
            at: None,
            why: None,
            also: None,
            left_at: None,
        }
    }

    /// A failure by a rule of ours: no system call failed.
    pub(crate) fn rule(class: ErrorClass, doing: &'static str, path: impl Into<String>, why: &'static str) -> Self {
        Self {
            class,
            errno: None,
            doing,
            path: path.into(),
            at: None,
            why: Some(why),
            also: None,
            left_at: None,
        }
    }

    /// The sync of a folder failed after a rename.
    pub(crate) fn not_durable(doing: &'static str, path: impl Into<String>, error: &io::Error) -> Self {
        Self {
            also: Some("it is complete, but may be gone after a power cut"),
            ..Self::new(doing, path, error)
        }
    }
}

impl FileError {
    /// It concerns this place of the file.
    pub(crate) fn at(self, offset: u64) -> Self {
        Self {
            at: Some(offset),
            ..self
        }
    }

    /// What went wrong, without what was being done.
    pub fn reason(&self) -> String {
        match (self.why, self.errno) {
            (Some(why), _) => why.to_owned(),
            (None, Some(errno)) => system_text(errno),
            (None, None) => class_text(self.class).to_owned(),
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} \"{}\"", self.doing, self.path)?;
        if let Some(offset) = self.at {
            write!(f, " at byte {offset}")?;
        }
        write!(f, ": {}", self.reason())?;
        if let Some(also) = self.also {
            write!(f, "; {also}")?;
        }
        let Some(part) = &self.left_at else { return Ok(()) };
        write!(f, "; what has arrived stays as \"{part}\"")
    }
}

impl std::error::Error for FileError {}

fn class_of(error: &io::Error) -> ErrorClass {
    use io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => ErrorClass::NoSpace,
        Kind::PermissionDenied => ErrorClass::Permission,
        Kind::ReadOnlyFilesystem => ErrorClass::ReadOnly,
        Kind::AlreadyExists | Kind::DirectoryNotEmpty => ErrorClass::Exists,
        Kind::NotFound => ErrorClass::NotFound,
        Kind::NotADirectory | Kind::IsADirectory => ErrorClass::NotAFile,
        _ if System::is_link(error) => ErrorClass::NotAFile,
        _ => ErrorClass::Io,
    }
}

/// `No space left on device (os error 28)` in the middle of a sentence.
fn system_text(errno: i32) -> String {
    let text = io::Error::from_raw_os_error(errno).to_string();
    // Windows ends its sentences.
    let text = text.split(" (os error").next().unwrap_or(&text).trim_end_matches('.');
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        // Not what begins with an abbreviation, such as I/O.
        (Some(first), Some('a'..='z')) => first.to_lowercase().chain(letters).collect(),
        (Some(_), _) => text.to_owned(),
        (None, _) => format!("error {errno}"),
    }
}

fn class_text(class: ErrorClass) -> &'static str {
    match class {
        ErrorClass::NoSpace => "no space left",
        ErrorClass::Permission => "permission denied",
        ErrorClass::ReadOnly => "the file system is read-only",
        ErrorClass::Exists => "something with this name exists",
        ErrorClass::NotFound => "it is not there",
        ErrorClass::Changed => "it changed",
        ErrorClass::NotAFile => "it is not a plain file",
        ErrorClass::Unsendable => "its name cannot be sent",
        ErrorClass::TooMuch => "it is more than a transfer holds",
        ErrorClass::Io => "input or output failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn an_error_reads_as_one_plain_sentence() {
        let full = io::Error::from_raw_os_error(libc::ENOSPC);
        let error = FileError::new("write", "photos/a.jpg", &full);
        assert_eq!(
            error.to_string(),
            "cannot write \"photos/a.jpg\": no space left on device"
        );
        assert_eq!(error.class, ErrorClass::NoSpace);
    }

    #[cfg(unix)]
    #[test]
    fn d4_a_full_quota_is_named_as_such() {
        let quota = io::Error::from_raw_os_error(libc::EDQUOT);
        let error = FileError::new("reserve space for", "a", &quota);
        assert_eq!(error.class, ErrorClass::NoSpace);
        assert!(error.to_string().contains("quota"), "{error}");
    }

    #[test]
    fn every_class_has_its_system_errors() {
        #[cfg(windows)]
        let classes = [
            (5, ErrorClass::Permission),
            (19, ErrorClass::ReadOnly),
            (183, ErrorClass::Exists),
            (2, ErrorClass::NotFound),
            (681, ErrorClass::NotAFile),
            (267, ErrorClass::NotAFile),
            (336, ErrorClass::NotAFile),
            (112, ErrorClass::NoSpace),
            (1295, ErrorClass::NoSpace),
            (32, ErrorClass::Io),
        ];
        #[cfg(unix)]
        let classes = [
            (libc::EACCES, ErrorClass::Permission),
            (libc::EPERM, ErrorClass::Permission),
            (libc::EROFS, ErrorClass::ReadOnly),
            (libc::EEXIST, ErrorClass::Exists),
            (libc::ENOENT, ErrorClass::NotFound),
            (libc::ELOOP, ErrorClass::NotAFile),
            (libc::ENOTDIR, ErrorClass::NotAFile),
            (libc::EIO, ErrorClass::Io),
        ];
        for (errno, class) in classes {
            assert_eq!(class_of(&io::Error::from_raw_os_error(errno)), class);
        }
    }
}
