//! Structures that the application hands to the library or asks it to fill.

use std::ffi::{c_char, c_void};
use std::marker::{PhantomData, PhantomPinned};

use crate::addr::QuicAddr;
use crate::status::Status;

/// QUIC_CREDENTIAL_LOAD_COMPLETE
pub type CredentialLoadCallback = unsafe extern "C" fn(configuration: Handle, context: *mut c_void, status: Status);

/// What a [`Handle`] points to; opaque.
#[repr(C)]
pub struct QuicHandle {
    _opaque: [u8; 0],
    _not_send: PhantomData<(*mut u8, PhantomPinned)>,
}

/// HQUIC: a registration, configuration, listener, connection or stream.
pub type Handle = *mut QuicHandle;

/// QUIC_BUFFER
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Buffer {
    pub length: u32,
    pub buffer: *mut u8,
}

/// QUIC_REGISTRATION_CONFIG
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct RegistrationConfig {
    /// Ends with a zero byte, or is null.
    pub app_name: *const c_char,
    /// See [`crate::constants::execution_profile`].
    pub execution_profile: u32,
}

/// QUIC_CREDENTIAL_CONFIG
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CredentialConfig {
    /// `Type`; see [`crate::constants::credential_type`].
    pub kind: u32,
    /// See [`crate::constants::credential`].
    pub flags: u32,
    /// A union of pointers in C; for the type PKCS12 it points to a [`CertificatePkcs12`].
    pub certificate: *mut c_void,
    pub principal: *const c_char,
    pub reserved: *mut c_void,
    pub async_handler: Option<CredentialLoadCallback>,
    /// See [`crate::constants::cipher_suite`]; counts only with `credential::SET_ALLOWED_CIPHER_SUITES`.
    pub allowed_cipher_suites: u32,
    pub ca_certificate_file: *const c_char,
}

/// QUIC_CERTIFICATE_PKCS12
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CertificatePkcs12 {
    pub asn1_blob: *const u8,
    pub asn1_blob_length: u32,
    /// Ends with a zero byte, or is null.
    pub private_key_password: *const c_char,
}

/// QUIC_NEW_CONNECTION_INFO. The pointers are valid during the callback.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NewConnectionInfo {
    pub quic_version: u32,
    pub local_address: *const QuicAddr,
    pub remote_address: *const QuicAddr,
    pub crypto_buffer_length: u32,
    pub client_alpn_list_length: u16,
    pub server_name_length: u16,
    pub negotiated_alpn_length: u8,
    pub crypto_buffer: *const u8,
    pub client_alpn_list: *const u8,
    pub negotiated_alpn: *const u8,
    /// Not ended by a zero byte; null when the client sent none.
    pub server_name: *const c_char,
}

/// QUIC_GLOBAL_EXECUTION_CONFIG with a list of N processors; set it with `param::GLOBAL_EXECUTION_CONFIG` after
/// [`crate::open`] and before the first registration.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct GlobalExecutionConfig<const N: usize> {
    /// See [`crate::constants::execution_config`].
    pub flags: u32,
    pub polling_idle_timeout_us: u32,
    /// Must be N.
    pub processor_count: u32,
    pub processor_list: [u16; N],
}

/// QUIC_STATISTICS_V2, up to RttVariance (the final layout of msquic 2.5) and what our edits put behind it. Times are in microseconds.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatisticsV2 {
    pub correlation_id: u64,
    /// Bit field; see the constants of this type.
    pub flags: u32,
    pub rtt: u32,
    pub min_rtt: u32,
    pub max_rtt: u32,
    pub timing_start: u64,
    pub timing_initial_flight_end: u64,
    pub timing_handshake_flight_end: u64,
    pub handshake_client_flight1_bytes: u32,
    pub handshake_server_flight1_bytes: u32,
    pub handshake_client_flight2_bytes: u32,
    pub send_path_mtu: u16,
    pub send_total_packets: u64,
    pub send_retransmittable_packets: u64,
    pub send_suspected_lost_packets: u64,
    /// Packets really lost are the suspected ones minus these.
    pub send_spurious_lost_packets: u64,
    pub send_total_bytes: u64,
    pub send_total_stream_bytes: u64,
    pub send_congestion_count: u32,
    pub send_persistent_congestion_count: u32,
    pub recv_total_packets: u64,
    pub recv_reordered_packets: u64,
    pub recv_dropped_packets: u64,
    pub recv_duplicate_packets: u64,
    pub recv_total_bytes: u64,
    pub recv_total_stream_bytes: u64,
    pub recv_decryption_failures: u64,
    pub recv_valid_ack_frames: u64,
    pub key_update_count: u32,
    pub send_congestion_window: u32,
    pub dest_cid_update_count: u32,
    pub send_ecn_congestion_count: u32,
    pub handshake_hop_limit_ttl: u8,
    pub rtt_variance: u32,
    /// Acknowledgements that came more than 30 ms after they were due (`edits/ack_gap.c`).
    pub ack_gap_count: u64,
    /// How late these were together.
    pub ack_gap_us: u64,
}

