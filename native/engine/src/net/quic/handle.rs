//! The handle of a connection, and what may be asked of it from any thread.

use std::ffi::CString;
use std::net::SocketAddr;
use std::ptr;
use std::sync::{Arc, Weak};

use msquic_sys::constants::param;
use msquic_sys::{ApiTable, Handle, QuicAddr, Settings, StatisticsV2, Status, failed, status};

use super::{Configuration, Quic, check};

/// A connection; the last reference closes it.
pub struct ConnectionHandle {
    /// Itself, for its streams.
    pub(super) me: Weak<Self>,
    pub(super) quic: Arc<Quic>,
    pub(super) raw: Handle,
    /// Kept as long as the connection: it was started with it.
    pub(super) _configuration: Arc<Configuration>,
}

// SAFETY: the library's connection functions may be called from any thread; only `drop` closes the handle.
unsafe impl Send for ConnectionHandle {}
// SAFETY: as above.
unsafe impl Sync for ConnectionHandle {}

impl ConnectionHandle {
    pub(super) fn set_remote(&self, remote: SocketAddr) -> Result<(), Status> {
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

    pub(super) fn begin(&self, configuration: &Configuration, remote: SocketAddr) -> Result<(), Status> {
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

    /// Sets its settings: all of them before it has started, those that may change on a running connection later.
    pub(super) fn set_settings(&self, settings: &Settings) -> Result<(), Status> {
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

    pub(super) fn remote(&self) -> Option<SocketAddr> {
        let mut address = QuicAddr::unspecified(0);
        // SAFETY: the parameter is a QUIC_ADDR.
        unsafe { read_param(self.api(), self.raw, param::CONN_REMOTE_ADDRESS, &mut address) }?;
        address.to_socket_addr()
    }
}

impl Drop for ConnectionHandle {
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
