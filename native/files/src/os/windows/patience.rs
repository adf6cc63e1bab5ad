//! Waiting for programs that look into every new file: virus scanners and indexers hold a file for some milliseconds, and meanwhile it cannot
//! be renamed or removed. There is no event to wait for.

use std::io;
use std::thread;
use std::time::Duration;

use windows_sys::Win32::Foundation::{ERROR_DELETE_PENDING, ERROR_LOCK_VIOLATION, ERROR_SHARING_VIOLATION};

use super::is_one_of;

/// The pauses double, so that it is tried for a second altogether.
const FIRST: Duration = Duration::from_millis(1);
const TRIES: u32 = 10;

/// Does something again while another program is in the way, for a second at most.
pub(super) fn patiently<T>(mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    for doubled in 0..TRIES {
        match act() {
            Err(error) if is_in_use(&error) => {
                #[cfg(test)]
                waiting::told();
                thread::sleep(FIRST * (1 << doubled));
            }
            result => return result,
        }
    }
    act()
}

fn is_in_use(error: &io::Error) -> bool {
    is_one_of(
        error,
        &[ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION, ERROR_DELETE_PENDING],
    )
}

/// How a test learns that a try has failed, so that it can end what was in the way.
#[cfg(test)]
pub(super) mod waiting {
    use std::cell::RefCell;

    type Told = Box<dyn FnMut()>;

    thread_local! {
        static TOLD: RefCell<Option<Told>> = RefCell::default();
    }

    /// What is called on this thread before each pause.
    pub fn tell(told: impl FnMut() + 'static) {
        TOLD.set(Some(Box::new(told)));
    }

    pub(super) fn told() {
        TOLD.with_borrow_mut(|told| told.as_mut().map(|told| told()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::windows::error_of;

    #[test]
    fn a_file_in_use_is_tried_again_and_another_error_is_not() {
        let mut calls = 0;
        let done = patiently(|| {
            calls += 1;
            if calls < 4 {
                Err(error_of(ERROR_SHARING_VIOLATION))
            } else {
                Ok(calls)
            }
        });
        assert_eq!(done.expect("it ended"), 4);
        let mut calls = 0;
        let failed = patiently(|| {
            calls += 1;
            Err::<(), _>(io::Error::from(io::ErrorKind::NotFound))
        });
        assert_eq!(
            (failed.expect_err("an error").kind(), calls),
            (io::ErrorKind::NotFound, 1)
        );
    }

    #[test]
    fn the_patience_ends() {
        let mut calls = 0;
        let failed = patiently(|| {
            calls += 1;
            Err::<(), _>(error_of(ERROR_SHARING_VIOLATION))
        });
        assert!(failed.is_err());
        assert_eq!(calls, TRIES + 1);
    }
}
