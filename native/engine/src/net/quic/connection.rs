//! Connections from here to a peer and from a peer to a listener: how they begin, and what happens on them.

use std::ffi::c_void;
use std::net::SocketAddr;
use std::ptr;
use std::sync::{Arc, OnceLock};

use msquic_sys::constants::connection_event;
use msquic_sys::{Buffer, ConnectionEvent, Handle, Settings, Status, status};

use super::handle::ConnectionHandle;
use super::open_count::Counted;
use super::stream::PeerStream;
use super::{Configuration, Quic, check, guarded};
use crate::net::transport::{Ended, Link, LinkHandler};

/// What the library hands back to the callback: freed at SHUTDOWN_COMPLETE, the last event of a connection.
struct Context<H> {
    connection: Arc<ConnectionHandle>,
    handler: Arc<H>,
    ended: OnceLock<Ended>,
    _counted: Counted,
}

impl ConnectionHandle {
    /// Starts a connection to `remote` on the given partition (core) of the library.
    pub fn start<H: LinkHandler>(
        quic: &Arc<Quic>,
        configuration: &Arc<Configuration>,
        remote: SocketAddr,
        partition: u16,
        handler: Arc<H>,
    ) -> Result<Arc<Self>, Status> {
        let api = quic.api;
        let mut raw = ptr::null_mut();
        // SAFETY: the registration is open; the context is set below, before the start, so before any event.
        check(unsafe {
            (api.connection_open_in_partition)(quic.registration, partition, callback::<H>, ptr::null_mut(), &mut raw)
        })?;
        let connection = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            quic: quic.clone(),
            raw,
            _configuration: configuration.clone(),
        });
        let context = Context::leak(&connection, handler);
        // SAFETY: the connection has not started: no event reads the context at the same time.
        unsafe { (api.set_context)(raw, context.cast()) };
        let started = connection
            .set_remote(remote)
            .and_then(|()| connection.begin(configuration, remote));
        if let Err(refused) = started {
            // Closing a connection that never started raises SHUTDOWN_COMPLETE all the same, unless it has no handler.
            // SAFETY: the connection has not started: no event reads handler and context at the same time.
            unsafe { (api.set_callback_handler)(raw, ptr::null_mut(), ptr::null_mut()) };
            // SAFETY: `context` is from `leak` and no event frees it any more.
            drop(unsafe { Box::from_raw(context) });
            return Err(refused);
        }
        Ok(connection)
    }

    /// Takes over a connection inside NEW_CONNECTION, with settings of its own in place of those of the configuration or without. An error leaves
    /// the handle with the library.
    pub(super) fn accept<H: LinkHandler>(
        quic: &Arc<Quic>,
        configuration: &Arc<Configuration>,
        own_settings: Option<&Settings>,
        raw: Handle,
        handler: Arc<H>,
    ) -> Result<Arc<Self>, Status> {
        let connection = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            quic: quic.clone(),
            raw,
            _configuration: configuration.clone(),
        });
        let context = Context::leak(&connection, handler);
        let function: msquic_sys::ConnectionCallback = callback::<H>;
        // SAFETY: called inside NEW_CONNECTION, before any event of this connection.
        unsafe { (quic.api.set_callback_handler)(raw, function as *mut c_void, context.cast()) };
        // Before the configuration: what a connection has by then is not taken from there any more.
        let set = own_settings.map_or(Ok(()), |settings| connection.set_settings(settings));
        let configured = set.and_then(|()| {
            // SAFETY: both handles are open.
            check(unsafe { (quic.api.connection_set_configuration)(raw, configuration.raw) })
        });
        if let Err(refused) = configured {
            // The callback will return the failure, and then the library closes the handle itself and raises no event.
            // SAFETY: `context` is from `leak`, and this is the only place that frees it.
            drop(unsafe { Box::from_raw(context) });
            forget_handle(connection);
            return Err(refused);
        }
        Ok(connection)
    }
}

