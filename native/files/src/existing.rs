//! What becomes of files that are there already and differ, as the receiver's user wants it.

use crate::os::{Process, Stat, System, Time};

/// What becomes of a file or link that has the name of one that arrives, and differs. Folders and devices are never replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Existing {
    /// It stays, and what arrives does not get the name.
    #[default]
    Keep,
    /// It is replaced if it is older.
    Update,
    Replace,
    /// It stays, and what arrives becomes `name (1).ext`, or the next number that is free.
    Rename,
    /// It becomes `name.~1~`, or the next number that is free.
    Backup,
}

/// Numbers that are tried for another name.
pub(crate) const MOST_NUMBERS: u32 = 1000;

impl Existing {
    /// Whether the file in the way leaves its name.
    pub(crate) fn replaces(self) -> bool {
        matches!(self, Self::Update | Self::Replace | Self::Backup)
    }

    /// Whether a file stays because it is not older than what arrives with this time.
    pub(crate) fn keeps(self, arrives: Time, there: &Stat) -> bool {
        let moment = |time: Time| (time.secs, time.nanos);
        self == Self::Update && moment(there.mtime) >= moment(System::kept_time(arrives))
    }
}

/// Another name for what arrives: the number stands before the last extension.
pub(crate) fn numbered(name: &str, number: u32) -> String {
    match name.rfind('.').filter(|dot| *dot > 0) {
        Some(dot) => format!("{} ({number}){}", &name[..dot], &name[dot..]),
        None => format!("{name} ({number})"),
    }
}

/// The name of a backup, as GNU tools write it.
pub(crate) fn backup_name(name: &str, number: u32) -> String {
    format!("{name}.~{number}~")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_before_the_extension_and_a_leading_dot_begins_none() {
        let cases = [
            ("a.txt", "a (2).txt"),
            ("a.tar.gz", "a.tar (2).gz"),
            ("a", "a (2)"),
            (".bashrc", ".bashrc (2)"),
            (".a.b", ".a (2).b"),
            ("a.", "a (2)."),
            ("\u{65e5}\u{672c}.\u{8a9e}", "\u{65e5}\u{672c} (2).\u{8a9e}"),
        ];
        for (name, expected) in cases {
            assert_eq!(numbered(name, 2), expected);
        }
        assert_eq!(backup_name("a.txt", 1), "a.txt.~1~");
    }
}
