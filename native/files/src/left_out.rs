//! What a walk does not send: exact counts by reason, and the first names of each reason.
//!
//! The counts decide how a transfer ends; the names are for people. So the counts are exact, and only the names are bounded.

use crate::path::PathFault;

/// Names kept of each reason: more than a user reads. A tree of a million links must not become a million strings.
const MAX_NAMES: usize = 100;

/// Longest name kept, in bytes. Names of a tree may be longer than any that can be sent.
const MAX_NAME_LEN: usize = 4096;

/// Why something is not sent. In the order in which names are reported: first what its owner misses most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The user may not read it, or the system failed.
    Unreadable,
    /// Its name is not UTF-8.
    NotUtf8,
    /// Its name holds a backslash, which is a separator on Windows. No walk says so, as no such name is met there: receivers do.
    Backslash,
    /// Its name holds a control character, which is a command on a terminal.
    ControlCharacter,
    /// Its name is a drive's on Windows or begins with `.ultra-`.
    Reserved,
    /// Its name or path is longer or deeper than the protocol carries.
    TooLong,
    /// A FIFO, socket or device.
    Special,
    /// A file whose contents are made when it is read, so that its size is not known before (`/proc`).
    Unsized,
    /// A symbolic link that leads out of what is sent.
    Link,
    /// A symbolic link whose target cannot be sent: it is not UTF-8, or too long.
    LinkTarget,
    /// A symbolic link that is to be followed and leads nowhere, or around in circles.
    LinkNowhere,
    /// It was gone when its turn came.
    Vanished,
    /// The user chose to leave it out: no failure.
    Chosen,
    /// A peer asked for it, and it is not there for a peer.
    NotFound,
}

/// What a walk has left out so far.
#[derive(Clone, Debug, Default)]
pub struct LeftOut {
    counts: [u32; Reason::ALL.len()],
    names: [Vec<String>; Reason::ALL.len()],
}

impl Reason {
    pub const ALL: [Self; 14] = [
        Self::Unreadable,
        Self::NotUtf8,
        Self::Backslash,
        Self::ControlCharacter,
        Self::Reserved,
        Self::TooLong,
        Self::Special,
        Self::Unsized,
        Self::Link,
        Self::LinkTarget,
        Self::LinkNowhere,
        Self::Vanished,
        Self::Chosen,
        Self::NotFound,
    ];

    /// The reasons at the door, in the order of [`Reason::ALL`].
    pub const WORDS: [&'static str; Self::ALL.len()] = [
        "unreadable",
        "not-utf8",
        "backslash",
        "control-character",
        "reserved",
        "too-long",
        "special",
        "unsized",
        "link",
        "link-target",
        "link-nowhere",
        "vanished",
        "chosen",
        "not-found",
    ];

    /// The reason's word of [`Reason::WORDS`].
    pub fn word(self) -> &'static str {
        Self::WORDS.get(self as usize).copied().unwrap_or_default()
    }
}

impl From<PathFault> for Reason {
    fn from(fault: PathFault) -> Self {
        match fault {
            PathFault::NotUtf8 => Self::NotUtf8,
            PathFault::ControlCharacter => Self::ControlCharacter,
            PathFault::TooLong | PathFault::TooDeep | PathFault::ComponentTooLong => Self::TooLong,
            PathFault::DriveLetter
            | PathFault::ReservedPrefix
            // No folder lists such names.
            | PathFault::EmptyComponent
            | PathFault::DotComponent => Self::Reserved,
        }
    }
}

impl LeftOut {
    /// Counts one thing. `path` may be lossy and is not escaped.
    pub(crate) fn add(&mut self, reason: Reason, mut path: String) {
        if let Some(count) = self.counts.get_mut(reason as usize) {
            *count = count.saturating_add(1);
        }
        if let Some(names) = self.names.get_mut(reason as usize)
            && names.len() < MAX_NAMES
        {
            path.truncate(path.floor_char_boundary(MAX_NAME_LEN));
            names.push(path);
        }
    }

    /// How many things were left out for each reason, in the order of [`Reason::ALL`]. Exact.
    pub fn counts(&self) -> &[u32; Reason::ALL.len()] {
        &self.counts
    }

    /// How many things were left out for one reason. Exact.
    pub fn count(&self, reason: Reason) -> u32 {
        self.counts.get(reason as usize).copied().unwrap_or(0)
    }

    /// The first names of each reason, the reasons in the order of [`Reason::ALL`].
    pub fn names(&self) -> impl Iterator<Item = (Reason, &str)> {
        let by_reason = Reason::ALL.into_iter().zip(&self.names);
        by_reason.flat_map(|(reason, names)| names.iter().map(move |name| (reason, name.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t1_counts_stay_exact_and_the_worst_is_named_first_however_much_is_left_out() {
        let mut left_out = LeftOut::default();
        for index in 0..5000 {
            left_out.add(Reason::Link, format!("link {index}"));
        }
        left_out.add(Reason::Unreadable, "secret".to_owned());
        assert_eq!(left_out.count(Reason::Link), 5000);
        assert_eq!(left_out.count(Reason::Unreadable), 1);
        assert_eq!(left_out.counts().iter().sum::<u32>(), 5001);
        let names: Vec<_> = left_out.names().collect();
        assert_eq!(names.first(), Some(&(Reason::Unreadable, "secret")));
        assert_eq!(names.len(), 1 + MAX_NAMES);
    }

    #[test]
    fn a_long_name_is_kept_in_part_and_stays_text() {
        let mut left_out = LeftOut::default();
        left_out.add(Reason::TooLong, "\u{e4}".repeat(MAX_NAME_LEN) + "a");
        left_out.add(Reason::TooLong, format!("a{}", "\u{e4}".repeat(MAX_NAME_LEN)));
        let lengths: Vec<_> = left_out.names().map(|(_, name)| name.len()).collect();
        assert_eq!(lengths, [MAX_NAME_LEN, MAX_NAME_LEN - 1]);
    }

    #[test]
    fn each_reason_has_its_word_and_its_place() {
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, index);
            assert_eq!(reason.word(), Reason::WORDS[index]);
        }
    }
}