/// Drops the object without closing the handle.
fn forget_handle(connection: Arc<ConnectionHandle>) {
    if let Ok(mut connection) = Arc::try_unwrap(connection) {
        connection.raw = ptr::null_mut();
    }
}

impl<H: LinkHandler> Context<H> {
    fn leak(connection: &Arc<ConnectionHandle>, handler: Arc<H>) -> *mut Self {
        Box::into_raw(Box::new(Self {
            connection: connection.clone(),
            handler,
            ended: OnceLock::new(),
            _counted: connection.quic.connections.enter(),
        }))
    }
}

unsafe extern "C" fn callback<H: LinkHandler>(
    _raw: Handle,
    context: *mut c_void,
    event: *mut ConnectionEvent,
) -> Status {
    guarded(|| {
        let context = context.cast::<Context<H>>();
        // SAFETY: the context lives until SHUTDOWN_COMPLETE below, the last event; events of a connection never run in parallel.
        let this = unsafe { &*context };
        // SAFETY: the library passes a valid event, and `kind` says which member of the union is meaningful.
        let (kind, data) = unsafe { ((*event).kind, &(*event).data) };
        match kind {
            connection_event::CONNECTED => {
                // SAFETY: by `kind`; the ALPN has the stated length during the callback.
                let alpn = unsafe {
                    let connected = data.connected;
                    bytes(connected.negotiated_alpn, usize::from(connected.negotiated_alpn_length))
                };
                let link: Arc<dyn Link> = this.connection.clone();
                this.handler.connected(&link, alpn, this.connection.remote());
            }
            connection_event::PEER_CERTIFICATE_RECEIVED => {
                // SAFETY: by `kind`; with USE_PORTABLE_CERTIFICATES it is null or a QUIC_BUFFER with the DER bytes.
                let der = unsafe {
                    let certificate = data.peer_certificate_received.certificate.cast::<Buffer>();
                    if certificate.is_null() {
                        return status::BAD_CERTIFICATE;
                    }
                    bytes((*certificate).buffer, (*certificate).length as usize)
                };
                return if this.handler.certificate(der) {
                    status::SUCCESS
                } else {
                    status::BAD_CERTIFICATE
                };
            }
            connection_event::PEER_STREAM_STARTED => {
                // SAFETY: by `kind`.
                let started = unsafe { data.peer_stream_started };
                let unidirectional = started.flags & msquic_sys::constants::stream_open::UNIDIRECTIONAL != 0;
                let stream = PeerStream {
                    connection: this.connection.clone(),
                    raw: started.stream,
                    unidirectional,
                };
                this.handler.peer_stream(Box::new(stream));
            }
            connection_event::SHUTDOWN_INITIATED_BY_PEER => {
                // SAFETY: by `kind`.
                let _ = this
                    .ended
                    .set(Ended::Peer(unsafe { data.shutdown_initiated_by_peer.error_code }));
            }
            connection_event::SHUTDOWN_INITIATED_BY_TRANSPORT => {
                // SAFETY: by `kind`.
                let _ = this
                    .ended
                    .set(ended_by(unsafe { data.shutdown_initiated_by_transport.status }));
            }
            connection_event::SHUTDOWN_COMPLETE => {
                // SAFETY: the last event: the library holds no other reference to the context.
                let context = unsafe { Box::from_raw(context) };
                context
                    .handler
                    .closed(context.ended.get().copied().unwrap_or(Ended::Own));
            }
            _ => {}
        }
        status::SUCCESS
    })
}

/// The end that the library found.
fn ended_by(status: Status) -> Ended {
    Ended::Transport(u64::from(status), status::name(status).unwrap_or("unknown"))
}

/// # Safety
/// `pointer` is null or has `length` readable bytes for as long as the result is used.
pub(super) unsafe fn bytes<'a>(pointer: *const u8, length: usize) -> &'a [u8] {
    if pointer.is_null() {
        return &[];
    }
    // SAFETY: by the contract of this function.
    unsafe { std::slice::from_raw_parts(pointer, length) }
}
