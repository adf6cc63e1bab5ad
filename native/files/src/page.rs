//! Manifest pages: the entries of a `page` message of `docs/protocol.md`.
//!
//! The bytes here are what follows `u32 first, u16 count` in the message's body.

use std::fmt;

use crate::MAX_ENTRIES;
use crate::os::Time;
use crate::path::{PathFault, SafePath};

/// Most bytes of entries in a page: a body of 64 KiB without `first` and `count`.
pub const MAX_ENTRY_BYTES: usize = 65_536 - 6;

/// Most entries that a builder puts into one page: small enough that the receiver's checks of one page stay short.
pub const MAX_BUILT_ENTRIES: u16 = 512;

/// Most bytes of extension fields of an entry.
pub const MAX_EXTENSION_LEN: usize = 1024;

/// Sizes must be exact in JavaScript too.
const MAX_SIZE: u64 = (1 << 53) - 1;

/// Bytes of an entry besides its path and extension: the least that an entry takes, less one byte of path.
const FIXED_LEN: usize = 44;

const FLAG_SIZE_UNKNOWN: u8 = 1;

/// What an entry is. Links (2) are reserved by the protocol and refused by this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EntryKind {
    File = 0,
    Folder = 1,
}

/// One entry of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageEntry<'a> {
    pub kind: EntryKind,
    /// Bytes of a file, `None` when its sender cannot know; `Some(0)` for folders.
    pub size: Option<u64>,
    /// Permission bits, at most 0o777.
    pub mode: u16,
    pub mtime: Time,
    /// Opaque bytes that change when the source file changes.
    pub fingerprint: [u8; 16],
    pub path: SafePath<'a>,
}

/// Why a page is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageError {
    /// No entries, or bytes that end before the entries do.
    Short,
    /// Bytes after the last entry, or more than a page holds.
    Long,
    UnknownKind(u8),
    BadFlags(u8),
    BadMode(u16),
    BadSize(u64),
    BadTime(u32),
    LongExtension(u16),
    BadPath(PathFault),
    /// The page does not follow the entries known so far.
    Gap {
        expected: u32,
        first: u32,
    },
    /// An entry came again with other bytes.
    Contradiction(u32),
    TooManyEntries,
    /// More components or bytes of names than a manifest may have ([`MAX_COMPONENTS`](crate::MAX_COMPONENTS),
    /// [`MAX_NAME_BYTES`](crate::MAX_NAME_BYTES)).
    TooMuch,
    /// This machine has no room for it: the only fault that is not the peer's.
    NoMemory,
}

/// The entries of a page, all checked before the first is returned.
pub fn decode(count: u16, bytes: &[u8]) -> Result<Vec<PageEntry<'_>>, PageError> {
    Ok(decode_with_bytes(count, bytes)?
        .into_iter()
        .map(|(entry, _)| entry)
        .collect())
}

pub(crate) fn check_limit(first: u32, count: u16) -> Result<(), PageError> {
    match first.checked_add(u32::from(count)) {
        Some(end) if end <= MAX_ENTRIES => Ok(()),
        _ => Err(PageError::TooManyEntries),
    }
}

/// Each entry together with its bytes on the wire.
pub(crate) fn decode_with_bytes(count: u16, bytes: &[u8]) -> Result<Vec<(PageEntry<'_>, &[u8])>, PageError> {
    if bytes.len() > MAX_ENTRY_BYTES {
        return Err(PageError::Long);
    }
    // Before allocating: a count is a claim.
    if count == 0 || bytes.len() < usize::from(count) * (FIXED_LEN + 1) {
        return Err(PageError::Short);
    }
    let mut entries = Vec::with_capacity(usize::from(count));
    let mut reader = Reader(bytes);
    for _ in 0..count {
        let before = reader.0;
        let entry = read_entry(&mut reader)?;
        let len = before.len() - reader.0.len();
        entries.push((entry, before.get(..len).ok_or(PageError::Short)?));
    }
    if !reader.0.is_empty() {
        return Err(PageError::Long);
    }
    Ok(entries)
}

