//! Manifest pages: the entries of a `page` message of `docs/protocol.md`.
//!
//! The bytes here are what follows `u32 first, u16 count` in the message's body.

use std::fmt;

use crate::MAX_ENTRIES;
use crate::extras::{BrokenField, Extras, read_extra};
use crate::os::Time;
use crate::path::{PathFault, SafePath};

/// Most bytes of entries in a page: a body of 64 KiB without `first` and `count`.
pub const MAX_ENTRY_BYTES: usize = 65_536 - 6;

/// Most entries that a builder puts into one page: small enough that the receiver's checks of one page stay short.
pub const MAX_BUILT_ENTRIES: u16 = 512;

/// Most bytes of extension fields of an entry.
pub const MAX_EXTENSION_LEN: usize = 16_384;

/// Longest target of a symbolic link: PATH_MAX of Linux without its NUL.
pub const MAX_TARGET_LEN: usize = 4095;

/// Sizes must be exact in JavaScript too.
const MAX_SIZE: u64 = (1 << 53) - 1;

/// Bytes of an entry besides its path and extension: the least that an entry takes, less one byte of path.
const FIXED_LEN: usize = 52;

/// Where in an entry the length of its path is.
const PATH_AT: usize = 48;

/// Fields of an extension: each is a `u8` type, a `u16` length and its bytes. Those of `extras.rs` go on from here; other types are
/// skipped.
const FIELD_TARGET: u8 = 1;
const FIELD_LINKED_TO: u8 = 2;

/// Bytes of a field before its contents.
const FIELD_HEADER_LEN: usize = 3;

const FLAG_SIZE_UNKNOWN: u8 = 1;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EntryKind {
    File = 0,
    Folder = 1,
    /// A symbolic link.
    Link = 2,
    /// Another name of a file of the same manifest.
    HardLink = 3,
}

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Linked<'a> {
    /// Files and folders lead nowhere.
    None,
    /// The target of a symbolic link: 1 to [`MAX_TARGET_LEN`] bytes without NUL.
    Target(&'a str),
    /// The file of which a hard link is another name. Its number is lower than the link's.
    Entry(u32),
}

/// One entry of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageEntry<'a> {
    pub kind: EntryKind,
    /// Bytes of a file, `None` when its sender cannot know; `Some(0)` for folders.
    pub size: Option<u64>,
    /// Bytes of a file that are not in holes, as far as its sender knows; at most its size. 0 for everything else.
    pub data_bytes: u64,
    /// Permission bits, at most 0o777.
    pub mode: u16,
    pub mtime: Time,
    /// Opaque bytes that change when the source file changes.
    pub fingerprint: [u8; 16],
    pub path: SafePath<'a>,
    /// `Target` for links, `Entry` for hard links, `None` for all others.
    pub linked: Linked<'a>,
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
    BadData(u64),
    LongExtension(u16),
    /// An extension whose fields do not fit it, or with a field twice.
    BadExtension,
    BadTarget,
    /// A hard link to no earlier entry.
    BadLink,
    BadPath(PathFault),
    /// A path below a symbolic link, whichever of the two came first.
    BelowLink,
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

impl From<BrokenField> for PageError {
    fn from(_: BrokenField) -> Self {
        Self::BadExtension
    }
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
        2 => EntryKind::Link,
        3 => EntryKind::HardLink,
        other => return Err(PageError::UnknownKind(other)),
    };
    let flags = reader.u8()?;
    // Only a file has a size that could be unknown.
    if flags & !FLAG_SIZE_UNKNOWN != 0 || (flags != 0 && kind != EntryKind::File) {
        return Err(PageError::BadFlags(flags));
    }
    let mode = reader.u16()?;
    if mode > 0o777 {
        return Err(PageError::BadMode(mode));
    }
    let size = reader.u64()?;
    let must_be_zero = flags != 0 || kind != EntryKind::File;
    if size > MAX_SIZE || (must_be_zero && size != 0) {
        return Err(PageError::BadSize(size));
    }
    let data_bytes = reader.u64()?;
    if data_bytes > size {
        return Err(PageError::BadData(data_bytes));
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
    let linked = read_extension(kind, reader.take(usize::from(extension_len))?)?;
    Ok(PageEntry {
        kind,
        size: (flags == 0).then_some(size),
        data_bytes,
        mode,
        mtime,
        fingerprint,
        path,
        linked,
    })
}

