//! Names on Windows. Its kernel takes more of them than its programs can open again; what Explorer could not delete is not made.

use super::is_ours_in_other_case;

/// Longest name of NTFS and exFAT, in UTF-16.
const MAX_UNITS: usize = 255;

/// Longest first part of a short name (`PROGRA~1.TXT`), and longest ending.
const SHORT_STEM: usize = 8;
const SHORT_ENDING: usize = 3;

/// Whether Windows can hold a name as it is.
pub fn can_hold(name: &str) -> bool {
    !name.is_empty()
        && !name.contains(is_forbidden)
        // They are cut off by what programs call, so that the name is another one for them.
        && !name.ends_with(['.', ' '])
        && !is_device(name)
        && !is_short_name(name)
        && !is_ours_in_other_case(name)
        && name.encode_utf16().count() <= MAX_UNITS
}

/// Whether a name is one component for the kernel of Windows: no path, no stream of a file. What a disk has there may be called otherwise than
/// programs may.
pub fn is_one_component(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['\\', '/', ':', '\0'])
}

/// Whether a symbolic link of Windows can lead to `target`, which is written with slashes: a relative path, one from the top of the disk, or
/// one with a drive letter.
pub fn can_lead_to(target: &str) -> bool {
    let path = match target.as_bytes() {
        [letter, b':', b'/', ..] if letter.is_ascii_alphabetic() => target.get(3..).unwrap_or_default(),
        _ => target,
    };
    !target.is_empty()
        && path
            .split('/')
            .all(|name| matches!(name, "" | "." | "..") || is_one_component(name))
}

/// Separators, the stream of a file (`a:b`), wildcards and what the kernel takes for them, control characters.
fn is_forbidden(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\\' | '/' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// `CON`, `nul.txt`, `COM1 .log`: a device, in whatever folder and with whatever ending.
fn is_device(name: &str) -> bool {
    const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ');
    DEVICES.iter().any(|device| stem.eq_ignore_ascii_case(device)) || is_port(stem)
}

/// `COM0` to `COM9` and `LPT0` to `LPT9`, also with the small digits one to three.
fn is_port(stem: &str) -> bool {
    let (Some(start), Some(rest)) = (stem.get(..3), stem.get(3..)) else {
        return false;
    };
    let mut digits = rest.chars();
    let is_one_digit = matches!(
        (digits.next(), digits.next()),
        (Some('0'..='9' | '\u{b9}' | '\u{b2}' | '\u{b3}'), None)
    );
    is_one_digit && (start.eq_ignore_ascii_case("COM") || start.eq_ignore_ascii_case("LPT"))
}

/// Whether a name looks like the short name that the disk may give to another one: `GIT~1` may be `.git`, which would be found under it without
/// having been named.
fn is_short_name(name: &str) -> bool {
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let is_short = stem.len() <= SHORT_STEM && ending.len() <= SHORT_ENDING && !ending.contains('.');
    let number = stem.rsplit_once('~').map_or("", |(_, number)| number);
    is_short && !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_held(names: &[&str]) {
        for name in names {
            assert!(can_hold(name), "{name:?}");
        }
    }

    fn assert_not_held(names: &[&str]) {
        for name in names {
            assert!(!can_hold(name), "{name:?}");
        }
    }

    #[test]
    fn ordinary_names_are_held() {
        assert_held(&[
            "a",
            ".git",
            "a b",
            " a",
            "a.b.c",
            "e\u{301}",
            "\u{1f600}",
            "a~b",
            "a;b",
            "{x}",
            "100%",
        ]);
    }

    #[test]
    fn devices_are_not_held_in_any_case_and_with_any_ending() {
        assert_not_held(&[
            "CON",
            "con",
            "nul",
            "NUL.",
            "nul.txt",
            "Aux.tar.gz",
            "prn ",
            "COM1",
            "com9.log",
            "LPT0",
            "lpt3 .x",
        ]);
        assert_not_held(&["COM\u{b9}", "lpt\u{b2}.txt", "CONIN$", "conout$.a", "con .txt"]);
        assert_held(&[
            "CONS",
            "com",
            "COM10",
            "comx",
            "xCON",
            "nul_",
            "lpt\u{2074}",
            "console.log",
            "a.con",
        ]);
    }

    #[test]
    fn names_that_programs_would_cut_are_not_held() {
        assert_not_held(&["a.", "a ", "...", "a. .", ".git ", ".git."]);
    }

    #[test]
    fn streams_drives_and_paths_of_windows_are_not_held() {
        assert_not_held(&["a:b", "a::$DATA", ".git::$INDEX_ALLOCATION", "C:", "c:x", ":x"]);
        assert_not_held(&[
            r"a\b",
            r"..\x",
            r"\x",
            r"\\server\share",
            r"\\?\C:\x",
            r"\??\C:\x",
            r"\\.\pipe\x",
            r"C:\x",
        ]);
        assert_not_held(&["a/b", "/x", ""]);
    }

    #[test]
    fn the_kernel_is_given_single_components_alone() {
        for name in ["a", "CON", "a.", ".ultra-x.part", "a b", "*"] {
            assert!(is_one_component(name), "{name:?}");
        }
        for name in [
            "",
            ".",
            "..",
            r"a\b",
            r"..\x",
            r"\",
            "a/b",
            "a:b",
            "C:",
            r"\??\C:\x",
            "a\0",
        ] {
            assert!(!is_one_component(name), "{name:?}");
        }
    }

    #[test]
    fn links_lead_by_slashes_alone_and_never_into_a_stream() {
        for target in [
            "a",
            "../a/./b",
            "/Windows",
            "C:/Users/x",
            "//server/share",
            "a//b",
            "CON",
        ] {
            assert!(can_lead_to(target), "{target:?}");
        }
        for target in [
            "",
            r"..\x",
            r"a/..\..\x",
            "a:b",
            "C:x",
            r"C:\x",
            "x/C:/y",
            "a/b:c",
            "CC:/x",
            "a\0b",
        ] {
            assert!(!can_lead_to(target), "{target:?}");
        }
    }

    #[test]
    fn wildcards_and_controls_are_not_held() {
        assert_not_held(&["a*", "?", "a\"b", "<", ">x", "a|b", "a\nb", "\0", "a\u{1f}", "\u{7f}"]);
    }

    #[test]
    fn what_may_be_the_short_name_of_another_is_not_held() {
        assert_not_held(&["GIT~1", "progra~1", "ULTRA-~2.PAR", "a~12.x", "~1"]);
        assert_held(&["a~", "backup~1x", "too-long-name~1", "a~1.text", "a~1.b.c", "a.b~1"]);
    }

    #[test]
    fn a_name_that_the_disk_takes_for_one_of_ours_is_not_held() {
        assert_not_held(&[".ULTRA-0123456789abcdef.part", ".Ultra-x"]);
        assert_held(&[".ultra", "ultra-x"]);
    }

    #[test]
    fn the_length_counts_in_utf16() {
        // 255 bytes, the most of the protocol, are always fewer units.
        assert_held(&[&"a".repeat(255), &"\u{20ac}".repeat(85)]);
        assert_not_held(&[&"a".repeat(256)]);
    }
}
