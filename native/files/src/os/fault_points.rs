//! Faults at the operations of the disk, which tests ask for with `ULTRA_FAULT`. Only a build with the feature `faults` has them: in every
//! other one an operation is just done.
//!
//! `ULTRA_FAULT=POINT:ACTION[,...]`. A point is `before-OPERATION` or `after-OPERATION`, with `@N` the Nth call of it (else the first) and with `@N+`
//! all from the Nth on. An action is `kill` (as kill -9), `panic`, `short` (a write takes half) or the name of an error, such as `ENOSPC`, in place of
//! the operation or of its success. Whatever is none of these ends the process, so that no test passes because of a typing error.

#[cfg(feature = "faults")]
pub use planned::{at, faulty, short_len};

/// Does an operation.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn faulty<T>(_operation: &'static str, act: impl FnOnce() -> std::io::Result<T>) -> std::io::Result<T> {
    act()
}

/// A point that is no operation of the disk.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn at(_point: &'static str) {}

/// How much of `len` bytes a write is given.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn short_len(_operation: &'static str, len: usize) -> usize {
    len
}

#[cfg(feature = "faults")]
mod planned {
    use std::collections::HashMap;
    use std::io;
    use std::sync::{LazyLock, Mutex, PoisonError};

    const VARIABLE: &str = "ULTRA_FAULT";

    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Action {
        Kill,
        Panic,
        Short,
        Error(i32),
    }

    struct Fault {
        point: String,
        from: u32,
        /// Not only that call, but all that follow.
        onwards: bool,
        action: Action,
    }

    static PLAN: LazyLock<Vec<Fault>> = LazyLock::new(|| {
        let text = std::env::var(VARIABLE).unwrap_or_default();
        text.split(',').filter(|one| !one.is_empty()).map(parse).collect()
    });

    static CALLS: LazyLock<Mutex<HashMap<String, u32>>> = LazyLock::new(Mutex::default);

    pub fn faulty<T>(operation: &'static str, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        meet("before", operation)?;
        let done = act()?;
        meet("after", operation)?;
        Ok(done)
    }

    pub fn at(point: &'static str) {
        // There is no operation that could fail.
        let _ = meet("at", point);
    }

    pub fn short_len(operation: &'static str, len: usize) -> usize {
        match action("of", operation) {
            Some(Action::Short) => len.div_ceil(2),
            _ => len,
        }
    }

    fn meet(when: &str, operation: &str) -> io::Result<()> {
        match action(when, operation) {
            None | Some(Action::Short) => Ok(()),
            Some(Action::Error(errno)) => Err(io::Error::from_raw_os_error(errno)),
            Some(Action::Panic) => panic!("{VARIABLE}: {when}-{operation}"),
            Some(Action::Kill) => end(),
        }
    }

    /// What is planned for this call of a point.
    fn action(when: &str, operation: &str) -> Option<Action> {
        if PLAN.is_empty() {
            return None;
        }
        let point = format!("{when}-{operation}");
        let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
        let call = calls.entry(point.clone()).or_default();
        *call += 1;
        let hit =
            |fault: &&Fault| fault.point == point && (*call == fault.from || (fault.onwards && *call > fault.from));
        PLAN.iter().find(hit).map(|fault| fault.action)
    }

    fn parse(text: &str) -> Fault {
        let fault = (|| {
            let (point, action) = text.split_once(':')?;
            let (point, call) = point.split_once('@').unwrap_or((point, "1"));
            Some(Fault {
                point: point.to_owned(),
                from: call.trim_end_matches('+').parse().ok()?,
                onwards: call.ends_with('+'),
                action: action_of(action)?,
            })
        })();
        fault.unwrap_or_else(|| {
            eprintln!("{VARIABLE}: \"{text}\" is no fault");
            end()
        })
    }

    fn action_of(name: &str) -> Option<Action> {
        Some(match name {
            "kill" => Action::Kill,
            "panic" => Action::Panic,
            "short" => Action::Short,
            // The names are those of POSIX; each system has numbers of its own for them.
            _ => Action::Error(super::super::system::error_of_fault(name)?),
        })
    }

    /// As kill -9 ends a process: nothing is cleaned up.
    fn end() -> ! {
        super::super::system::kill_self()
    }
}
