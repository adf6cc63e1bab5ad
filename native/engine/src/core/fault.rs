//! A file operation that failed.

use std::fmt;

use ultra_files::{ErrorClass, FileError, PageError};

use super::words::FileFault;

/// A failed file operation: a class for the decision, a sentence for the user.
#[derive(Clone, Debug)]
pub struct Fault {
    pub class: FileFault,
    pub text: String,
}

impl Fault {
    pub fn new(class: FileFault, text: impl Into<String>) -> Self {
        Self {
            class,
            text: text.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl From<FileError> for Fault {
    fn from(error: FileError) -> Self {
        let class = match error.class {
            ErrorClass::NoSpace => FileFault::NoSpace,
            ErrorClass::Permission => FileFault::Permission,
            ErrorClass::ReadOnly => FileFault::ReadOnly,
            ErrorClass::Exists => FileFault::Exists,
            ErrorClass::NotFound => FileFault::NotFound,
            ErrorClass::Changed => FileFault::Changed,
            ErrorClass::NotAFile => FileFault::NotAFile,
            ErrorClass::Unsendable => FileFault::Unsendable,
            ErrorClass::TooMuch => FileFault::TooMuch,
            ErrorClass::Io => FileFault::Io,
        };
        Self::new(class, error.to_string())
    }
}

impl From<PageError> for Fault {
    /// What is wrong with a page is its sender's doing, but for memory that this machine does not have.
    fn from(error: PageError) -> Self {
        let class = match error {
            PageError::NoMemory => FileFault::NoMemory,
            _ => FileFault::Protocol,
        };
        Self::new(class, error.to_string())
    }
}
