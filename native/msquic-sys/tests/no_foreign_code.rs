//! Opening the library loads no code from the folder of the program (see `edits/list.rs`).

#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::process::Command;

/// What upstream's library looks for is called `libmsquic.` + this + `.so`. (Backwards, so that this file does not hold it.)
fn provider() -> String {
    "gnttl".chars().rev().collect()
}

#[test]
fn the_program_does_not_know_the_name_of_a_trace_provider() {
    assert!(msquic_sys::open().is_ok(), "and so the library is part of this program");
    let program = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let found = |name: &str| {
        program
            .windows(name.len())
            .any(|window| window.eq_ignore_ascii_case(name.as_bytes()))
    };
    assert!(!found(&provider()));
}

/// glibc's loader writes every file that it is asked to load, also one that is not there.
#[test]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn the_loader_is_not_asked_for_a_trace_provider() {
    const CHILD: &str = "ULTRA_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        assert!(msquic_sys::open().is_ok());
        return;
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_loader_is_not_asked_for_a_trace_provider"])
        .env(CHILD, "1")
        .env("LD_DEBUG", "files")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success());
    assert!(said.contains("file=libc.so"), "the loader tells what it loads");
    assert!(!said.contains(&provider()), "{said}");
}
