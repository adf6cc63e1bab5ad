//! What the library tells a callback. `kind` says which member of `data` is meaningful; a callback meets kinds that are not
//! listed in [`crate::constants`] (preview events) and returns success for them.
//!
//! Pointers are valid during the callback only, except those of a RECEIVE answered with PENDING: its *bytes* stay until
//! StreamReceiveComplete, its array of buffers does not.

use std::ffi::c_void;

use crate::addr::QuicAddr;
use crate::status::Status;
use crate::types::{Buffer, Handle, NewConnectionInfo};

/// QUIC_LISTENER_EVENT
#[repr(C)]
pub struct ListenerEvent {
    /// `Type`; see [`crate::constants::listener_event`].
    pub kind: u32,
    pub data: ListenerEventData,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union ListenerEventData {
    pub new_connection: ListenerNewConnection,
    pub stop_complete: ListenerStopComplete,
    pub dos_mode_changed: ListenerDosModeChanged,
}

/// NEW_CONNECTION
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ListenerNewConnection {
    pub info: *const NewConnectionInfo,
    /// Belongs to the application when the callback returns success, otherwise to the library.
    pub connection: Handle,
}

/// STOP_COMPLETE
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ListenerStopComplete {
    /// Bit 0: ListenerClose is running.
    pub flags: u8,
}

/// DOS_MODE_CHANGED
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ListenerDosModeChanged {
    /// Bit 0: the library now demands address validation from new clients.
    pub flags: u8,
}

/// QUIC_CONNECTION_EVENT, the stable part.
#[repr(C)]
pub struct ConnectionEvent {
    /// `Type`; see [`crate::constants::connection_event`].
    pub kind: u32,
    pub data: ConnectionEventData,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union ConnectionEventData {
    pub connected: ConnectionConnected,
    pub shutdown_initiated_by_transport: ConnectionShutdownByTransport,
    pub shutdown_initiated_by_peer: ConnectionShutdownByPeer,
    pub shutdown_complete: ConnectionShutdownComplete,
    pub local_address_changed: ConnectionAddressChanged,
    pub peer_address_changed: ConnectionAddressChanged,
    pub peer_stream_started: ConnectionPeerStreamStarted,
    pub streams_available: ConnectionStreamsAvailable,
    pub peer_needs_streams: ConnectionPeerNeedsStreams,
    pub ideal_processor_changed: ConnectionIdealProcessorChanged,
    pub datagram_state_changed: ConnectionDatagramStateChanged,
    pub datagram_received: ConnectionDatagramReceived,
    pub datagram_send_state_changed: ConnectionDatagramSendStateChanged,
    pub resumed: ConnectionResumed,
    pub resumption_ticket_received: ConnectionResumptionTicketReceived,
    pub peer_certificate_received: ConnectionPeerCertificateReceived,
}

/// CONNECTED
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionConnected {
    pub session_resumed: u8,
    pub negotiated_alpn_length: u8,
    pub negotiated_alpn: *const u8,
}

/// SHUTDOWN_INITIATED_BY_TRANSPORT
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionShutdownByTransport {
    pub status: Status,
    /// As on the wire.
    pub error_code: u64,
}

/// SHUTDOWN_INITIATED_BY_PEER
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionShutdownByPeer {
    pub error_code: u64,
}

/// SHUTDOWN_COMPLETE of a connection
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionShutdownComplete {
    /// Bit field; see the constants of this type.
    pub flags: u8,
}

impl ConnectionShutdownComplete {
    pub const HANDSHAKE_COMPLETED: u8 = 1 << 0;
    pub const PEER_ACKNOWLEDGED_SHUTDOWN: u8 = 1 << 1;
    pub const APP_CLOSE_IN_PROGRESS: u8 = 1 << 2;
}

/// LOCAL_ADDRESS_CHANGED, PEER_ADDRESS_CHANGED
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionAddressChanged {
    pub address: *const QuicAddr,
}

/// PEER_STREAM_STARTED
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionPeerStreamStarted {
    /// Belongs to the application, which sets its callback and context at once and closes it later.
    pub stream: Handle,
    /// See [`crate::constants::stream_open`].
    pub flags: u32,
}

/// STREAMS_AVAILABLE
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionStreamsAvailable {
    pub bidirectional_count: u16,
    pub unidirectional_count: u16,
}

/// PEER_NEEDS_STREAMS
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionPeerNeedsStreams {
    pub bidirectional: u8,
}

/// IDEAL_PROCESSOR_CHANGED
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionIdealProcessorChanged {
    pub ideal_processor: u16,
    pub partition_index: u16,
}

/// DATAGRAM_STATE_CHANGED
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionDatagramStateChanged {
    pub send_enabled: u8,
    pub max_send_length: u16,
}

/// DATAGRAM_RECEIVED
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionDatagramReceived {
    pub buffer: *const Buffer,
    pub flags: u32,
}

/// DATAGRAM_SEND_STATE_CHANGED
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionDatagramSendStateChanged {
    pub client_context: *mut c_void,
    pub state: u32,
}

/// RESUMED
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionResumed {
    pub resumption_state_length: u16,
    pub resumption_state: *const u8,
}

/// RESUMPTION_TICKET_RECEIVED
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionResumptionTicketReceived {
    pub resumption_ticket_length: u32,
    pub resumption_ticket: *const u8,
}

/// PEER_CERTIFICATE_RECEIVED, indicated only with `credential::INDICATE_CERTIFICATE_RECEIVED`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ConnectionPeerCertificateReceived {
    /// With `credential::USE_PORTABLE_CERTIFICATES` a [`Buffer`] with the DER bytes, otherwise OpenSSL's `X509`.
    pub certificate: *mut c_void,
    pub deferred_error_flags: u32,
    pub deferred_status: Status,
    /// With `credential::USE_PORTABLE_CERTIFICATES` a [`Buffer`] with a PKCS7 chain, otherwise OpenSSL's store context.
    pub chain: *mut c_void,
}

/// QUIC_STREAM_EVENT
#[repr(C)]
pub struct StreamEvent {
    /// `Type`; see [`crate::constants::stream_event`].
    pub kind: u32,
    pub data: StreamEventData,
}

/// (PEER_SEND_SHUTDOWN and PEER_ACCEPTED carry nothing.)
#[repr(C)]
#[derive(Clone, Copy)]
pub union StreamEventData {
    pub start_complete: StreamStartComplete,
    pub receive: StreamReceive,
    pub send_complete: StreamSendComplete,
    pub peer_send_aborted: StreamAborted,
    pub peer_receive_aborted: StreamAborted,
    pub send_shutdown_complete: StreamSendShutdownComplete,
    pub shutdown_complete: StreamShutdownComplete,
    pub ideal_send_buffer_size: StreamIdealSendBufferSize,
    pub cancel_on_loss: StreamAborted,
}

/// START_COMPLETE
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StreamStartComplete {
    pub status: Status,
    pub id: u64,
    /// Bit 0: the peer's stream limit has room for this stream.
    pub flags: u8,
}

/// RECEIVE
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StreamReceive {
    pub absolute_offset: u64,
    /// The callback may write how many bytes it has consumed.
    pub total_buffer_length: u64,
    pub buffers: *const Buffer,
    pub buffer_count: u32,
    /// See [`crate::constants::receive`].
    pub flags: u32,
}

/// SEND_COMPLETE
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StreamSendComplete {
    pub canceled: u8,
    pub client_context: *mut c_void,
}

/// PEER_SEND_ABORTED, PEER_RECEIVE_ABORTED, CANCEL_ON_LOSS
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StreamAborted {
    pub error_code: u64,
}

/// SEND_SHUTDOWN_COMPLETE
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StreamSendShutdownComplete {
    pub graceful: u8,
}

/// SHUTDOWN_COMPLETE of a stream
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StreamShutdownComplete {
    pub connection_shutdown: u8,
    /// Bit field; see the constants of this type.
    pub flags: u8,
    pub connection_error_code: u64,
    pub connection_close_status: Status,
}

impl StreamShutdownComplete {
    pub const APP_CLOSE_IN_PROGRESS: u8 = 1 << 0;
    pub const CONNECTION_SHUTDOWN_BY_APP: u8 = 1 << 1;
    pub const CONNECTION_CLOSED_REMOTELY: u8 = 1 << 2;
}

/// IDEAL_SEND_BUFFER_SIZE
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct StreamIdealSendBufferSize {
    pub byte_count: u64,
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;
    use core::mem::{offset_of, size_of};

    #[test]
    fn listener_events_have_the_layout_of_the_header() {
        assert_eq!(size_of::<ListenerEvent>(), 24);
        assert_eq!(offset_of!(ListenerEvent, data), 8);
        assert_eq!(offset_of!(ListenerNewConnection, connection), 8);
    }

    #[test]
    fn connection_events_have_the_stable_layout() {
        assert_eq!(size_of::<ConnectionEvent>(), 32);
        assert_eq!(offset_of!(ConnectionEvent, data), 8);
        assert_eq!(offset_of!(ConnectionConnected, negotiated_alpn_length), 1);
        assert_eq!(offset_of!(ConnectionConnected, negotiated_alpn), 8);
        assert_eq!(offset_of!(ConnectionShutdownByTransport, error_code), 8);
        assert_eq!(offset_of!(ConnectionPeerStreamStarted, flags), 8);
        assert_eq!(offset_of!(ConnectionPeerCertificateReceived, deferred_error_flags), 8);
        assert_eq!(offset_of!(ConnectionPeerCertificateReceived, deferred_status), 12);
        assert_eq!(offset_of!(ConnectionPeerCertificateReceived, chain), 16);
    }

    #[test]
    fn stream_events_have_the_layout_of_the_header() {
        let data = offset_of!(StreamEvent, data);
        assert_eq!(size_of::<StreamEvent>(), 40);
        assert_eq!(data, 8);
        assert_eq!(data + offset_of!(StreamReceive, absolute_offset), 8);
        assert_eq!(data + offset_of!(StreamReceive, total_buffer_length), 16);
        assert_eq!(data + offset_of!(StreamReceive, buffers), 24);
        assert_eq!(data + offset_of!(StreamReceive, buffer_count), 32);
        assert_eq!(data + offset_of!(StreamReceive, flags), 36);
        assert_eq!(offset_of!(StreamStartComplete, id), 8);
        assert_eq!(offset_of!(StreamStartComplete, flags), 16);
        assert_eq!(offset_of!(StreamSendComplete, client_context), 8);
        assert_eq!(offset_of!(StreamShutdownComplete, flags), 1);
        assert_eq!(offset_of!(StreamShutdownComplete, connection_error_code), 8);
        assert_eq!(offset_of!(StreamShutdownComplete, connection_close_status), 16);
    }
}
