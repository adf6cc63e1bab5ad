//! A running box: its two namespaces, what moves packets between them, and how it ends.

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};
use std::sync::OnceLock;

use rustix::event::{EventfdFlags, eventfd};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use serde::Serialize;

use crate::args::{Plan, Tcp};
use crate::failure::{Context, Failure};
use crate::linux_unsafe;
use crate::namespace::{Namespace, remove_stale};
use crate::pump::{Pump, Report};
use crate::shape::Settings;

/// Counts signals; it lives as long as the process, because a signal may come at any time.
static SIGNALS: OnceLock<OwnedFd> = OnceLock::new();

/// The box's real-time priority.
pub const PRIORITY: i32 = 10;

pub struct Session {
    // Dropped in this order: devices before their namespaces.
    pump: Pump,
    pub a: Namespace,
    pub b: Namespace,
    signals: BorrowedFd<'static>,
    real_time: bool,
}

/// The line that says how to reach the ends of the path.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready<'a> {
    a: &'a str,
    b: &'a str,
    address_a: &'a str,
    address_b: &'a str,
    address6_a: &'a str,
    address6_b: &'a str,
    path: &'a str,
    seed: u64,
    tcp: &'a Tcp,
    settings: &'a Settings,
    /// Whether the box runs before all ordinary programs.
    real_time: bool,
}

impl Session {
    pub fn start(plan: &Plan) -> Result<Self, Failure> {
        if !rustix::process::geteuid().is_root() {
            return Err(Failure::new("needs root: it makes network namespaces and tun devices"));
        }
        let signals = catch_signals().context("cannot catch signals")?;
        remove_stale()?;
        let a = Namespace::make("a")?;
        let b = Namespace::make("b")?;
        a.set_tcp(&plan.tcp)?;
        b.set_tcp(&plan.tcp)?;
        let pump = Pump::new(a.make_tun()?, b.make_tun()?, &plan.settings, plan.seed);
        // Without it (in some containers) packets are late more often, and the report says so.
        let real_time = linux_unsafe::become_real_time(PRIORITY).is_ok();
        Ok(Self {
            pump,
            a,
            b,
            signals,
            real_time,
        })
    }

    /// Moves packets until a signal comes, or `ended` says so of a control that is readable.
    pub fn run(
        &mut self,
        controls: &[BorrowedFd<'_>],
        mut ended: impl FnMut(usize) -> bool,
    ) -> Result<Report, Failure> {
        let controls: Vec<_> = std::iter::once(self.signals).chain(controls.iter().copied()).collect();
        self.pump.run(&controls, |control| control == 0 || ended(control - 1))
    }

    /// Moves packets until stdin is closed or a signal comes.
    fn run_until_closed(&mut self) -> Result<Report, Failure> {
        let stdin = rustix::stdio::stdin();
        self.run(&[stdin], |_| !matches!(rustix::io::read(stdin, &mut [0; 512]), Ok(1..)))
    }

    /// Moves packets until the command has ended. Signals are handed on to it: SIGTERM, from the second one on SIGKILL.
    fn run_until_ended(&mut self, child: &mut Child) -> Result<Report, Failure> {
        let pid = Pid::from_child(child);
        let process = pidfd_open(pid, PidfdFlags::empty()).context("cannot watch the command")?;
        let signals = self.signals;
        let mut signal = Signal::TERM;
        self.pump.run(&[signals, process.as_fd()], |control| {
            if control == 0 {
                let _ = rustix::io::read(signals, &mut [0; 8]);
                let _ = kill_process(pid, signal);
                signal = Signal::KILL;
            }
            control == 1
        })
    }

    fn ready<'a>(&'a self, plan: &'a Plan) -> Ready<'a> {
        Ready {
            a: &self.a.name,
            b: &self.b.name,
            address_a: self.a.address,
            address_b: self.b.address,
            address6_a: self.a.address6,
            address6_b: self.b.address6,
            path: &plan.name,
            seed: plan.seed,
            tcp: &plan.tcp,
            settings: &plan.settings,
            real_time: self.real_time,
        }
    }
}

/// `netpath run`: gives the exit code.
pub fn run(plan: &Plan, command: &[OsString]) -> Result<u8, Failure> {
    let mut session = Session::start(plan)?;
    print_line(&session.ready(plan))?;
    let Some((program, arguments)) = command.split_first() else {
        print_line(&session.run_until_closed()?)?;
        return Ok(0);
    };
    let names = [("NETPATH_A", &session.a.name), ("NETPATH_B", &session.b.name)];
    let mut child = Command::new(program)
        .args(arguments)
        .envs(names)
        .spawn()
        .with_context(|| format!("cannot run {}", program.to_string_lossy()))?;
    let report = session.run_until_ended(&mut child);
    let status = child.wait().context("cannot wait for the command")?;
    print_line(&report?)?;
    Ok(status.code().or_else(|| Some(128 + status.signal()?)).unwrap_or(1) as u8)
}

/// Prints one JSON line. A reader that has gone is no failure: the namespaces still have to be removed.
pub fn print_line(value: &impl Serialize) -> Result<(), Failure> {
    let mut line = serde_json::to_string(value).context("cannot write JSON")?;
    line.push('\n');
    let _ = std::io::stdout().write_all(line.as_bytes());
    Ok(())
}

fn catch_signals() -> std::io::Result<BorrowedFd<'static>> {
    let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    let event = SIGNALS.get_or_init(|| event);
    linux_unsafe::signals_to(event)?;
    Ok(event.as_fd())
}
