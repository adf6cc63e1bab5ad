//! Connections: from here to a peer, and from a peer to a listener.

use std::ffi::{CString, c_void};
use std::net::SocketAddr;
use std::ptr;
use std::sync::{Arc, OnceLock};

use msquic_sys::constants::{connection_event, connection_shutdown, param};
use msquic_sys::{
    ApiTable, Buffer, ConnectionEvent, Handle, QuicAddr, Setting, Settings, StatisticsV2, Status, failed, status,
};

use super::stream::{Stream, StreamHandler};
use super::{Configuration, Quic, check, guarded};

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// From here.
    Own,
    /// By the peer, with its code.
    Peer(u64),
    /// By QUIC: no answer, refused, handshake failed ...
    Transport(Status),
}

/// What happens on a connection. Called on the connection's thread: it may only queue.
pub trait ConnectionHandler: Send + Sync + 'static {
    /// The peer's certificate, inside the handshake; `false` ends it. A listener's peers have none.
    fn certificate(self: &Arc<Self>, der: &[u8]) -> bool;
    fn connected(self: &Arc<Self>, connection: &Arc<Connection>, alpn: &[u8], remote: Option<SocketAddr>);
    /// The peer opened a stream; dropping it refuses it.
    fn peer_stream(self: &Arc<Self>, stream: NewStream);
    /// The last event.
    fn closed(self: &Arc<Self>, ended: Ended);
}

/// A connection; the last reference closes it.
pub struct Connection {
    quic: Arc<Quic>,
    raw: Handle,
    /// Kept as long as the connection: it was started with it.
    _configuration: Arc<Configuration>,
}

// SAFETY: the library's connection functions may be called from any thread; only `drop` closes the handle.
unsafe impl Send for Connection {}
// SAFETY: as above.
unsafe impl Sync for Connection {}

/// What the library hands back to the callback: freed at SHUTDOWN_COMPLETE, the last event of a connection.
struct Context<H> {
    connection: Arc<Connection>,
    handler: Arc<H>,
    ended: OnceLock<Ended>,
}

/// A stream that the peer opened, to be accepted inside [`ConnectionHandler::peer_stream`].
pub struct NewStream {
    connection: Arc<Connection>,
    raw: Handle,
    pub unidirectional: bool,
}

impl NewStream {
    pub fn accept<H: StreamHandler>(mut self, handler: Arc<H>) -> Arc<Stream> {
        let raw = std::mem::replace(&mut self.raw, ptr::null_mut());
        Stream::accept(&self.connection, raw, handler)
    }
}

impl Drop for NewStream {
    fn drop(&mut self) {
        if !self.raw.is_null() {
            // SAFETY: nobody accepted the handle, so this is its only owner; closing inside the callback is allowed.
            unsafe { (self.connection.api().stream_close)(self.raw) };
        }
    }
}

