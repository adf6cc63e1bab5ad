//! A network path in a box, for benchmarks and tests: two network namespaces joined through two tun devices, between which every
//! IP packet passes a rate limit with a tail-drop queue, delay, jitter and loss. `netpath help` says how to use it.
//!
//! `path.rs` decides what becomes of each packet, without clock and system; `packet.rs` cuts what the kernel hands over into
//! packets; `pump.rs` moves them in real time; `session.rs` sets the ends up and takes them down; `ceiling.rs` measures the whole;
//! `replay.rs` is an attacker at one end.

#[cfg(target_os = "linux")]
mod answers;
mod args;
#[cfg(target_os = "linux")]
mod ceiling;
#[cfg(target_os = "linux")]
mod failure;
#[cfg(target_os = "linux")]
mod linux_unsafe;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
mod packet;
#[cfg(target_os = "linux")]
mod path;
#[cfg(target_os = "linux")]
mod pump;
#[cfg(target_os = "linux")]
mod random;
#[cfg(target_os = "linux")]
mod replay;
#[cfg(target_os = "linux")]
mod session;
#[cfg(target_os = "linux")]
mod shape;
#[cfg(target_os = "linux")]
mod tun;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let code = args::parse(std::env::args_os().skip(1))
        .and_then(linux::call)
        .unwrap_or_else(|failure| {
            eprintln!("netpath: {failure}");
            failure.exit_code()
        });
    code.into()
}

#[cfg(not(target_os = "linux"))]
fn main() -> std::process::ExitCode {
    eprintln!("netpath: needs Linux: network namespaces and tun devices");
    1.into()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::OsString;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use crate::args::{Call, HELP};
    use crate::failure::Failure;
    use crate::session::print_line;
    use crate::{ceiling, namespace, replay, session, shape};

    /// Does what was asked for; gives the exit code.
    pub fn call(call: Call) -> Result<u8, Failure> {
        match call {
            Call::Help => print!("{HELP}"),
            Call::Paths => print_line(&shape::table())?,
            Call::Run { plan, command } => return session::run(&plan, &command),
            Call::Ceiling { plan, seconds } => print_line(&ceiling::measure(&plan, seconds)?)?,
            Call::Replay(plan) => print_line(&replay::run(&plan)?)?,
            Call::Exec { namespace, command } => return Err(exec(&namespace, &command)),
        }
        Ok(0)
    }

    /// Becomes a command inside a namespace; returns only when it cannot.
    fn exec(namespace: &str, command: &[OsString]) -> Failure {
        if let Err(failure) = namespace::enter(namespace) {
            return failure;
        }
        let error = Command::new(&command[0]).args(&command[1..]).exec();
        Failure::new(format!("cannot run {}: {error}", command[0].to_string_lossy()))
    }
}
