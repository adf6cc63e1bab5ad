//! What Windows puts into buffers, and how it counts: times, UTF-16, listings of folders, where links lead. Pure, and tested on every system:
//! what a disk says may be anything.

use super::Time;

/// Seconds from 1601, where Windows begins to count, to 1970.
const TO_1970: i64 = 11_644_473_600;
const TICKS_PER_SECOND: i64 = 10_000_000;
const NANOS_PER_TICK: u32 = 100;

/// A time from units of 100 ns since 1601.
pub(super) fn time_of(ticks: i64) -> Time {
    Time {
        secs: ticks.div_euclid(TICKS_PER_SECOND) - TO_1970,
        // Below ten million.
        nanos: ticks.rem_euclid(TICKS_PER_SECOND) as u32 * NANOS_PER_TICK,
    }
}

/// The units of 100 ns of a time, cut off: nothing before the second unit of 1601, because zero and less mean something else to the system.
pub(super) fn ticks_of(time: Time) -> i64 {
    let secs = time.secs.saturating_add(TO_1970).saturating_mul(TICKS_PER_SECOND);
    secs.saturating_add(i64::from(time.nanos / NANOS_PER_TICK)).max(1)
}

/// Bytes of a name: UTF-8, or for a half of a surrogate pair three bytes that are none.
pub(super) fn bytes_of(units: &[u16]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(units.len());
    for letter in char::decode_utf16(units.iter().copied()) {
        match letter {
            Ok(letter) => bytes.extend(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            Err(half) => {
                let half = half.unpaired_surrogate();
                // As UTF-8 would write it if it were a letter.
                bytes.extend([
                    0xe0 | (half >> 12) as u8,
                    0x80 | (half >> 6 & 0x3f) as u8,
                    0x80 | (half & 0x3f) as u8,
                ]);
            }
        }
    }
    bytes
}

/// Calls `each` with the names in a buffer of `FILE_FULL_DIR_INFO`. `None`: it is broken.
pub(super) fn names_of(mut buffer: &[u8], each: &mut dyn FnMut(&[u8])) -> Option<()> {
    const LEN_AT: usize = 60;
    const NAME_AT: usize = 68;
    loop {
        let next = u32_at(buffer, 0)? as usize;
        let len = u32_at(buffer, LEN_AT)? as usize;
        let name = units_of(buffer.get(NAME_AT..NAME_AT.checked_add(len)?)?)?;
        if name != [u16::from(b'.')] && name != [u16::from(b'.'); 2] {
            each(&bytes_of(&name));
        }
        match next {
            0 => return Some(()),
            next => buffer = buffer.get(next..)?,
        }
    }
}

/// What stands in the place of a file or folder, by its reparse tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reparse {
    /// It leads elsewhere: a symbolic link or a junction.
    Link,
    /// A socket, pipe or device of WSL, or another stand-in for something else.
    Special,
    /// The file or folder itself, kept in a way of its own: in a cloud, compressed, without duplicates.
    Kept,
}

const SYMLINK: u32 = 0xa000_000c;
const MOUNT_POINT: u32 = 0xa000_0003;

impl Reparse {
    pub(super) fn of(tag: u32) -> Self {
        /// Set where the object stands for another one (`IsReparseTagNameSurrogate`).
        const STANDS_FOR_ANOTHER: u32 = 0x2000_0000;
        const WSL: [u32; 4] = [
            0x8000_0023, // a socket
            0x8000_0024, // a FIFO
            0x8000_0025, // a character device
            0x8000_0026, // a block device
        ];
        match tag {
            SYMLINK | MOUNT_POINT => Self::Link,
            tag if tag & STANDS_FOR_ANOTHER != 0 || WSL.contains(&tag) => Self::Special,
            _ => Self::Kept,
        }
    }
}

