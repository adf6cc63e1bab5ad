//! What the edited way from a UDP socket to a connection promises: `tests/receive/main.c` is compiled with msquic's datapath, our
//! edits in it and AddressSanitizer, and gets datagrams of all kinds over loopback.

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

#[path = "../build/edits.rs"]
mod edits;
#[path = "../edits/list.rs"]
mod list;

/// What of msquic's platform layer lies between a socket and the core.
const SOURCES: &[&str] = &[
    "cgroup.c",
    "datapath_epoll.c",
    "datapath_linux.c",
    "datapath_raw_dummy.c",
    "datapath_unix.c",
    "datapath_xplat.c",
    "pcp.c",
    "platform_posix.c",
    "platform_worker.c",
    "toeplitz.c",
];

const FLAGS: &[&str] = &[
    "-std=gnu17",
    "-O1",
    "-g",
    "-w",
    "-fms-extensions",
    "-fsanitize=address,undefined",
    "-fno-sanitize=alignment",
    "-fno-sanitize-recover=all",
    "-DCX_PLATFORM_LINUX",
    "-DQUIC_EVENTS_STUB",
    "-DQUIC_LOGS_STUB",
    "-DQUIC_BUILD_STATIC",
    "-DVER_BUILD_ID=0",
    "-DVER_SUFFIX=-test",
    "-D_GNU_SOURCE",
    "-Wl,--wrap=CxPlatDataPathCalculateFeatureSupport",
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

fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("receive");
        for folder in ["inc", "platform"] {
            let to = root.join("src").join(folder);
            fs::create_dir_all(&to).unwrap();
            for entry in fs::read_dir(msquic().join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    // (Written anew and not copied: a vendored crate may be read-only.)
                    fs::write(to.join(path.file_name().unwrap()), fs::read(&path).unwrap()).unwrap();
                }
            }
        }
        let of_these = |file: &str| file.starts_with("src/inc/") || file.starts_with("src/platform/");
        let chosen: Vec<_> = list::EDITS.iter().copied().filter(|edit| of_these(edit.file)).collect();
        edits::apply(&root, &chosen).unwrap();
        let program = root.join("receive");
        let mut command = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
        command.args(FLAGS);
        for folder in ["inc", "platform"] {
            command.arg("-I").arg(root.join("src").join(folder));
        }
        command.arg(here.join("tests/receive/main.c"));
        command.args(SOURCES.iter().map(|file| root.join("src/platform").join(file)));
        let output = command
            .args(["-lpthread", "-ldl", "-o"])
            .arg(&program)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        program
    })
}

fn check(kernel: &str) {
    let output = Command::new(program()).arg(kernel).output().unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn datagrams_joined_by_the_kernel_keep_their_bounds_and_the_thread_its_turns() {
    check("joined");
}

#[test]
fn single_datagrams_keep_their_bounds_and_the_thread_its_turns() {
    check("single");
}
