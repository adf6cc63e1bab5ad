//! How a test says that it cannot run here. The harness knows no such end of a test, and would count it as passed without a word.
#![allow(dead_code, reason = "each test program uses its part")]

use std::io::Write;

/// Tells it on standard output, past the harness, which keeps what passing tests print: people read it, and `deno task test` counts the test
/// as skipped (`readCargo` in `tests/results.ts`). To be called once by a test, which then returns.
pub fn skipped(why: &str) {
    let thread = std::thread::current();
    let line = format!("\nskipped: {}: {why}\n", thread.name().unwrap_or("a test"));
    std::io::stdout()
        .write_all(line.as_bytes())
        .expect("standard output takes what is said");
}

/// Whether this is wine in Windows's place, as `tests/platforms/wine/run.sh` says, which is no judge of what it lacks.
pub fn on_wine() -> bool {
    cfg!(windows) && std::env::var_os("ULTRA_UNDER_WINE").is_some()
}

/// Tests of what this system does not have, each told as skipped: `not_here! { "why": module::test, … }`. They are left out of the program where
/// they stand, as they would not compile.
#[allow(unused_macros, reason = "each test program uses its part")]
macro_rules! not_here {
    ($why:literal: $($module:ident::$test:ident),+ $(,)?) => {
        $(
            #[test]
            fn $test() {
                $crate::common::told::skipped($why);
            }
        )+
    };
}
#[allow(unused_imports, reason = "each test program uses its part")]
pub(crate) use not_here;
