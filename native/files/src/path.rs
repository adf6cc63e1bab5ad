//! Names that a peer chose, checked by the rules of `docs/protocol.md`, "Paths".
//!
//! The control plane checked them too. Here they are checked again, component by component, right before they reach a system
//! call: nothing is repaired, and no other type can name a file below a [`Root`](crate::Root).

use std::fmt;

/// Longest component in bytes: NAME_MAX of every file system that `ultra` writes to.
pub const MAX_COMPONENT_LEN: usize = 255;

/// Deepest path in components. Deeper trees exist only in attacks.
pub const MAX_DEPTH: usize = 1024;

/// Longest path in bytes: PATH_MAX of Linux.
pub const MAX_PATH_LEN: usize = 4096;

/// Names that `ultra` keeps for its own part files and journals.
pub(crate) const RESERVED_PREFIX: &str = ".ultra-";

/// A relative path of plain components, joined by `/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafePath<'a>(&'a str);

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathFault {
    NotUtf8,
    TooLong,
    TooDeep,
    EmptyComponent,
    DotComponent,
    ControlCharacter,
    DriveLetter,
    ReservedPrefix,
    ComponentTooLong,
}

impl<'a> SafePath<'a> {
    pub fn parse(wire: &'a [u8]) -> Result<Self, PathFault> {
        // Length first: it bounds what the other checks cost.
        if wire.len() > MAX_PATH_LEN {
            return Err(PathFault::TooLong);
        }
        let path = std::str::from_utf8(wire).map_err(|_| PathFault::NotUtf8)?;
        let mut depth = 0;
        for component in path.split('/') {
            check_component(component)?;
            depth += 1;
        }
        if depth > MAX_DEPTH {
            return Err(PathFault::TooDeep);
        }
        Ok(Self(path))
    }

    pub fn as_str(&self) -> &'a str {
        self.0
    }

    /// Outermost first; at least one.
    pub fn components(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0.split('/')
    }

    /// The last component.
    pub fn name(&self) -> &'a str {
        self.0.rsplit_once('/').map_or(self.0, |(_, name)| name)
    }

    /// The path without its last component; `None` for a path of one.
    pub fn parent(&self) -> Option<SafePath<'a>> {
        self.0.rsplit_once('/').map(|(parent, _)| SafePath(parent))
    }

    /// The first `depth` components, or all.
    pub(crate) fn prefix(&self, depth: usize) -> &'a str {
        let mut slashes = self.0.match_indices('/');
        let end = depth.checked_sub(1).and_then(|last| slashes.nth(last));
        end.and_then(|(end, _)| self.0.get(..end)).unwrap_or(self.0)
    }

    /// Whether `other` is this path or leads to it.
    pub(crate) fn starts_with(&self, other: &str) -> bool {
        self.0
            .strip_prefix(other)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// A path joined from components that were checked one by one. It may be longer than the wire allows: the receiver's user
    /// may have renamed its first component.
    pub(crate) fn of_components(joined: &'a str) -> Self {
        debug_assert!(joined.split('/').all(|component| check_component(component).is_ok()));
        Self(joined)
    }
}

/// Checks one component by itself: the name of a folder's child, or a new first component.
///
/// A backslash is a letter like any other here: systems that take it for a separator cannot hold such a name (`Folder::can_hold`).
pub(crate) fn check_component(component: &str) -> Result<(), PathFault> {
    let bytes = component.as_bytes();
    match bytes {
        [] => return Err(PathFault::EmptyComponent),
        b"." | b".." => return Err(PathFault::DotComponent),
        // `C:x` is a path on Windows, and a tree must land the same everywhere.
        [letter, b':', ..] if letter.is_ascii_alphabetic() => return Err(PathFault::DriveLetter),
        _ => {}
    }
    if component.contains('/') {
        return Err(PathFault::EmptyComponent);
    }
    // C0, DEL and C1 controls: on a terminal they are commands (CVE-2019-6109).
    if component.chars().any(char::is_control) {
        return Err(PathFault::ControlCharacter);
    }
    if component.starts_with(RESERVED_PREFIX) {
        return Err(PathFault::ReservedPrefix);
    }
    if bytes.len() > MAX_COMPONENT_LEN {
        return Err(PathFault::ComponentTooLong);
    }
    Ok(())
}

impl fmt::Display for PathFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotUtf8 => "a name that is not valid UTF-8",
            Self::TooLong => "a path over 4096 bytes",
            Self::TooDeep => "a path of more than 1024 components",
            Self::EmptyComponent => "an empty component",
            Self::DotComponent => "a component \".\" or \"..\"",
            Self::ControlCharacter => "a control character",
            Self::DriveLetter => "a drive letter",
            Self::ReservedPrefix => "the reserved prefix \".ultra-\"",
            Self::ComponentTooLong => "a component over 255 bytes",
        })
    }
}

impl std::error::Error for PathFault {}
