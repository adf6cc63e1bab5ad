use super::*;
use crate::os::ROLES;

#[test]
fn a_stat_line_is_read_whatever_the_name_is() {
    let line = "7 (a) b ) c) S 1 2 3 4 5 6 7 8 9 10 200 34 0 0 20 0 9 0\n";
    assert_eq!(ticks_of(line), Some(234 * TICK_NANOS));
    for broken in ["", "7 (a) S 1 2", "7 (a) S 1 2 3 4 5 6 7 8 9 10 x 1"] {
        assert_eq!(ticks_of(broken), None, "{broken}");
    }
}

#[test]
fn a_machine_is_busy_with_everything_but_idling_and_waiting_for_disks() {
    let text =
        "cpu  10 1 5 1000 500 2 3 4 9 9\ncpu0 5 0 2 500 0 0 0 0 0 0\ncpu1 5 1 3 500 0 2 3 4 0 0\nintr 3\ncpufreq 1\n";
    let machine = machine_of(text).unwrap();
    assert_eq!((machine.busy, machine.cores), (25 * TICK_NANOS, 2));
    assert!(machine_of("intr 3\n").is_none());
}

#[test]
fn threads_are_known_by_their_names() {
    let role = |name: &str| ROLES[role_of(name)];
    assert_eq!(role("ultra-read"), "read");
    assert_eq!(role("ultra-write"), "write");
    assert_eq!(role("ultra-net"), "network");
    assert_eq!((role("ultra-order"), role("ultra-walk")), ("files", "files"));
    assert_eq!((role("deno"), role("V8 DefaultWorke")), ("control", "control"));
}

#[test]
fn this_process_and_its_threads_are_seen() {
    let values = values();
    let (head, threads) = values.split_at(crate::os::LOAD.len());
    assert!(head[1] >= 1.0 && head[2] > 0.0 && head[3] >= 1.0, "{head:?}");
    assert!(!threads.is_empty() && threads.len() % THREAD_FIELDS == 0);
    let own = f64::from(std::process::id());
    assert!(
        threads
            .as_chunks::<THREAD_FIELDS>()
            .0
            .iter()
            .any(|thread| thread[0] == own)
    );
}
