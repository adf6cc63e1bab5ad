//! What QUIC knows of a connection's path and of what its sending waited for, read on request.

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
    "receivedPackets",
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
    let link = connection.link()?;
    let path = link.statistics()?;
    let control = connection.control.get()?.statistics()?;
    let lanes: Vec<_> = connection.lanes().iter().filter_map(|lane| lane.statistics()).collect();
    let values = [
        path.rtt * NANOS,
        path.min_rtt * NANOS,
        path.sent_packets,
        path.lost_packets,
        path.received_packets,
        path.ack_gaps,
        path.ack_gap_time * NANOS,
        link.settings()?.connection_window_bytes.into(),
        most_outstanding,
        // The control stream is as old as the connection, but for the handshake.
        control.pacing * NANOS,
        control.congestion * NANOS,
        control.connection_window * NANOS,
        lanes.len() as u64,
        lanes.iter().map(|lane| lane.stream_window).sum::<u64>() * NANOS,
        lanes.iter().map(|lane| lane.nothing_to_send).sum::<u64>() * NANOS,
    ];
    Some(values.map(|value| value as f64).to_vec())
}
