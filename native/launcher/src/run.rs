//! Becomes Deno, or where a process cannot (Windows) stands for it until it has ended.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::home::Home;
use crate::os;
use crate::start::{Fault, Start};

/// Whatever configuration lies around, nothing is read, fetched or asked.
const FLAGS: [&str; 8] = [
    "run",
    "--quiet",
    "--no-config",
    "--no-lock",
    "--no-npm",
    "--no-remote",
    "--no-prompt",
    "--no-code-cache",
];

/// Runs the control plane in this process's place, and ends with its exit code; returns only if that fails.
pub fn run(home: &Home, start: &Start) -> io::Error {
    // Held until `exec`, which leaves it open.
    let pipe = match start.secrets.as_slice() {
        [] => None,
        secrets => match os::pipe_with(secrets) {
            Ok(pipe) => Some(pipe),
            Err(error) => return error,
        },
    };
    let secrets = pipe.as_ref().map(|(_, path)| path.as_path());
    let mut command = Command::new(&home.deno);
    command.args(FLAGS).arg("--ext=js");
    command.args(permissions(home, start, secrets));
    command.arg(script(home)).arg(handed(home, start, secrets));
    command.args(&start.arguments);
    command.env_clear().envs(start.environment.iter().cloned());
    command.env("DENO_NO_UPDATE_CHECK", "1").env("DENO_DIR", &home.deno_dir);
    os::run(command)
}

/// The flags of the manifest; calls go to the one library only, and what was dropped on the program is all that may be looked at then.
fn permissions(home: &Home, start: &Start, secrets: Option<&Path>) -> Vec<String> {
    let mut flags: Vec<String> = Vec::new();
    let mut readable: Vec<String> = secrets.map(in_list).into_iter().collect();
    for flag in &start.permissions {
        match flag.as_str() {
            "--allow-ffi" => flags.push(format!("--allow-ffi={}", in_list(&home.engine))),
            "--allow-read=PATH..." => readable.extend(start.arguments.iter().map(|path| in_list(Path::new(path)))),
            other => flags.push(other.to_owned()),
        }
    }
    if !readable.is_empty() && !flags.iter().any(|flag| flag == "--allow-read") {
        flags.push(format!("--allow-read={}", readable.join(",")));
    }
    flags
}

/// In a list of paths Deno reads ',,' as a comma.
fn in_list(path: &Path) -> String {
    path.to_string_lossy().replace(',', ",,")
}

/// The bundle as a URL that is the same for every start: Deno keeps what it found out about a module by its URL, and a new one costs an
/// analysis of the whole bundle and a sync of Deno's cache.
fn script(home: &Home) -> String {
    format!("file://{}?launched", encoded(&os::path_in_url(&home.bundle)))
}

/// What is handed on openly, as the query of a URL: the first argument, which takes no permission to be read.
fn handed(home: &Home, start: &Start, secrets: Option<&Path>) -> String {
    let mut query = String::from("?");
    let mut add = |key: &str, value: &[u8]| {
        if query.len() > 1 {
            query.push('&');
        }
        let _ = write!(query, "{key}={}", encoded(value));
    };
    add("engine", home.engine.as_os_str().as_encoded_bytes());
    if let Some(path) = secrets {
        add("secrets", path.as_os_str().as_encoded_bytes());
    }
    for signal in os::ignored_signals() {
        add("ignored", signal.as_bytes());
    }
    for (name, value) in &start.variables {
        add(&format!("variable-{name}"), value.as_bytes());
    }
    match start.fault {
        Some(Fault::Encoding(index)) => add("encoding", index.to_string().as_bytes()),
        Some(Fault::Folder) => add("folder", b"gone"),
        None => {}
    }
    query
}

fn encoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