impl StatisticsV2 {
    pub const VERSION_NEGOTIATION: u32 = 1 << 0;
    pub const STATELESS_RETRY: u32 = 1 << 1;
    pub const RESUMPTION_ATTEMPTED: u32 = 1 << 2;
    pub const RESUMPTION_SUCCEEDED: u32 = 1 << 3;
    pub const GREASE_BIT_NEGOTIATED: u32 = 1 << 4;
    pub const ECN_CAPABLE: u32 = 1 << 5;
    pub const ENCRYPTION_OFFLOADED: u32 = 1 << 6;
}

/// QUIC_STREAM_STATISTICS: how long sending waited for what, in microseconds. What begins with `conn` is its connection's, since
/// the stream was opened.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamStatistics {
    pub conn_blocked_by_scheduling: u64,
    pub conn_blocked_by_pacing: u64,
    pub conn_blocked_by_amplification_protection: u64,
    pub conn_blocked_by_congestion_control: u64,
    pub conn_blocked_by_flow_control: u64,
    pub blocked_by_id_flow_control: u64,
    pub blocked_by_flow_control: u64,
    pub blocked_by_app: u64,
}

/// QUIC_LISTENER_STATISTICS
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListenerStatistics {
    pub total_accepted_connections: u64,
    pub total_rejected_connections: u64,
    pub binding_recv_dropped_packets: u64,
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;
    use crate::settings::Settings;
    use core::mem::{align_of, offset_of, size_of};

    #[test]
    fn structures_have_the_layout_of_the_header() {
        assert_eq!(size_of::<Buffer>(), 16);
        assert_eq!(offset_of!(Buffer, buffer), 8);
        assert_eq!((size_of::<Settings>(), align_of::<Settings>()), (144, 8));
        assert_eq!(size_of::<RegistrationConfig>(), 16);
        assert_eq!(offset_of!(RegistrationConfig, execution_profile), 8);
        assert_eq!(size_of::<CertificatePkcs12>(), 24);
        assert_eq!(offset_of!(CertificatePkcs12, private_key_password), 16);
        assert_eq!(size_of::<ListenerStatistics>(), 24);
        assert_eq!(offset_of!(GlobalExecutionConfig<1>, processor_list), 12);
        assert_eq!(size_of::<GlobalExecutionConfig<1>>(), 16);
    }

    #[test]
    fn the_credential_configuration_has_the_layout_of_the_header() {
        assert_eq!(size_of::<CredentialConfig>(), 56);
        assert_eq!(offset_of!(CredentialConfig, flags), 4);
        assert_eq!(offset_of!(CredentialConfig, certificate), 8);
        assert_eq!(offset_of!(CredentialConfig, principal), 16);
        assert_eq!(offset_of!(CredentialConfig, reserved), 24);
        assert_eq!(offset_of!(CredentialConfig, async_handler), 32);
        assert_eq!(offset_of!(CredentialConfig, allowed_cipher_suites), 40);
        assert_eq!(offset_of!(CredentialConfig, ca_certificate_file), 48);
    }

    #[test]
    fn the_new_connection_info_has_the_layout_of_the_header() {
        assert_eq!(size_of::<NewConnectionInfo>(), 72);
        assert_eq!(offset_of!(NewConnectionInfo, local_address), 8);
        assert_eq!(offset_of!(NewConnectionInfo, crypto_buffer_length), 24);
        assert_eq!(offset_of!(NewConnectionInfo, client_alpn_list_length), 28);
        assert_eq!(offset_of!(NewConnectionInfo, server_name_length), 30);
        assert_eq!(offset_of!(NewConnectionInfo, negotiated_alpn_length), 32);
        assert_eq!(offset_of!(NewConnectionInfo, crypto_buffer), 40);
        assert_eq!(offset_of!(NewConnectionInfo, server_name), 64);
    }

    #[test]
    fn the_statistics_have_the_layout_of_the_header() {
        assert_eq!(size_of::<StatisticsV2>(), 224);
        assert_eq!(offset_of!(StatisticsV2, rtt), 12);
        assert_eq!(offset_of!(StatisticsV2, timing_start), 24);
        assert_eq!(offset_of!(StatisticsV2, send_path_mtu), 60);
        assert_eq!(offset_of!(StatisticsV2, send_total_packets), 64);
        assert_eq!(offset_of!(StatisticsV2, recv_total_packets), 120);
        assert_eq!(offset_of!(StatisticsV2, key_update_count), 184);
        assert_eq!(offset_of!(StatisticsV2, handshake_hop_limit_ttl), 200);
        assert_eq!(offset_of!(StatisticsV2, rtt_variance), 204);
        assert_eq!(offset_of!(StatisticsV2, ack_gap_us), 216);
        assert_eq!(size_of::<StreamStatistics>(), 64);
        assert_eq!(offset_of!(StreamStatistics, conn_blocked_by_flow_control), 32);
        assert_eq!(offset_of!(StreamStatistics, blocked_by_app), 56);
    }
}
