//! Where in the executable the payload is, by the kind of file: in macOS's format it is the content of a section, because a signature covers
//! only what is inside; in Windows's it ends where a signature begins, which is put behind everything else; in Linux's it goes to the end.

use std::fs::File;
use std::io;
use std::ops::Range;

use crate::os;

/// Segment and section, as `scripts/release.ts` names them to the linker.
const SEGMENT: &[u8; 16] = b"__ULTRA\0\0\0\0\0\0\0\0\0";
const SECTION: &[u8; 16] = b"__payload\0\0\0\0\0\0\0";

/// Mach-O of 64 bits, little-endian.
const MACH: [u8; 4] = [0xcf, 0xfa, 0xed, 0xfe];
const LC_SEGMENT_64: u32 = 0x19;

/// More is in no header that a linker writes: what is longer is damaged.
const MOST_HEADER: u64 = 64 * 1024;

/// `None`: a file of a kind that holds the payload inside, and does not.
pub fn payload_range(file: &File) -> io::Result<Option<Range<u64>>> {
    let end = file.metadata()?.len();
    let mut head = vec![0; usize::try_from(end.min(MOST_HEADER)).unwrap_or(0)];
    os::read_exact_at(file, &mut head, 0)?;
    Ok(range_in(&head, end))
}

fn range_in(head: &[u8], end: u64) -> Option<Range<u64>> {
    if head.starts_with(&MACH) {
        return section_in(head).filter(|range| range.start <= range.end && range.end <= end);
    }
    if head.starts_with(b"MZ") {
        let signature = signature_in(head).filter(|at| *at < end);
        return Some(0..signature.unwrap_or(end));
    }
    Some(0..end)
}

fn section_in(head: &[u8]) -> Option<Range<u64>> {
    let commands = number(head, 16)?;
    let mut at = 32;
    for _ in 0..commands {
        let (kind, size) = (number(head, at)?, number(head, at + 4)? as usize);
        if kind == LC_SEGMENT_64 && head.get(at + 8..at + 24)? == SEGMENT {
            let sections = number(head, at + 64)?;
            for index in 0..sections.min(MOST_HEADER as u32) as usize {
                let section = at + 72 + 80 * index;
                if head.get(section..section + 16)? == SECTION {
                    let start = u64::from(number(head, section + 48)?);
                    return Some(start..start.checked_add(long_number(head, section + 40)?)?);
                }
            }
        }
        // (Each command has these two numbers at least, so that the loop comes to an end.)
        at = at.checked_add(size.max(8))?;
    }
    None
}

/// Where Authenticode's certificates begin: the fifth of the directories behind the optional header.
fn signature_in(head: &[u8]) -> Option<u64> {
    let pe = number(head, 60)? as usize;
    if head.get(pe..pe.checked_add(4)?)? != b"PE\0\0" {
        return None;
    }
    let at = number(head, pe + 24 + 112 + 4 * 8)?;
    (at != 0).then_some(u64::from(at))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    bytes.try_into().ok().map(u32::from_le_bytes)
}

fn long_number(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?;
    bytes.try_into().ok().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mach(segment: &[u8; 16], start: u32, size: u64) -> Vec<u8> {
        let mut head = MACH.to_vec();
        head.extend([0; 12]);
        head.extend(2u32.to_le_bytes());
        head.resize(32, 0);
        // A command that is none of ours, then the segment with two sections.
        head.extend(0x1bu32.to_le_bytes());
        head.extend(24u32.to_le_bytes());
        head.resize(56, 0);
        head.extend(LC_SEGMENT_64.to_le_bytes());
        head.extend((72 + 160u32).to_le_bytes());
        head.extend(segment);
        head.resize(56 + 64, 0);
        head.extend(2u32.to_le_bytes());
        head.resize(56 + 72 + 80, 0);
        head.extend(SECTION);
        head.resize(56 + 72 + 80 + 40, 0);
        head.extend(size.to_le_bytes());
        head.extend(start.to_le_bytes());
        head.resize(4096, 0);
        head
    }

    #[test]
    fn macos_has_it_in_a_section() {
        assert_eq!(range_in(&mach(SEGMENT, 1000, 500), 4096), Some(1000..1500));
        assert_eq!(range_in(&mach(b"__TEXT\0\0\0\0\0\0\0\0\0\0", 1000, 500), 4096), None);
        assert_eq!(
            range_in(&mach(SEGMENT, 4000, 500), 4096),
            None,
            "it goes beyond the end"
        );
        assert_eq!(range_in(&mach(SEGMENT, 4000, u64::MAX), 4096), None);
    }

    #[test]
    fn a_damaged_header_has_no_section_and_is_no_endless_loop() {
        let mut head = mach(b"__OTHER\0\0\0\0\0\0\0\0\0", 1000, 500);
        head[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
        head[36..40].copy_from_slice(&0u32.to_le_bytes());
        assert_eq!(range_in(&head, 4096), None);
        for length in 0..220 {
            assert_eq!(
                range_in(&mach(SEGMENT, 1000, 500)[..length.max(4)], 4096),
                None,
                "{length}"
            );
        }
    }

    #[test]
    fn windows_has_it_before_a_signature_and_linux_up_to_the_end() {
        let mut head = b"MZ".to_vec();
        head.resize(60, 0);
        head.extend(64u32.to_le_bytes());
        head.extend(b"PE\0\0");
        head.resize(512, 0);
        assert_eq!(range_in(&head, 4096), Some(0..4096));
        let at = 64 + 24 + 112 + 32;
        head[at..at + 4].copy_from_slice(&3000u32.to_le_bytes());
        assert_eq!(range_in(&head, 4096), Some(0..3000));
        assert_eq!(range_in(b"\x7fELF", 4096), Some(0..4096));
        assert_eq!(range_in(b"", 0), Some(0..0));
    }
}