fn read_entry<'a>(reader: &mut Reader<'a>) -> Result<PageEntry<'a>, PageError> {
    let kind = match reader.u8()? {
        0 => EntryKind::File,
        1 => EntryKind::Folder,
        other => return Err(PageError::UnknownKind(other)),
    };
    let flags = reader.u8()?;
    // A folder has no size that could be unknown.
    if flags & !FLAG_SIZE_UNKNOWN != 0 || (flags != 0 && kind == EntryKind::Folder) {
        return Err(PageError::BadFlags(flags));
    }
    let mode = reader.u16()?;
    if mode > 0o777 {
        return Err(PageError::BadMode(mode));
    }
    let size = reader.u64()?;
    let must_be_zero = flags != 0 || kind == EntryKind::Folder;
    if size > MAX_SIZE || (must_be_zero && size != 0) {
        return Err(PageError::BadSize(size));
    }
    let mtime = Time {
        secs: i64::from_le_bytes(reader.array()?),
        nanos: u32::from_le_bytes(reader.array()?),
    };
    if mtime.nanos >= 1_000_000_000 {
        return Err(PageError::BadTime(mtime.nanos));
    }
    let fingerprint = reader.array()?;
    let path_len = reader.u16()?;
    let path = SafePath::parse(reader.take(usize::from(path_len))?).map_err(PageError::BadPath)?;
    let extension_len = reader.u16()?;
    if usize::from(extension_len) > MAX_EXTENSION_LEN {
        return Err(PageError::LongExtension(extension_len));
    }
    reader.take(usize::from(extension_len))?;
    Ok(PageEntry {
        kind,
        size: (flags == 0).then_some(size),
        mode,
        mtime,
        fingerprint,
        path,
    })
}

/// Fills one page after the other.
#[derive(Default)]
pub struct PageBuilder {
    bytes: Vec<u8>,
    count: u16,
}

impl PageBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry; `false` (and no change) if the page is full.
    #[must_use]
    pub fn push(&mut self, entry: &PageEntry<'_>) -> bool {
        let path = entry.path.as_str().as_bytes();
        let len = FIXED_LEN + path.len();
        if self.count == MAX_BUILT_ENTRIES || self.bytes.len() + len > MAX_ENTRY_BYTES {
            return false;
        }
        let flags = if entry.size.is_none() { FLAG_SIZE_UNKNOWN } else { 0 };
        self.bytes.reserve(len);
        self.bytes.extend([entry.kind as u8, flags]);
        self.bytes.extend(entry.mode.to_le_bytes());
        self.bytes.extend(entry.size.unwrap_or(0).to_le_bytes());
        self.bytes.extend(entry.mtime.secs.to_le_bytes());
        self.bytes.extend(entry.mtime.nanos.to_le_bytes());
        self.bytes.extend(entry.fingerprint);
        // A `SafePath` has at most 4,096 bytes.
        self.bytes.extend((path.len() as u16).to_le_bytes());
        self.bytes.extend(path);
        self.bytes.extend(0u16.to_le_bytes());
        self.count += 1;
        true
    }

    pub fn count(&self) -> u16 {
        self.count
    }

    /// The count and the bytes of the entries; the builder is empty again.
    pub fn take(&mut self) -> (u16, Vec<u8>) {
        (std::mem::take(&mut self.count), std::mem::take(&mut self.bytes))
    }
}

/// What is left of a page.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], PageError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(PageError::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PageError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(PageError::Short)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u8(&mut self) -> Result<u8, PageError> {
        self.array().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Result<u16, PageError> {
        self.array().map(u16::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, PageError> {
        self.array().map(u64::from_le_bytes)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => f.write_str("a page of the manifest is too short"),
            Self::Long => f.write_str("a page of the manifest is too long"),
            Self::UnknownKind(kind) => write!(f, "an entry of the unknown kind {kind}"),
            Self::BadFlags(flags) => write!(f, "an entry with the flags {flags}"),
            Self::BadMode(mode) => write!(f, "an entry with the mode {mode:o}"),
            Self::BadSize(size) => write!(f, "an entry with the size {size}"),
            Self::BadTime(nanos) => write!(f, "an entry with {nanos} nanoseconds"),
            Self::LongExtension(len) => write!(f, "an entry with {len} bytes of extensions"),
            Self::BadPath(fault) => write!(f, "a path with {fault}"),
            Self::Gap { expected, first } => {
                write!(f, "a page that starts at entry {first} instead of {expected}")
            }
            Self::Contradiction(entry) => write!(f, "entry {entry} came twice and differs"),
            Self::TooMuch => f.write_str("a manifest of too many or too long names"),
            Self::NoMemory => f.write_str("there is not enough memory for the manifest"),
            Self::TooManyEntries => f.write_str("more than 1,000,000 entries"),
        }
    }
}

impl std::error::Error for PageError {}
