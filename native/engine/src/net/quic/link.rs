//! A connection of the library as the rest of the engine knows it.

use std::sync::Arc;

use msquic_sys::constants::{connection_shutdown, param};
use msquic_sys::{Setting, Settings, StatisticsV2};

use super::handle::{ConnectionHandle, read_param};
use super::stream::Stream;
use crate::core::options::ConnectionSettings;
use crate::net::settings::from_library;
use crate::net::transport::{ByteStream, Direction, Link, LinkStatistics, StreamHandler};

impl Link for ConnectionHandle {
    fn open_stream(&self, direction: Direction, handler: Arc<dyn StreamHandler>) -> Option<Arc<dyn ByteStream>> {
        let this = self.me.upgrade()?;
        let stream = Stream::open(&this, direction == Direction::ToPeer, handler).ok()?;
        Some(stream)
    }

    fn allow_lanes(&self, lanes: u16) -> bool {
        let settings = Settings::default().with(Setting::PeerUnidiStreams, lanes.into());
        settings.is_ok_and(|settings| self.set_settings(&settings).is_ok())
    }

    fn shutdown(&self, code: u64) {
        // SAFETY: the handle is open; repeating it is harmless.
        unsafe { (self.api().connection_shutdown)(self.raw(), connection_shutdown::NONE, code) };
    }

    fn shutdown_silently(&self) {
        // SAFETY: as above.
        unsafe { (self.api().connection_shutdown)(self.raw(), connection_shutdown::SILENT, 0) };
    }

    fn settings(&self) -> Option<ConnectionSettings> {
        let mut settings = Settings::default();
        // SAFETY: the parameter is QUIC_SETTINGS.
        unsafe { read_param(self.api(), self.raw(), param::CONN_SETTINGS, &mut settings) }?;
        from_library(&settings)
    }

    fn statistics(&self) -> Option<LinkStatistics> {
        let mut found = StatisticsV2::default();
        // SAFETY: the parameter is a QUIC_STATISTICS_V2, and a shorter one than the library's is allowed.
        unsafe { read_param(self.api(), self.raw(), param::CONN_STATISTICS_V2, &mut found) }?;
        Some(LinkStatistics {
            rtt: found.rtt.into(),
            min_rtt: found.min_rtt.into(),
            sent_packets: found.send_total_packets,
            lost_packets: found
                .send_suspected_lost_packets
                .saturating_sub(found.send_spurious_lost_packets),
            received_packets: found.recv_total_packets.saturating_sub(found.recv_dropped_packets),
            ack_gaps: found.ack_gap_count,
            ack_gap_time: found.ack_gap_us,
        })
    }
}