impl Connection {
    /// Starts a connection to `remote` on the given partition (core) of the library.
    pub fn start<H: ConnectionHandler>(
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
        let connection = Arc::new(Self {
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

    fn set_remote(&self, remote: SocketAddr) -> Result<(), Status> {
        let address = QuicAddr::from(remote);
        // SAFETY: the parameter takes a QUIC_ADDR, which lives during the call.
        check(unsafe {
            (self.api().set_param)(
                self.raw,
                param::CONN_REMOTE_ADDRESS,
                size_of::<QuicAddr>() as u32,
                ptr::from_ref(&address).cast(),
            )
        })
    }

    fn begin(&self, configuration: &Configuration, remote: SocketAddr) -> Result<(), Status> {
        let name = CString::new(remote.ip().to_string()).map_err(|_| status::INVALID_PARAMETER)?;
        // SAFETY: the name lives during the call, which copies it.
        check(unsafe {
            (self.api().connection_start)(
                self.raw,
                configuration.raw,
                QuicAddr::family_of(remote.ip()),
                name.as_ptr(),
                remote.port(),
            )
        })
    }

    /// Takes over a connection inside NEW_CONNECTION. An error leaves the handle with the library.
    pub(super) fn accept<H: ConnectionHandler>(
        quic: &Arc<Quic>,
        configuration: &Arc<Configuration>,
        raw: Handle,
        handler: Arc<H>,
    ) -> Result<Arc<Self>, Status> {
        let connection = Arc::new(Self {
            quic: quic.clone(),
            raw,
            _configuration: configuration.clone(),
        });
        let context = Context::leak(&connection, handler);
        let function: msquic_sys::ConnectionCallback = callback::<H>;
        // SAFETY: called inside NEW_CONNECTION, before any event of this connection.
        unsafe { (quic.api.set_callback_handler)(raw, function as *mut c_void, context.cast()) };
        // SAFETY: both handles are open.
        let result = unsafe { (quic.api.connection_set_configuration)(raw, configuration.raw) };
        if failed(result) {
            // The callback will return the failure, and then the library closes the handle itself and raises no event.
            // SAFETY: `context` is from `leak` and nobody else frees it.
            drop(unsafe { Box::from_raw(context) });
            forget_handle(connection);
            return Err(result);
        }
        Ok(connection)
    }

    /// Closes with an application code; CLOSED follows. What is still queued on streams may be lost.
    pub fn shutdown(&self, code: u64) {
        // SAFETY: the handle is open; repeating it is harmless.
        unsafe { (self.api().connection_shutdown)(self.raw, connection_shutdown::NONE, code) };
    }

    /// Closes without a word to the peer and without the time that QUIC gives it to answer.
    pub fn shutdown_silently(&self) {
        // SAFETY: as above.
        unsafe { (self.api().connection_shutdown)(self.raw, connection_shutdown::SILENT, 0) };
    }

    /// Changes the settings that may change on a running connection.
    pub fn set_settings(&self, settings: &Settings) -> Result<(), Status> {
        // SAFETY: the parameter takes QUIC_SETTINGS, which live during the call.
        check(unsafe {
            (self.api().set_param)(
                self.raw,
                param::CONN_SETTINGS,
                Settings::SIZE as u32,
                ptr::from_ref(settings).cast(),
            )
        })
    }

    /// Bytes that the peer may send ahead on all streams together.
    pub fn receive_window(&self) -> Option<u32> {
        let mut settings = Settings::default();
        // SAFETY: the parameter is QUIC_SETTINGS.
        unsafe { read_param(self.api(), self.raw, param::CONN_SETTINGS, &mut settings) }?;
        u32::try_from(settings.get(Setting::ConnectionWindow)).ok()
    }

    pub(super) fn api(&self) -> &'static ApiTable {
        self.quic.api
    }

    pub(super) fn raw(&self) -> Handle {
        self.raw
    }

    /// Whether the peer, a dialer, has shown with a token of Retry that it receives at its address.
    pub(super) fn is_address_validated(api: &ApiTable, raw: Handle) -> bool {
        let mut statistics = StatisticsV2::default();
        // SAFETY: called inside NEW_CONNECTION, where the handle is open; the parameter is a QUIC_STATISTICS_V2.
        let read = unsafe { read_param(api, raw, param::CONN_STATISTICS_V2, &mut statistics) };
        read.is_some() && statistics.flags & StatisticsV2::STATELESS_RETRY != 0
    }

    fn remote(&self) -> Option<SocketAddr> {
        let mut address = QuicAddr::unspecified(0);
        // SAFETY: the parameter is a QUIC_ADDR.
        unsafe { read_param(self.api(), self.raw, param::CONN_REMOTE_ADDRESS, &mut address) }?;
        address.to_socket_addr()
    }

    /// Round trip, packets and losses since the start. Waits for the connection's thread, as every reading of it does.
    pub fn statistics(&self) -> Option<StatisticsV2> {
        let mut statistics = StatisticsV2::default();
        // SAFETY: the parameter is a QUIC_STATISTICS_V2, and a shorter one than the library's is allowed.
        unsafe { read_param(self.api(), self.raw, param::CONN_STATISTICS_V2, &mut statistics) }?;
        Some(statistics)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if !self.raw.is_null() {
            // SAFETY: the last reference, so nothing uses the handle afterwards; streams and callbacks hold their own.
            unsafe { (self.api().connection_close)(self.raw) };
        }
    }
}

/// Reads a parameter of a handle.
///
/// # Safety
/// The handle is open, and `T` is the type of the parameter, or a beginning of it that the library takes.
pub(super) unsafe fn read_param<T>(api: &ApiTable, raw: Handle, number: u32, value: &mut T) -> Option<()> {
    let mut length = size_of::<T>() as u32;
    // SAFETY: `value` has `length` bytes; the rest is this function's contract.
    let result = unsafe { (api.get_param)(raw, number, &mut length, ptr::from_mut(value).cast()) };
    (!failed(result)).then_some(())
}

/// Drops the object without closing the handle.
fn forget_handle(connection: Arc<Connection>) {
    if let Ok(mut connection) = Arc::try_unwrap(connection) {
        connection.raw = ptr::null_mut();
    }
}

impl<H: ConnectionHandler> Context<H> {
    fn leak(connection: &Arc<Connection>, handler: Arc<H>) -> *mut Self {
        Box::into_raw(Box::new(Self {
            connection: connection.clone(),
            handler,
            ended: OnceLock::new(),
        }))
    }
}

unsafe extern "C" fn callback<H: ConnectionHandler>(
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
                this.handler.connected(&this.connection, alpn, this.connection.remote());
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
                let stream = NewStream {
                    connection: this.connection.clone(),
                    raw: started.stream,
                    unidirectional,
                };
                this.handler.peer_stream(stream);
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
                    .set(Ended::Transport(unsafe { data.shutdown_initiated_by_transport.status }));
            }
            connection_event::SHUTDOWN_COMPLETE => {
                // SAFETY: the last event: nobody else reads the context any more.
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

/// # Safety
/// `pointer` is null or has `length` readable bytes for as long as the result is used.
unsafe fn bytes<'a>(pointer: *const u8, length: usize) -> &'a [u8] {
    if pointer.is_null() {
        return &[];
    }
    // SAFETY: by the contract of this function.
    unsafe { std::slice::from_raw_parts(pointer, length) }
}
