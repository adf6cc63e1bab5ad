//! What carries a connection: a control stream and lanes to one peer, how it is closed, and what it counts.
//!
//! QUIC is one (`quic/`), a pipe in memory another (`pipe.rs`), over which the engine's tests run. Everything above this file knows
//! connections and streams only through these traits.

use std::net::SocketAddr;
use std::sync::Arc;

use super::send_buffer_unsafe::SendBuffer;
use crate::core::options::ConnectionSettings;

/// One end of a connection.
pub trait Link: Send + Sync {
    /// Opens a stream to the peer. `None`: the connection is gone.
    fn open_stream(&self, direction: Direction, handler: Arc<dyn StreamHandler>) -> Option<Arc<dyn ByteStream>>;
    /// Lets the peer have so many lanes open. `false`: the connection is gone.
    fn allow_lanes(&self, lanes: u16) -> bool;
    /// Closes with an application code; [`LinkHandler::closed`] follows. What is still queued on streams may be lost.
    fn shutdown(&self, code: u64);
    /// Closes without a word to the peer and without the time to answer.
    fn shutdown_silently(&self);
    /// What it says its settings are. Waits for the connection's thread.
    fn settings(&self) -> Option<ConnectionSettings>;
    /// What it counted since the start. Waits for the connection's thread.
    fn statistics(&self) -> Option<LinkStatistics>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The control stream.
    Both,
    /// A lane to the peer.
    ToPeer,
}

/// Packets and the path. Times in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkStatistics {
    pub rtt: u64,
    pub min_rtt: u64,
    pub sent_packets: u64,
    pub lost_packets: u64,
    /// Those that could be read: what anybody else sends does not count.
    pub received_packets: u64,
    /// Gaps of more than 30 ms in the acknowledgements, and their sum.
    pub ack_gaps: u64,
    pub ack_gap_time: u64,
}

/// How long sending waited for what, in microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamStatistics {
    /// Of the whole connection.
    pub pacing: u64,
    pub congestion: u64,
    pub connection_window: u64,
    /// Of this stream.
    pub stream_window: u64,
    pub nothing_to_send: u64,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// From here.
    Own,
    /// By the peer, with its code.
    Peer(u64),
    /// By the transport: no answer, refused, handshake failed ... Its number and its name.
    Transport(u64, &'static str),
}

/// What happens on a connection. Called on the connection's thread: it may only queue.
pub trait LinkHandler: Send + Sync + 'static {
    /// The peer's certificate, inside the handshake; `false` ends it. A listener's peers have none.
    fn certificate(self: &Arc<Self>, der: &[u8]) -> bool;
    fn connected(self: &Arc<Self>, link: &Arc<dyn Link>, alpn: &[u8], remote: Option<SocketAddr>);
    /// The peer opened a stream; dropping it refuses it.
    fn peer_stream(self: &Arc<Self>, stream: Box<dyn NewStream>);
    /// The last event.
    fn closed(self: &Arc<Self>, ended: Ended);
}

/// A stream that the peer opened, to be accepted inside [`LinkHandler::peer_stream`].
pub trait NewStream: Send {
    fn is_lane(&self) -> bool;
    fn accept(self: Box<Self>, handler: Arc<dyn StreamHandler>) -> Arc<dyn ByteStream>;
}

/// An open stream; the last reference closes it.
pub trait ByteStream: Send + Sync {
    /// Queues bytes; the buffer comes back through [`StreamHandler::sent`], or at once when the stream is gone.
    fn send(&self, data: Box<SendBuffer>) -> Result<(), Box<SendBuffer>>;
    /// The same in parts of at most `part` bytes, each when `may_go` lets its length go. `false` from it leaves out the rest. Other
    /// sends on this stream wait for the last part.
    fn send_slowly(
        &self,
        data: Box<SendBuffer>,
        part: usize,
        may_go: &mut dyn FnMut(usize) -> bool,
    ) -> Result<(), Box<SendBuffer>>;
    /// Ends the sending direction after what is queued.
    fn finish(&self);
    /// Ends both directions at once.
    fn abort(&self, code: u64);
    /// Lets this stream go before all others of its connection.
    fn prefer(&self);
    /// Waits for the connection's thread.
    fn statistics(&self) -> Option<StreamStatistics>;
}

/// What happens on a stream. Called on the connection's thread: it may only queue.
pub trait StreamHandler: Send + Sync + 'static {
    /// Bytes arrived, in order; `fin`: they are the last. Dropping `data` lets the peer send more.
    fn received(self: Arc<Self>, data: Received, fin: bool);
    /// A send is over: all of it was acknowledged, or the stream died.
    fn sent(self: Arc<Self>, buffer: Box<SendBuffer>);
    /// The stream is gone; nothing follows. `finished`: it was ended properly by the side that sends on it.
    fn closed(self: Arc<Self>, finished: bool);
}

/// Received bytes, where the transport has them. They are given back, once and whole, when this is dropped.
pub type Received = Box<dyn ReceivedBytes>;

pub trait ReceivedBytes: Send {
    fn len(&self) -> u64;
    /// The bytes, in order.
    fn slices(&self) -> [&[u8]; MAX_SLICES];
}

/// Most pieces in which received bytes may lie.
pub const MAX_SLICES: usize = 3;
