//! The program itself, with real namespaces. These tests need root and /dev/net/tun; elsewhere they say that they were skipped.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

#[path = "../../skipped.rs"]
mod told;

use rustix::process::{Pid, Signal, geteuid, kill_process};
use serde_json::Value;
use told::skipped;

fn possible() -> bool {
    let possible = geteuid().is_root() && Path::new("/dev/net/tun").exists();
    if !possible {
        skipped("it takes root and /dev/net/tun");
    }
    possible
}

fn netpath(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netpath"));
    command
        .args(arguments.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

/// A box that is ready.
struct Box {
    child: Child,
    lines: BufReader<ChildStdout>,
    ready: Value,
}

impl Box {
    fn start(arguments: &str) -> Self {
        Self::spawn(&mut netpath(arguments))
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("netpath starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let ready = line(&mut lines);
        Self { child, lines, ready }
    }

    fn namespaces(&self) -> [String; 2] {
        ["a", "b"].map(|end| format!("/run/netns/{}", self.ready[end].as_str().expect("a name")))
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Waits for its end, which must be a good one, and gives the counters.
    fn end(&mut self) -> Value {
        let report = line(&mut self.lines);
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
        report
    }
}

fn line(lines: &mut impl BufRead) -> Value {
    let mut text = String::new();
    lines.read_line(&mut text).expect("a line");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn there(paths: &[String]) -> Vec<bool> {
    paths.iter().map(|path| Path::new(path).exists()).collect()
}

#[test]
fn a_box_ends_when_its_stdin_is_closed_and_leaves_nothing() {
    if !possible() {
        return;
    }
    let mut running = Box::start("run --path metro");
    let namespaces = running.namespaces();
    assert_eq!(there(&namespaces), [true, true]);
    drop(running.child.stdin.take());
    assert_eq!(running.end()["keptUp"], true);
    assert_eq!(there(&namespaces), [false, false]);
}

#[test]
fn a_box_ends_on_each_signal_and_leaves_nothing() {
    if !possible() {
        return;
    }
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let mut running = Box::start("run --path metro");
        let namespaces = running.namespaces();
        running.signal(signal);
        running.end();
        assert_eq!(there(&namespaces), [false, false]);
    }
}

#[test]
fn what_a_killed_box_left_is_removed_by_the_next_one_which_spares_the_living() {
    if !possible() {
        return;
    }
    // Under another name: it has to be known by more than its file.
    let folder = std::env::temp_dir().join(format!("netpath-test-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder");
    let renamed = folder.join("renamed");
    std::fs::copy(env!("CARGO_BIN_EXE_netpath"), &renamed).expect("a copy");
    let mut living = Box::spawn(Command::new(&renamed).args(["run", "--path", "metro"]));
    std::fs::remove_dir_all(&folder).expect("the folder goes");
    let mut killed = Box::start("run --path metro");
    let left = killed.namespaces();
    killed.signal(Signal::KILL);
    killed.child.wait().expect("it ends");
    let mut next = Box::start("run --path metro");
    assert_eq!(there(&left), [false, false]);
    assert_eq!(there(&living.namespaces()), [true, true]);
    for running in [&mut living, &mut next] {
        drop(running.child.stdin.take());
        running.end();
    }
}

#[test]
fn a_command_finds_both_ends_and_gives_the_exit_code() {
    if !possible() {
        return;
    }
    let netpath_exe = env!("CARGO_BIN_EXE_netpath");
    let script = format!("{netpath_exe} exec --ns $NETPATH_B -- cat /proc/net/dev; exit 7");
    let mut command = netpath("run --path metro --");
    let output = command.args(["sh", "-c", &script]).output().expect("netpath runs");
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stdout).contains("path0:"));
}

#[test]
fn a_signal_ends_the_command_too() {
    if !possible() {
        return;
    }
    let mut running = Box::start("run --path metro -- sleep 60");
    running.signal(Signal::TERM);
    line(&mut running.lines);
    assert_eq!(running.child.wait().expect("it ends").code(), Some(128 + 15));
}

#[test]
fn packets_pass_at_the_rate_of_the_path_and_are_lost_by_its_share() {
    if !possible() {
        return;
    }
    let mut child = netpath("ceiling --path far --rate 20 --queue 100000 --loss 10 --seconds 2")
        .spawn()
        .expect("it starts");
    let mut output = String::new();
    child
        .stdout
        .take()
        .expect("stdout is piped")
        .read_to_string(&mut output)
        .expect("output");
    assert!(child.wait().expect("it ends").success());
    let ceiling: Value = serde_json::from_str(&output).expect("JSON");
    let mbit = ceiling["ceilingMbit"].as_f64().expect("a number");
    // 20 Mbit/s x 1472/1500 x 0.9 = 17.7; a busy machine gives less, none gives more (the loss is a sample).
    assert!((12.0..18.2).contains(&mbit), "{output}");
    let count = |name: &str| ceiling["box"]["aToB"][name].as_u64().expect("a count");
    assert!(
        count("lost") * 5 < count("packets") && count("lost") * 20 > count("packets"),
        "{output}"
    );
    assert!(
        count("droppedByQueue") > 0 && count("maxQueueBytes") > 90_000 && count("refused") == 0,
        "{output}"
    );
}