/// Where the link in a `REPARSE_DATA_BUFFER` leads, with slashes, as it would be written by hand: `../a`, `C:/a`, `//server/share/a`. `None`:
/// it is no link, or broken. It is the path that the system follows, and not the one that it shows.
pub(super) fn target_of(buffer: &[u8]) -> Option<Vec<u8>> {
    const HEADER: usize = 8;
    const RELATIVE: u32 = 1;
    let tag = u32_at(buffer, 0)?;
    let (paths_at, is_relative) = match tag {
        SYMLINK => (HEADER + 12, u32_at(buffer, HEADER + 8)? & RELATIVE != 0),
        MOUNT_POINT => (HEADER + 8, false),
        _ => return None,
    };
    let (start, len) = (u16_at(buffer, HEADER)?, u16_at(buffer, HEADER + 2)?);
    let start = paths_at + usize::from(start);
    let path = units_of(buffer.get(start..start + usize::from(len))?)?;
    let mut path = bytes_of(&path);
    for byte in &mut path {
        if *byte == b'\\' {
            *byte = b'/';
        }
    }
    if is_relative {
        return Some(path);
    }
    // The kernel's own way of writing a path from its top.
    Some(match (path.strip_prefix(b"/??/UNC/"), path.strip_prefix(b"/??/")) {
        (Some(share), _) => [b"//", share].concat(),
        (None, Some(drive)) => drive.to_vec(),
        (None, None) => path,
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn units_of(bytes: &[u8]) -> Option<Vec<u16>> {
    let (units, []) = bytes.as_chunks::<2>() else {
        return None;
    };
    Some(units.iter().map(|unit| u16::from_le_bytes(*unit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn times_come_back_to_the_tick_also_before_1970() {
        for (secs, nanos) in [(0, 0), (1_700_000_000, 123_456_700), (-1, 999_999_900), (-TO_1970, 100)] {
            let time = Time { secs, nanos };
            assert_eq!(time_of(ticks_of(time)), time);
        }
        let fine = Time { secs: 5, nanos: 199 };
        assert_eq!(time_of(ticks_of(fine)), Time { secs: 5, nanos: 100 });
    }

    #[test]
    fn a_time_that_windows_cannot_have_is_the_nearest() {
        let long_ago = Time {
            secs: i64::MIN,
            nanos: 0,
        };
        assert_eq!(ticks_of(long_ago), 1);
        let far = Time {
            secs: i64::MAX,
            nanos: 999_999_999,
        };
        assert_eq!(ticks_of(far), i64::MAX);
    }

    #[test]
    fn names_become_utf8_and_halves_of_pairs_do_not() {
        let units: Vec<u16> = "a\u{e9}\u{1f600}".encode_utf16().collect();
        assert_eq!(bytes_of(&units), "a\u{e9}\u{1f600}".as_bytes());
        for half in [0xd800, 0xdbff, 0xdc00, 0xdfff] {
            let bytes = bytes_of(&[u16::from(b'a'), half, u16::from(b'b')]);
            assert!(std::str::from_utf8(&bytes).is_err(), "{half:x}");
            assert_eq!(
                (bytes.len(), bytes.first(), bytes.last()),
                (5, Some(&b'a'), Some(&b'b'))
            );
        }
    }

    fn listing(names: &[&str]) -> Vec<u8> {
        let mut buffer = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let name = utf16(name);
            let len = (68 + name.len()).next_multiple_of(8);
            let mut entry = vec![0; len];
            let next = if index + 1 == names.len() { 0 } else { len as u32 };
            entry[..4].copy_from_slice(&next.to_le_bytes());
            entry[60..64].copy_from_slice(&(name.len() as u32).to_le_bytes());
            entry[68..68 + name.len()].copy_from_slice(&name);
            buffer.extend(entry);
        }
        buffer
    }

    #[test]
    fn a_listing_gives_its_names_without_the_dots() {
        let buffer = listing(&[".", "..", "a", "\u{e9}\u{1f600}.txt"]);
        let mut names = Vec::new();
        assert_eq!(names_of(&buffer, &mut |name| names.push(name.to_vec())), Some(()));
        assert_eq!(names, ["a".as_bytes(), "\u{e9}\u{1f600}.txt".as_bytes()]);
    }

    #[test]
    fn a_broken_listing_ends_in_nothing() {
        let whole = listing(&["abc", "def"]);
        let mut last = whole.len() - 1;
        while last > 80 {
            let names = &mut |_: &[u8]| {};
            // Cut inside the second entry, before the end of its name.
            if last < 80 + 68 + 6 {
                assert_eq!(names_of(&whole[..last], names), None, "{last}");
            }
            last -= 1;
        }
        for wrong in [u32::MAX, 3, 1 << 20] {
            let mut buffer = whole.clone();
            buffer[60..64].copy_from_slice(&wrong.to_le_bytes());
            assert_eq!(names_of(&buffer, &mut |_| {}), None, "{wrong}");
        }
        let mut far = whole;
        far[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(names_of(&far, &mut |_| {}), None);
    }

    fn symlink(target: &str, flags: u32) -> Vec<u8> {
        let (path, shown) = (utf16(target), utf16("shown"));
        let mut buffer = SYMLINK.to_le_bytes().to_vec();
        buffer.extend([0; 4]);
        // What is shown comes first here, so that the offsets count.
        let numbers = [shown.len(), path.len(), 0, shown.len()];
        buffer.extend(numbers.iter().flat_map(|number| (*number as u16).to_le_bytes()));
        buffer.extend(flags.to_le_bytes());
        buffer.extend(shown);
        buffer.extend(path);
        buffer
    }

    #[test]
    fn a_link_leads_where_the_system_follows_it_and_not_where_it_shows() {
        for (target, flags, read) in [
            (r"..\a\b", 1, "../a/b"),
            (r"\??\C:\Users\x", 0, "C:/Users/x"),
            (r"\??\UNC\server\share\x", 0, "//server/share/x"),
            (r"\Windows", 1, "/Windows"),
        ] {
            assert_eq!(
                target_of(&symlink(target, flags)).as_deref(),
                Some(read.as_bytes()),
                "{target}"
            );
        }
    }

    #[test]
    fn a_junction_leads_to_its_folder() {
        let path = utf16(r"\??\D:\data");
        let mut buffer = MOUNT_POINT.to_le_bytes().to_vec();
        buffer.extend([0; 4]);
        buffer.extend([0, 0, path.len() as u8, 0, 0, 0, 0, 0]);
        buffer.extend(path);
        assert_eq!(target_of(&buffer).as_deref(), Some(&b"D:/data"[..]));
    }

    #[test]
    fn broken_links_lead_nowhere() {
        let whole = symlink(r"..\a", 1);
        for len in 0..whole.len() {
            assert_eq!(target_of(&whole[..len]), None, "{len} bytes");
        }
        let mut far = whole;
        far[8..12].fill(0xff);
        assert_eq!(target_of(&far), None);
        assert_eq!(target_of(&[0; 64]), None, "another tag");
    }

    #[test]
    fn tags_say_what_is_never_followed() {
        assert_eq!([SYMLINK, MOUNT_POINT].map(Reparse::of), [Reparse::Link; 2]);
        // A program of the store, WSL's link and socket, a mounted image.
        for tag in [0xa000_001d, 0x8000_0023, 0x8000_0024, 0xa000_0027] {
            assert_eq!(Reparse::of(tag), Reparse::Special, "{tag:x}");
        }
        // OneDrive, compressed by WOF, without duplicates.
        for tag in [0x9000_001a, 0x8000_0017, 0x8000_0013] {
            assert_eq!(Reparse::of(tag), Reparse::Kept, "{tag:x}");
        }
    }
}
