//! Renaming and removing on Windows, where disks differ in what they know: NTFS of Windows 10 has a newer way, FAT, network disks and older
//! systems a simple one alone. Which is asked for, what it is told and when the other one has its turn is decided here, so that made-up
//! answers can be given to it on every system: no disk at hand gives all of them.

use std::io;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// `FileRenameInformationEx` and `FileDispositionInformationEx`: a name is given or gone at once, also while others have the file open.
    Newer,
    /// `FileRenameInformation` and `FileDispositionInfo`.
    Simple,
}

/// What becomes of something that has the new name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Fails,
    /// It is replaced in one step.
    Replaced,
}

/// The numbers of Windows for what a disk or system does not know: a function, a request, a parameter, a call, a level.
pub(super) const UNKNOWN: [u32; 5] = [1, 50, 87, 120, 124];

#[cfg(windows)]
const _: () = {
    use windows_sys::Win32::Foundation as codes;
    assert!(UNKNOWN[0] == codes::ERROR_INVALID_FUNCTION && UNKNOWN[1] == codes::ERROR_NOT_SUPPORTED);
    assert!(UNKNOWN[2] == codes::ERROR_INVALID_PARAMETER && UNKNOWN[3] == codes::ERROR_CALL_NOT_IMPLEMENTED);
    assert!(UNKNOWN[4] == codes::ERROR_INVALID_LEVEL);
};

/// Whether an error says that there is no such way.
pub(super) fn is_unknown(error: &io::Error) -> bool {
    match error.raw_os_error() {
        Some(code) => UNKNOWN.contains(&code.cast_unsigned()),
        None => matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput),
    }
}

/// Goes the newer way, and the simple one where the disk knows no other. Every other error is an answer.
pub(super) fn newer_or_simple(mut go: impl FnMut(Way) -> io::Result<()>) -> io::Result<()> {
    match go(Way::Newer) {
        Err(error) if is_unknown(&error) => go(Way::Simple),
        result => result,
    }
}

/// What the system is told with a new name.
pub(super) fn rename_flags(way: Way, taken: Taken) -> u32 {
    /// Of both ways; in the simple one it is the only thing that there is to say.
    const REPLACE_IF_EXISTS: u32 = 1;
    const POSIX_SEMANTICS: u32 = 2;
    let replaces = if taken == Taken::Replaced { REPLACE_IF_EXISTS } else { 0 };
    match way {
        Way::Newer => replaces | POSIX_SEMANTICS,
        Way::Simple => replaces,
    }
}

/// Removes a file. That it is read-only is no obstacle, also where the disk does not pass over that by itself.
pub(super) fn remove_file(
    is_read_only: bool,
    mut remove: impl FnMut() -> io::Result<()>,
    make_writable: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    match remove() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied && is_read_only => {
            make_writable()?;
            remove()
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(code: u32) -> io::Error {
        io::Error::from_raw_os_error(code.cast_signed())
    }

    /// The ways that were gone when the newer one is answered with this.
    fn ways(answer: io::Result<()>) -> (Vec<Way>, io::Result<()>) {
        let mut gone = Vec::new();
        let mut answers = vec![Ok(()), answer];
        let result = newer_or_simple(|way| {
            gone.push(way);
            answers.pop().expect("two ways")
        });
        (gone, result)
    }

    #[test]
    fn a_disk_without_the_newer_way_is_asked_for_the_simple_one() {
        for code in UNKNOWN {
            let (gone, result) = ways(Err(windows(code)));
            assert_eq!(gone, [Way::Newer, Way::Simple], "{code}");
            result.expect("the simple way");
        }
        assert_eq!(ways(Ok(())).0, [Way::Newer]);
    }

    #[test]
    fn every_other_answer_counts_and_nothing_is_tried_behind_it() {
        // No right, in use, locked, full, the name is taken (twice), another disk, a name that cannot be, a file that goes.
        for code in [5, 32, 33, 112, 80, 183, 17, 123, 303] {
            let (gone, result) = ways(Err(windows(code)));
            assert_eq!(gone, [Way::Newer], "{code}");
            assert_eq!(result.expect_err("the answer").raw_os_error(), Some(code.cast_signed()));
        }
    }

    #[test]
    fn when_neither_way_is_known_that_is_the_answer() {
        let result = newer_or_simple(|_| Err(windows(50)));
        assert!(is_unknown(&result.expect_err("neither")));
    }

    #[test]
    fn what_has_the_new_name_is_replaced_only_where_that_was_asked_for_in_both_ways() {
        for way in [Way::Newer, Way::Simple] {
            assert_eq!(rename_flags(way, Taken::Fails) & 1, 0, "{way:?}");
            assert_eq!(rename_flags(way, Taken::Replaced) & 1, 1, "{way:?}");
        }
        // The simple way has one byte for it, and other bits would mean yes as well.
        assert_eq!(rename_flags(Way::Simple, Taken::Fails), 0);
    }

    #[test]
    fn a_read_only_file_is_made_writable_once_and_only_when_that_was_the_obstacle() {
        let removed = |is_read_only, answers: &[u32]| {
            let (mut answers, mut calls) = (answers.iter(), 0);
            let mut made_writable = false;
            let result = remove_file(
                is_read_only,
                || {
                    calls += 1;
                    answers.next().map_or(Ok(()), |code| Err(windows(*code)))
                },
                || {
                    made_writable = true;
                    Ok(())
                },
            );
            (result.is_ok(), calls, made_writable)
        };
        let (denied, other) = (number(io::ErrorKind::PermissionDenied), number(io::ErrorKind::NotFound));
        assert_eq!(removed(true, &[]), (true, 1, false));
        assert_eq!(removed(true, &[denied]), (true, 2, true));
        assert_eq!(removed(true, &[denied, denied]), (false, 2, true));
        assert_eq!(removed(false, &[denied]), (false, 1, false));
        assert_eq!(removed(true, &[other]), (false, 1, false));
    }

    /// A number of the system that runs this, whose errors are told apart by their kind.
    fn number(kind: io::ErrorKind) -> u32 {
        let found = (1..200).find(|code| windows(*code).kind() == kind);
        found.expect("a number of that kind")
    }
}
