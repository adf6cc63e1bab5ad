//! The function table and the two functions that the library exports.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use crate::addr::{AddressFamily, QuicAddr};
use crate::events::{ConnectionEvent, ListenerEvent, StreamEvent};
use crate::settings::Settings;
use crate::status::{self, Status, failed};
use crate::types::{Buffer, CredentialConfig, Handle, RegistrationConfig};

/// QUIC_API_VERSION_2
pub const API_VERSION_2: u32 = 2;

/// QUIC_LISTENER_CALLBACK
pub type ListenerCallback =
    unsafe extern "C" fn(listener: Handle, context: *mut c_void, event: *mut ListenerEvent) -> Status;
/// QUIC_CONNECTION_CALLBACK
pub type ConnectionCallback =
    unsafe extern "C" fn(connection: Handle, context: *mut c_void, event: *mut ConnectionEvent) -> Status;
/// QUIC_STREAM_CALLBACK
pub type StreamCallback = unsafe extern "C" fn(stream: Handle, context: *mut c_void, event: *mut StreamEvent) -> Status;

type Close = unsafe extern "C" fn(handle: Handle);

/// QUIC_API_TABLE, the stable part.
///
/// Functions that start something (ConnectionStart, StreamStart, StreamSend) return PENDING, which is a success. A handle
/// that was given to the application is closed exactly once, and only after its SHUTDOWN_COMPLETE or STOP_COMPLETE event.
#[repr(C)]
pub struct ApiTable {
    pub set_context: unsafe extern "C" fn(handle: Handle, context: *mut c_void),
    pub get_context: unsafe extern "C" fn(handle: Handle) -> *mut c_void,
    /// The handler is a [`ListenerCallback`], [`ConnectionCallback`] or [`StreamCallback`], as the handle demands.
    pub set_callback_handler: unsafe extern "C" fn(handle: Handle, handler: *mut c_void, context: *mut c_void),

    /// The handle is null for global parameters.
    pub set_param:
        unsafe extern "C" fn(handle: Handle, param: u32, buffer_length: u32, buffer: *const c_void) -> Status,
    pub get_param:
        unsafe extern "C" fn(handle: Handle, param: u32, buffer_length: *mut u32, buffer: *mut c_void) -> Status,

    pub registration_open: unsafe extern "C" fn(config: *const RegistrationConfig, registration: *mut Handle) -> Status,
    /// Blocks until every child is closed; deadlocks when called from a callback.
    pub registration_close: Close,
    pub registration_shutdown: unsafe extern "C" fn(registration: Handle, flags: u32, error_code: u64),

    pub configuration_open: unsafe extern "C" fn(
        registration: Handle,
        alpn_buffers: *const Buffer,
        alpn_buffer_count: u32,
        settings: *const Settings,
        settings_size: u32,
        context: *mut c_void,
        configuration: *mut Handle,
    ) -> Status,
    pub configuration_close: Close,
    pub configuration_load_credential:
        unsafe extern "C" fn(configuration: Handle, config: *const CredentialConfig) -> Status,

    pub listener_open: unsafe extern "C" fn(
        registration: Handle,
        handler: ListenerCallback,
        context: *mut c_void,
        listener: *mut Handle,
    ) -> Status,
    pub listener_close: Close,
    pub listener_start: unsafe extern "C" fn(
        listener: Handle,
        alpn_buffers: *const Buffer,
        alpn_buffer_count: u32,
        local_address: *const QuicAddr,
    ) -> Status,
    pub listener_stop: unsafe extern "C" fn(listener: Handle),

    pub connection_open: unsafe extern "C" fn(
        registration: Handle,
        handler: ConnectionCallback,
        context: *mut c_void,
        connection: *mut Handle,
    ) -> Status,
    pub connection_close: Close,
    pub connection_shutdown: unsafe extern "C" fn(connection: Handle, flags: u32, error_code: u64),
    /// The server name is an address or a name of at most 65535 bytes; the port is in host byte order.
    pub connection_start: unsafe extern "C" fn(
        connection: Handle,
        configuration: Handle,
        family: AddressFamily,
        server_name: *const c_char,
        server_port: u16,
    ) -> Status,
    pub connection_set_configuration: unsafe extern "C" fn(connection: Handle, configuration: Handle) -> Status,
    pub connection_send_resumption_ticket:
        unsafe extern "C" fn(connection: Handle, flags: u32, data_length: u16, resumption_data: *const u8) -> Status,

