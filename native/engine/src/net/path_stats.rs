//! What QUIC knows of a connection's path and of what its sending waited for, read when somebody asks.

use msquic_sys::Setting;

use super::connection::Connection;

/// Microseconds, as QUIC counts, in the door's nanoseconds.
const NANOS: u64 = 1000;

/// The numbers of [`values`]. Times are in nanoseconds; those of waits are sums since the connection's start, and what begins with
/// `lane` is summed over the open lanes to the peer.
pub const NAMES: &[&str] = &[
    "rtt",
    "minRtt",
    "sentPackets",
    "lostPackets",
    "ackGaps",
    "ackGapTime",
    "receiveWindow",
    "mostOutstanding",
    "pacingWait",
    "congestionWait",
    "windowWait",
    "lanes",
    "laneWindowWait",
    "laneIdleTime",
];

/// `None`: the connection is not open. Waits for the connection's thread some times, and once for each lane.
///
/// `most_outstanding`: the bytes that may be in sends and not acknowledged yet.
pub fn values(connection: &Connection, most_outstanding: u64) -> Option<Vec<f64>> {
    let handle = connection.handle()?;
    let path = handle.statistics()?;
    let control = connection.control.get()?.statistics()?;
    let lanes: Vec<_> = connection.lanes().iter().filter_map(|lane| lane.statistics()).collect();
    let lost = path
        .send_suspected_lost_packets
        .saturating_sub(path.send_spurious_lost_packets);
    let values = [
        u64::from(path.rtt) * NANOS,
        u64::from(path.min_rtt) * NANOS,
        path.send_total_packets,
        lost,
        path.ack_gap_count,
        path.ack_gap_us * NANOS,
        handle.settings()?.get(Setting::ConnectionWindow),
        most_outstanding,
        // The control stream is as old as the connection, but for the handshake.
        control.conn_blocked_by_pacing * NANOS,
        control.conn_blocked_by_congestion_control * NANOS,
        control.conn_blocked_by_flow_control * NANOS,
        lanes.len() as u64,
        lanes.iter().map(|lane| lane.blocked_by_flow_control).sum::<u64>() * NANOS,
        lanes.iter().map(|lane| lane.blocked_by_app).sum::<u64>() * NANOS,
    ];
    Some(values.map(|value| value as f64).to_vec())
}
