//! What our BBR promises, on a simulated path: `tests/congestion/` is compiled with msquic's own headers and its CUBIC, and run.
//!
//! Virtual time and seeded randomness: the numbers are the same on every machine. To see the table beside CUBIC's, and how flows share:
//!
//! ```text
//! cargo test --release -p msquic-sys --test congestion -- --ignored --nocapture table
//! cargo test --release -p msquic-sys --test congestion -- --ignored --nocapture shares
//! ```

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs};

/// What of msquic's core the program needs besides its headers; `bbr.c` is ours, or in the program to compare with, theirs.
const SOURCES: &[&str] = &["bbr.c", "cubic.c", "congestion_control.c", "sliding_window_extremum.c"];

const FLAGS: &[&str] = &[
    "-std=gnu17",
    "-O2",
    "-w",
    "-fms-extensions",
    "-DCX_PLATFORM_LINUX",
    "-DQUIC_EVENTS_STUB",
    "-DQUIC_LOGS_STUB",
    "-DQUIC_BUILD_STATIC",
    "-DVER_BUILD_ID=0",
    "-DVER_SUFFIX=-test",
    "-D_GNU_SOURCE",
];

fn msquic() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1"])
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let manifest = packages
        .iter()
        .find(|package| package["name"] == "msquic-src")
        .and_then(|package| package["manifest_path"].as_str())
        .unwrap();
    Path::new(manifest).with_file_name("msquic").join("src")
}

fn compile(name: &str, ours: bool) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let msquic = msquic();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    // One folder for all: a header beside the one that includes it is found first, whatever the compiler is told.
    for entry in fs::read_dir(msquic.join("core")).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "h" || extension == "c")
        {
            fs::write(folder.join(path.file_name().unwrap()), fs::read(&path).unwrap()).unwrap();
        }
    }
    let mut command = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
    command.args(FLAGS);
    if ours {
        command.arg("-DBBR_OF_OURS");
        for file in ["bbr.c", "bbr.h"] {
            fs::write(folder.join(file), fs::read(here.join("congestion").join(file)).unwrap()).unwrap();
        }
        if env::var_os("SANITIZE").is_some() {
            command.args([
                "-g",
                "-fsanitize=address,undefined",
                "-fno-sanitize=alignment",
                "-fno-sanitize-recover=all",
            ]);
        }
    }
    let program = folder.join("simulate");
    command.arg("-I").arg(&folder).arg("-I").arg(msquic.join("inc"));
    command.args(["main.c", "path.c", "sender.c"].map(|file| here.join("tests/congestion").join(file)));
    command.args(SOURCES.iter().map(|file| folder.join(file)));
    let output = command.arg("-o").arg(&program).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

fn ours() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| compile("congestion-ours", true))
}

fn run(program: &Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap()
}

fn check(what: &str) {
    let output = run(ours(), &[what]);
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(
        output.status.success(),
        "{}{}",
        said.lines()
            .filter(|line| !line.starts_with("ok"))
            .collect::<Vec<_>>()
            .join("\n"),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn every_named_path_is_used_and_its_queue_is_not_flooded() {
    check("paths");
}

#[test]
fn flows_share_a_path() {
    check("sharing");
}

#[test]
fn flows_that_start_together_or_later_get_even_shares() {
    check("evenness");
}

#[test]
fn random_loss_does_not_end_startup() {
    check("startup");
}

#[test]
fn outages_changes_of_rate_and_reordering_are_survived() {
    check("recovery");
}

#[test]
fn a_sender_without_data_does_not_spoil_the_estimate() {
    check("data");
}

#[test]
fn extreme_paths_neither_overflow_nor_stall() {
    check("extremes");
}

#[test]
fn every_transfer_ends() {
    check("liveness");
}

#[test]
#[ignore = "prints a table"]
fn shares() {
    print!("{}", String::from_utf8_lossy(&run(ours(), &["shares"]).stdout));
}

#[test]
#[ignore = "prints a table"]
fn table() {
    let theirs = compile("congestion-theirs", false);
    for (program, what) in [(ours(), "bbr"), (&theirs, "bbr-of-msquic"), (ours(), "cubic")] {
        for window in ["10", "32", "64"] {
            println!("initial window {window}");
            print!(
                "{}",
                String::from_utf8_lossy(&run(program, &["table", what, window]).stdout)
            );
        }
    }
}
