//! Listeners: one UDP port where dialers arrive.

use std::ffi::{CString, c_void};
use std::net::SocketAddr;
use std::ptr;
use std::sync::Arc;

use msquic_sys::constants::{listener_event, param};
use msquic_sys::{Handle, ListenerEvent, QuicAddr, Settings, Status, failed, status};
use parking_lot::Mutex;

use super::connection::bytes;
use super::handle::ConnectionHandle;
use super::{Configuration, Quic, alpn_buffers, check, guarded};
use crate::blocks::dialects::codec_of;
use crate::net::transport::{Link, LinkHandler};

/// A certificate with its key. It stays in memory: no file ever holds the key.
pub struct Identity {
    pub pkcs12: Vec<u8>,
    pub password: CString,
}

/// Decides about a dialer before its handshake. Called on a library thread: it may only look and count.
pub trait ListenerHandler: Send + Sync + 'static {
    type Connection: LinkHandler;
    /// A handler for the new connection, or `None` to refuse it. `is_validated`: the dialer has shown that it receives at this address.
    fn incoming(self: &Arc<Self>, remote: SocketAddr, is_validated: bool) -> Option<Arc<Self::Connection>>;
    /// The connection is set up; its handshake begins.
    fn accepted(self: &Arc<Self>, handler: &Arc<Self::Connection>, link: &Arc<dyn Link>);
    /// The connection that [`ListenerHandler::incoming`] allowed could not be set up; nothing follows for it.
    fn failed(self: &Arc<Self>, connection: Arc<Self::Connection>);
}

/// A started listener; dropping it stops it. Its connections live on.
pub struct Listener<H: ListenerHandler> {
    quic: Arc<Quic>,
    raw: Handle,
    configuration: Arc<Configuration>,
    context: *mut Context<H>,
}

// SAFETY: the library's listener functions may be called from any thread; only `drop` closes the handle and frees the context.
unsafe impl<H: ListenerHandler> Send for Listener<H> {}
// SAFETY: as above.
unsafe impl<H: ListenerHandler> Sync for Listener<H> {}

struct Context<H> {
    quic: Arc<Quic>,
    configuration: Arc<Configuration>,
    /// What dialers get in its place whose dialect has plain lanes.
    plain_settings: Mutex<Settings>,
    handler: Arc<H>,
}

impl<H: ListenerHandler> Listener<H> {
    pub fn start(
        quic: &Arc<Quic>,
        configuration: Arc<Configuration>,
        plain_settings: Settings,
        alpns: &[Vec<u8>],
        local: SocketAddr,
        handler: Arc<H>,
    ) -> Result<Self, Status> {
        let buffers = alpn_buffers(alpns)?;
        let context = Box::into_raw(Box::new(Context {
            quic: quic.clone(),
            configuration: configuration.clone(),
            plain_settings: Mutex::new(plain_settings),
            handler,
        }));
        let mut listener = Self {
            quic: quic.clone(),
            raw: ptr::null_mut(),
            configuration,
            context,
        };
        // SAFETY: the registration is open; the context lives until `drop`, after the handle is closed.
        check(unsafe {
            (quic.api.listener_open)(quic.registration, callback::<H>, context.cast(), &mut listener.raw)
        })?;
        let address = any_family(local);
        // SAFETY: all arguments live during the call, which copies them.
        check(unsafe { (quic.api.listener_start)(listener.raw, buffers.as_ptr(), buffers.len() as u32, &address) })?;
        Ok(listener)
    }

    /// Changes the settings of dialers that come from now on, but for those below.
    pub fn set_settings(&self, settings: &Settings) -> Result<(), Status> {
        self.configuration.set_settings(settings)
    }

    /// The same for those whose dialect has plain lanes.
    pub fn set_plain_settings(&self, settings: Settings) {
        // SAFETY: the context lives until `drop`, and is only shared.
        *unsafe { &(*self.context).plain_settings }.lock() = settings;
    }

    /// The port it really listens on. (Its address has no family when it listens on both.)
    pub fn port(&self) -> Option<u16> {
        let mut address = QuicAddr::unspecified(0);
        let mut length = size_of::<QuicAddr>() as u32;
        // SAFETY: the buffer has `length` bytes and the parameter is a QUIC_ADDR.
        let result = unsafe {
            (self.quic.api.get_param)(
                self.raw,
                param::LISTENER_LOCAL_ADDRESS,
                &mut length,
                ptr::from_mut(&mut address).cast(),
            )
        };
        if failed(result) { None } else { Some(address.port()) }
    }
}

/// The unspecified IPv6 address means both families; the library says that with an address without a family.
fn any_family(local: SocketAddr) -> QuicAddr {
    if local.is_ipv6() && local.ip().is_unspecified() {
        QuicAddr::unspecified(local.port())
    } else {
        QuicAddr::from(local)
    }
}

impl<H: ListenerHandler> Drop for Listener<H> {
    fn drop(&mut self) {
        if !self.raw.is_null() {
            // SAFETY: the only owner; closing waits until no callback runs. It is never dropped inside a callback.
            unsafe { (self.quic.api.listener_close)(self.raw) };
        }
        // SAFETY: the handle is closed (or was never opened), so no callback reads the context any more.
        drop(unsafe { Box::from_raw(self.context) });
    }
}

/// Whether an ALPN selects a dialect with plain lanes.
fn is_plain(alpn: &[u8]) -> bool {
    std::str::from_utf8(alpn).is_ok_and(|alpn| codec_of(alpn).is_some_and(|codec| codec.is_plain()))
}

unsafe extern "C" fn callback<H: ListenerHandler>(
    _raw: Handle,
    context: *mut c_void,
    event: *mut ListenerEvent,
) -> Status {
    guarded(|| {
        // SAFETY: the context lives until the listener is closed.
        let this = unsafe { &*context.cast::<Context<H>>() };
        // SAFETY: the library passes a valid event.
        if unsafe { (*event).kind } != listener_event::NEW_CONNECTION {
            return status::SUCCESS;
        }
        // SAFETY: by `kind`; the info, the address and the ALPN in it are valid during the callback.
        let (raw, remote, alpn) = unsafe {
            let new = (*event).data.new_connection;
            let info = &*new.info;
            let alpn = bytes(info.negotiated_alpn, usize::from(info.negotiated_alpn_length));
            (new.connection, (*info.remote_address).to_socket_addr(), alpn)
        };
        let is_validated = ConnectionHandle::is_address_validated(this.quic.api, raw);
        let Some(handler) = remote.and_then(|remote| this.handler.incoming(remote, is_validated)) else {
            return status::CONNECTION_REFUSED;
        };
        // Its own settings go before those of the configuration, which is the last that can still change them.
        let own_settings = is_plain(alpn).then(|| *this.plain_settings.lock());
        match ConnectionHandle::accept(
            &this.quic,
            &this.configuration,
            own_settings.as_ref(),
            raw,
            handler.clone(),
        ) {
            Ok(connection) => {
                let link: Arc<dyn Link> = connection;
                this.handler.accepted(&handler, &link);
                status::SUCCESS
            }
            Err(refused) => {
                this.handler.failed(handler);
                refused
            }
        }
    })
}
