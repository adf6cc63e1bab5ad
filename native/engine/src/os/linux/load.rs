//! How busy the process, its threads and the machine are, for the verdict. Read from /proc on request, so it costs nothing
//! while bytes move; what a system does not tell is 0.

use std::fs;
use std::path::Path;

use super::{System, entries};
use crate::os::roles::role_of;
use crate::os::{Sockets, THREAD_FIELDS};

/// A tick of the times in /proc/stat and /proc/self/stat: USER_HZ is 100 wherever this runs.
const TICK_NANOS: u64 = 10_000_000;

/// The numbers of [`LOAD`](crate::os::LOAD), then [`THREAD_FIELDS`] for each thread.
pub fn values() -> Vec<f64> {
    let machine = machine();
    let socket = System::abilities();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let mut values = vec![
        process_time() as f64,
        cores as f64,
        machine.busy as f64,
        machine.cores as f64,
        socket.receive_buffer as f64,
        System::dropped_datagrams() as f64,
        f64::from(socket.segmentation),
        f64::from(socket.coalescing),
    ];
    for thread in entries("/proc/self/task") {
        values.extend(thread_times(&thread).into_iter().flatten());
    }
    values
}

/// Processor time of all threads, ended ones included.
fn process_time() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    ticks_of(&stat).unwrap_or(0)
}

/// User and system time of a line of /proc/.../stat. The name in parentheses may hold anything.
fn ticks_of(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    // Fields 14 and 15 of the line; the first one after the name is number 3.
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    let (user, system) = (times.next()?.ok()?, times.next()?.ok()?);
    Some((user + system).saturating_mul(TICK_NANOS))
}

fn thread_times(folder: &Path) -> Option<[f64; THREAD_FIELDS]> {
    // A thread may end between the listing and here.
    let name = fs::read_to_string(folder.join("comm")).ok()?;
    let id: u32 = folder.file_name()?.to_str()?.parse().ok()?;
    let (ran, waited) = match fs::read_to_string(folder.join("schedstat")) {
        Ok(text) => schedule_of(&text)?,
        // A kernel without these statistics still has the coarser ones.
        Err(_) => (ticks_of(&fs::read_to_string(folder.join("stat")).ok()?)?, 0),
    };
    Some([f64::from(id), role_of(name.trim()) as f64, ran as f64, waited as f64])
}

/// How long a thread ran, and how long it could have run but had no core.
fn schedule_of(text: &str) -> Option<(u64, u64)> {
    let mut numbers = text.split_whitespace().map(str::parse::<u64>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

#[derive(Default)]
struct Machine {
    busy: u64,
    cores: u64,
}

/// How long all cores of the machine have been busy, with any process.
fn machine() -> Machine {
    machine_of(&fs::read_to_string("/proc/stat").unwrap_or_default()).unwrap_or_default()
}

fn machine_of(text: &str) -> Option<Machine> {
    let all = text.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let times: Vec<u64> = all.split_whitespace().map_while(|time| time.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of user and nice.
    let busy = [0, 1, 2, 5, 6, 7]
        .iter()
        .filter_map(|place| times.get(*place))
        .sum::<u64>();
    let is_core = |line: &&str| {
        line.strip_prefix("cpu")
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    Some(Machine {
        busy: busy.saturating_mul(TICK_NANOS),
        cores: text.lines().filter(is_core).count() as u64,
    })
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