/// What an extension says of a link. Whether a hard link leads to an earlier entry is for who knows its number.
fn read_extension(kind: EntryKind, bytes: &[u8]) -> Result<Linked<'_>, PageError> {
    let mut linked = Linked::None;
    let mut fields = Reader(bytes);
    while !fields.0.is_empty() {
        let short = |_| PageError::BadExtension;
        let field = fields.u8().map_err(short)?;
        let len = fields.u16().map_err(short)?;
        let value = fields.take(usize::from(len)).map_err(short)?;
        let is_known = matches!(
            (field, kind),
            (FIELD_TARGET, EntryKind::Link) | (FIELD_LINKED_TO, EntryKind::HardLink)
        );
        if is_known && linked != Linked::None {
            return Err(PageError::BadExtension);
        }
        match (field, kind) {
            (FIELD_TARGET, EntryKind::Link) => linked = Linked::Target(target_of(value)?),
            (FIELD_LINKED_TO, EntryKind::HardLink) => {
                let entry: [u8; 4] = value.try_into().map_err(|_| PageError::BadLink)?;
                linked = Linked::Entry(u32::from_le_bytes(entry));
            }
            _ => {
                read_extra(field, value)?;
            }
        }
    }
    match (kind, linked) {
        (EntryKind::Link, Linked::None) => Err(PageError::BadTarget),
        (EntryKind::HardLink, Linked::None) => Err(PageError::BadLink),
        _ => Ok(linked),
    }
}

/// The extension of an entry, from its checked bytes.
pub(crate) fn extension_of(entry: &[u8]) -> &[u8] {
    let len = entry.get(PATH_AT..).and_then(|rest| rest.split_first_chunk());
    let path = len.map_or(0, |(len, _)| usize::from(u16::from_le_bytes(*len)));
    entry.get(FIXED_LEN + path..).unwrap_or_default()
}

fn target_of(bytes: &[u8]) -> Result<&str, PageError> {
    let target = std::str::from_utf8(bytes).map_err(|_| PageError::BadTarget)?;
    let fits = (1..=MAX_TARGET_LEN).contains(&target.len()) && !target.contains('\0');
    fits.then_some(target).ok_or(PageError::BadTarget)
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
        self.push_with(entry, &Extras::default())
    }

    /// [`PageBuilder::push`] with what else is kept of the entry.
    #[must_use]
    pub fn push_with(&mut self, entry: &PageEntry<'_>, extras: &Extras) -> bool {
        let path = entry.path.as_str().as_bytes();
        let linked = match entry.linked {
            Linked::None => 0,
            Linked::Target(target) => FIELD_HEADER_LEN + target.len(),
            Linked::Entry(_) => FIELD_HEADER_LEN + 4,
        };
        let extension = linked + extras.bytes().len();
        let len = FIXED_LEN + path.len() + extension;
        if self.count == MAX_BUILT_ENTRIES || self.bytes.len() + len > MAX_ENTRY_BYTES {
            return false;
        }
        let flags = if entry.size.is_none() { FLAG_SIZE_UNKNOWN } else { 0 };
        self.bytes.reserve(len);
        self.bytes.extend([entry.kind as u8, flags]);
        self.bytes.extend(entry.mode.to_le_bytes());
        self.bytes.extend(entry.size.unwrap_or(0).to_le_bytes());
        self.bytes.extend(entry.data_bytes.to_le_bytes());
        self.bytes.extend(entry.mtime.secs.to_le_bytes());
        self.bytes.extend(entry.mtime.nanos.to_le_bytes());
        self.bytes.extend(entry.fingerprint);
        // A `SafePath` has at most 4,096 bytes.
        self.bytes.extend((path.len() as u16).to_le_bytes());
        self.bytes.extend(path);
        // A target has at most 4,095 bytes, and extras 12,000.
        self.bytes.extend((extension as u16).to_le_bytes());
        match entry.linked {
            Linked::None => {}
            Linked::Target(target) => self.push_field(FIELD_TARGET, target.as_bytes()),
            Linked::Entry(number) => self.push_field(FIELD_LINKED_TO, &number.to_le_bytes()),
        }
        self.bytes.extend(extras.bytes());
        self.count += 1;
        true
    }

    fn push_field(&mut self, field: u8, value: &[u8]) {
        self.bytes.push(field);
        self.bytes.extend((value.len() as u16).to_le_bytes());
        self.bytes.extend(value);
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
            Self::BadData(bytes) => write!(f, "an entry with {bytes} bytes of data, more than its size"),
            Self::BadExtension => f.write_str("an entry with an extension of broken fields"),
            Self::BadTarget => f.write_str("a link with a target that none can have"),
            Self::BadLink => f.write_str("a hard link to no earlier entry"),
            Self::LongExtension(len) => write!(f, "an entry with {len} bytes of extensions"),
            Self::BelowLink => f.write_str("a path below a symbolic link"),
            Self::BadPath(fault) => write!(f, "a path with {fault}"),
            Self::Gap { expected, first } => {
                write!(f, "a page that starts at entry {first} instead of {expected}")
            }
            Self::Contradiction(entry) => write!(f, "entry {entry} came twice and differs"),
            Self::TooMuch => f.write_str("a manifest of too many or too long names"),
            Self::NoMemory => f.write_str("there is not enough memory for the manifest"),
            Self::TooManyEntries => f.write_str("more than 4,194,304 entries"),
        }
    }
}

impl std::error::Error for PageError {}