    pub stream_open: unsafe extern "C" fn(
        connection: Handle,
        flags: u32,
        handler: StreamCallback,
        context: *mut c_void,
        stream: *mut Handle,
    ) -> Status,
    pub stream_close: Close,
    pub stream_start: unsafe extern "C" fn(stream: Handle, flags: u32) -> Status,
    pub stream_shutdown: unsafe extern "C" fn(stream: Handle, flags: u32, error_code: u64) -> Status,
    /// The array of buffers and the bytes stay valid and unchanged until SEND_COMPLETE.
    pub stream_send: unsafe extern "C" fn(
        stream: Handle,
        buffers: *const Buffer,
        buffer_count: u32,
        flags: u32,
        client_send_context: *mut c_void,
    ) -> Status,
    pub stream_receive_complete: unsafe extern "C" fn(stream: Handle, buffer_length: u64),
    /// `is_enabled` is a BOOLEAN: 0 or 1.
    pub stream_receive_set_enabled: unsafe extern "C" fn(stream: Handle, is_enabled: u8) -> Status,

    pub datagram_send: unsafe extern "C" fn(
        connection: Handle,
        buffers: *const Buffer,
        buffer_count: u32,
        flags: u32,
        client_send_context: *mut c_void,
    ) -> Status,

    pub connection_resumption_ticket_validation_complete:
        unsafe extern "C" fn(connection: Handle, result: u8) -> Status,
    /// The alert counts only when the result is 0 (see [`crate::constants::tls_alert`]).
    pub connection_certificate_validation_complete:
        unsafe extern "C" fn(connection: Handle, result: u8, tls_alert: u32) -> Status,

    pub connection_open_in_partition: unsafe extern "C" fn(
        registration: Handle,
        partition_index: u16,
        handler: ConnectionCallback,
        context: *mut c_void,
        connection: *mut Handle,
    ) -> Status,
}

unsafe extern "C" {
    fn MsQuicOpenVersion(version: u32, table: *mut *const c_void) -> Status;
    fn MsQuicClose(table: *const c_void);
}

// MsQuicOpenVersion raises its load count before it creates the lock that it then takes, so of two first calls at the same
// time one aborts the process (seen with 2.6.3 when tests ran in parallel). Only one at a time, then.
static LOADING: Mutex<()> = Mutex::new(());

/// Opens the library (MsQuicOpenVersion), after [`crate::ssl_init`]. Every call takes one more reference.
///
/// A program that lives until its process ends need not close it. The library must never be unloaded: its threads run on.
pub fn open() -> Result<&'static ApiTable, Status> {
    if !crate::ssl_init() {
        return Err(status::TLS_ERROR);
    }
    let _loading = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut table: *const c_void = ptr::null();
    // SAFETY: `table` is a valid place for the result; the lock keeps other openings and closings away.
    let result = unsafe { MsQuicOpenVersion(API_VERSION_2, &mut table) };
    if failed(result) {
        return Err(result);
    }
    // SAFETY: on success `table` points to a table of version 2, which begins with the functions of `ApiTable` and is not
    // changed or freed before the `close` that belongs to this call.
    Ok(unsafe { &*table.cast::<ApiTable>() })
}

/// Gives back one reference from [`open`] (MsQuicClose); the last one waits for the library's threads to end.
///
/// # Safety
///
/// `table` is from [`open`], was not given back before and is not used afterwards; no registration is open; the caller is
/// not in a callback.
pub unsafe fn close(table: &'static ApiTable) {
    let _loading = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the caller promises what MsQuicClose demands; the lock keeps other openings and closings away.
    unsafe { MsQuicClose(ptr::from_ref(table).cast()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::mem::{offset_of, size_of};

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn the_table_has_the_stable_layout() {
        assert_eq!(size_of::<ApiTable>(), 256);
        // One of each group, by its place in the header.
        assert_eq!(offset_of!(ApiTable, set_param), 3 * 8);
        assert_eq!(offset_of!(ApiTable, registration_open), 5 * 8);
        assert_eq!(offset_of!(ApiTable, configuration_open), 8 * 8);
        assert_eq!(offset_of!(ApiTable, listener_open), 11 * 8);
        assert_eq!(offset_of!(ApiTable, connection_open), 15 * 8);
        assert_eq!(offset_of!(ApiTable, connection_send_resumption_ticket), 20 * 8);
        assert_eq!(offset_of!(ApiTable, stream_open), 21 * 8);
        assert_eq!(offset_of!(ApiTable, stream_send), 25 * 8);
        assert_eq!(offset_of!(ApiTable, datagram_send), 28 * 8);
        assert_eq!(offset_of!(ApiTable, connection_open_in_partition), 31 * 8);
    }
}
