//! Names on the disks of macOS: APFS and HFS+.

use super::is_ours_in_other_case;

/// Whether macOS can hold a name as it is. HFS+ passes over some characters when it compares names, so that `.\u{200c}git` is `.git` there
/// (CVE-2014-9390): with them a name could be a hidden one, or one of ours, without looking like it.
pub fn can_hold(name: &str) -> bool {
    let seen: String = name.chars().filter(|letter| !is_passed_over(*letter)).collect();
    let hides_its_dot = seen.starts_with('.') && !name.starts_with('.');
    !hides_its_dot && !is_ours_in_other_case(&seen)
}

/// Whether an extended attribute may travel: neither what macOS decides about a file (where it came from, what it may do) nor what it needs to
/// read it.
pub fn is_carried_xattr(name: &[u8]) -> bool {
    const KEPT_HERE: [&[u8]; 7] = [
        b"com.apple.quarantine",
        b"com.apple.provenance",
        b"com.apple.macl",
        b"com.apple.rootless",
        b"com.apple.decmpfs",
        b"com.apple.system.",
        b"com.apple.security.",
    ];
    !name.is_empty() && !KEPT_HERE.iter().any(|kept| name.starts_with(kept))
}

fn is_passed_over(letter: char) -> bool {
    matches!(
        letter,
        '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_names_are_held_with_colons_backslashes_and_both_normal_forms() {
        for name in [
            "a",
            ".git",
            "a:b",
            r"a\b",
            "e\u{301}",
            "\u{e9}",
            "CON",
            "a.",
            "\u{1f600}",
            "x\u{200d}y",
        ] {
            assert!(can_hold(name), "{name:?}");
        }
    }

    #[test]
    fn a_name_that_hides_its_dot_from_us_and_not_from_the_disk_is_not_held() {
        for name in ["\u{200c}.git", "\u{feff}.ssh", "\u{202e}\u{206a}.profile"] {
            assert!(!can_hold(name), "{name:?}");
        }
    }

    #[test]
    fn a_name_that_the_disk_takes_for_one_of_ours_is_not_held() {
        for name in [
            ".Ultra-0123456789abcdef.part",
            ".ULTRA-x",
            ".ul\u{200c}tra-x",
            ".u\u{feff}LTRA-",
        ] {
            assert!(!can_hold(name), "{name:?}");
        }
        assert!(can_hold(".ultra") && can_hold(".ultr\u{e0}-"));
    }

    #[test]
    fn what_the_system_decides_about_a_file_does_not_travel() {
        for name in [
            "com.apple.quarantine",
            "com.apple.macl",
            "com.apple.system.Security",
            "",
        ] {
            assert!(!is_carried_xattr(name.as_bytes()), "{name}");
        }
        for name in [
            "com.apple.FinderInfo",
            "com.apple.metadata:kMDItemWhereFroms",
            "user.note",
        ] {
            assert!(is_carried_xattr(name.as_bytes()), "{name}");
        }
    }
}
