//! What went wrong with a file, in the classes of the door.

use std::fmt;

use ultra_files::{ErrorClass, FileError, PageError};

use crate::layout::FaultClass;

/// A failed file operation: a class for the decision, a sentence for the user.
#[derive(Clone, Debug)]
pub struct Fault {
    pub class: FaultClass,
    pub text: String,
}

impl Fault {
    pub fn new(class: FaultClass, text: impl Into<String>) -> Self {
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
            ErrorClass::NoSpace => FaultClass::NoSpace,
            ErrorClass::Permission => FaultClass::Permission,
            ErrorClass::ReadOnly => FaultClass::ReadOnly,
            ErrorClass::Exists => FaultClass::Exists,
            ErrorClass::NotFound => FaultClass::NotFound,
            ErrorClass::Changed => FaultClass::Changed,
            ErrorClass::NotAFile => FaultClass::NotAFile,
            ErrorClass::Unsendable => FaultClass::Unsendable,
            ErrorClass::Io => FaultClass::Io,
        };
        Self::new(class, error.to_string())
    }
}

impl From<PageError> for Fault {
    /// What is wrong with a page is its sender's doing, but for memory that this machine does not have.
    fn from(error: PageError) -> Self {
        let class = match error {
            PageError::NoMemory => FaultClass::NoMemory,
            _ => FaultClass::Protocol,
        };
        Self::new(class, error.to_string())
    }
}
