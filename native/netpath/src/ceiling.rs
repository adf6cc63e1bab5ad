//! What a path takes on this machine: UDP packets as full as QUIC's, a little more of them than the bottleneck lets through.
//!
//! Both ends run before ordinary programs, right behind the box: with other work on the machine a sender that has to wait for a
//! processor would let the queue run empty, and a ceiling that is too low would flatter what is measured against it.

use std::io;
use std::net::UdpSocket;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, eventfd};
use serde::Serialize;

use crate::args::Plan;
use crate::failure::{Context, Failure};
use crate::linux_unsafe::{become_real_time, force_receive_buffer, set_udp_option};
use crate::namespace::Namespace;
use crate::pump::Report;
use crate::session::{PRIORITY, Session};
use crate::shape::Settings;

/// The size of an IP packet.
const PACKET: usize = 1500;
/// The payload of such a packet of UDP over IPv4.
const PAYLOAD: usize = 1472;
/// Packets in one call: at 1 Gbit/s one call takes the path 0.2 ms.
const BATCH: usize = 16;
/// So much more than the rate is sent, that the queue stays full.
const EXCESS: f64 = 1.1;
/// Until the queue is full and both ends are warm.
const WARM_UP: Duration = Duration::from_millis(500);

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ceiling {
    pub path: String,
    pub seed: u64,
    pub settings: Settings,
    /// UDP payload that arrived, in Mbit/s.
    pub ceiling_mbit: f64,
    /// What would arrive if all were perfect: rate x payload / packet x (1 - loss).
    pub expected_mbit: f64,
    pub seconds: f64,
    #[serde(rename = "box")]
    pub report: Report,
}

pub fn measure(plan: &Plan, seconds: f64) -> Result<Ceiling, Failure> {
    let mut session = Session::start(plan)?;
    let (sender, receiver) = sockets(&session.a, &session.b)?;
    let over = eventfd(0, EventfdFlags::CLOEXEC).context("cannot make an eventfd")?;
    let stop = AtomicBool::new(false);
    let (report, received) = std::thread::scope(|scope| {
        scope.spawn(|| send(&sender, plan.settings.rate_mbit * EXCESS, &stop));
        let receiving = scope.spawn(|| {
            let received = receive(&receiver, Duration::from_secs_f64(seconds), &stop);
            // Cannot fail: the count is far from its limit.
            let _ = rustix::io::write(&over, &1_u64.to_ne_bytes());
            received
        });
        let report = session.run(&[over.as_fd()], |_| true);
        stop.store(true, Ordering::Relaxed);
        (
            report,
            receiving
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        )
    });
    let report = report?;
    let received = received
        .context("cannot receive")?
        .ok_or_else(|| Failure::new("ended before it was measured"))?;
    let settings = plan.settings.clone();
    let passing = settings.rate_mbit * (1.0 - settings.loss_percent / 100.0);
    Ok(Ceiling {
        path: plan.name.clone(),
        seed: plan.seed,
        ceiling_mbit: received.bytes as f64 * 8.0 / received.time.as_secs_f64() / 1e6,
        expected_mbit: passing * PAYLOAD as f64 / PACKET as f64,
        seconds: received.time.as_secs_f64(),
        settings,
        report,
    })
}

/// A sender in a that is connected to a receiver in b.
fn sockets(a: &Namespace, b: &Namespace) -> Result<(UdpSocket, UdpSocket), Failure> {
    let receiver = b.inside(|| -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind((b.address, 0))?;
        set_udp_option(&socket, libc::UDP_GRO, 1)?;
        force_receive_buffer(&socket, 8 << 20)?;
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        Ok(socket)
    })?;
    let receiver = receiver.context("cannot make the receiving socket")?;
    let to = receiver.local_addr().context("cannot make the receiving socket")?;
    let sender = a.inside(|| -> io::Result<UdpSocket> {
        let socket = UdpSocket::bind((a.address, 0))?;
        set_udp_option(&socket, libc::UDP_SEGMENT, PAYLOAD as i32)?;
        socket.connect(to)?;
        Ok(socket)
    })?;
    Ok((sender.context("cannot make the sending socket")?, receiver))
}

/// Sends at a steady rate until told to stop.
fn send(socket: &UdpSocket, rate_mbit: f64, stop: &AtomicBool) {
    let _ = become_real_time(PRIORITY - 1);
    let batch = [0; BATCH * PAYLOAD];
    let gap = Duration::from_secs_f64((BATCH * PACKET * 8) as f64 / (rate_mbit * 1e6));
    let mut next = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        // A refused packet is one that did not arrive.
        let _ = socket.send(&batch);
        next += gap;
        match next.checked_duration_since(Instant::now()) {
            Some(rest) => std::thread::sleep(rest),
            // What was missed for long is not made up for in one blow.
            None => next = next.max(Instant::now() - Duration::from_millis(5)),
        }
    }
}

struct Received {
    bytes: u64,
    time: Duration,
}

/// What arrives in `duration`, once the path is warm; nothing when told to stop before.
fn receive(socket: &UdpSocket, duration: Duration, stop: &AtomicBool) -> io::Result<Option<Received>> {
    let _ = become_real_time(PRIORITY - 1);
    let mut buffer = vec![0; 65_536];
    let mut first: Option<Instant> = None;
    let mut received = Received {
        bytes: 0,
        time: Duration::ZERO,
    };
    let mut counting: Option<Instant> = None;
    while !stop.load(Ordering::Relaxed) {
        let bytes = match socket.recv(&mut buffer) {
            Ok(bytes) => bytes as u64,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        let now = Instant::now();
        if now - *first.get_or_insert(now) < WARM_UP {
            continue;
        }
        // What arrives at the very beginning belongs to the time before it.
        let Some(began) = counting else {
            counting = Some(now);
            continue;
        };
        received.bytes += bytes;
        received.time = now - began;
        if received.time >= duration {
            return Ok(Some(received));
        }
    }
    Ok(None)
}
