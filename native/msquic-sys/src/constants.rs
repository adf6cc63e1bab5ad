//! Constants, one module for each enumeration or family of flags of the header. The C name is the prefix named in the
//! module's comment and the name here.

/// QUIC_EXECUTION_PROFILE, QUIC_EXECUTION_PROFILE_*
pub mod execution_profile {
    pub const LOW_LATENCY: u32 = 0;
    pub const MAX_THROUGHPUT: u32 = 1;
    pub const SCAVENGER: u32 = 2;
    pub const REAL_TIME: u32 = 3;
}

/// QUIC_TLS_ALERT_CODES, QUIC_TLS_ALERT_CODE_*; SUCCESS is not an alert but the value to pass with a positive result
pub mod tls_alert {
    pub const SUCCESS: u32 = 65535;
    pub const UNEXPECTED_MESSAGE: u32 = 10;
    pub const BAD_CERTIFICATE: u32 = 42;
    pub const UNSUPPORTED_CERTIFICATE: u32 = 43;
    pub const CERTIFICATE_REVOKED: u32 = 44;
    pub const CERTIFICATE_EXPIRED: u32 = 45;
    pub const CERTIFICATE_UNKNOWN: u32 = 46;
    pub const ILLEGAL_PARAMETER: u32 = 47;
    pub const UNKNOWN_CA: u32 = 48;
    pub const ACCESS_DENIED: u32 = 49;
    pub const INSUFFICIENT_SECURITY: u32 = 71;
    pub const INTERNAL_ERROR: u32 = 80;
    pub const USER_CANCELED: u32 = 90;
    pub const CERTIFICATE_REQUIRED: u32 = 116;
}

/// QUIC_CREDENTIAL_TYPE, QUIC_CREDENTIAL_TYPE_*
pub mod credential_type {
    pub const NONE: u32 = 0;
    pub const CERTIFICATE_HASH: u32 = 1;
    pub const CERTIFICATE_HASH_STORE: u32 = 2;
    pub const CERTIFICATE_CONTEXT: u32 = 3;
    pub const CERTIFICATE_FILE: u32 = 4;
    pub const CERTIFICATE_FILE_PROTECTED: u32 = 5;
    pub const CERTIFICATE_PKCS12: u32 = 6;
}

/// QUIC_CREDENTIAL_FLAGS, QUIC_CREDENTIAL_FLAG_* (without CLIENT it is a server's)
pub mod credential {
    pub const NONE: u32 = 0x0000;
    pub const CLIENT: u32 = 0x0001;
    pub const LOAD_ASYNCHRONOUS: u32 = 0x0002;
    pub const NO_CERTIFICATE_VALIDATION: u32 = 0x0004;
    pub const ENABLE_OCSP: u32 = 0x0008;
    pub const INDICATE_CERTIFICATE_RECEIVED: u32 = 0x0010;
    pub const DEFER_CERTIFICATE_VALIDATION: u32 = 0x0020;
    pub const REQUIRE_CLIENT_AUTHENTICATION: u32 = 0x0040;
    pub const USE_TLS_BUILTIN_CERTIFICATE_VALIDATION: u32 = 0x0080;
    pub const REVOCATION_CHECK_END_CERT: u32 = 0x0100;
    pub const REVOCATION_CHECK_CHAIN: u32 = 0x0200;
    pub const REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT: u32 = 0x0400;
    pub const IGNORE_NO_REVOCATION_CHECK: u32 = 0x0800;
    pub const IGNORE_REVOCATION_OFFLINE: u32 = 0x1000;
    pub const SET_ALLOWED_CIPHER_SUITES: u32 = 0x2000;
    pub const USE_PORTABLE_CERTIFICATES: u32 = 0x4000;
    pub const USE_SUPPLIED_CREDENTIALS: u32 = 0x8000;
    pub const USE_SYSTEM_MAPPER: u32 = 0x10000;
    pub const CACHE_ONLY_URL_RETRIEVAL: u32 = 0x20000;
    pub const REVOCATION_CHECK_CACHE_ONLY: u32 = 0x40000;
    pub const INPROC_PEER_CERTIFICATE: u32 = 0x80000;
    pub const SET_CA_CERTIFICATE_FILE: u32 = 0x100000;
    pub const DISABLE_AIA: u32 = 0x200000;
}

/// QUIC_ALLOWED_CIPHER_SUITE_FLAGS, QUIC_ALLOWED_CIPHER_SUITE_*
pub mod cipher_suite {
    pub const NONE: u32 = 0x0000;
    pub const AES_128_GCM_SHA256: u32 = 0x0001;
    pub const AES_256_GCM_SHA384: u32 = 0x0002;
    pub const CHACHA20_POLY1305_SHA256: u32 = 0x0004;
}

/// QUIC_CONNECTION_SHUTDOWN_FLAGS, QUIC_CONNECTION_SHUTDOWN_FLAG_*
pub mod connection_shutdown {
    pub const NONE: u32 = 0x0000;
    pub const SILENT: u32 = 0x0001;
}

/// QUIC_STREAM_SCHEDULING_SCHEME, QUIC_STREAM_SCHEDULING_SCHEME_*
pub mod stream_scheduling {
    pub const FIFO: u32 = 0;
    pub const ROUND_ROBIN: u32 = 1;
}

/// QUIC_STREAM_OPEN_FLAGS, QUIC_STREAM_OPEN_FLAG_*
pub mod stream_open {
    pub const NONE: u32 = 0x0000;
    pub const UNIDIRECTIONAL: u32 = 0x0001;
    pub const ZERO_RTT: u32 = 0x0002;
    pub const DELAY_ID_FC_UPDATES: u32 = 0x0004;
}

/// QUIC_STREAM_START_FLAGS, QUIC_STREAM_START_FLAG_*
pub mod stream_start {
    pub const NONE: u32 = 0x0000;
    pub const IMMEDIATE: u32 = 0x0001;
    pub const FAIL_BLOCKED: u32 = 0x0002;
    pub const SHUTDOWN_ON_FAIL: u32 = 0x0004;
    pub const INDICATE_PEER_ACCEPT: u32 = 0x0008;
    pub const PRIORITY_WORK: u32 = 0x0010;
}

/// QUIC_STREAM_SHUTDOWN_FLAGS, QUIC_STREAM_SHUTDOWN_FLAG_*
pub mod stream_shutdown {
    pub const NONE: u32 = 0x0000;
    pub const GRACEFUL: u32 = 0x0001;
    pub const ABORT_SEND: u32 = 0x0002;
    pub const ABORT_RECEIVE: u32 = 0x0004;
    pub const ABORT: u32 = 0x0006;
    pub const IMMEDIATE: u32 = 0x0008;
    pub const INLINE: u32 = 0x0010;
}

/// QUIC_RECEIVE_FLAGS, QUIC_RECEIVE_FLAG_*
pub mod receive {
    pub const NONE: u32 = 0x0000;
    pub const ZERO_RTT: u32 = 0x0001;
    pub const FIN: u32 = 0x0002;
}

/// QUIC_SEND_FLAGS, QUIC_SEND_FLAG_*
pub mod send {
    pub const NONE: u32 = 0x0000;
    pub const ALLOW_0_RTT: u32 = 0x0001;
    pub const START: u32 = 0x0002;
    pub const FIN: u32 = 0x0004;
    pub const DGRAM_PRIORITY: u32 = 0x0008;
    pub const DELAY_SEND: u32 = 0x0010;
    pub const CANCEL_ON_LOSS: u32 = 0x0020;
    pub const PRIORITY_WORK: u32 = 0x0040;
    pub const CANCEL_ON_BLOCKED: u32 = 0x0080;
}

/// QUIC_GLOBAL_EXECUTION_CONFIG_FLAGS, QUIC_GLOBAL_EXECUTION_CONFIG_FLAG_*
pub mod execution_config {
    pub const NONE: u32 = 0x0000;
    pub const NO_IDEAL_PROC: u32 = 0x0008;
    pub const HIGH_PRIORITY: u32 = 0x0010;
    pub const AFFINITIZE: u32 = 0x0020;
}

/// QUIC_CONGESTION_CONTROL_ALGORITHM, QUIC_CONGESTION_CONTROL_ALGORITHM_*
pub mod congestion_control {
    pub const CUBIC: u32 = 0;
    pub const BBR: u32 = 1;
}

/// QUIC_LISTENER_EVENT_TYPE, QUIC_LISTENER_EVENT_*
pub mod listener_event {
    pub const NEW_CONNECTION: u32 = 0;
    pub const STOP_COMPLETE: u32 = 1;
    pub const DOS_MODE_CHANGED: u32 = 2;
}

/// QUIC_CONNECTION_EVENT_TYPE, QUIC_CONNECTION_EVENT_*
pub mod connection_event {
    pub const CONNECTED: u32 = 0;
    pub const SHUTDOWN_INITIATED_BY_TRANSPORT: u32 = 1;
    pub const SHUTDOWN_INITIATED_BY_PEER: u32 = 2;
    pub const SHUTDOWN_COMPLETE: u32 = 3;
    pub const LOCAL_ADDRESS_CHANGED: u32 = 4;
    pub const PEER_ADDRESS_CHANGED: u32 = 5;
    pub const PEER_STREAM_STARTED: u32 = 6;
    pub const STREAMS_AVAILABLE: u32 = 7;
    pub const PEER_NEEDS_STREAMS: u32 = 8;
    pub const IDEAL_PROCESSOR_CHANGED: u32 = 9;
    pub const DATAGRAM_STATE_CHANGED: u32 = 10;
    pub const DATAGRAM_RECEIVED: u32 = 11;
    pub const DATAGRAM_SEND_STATE_CHANGED: u32 = 12;
    pub const RESUMED: u32 = 13;
    pub const RESUMPTION_TICKET_RECEIVED: u32 = 14;
    pub const PEER_CERTIFICATE_RECEIVED: u32 = 15;
}

/// QUIC_STREAM_EVENT_TYPE, QUIC_STREAM_EVENT_*
pub mod stream_event {
    pub const START_COMPLETE: u32 = 0;
    pub const RECEIVE: u32 = 1;
    pub const SEND_COMPLETE: u32 = 2;
    pub const PEER_SEND_SHUTDOWN: u32 = 3;
    pub const PEER_SEND_ABORTED: u32 = 4;
    pub const PEER_RECEIVE_ABORTED: u32 = 5;
    pub const SEND_SHUTDOWN_COMPLETE: u32 = 6;
    pub const SHUTDOWN_COMPLETE: u32 = 7;
    pub const IDEAL_SEND_BUFFER_SIZE: u32 = 8;
    pub const PEER_ACCEPTED: u32 = 9;
    pub const CANCEL_ON_LOSS: u32 = 10;
}

/// QUIC_PARAM_*: parameters of set_param and get_param, with the type of their value.
pub mod param {
    /// uint16_t
    pub const GLOBAL_RETRY_MEMORY_PERCENT: u32 = 0x0100_0000;
    /// uint64_t array - Array size is QUIC_PERF_COUNTER_MAX
    pub const GLOBAL_PERF_COUNTERS: u32 = 0x0100_0003;
    /// uint32_t[4]
    pub const GLOBAL_LIBRARY_VERSION: u32 = 0x0100_0004;
    /// QUIC_SETTINGS
    pub const GLOBAL_SETTINGS: u32 = 0x0100_0005;
    /// QUIC_GLOBAL_EXECUTION_CONFIG
    pub const GLOBAL_EXECUTION_CONFIG: u32 = 0x0100_0009;
    /// QUIC_TLS_PROVIDER
    pub const GLOBAL_TLS_PROVIDER: u32 = 0x0100_000A;
    /// bytes - Array size is QUIC_STATELESS_RESET_KEY_LENGTH
    pub const GLOBAL_STATELESS_RESET_KEY: u32 = 0x0100_000B;
    /// QUIC_STATELESS_RETRY_CONFIG
    pub const GLOBAL_STATELESS_RETRY_CONFIG: u32 = 0x0100_000D;
    /// QUIC_SETTINGS
    pub const CONFIGURATION_SETTINGS: u32 = 0x0300_0000;
    /// QUIC_ADDR
    pub const LISTENER_LOCAL_ADDRESS: u32 = 0x0400_0000;
    /// QUIC_LISTENER_STATISTICS
    pub const LISTENER_STATS: u32 = 0x0400_0001;
    /// uint16_t
    pub const LISTENER_PARTITION_INDEX: u32 = 0x0400_0005;
    /// BOOLEAN
    pub const DOS_MODE_EVENTS: u32 = 0x0400_0004;
    /// uint32_t
    pub const CONN_QUIC_VERSION: u32 = 0x0500_0000;
    /// QUIC_ADDR
    pub const CONN_LOCAL_ADDRESS: u32 = 0x0500_0001;
    /// QUIC_ADDR
    pub const CONN_REMOTE_ADDRESS: u32 = 0x0500_0002;
    /// uint16_t
    pub const CONN_IDEAL_PROCESSOR: u32 = 0x0500_0003;
    /// QUIC_SETTINGS
    pub const CONN_SETTINGS: u32 = 0x0500_0004;
    /// uint8_t (BOOLEAN)
    pub const CONN_SHARE_UDP_BINDING: u32 = 0x0500_0007;
    /// uint16_t
    pub const CONN_LOCAL_BIDI_STREAM_COUNT: u32 = 0x0500_0008;
    /// uint16_t
    pub const CONN_LOCAL_UNIDI_STREAM_COUNT: u32 = 0x0500_0009;
    /// char array
    pub const CONN_CLOSE_REASON_PHRASE: u32 = 0x0500_000B;
    /// QUIC_STREAM_SCHEDULING_SCHEME
    pub const CONN_STREAM_SCHEDULING_SCHEME: u32 = 0x0500_000C;
    /// uint8_t (BOOLEAN)
    pub const CONN_PEER_CERTIFICATE_VALID: u32 = 0x0500_0011;
    /// uint32_t
    pub const CONN_LOCAL_INTERFACE: u32 = 0x0500_0012;
    /// QUIC_TLS_SECRETS (SSLKEYLOGFILE compatible)
    pub const CONN_TLS_SECRETS: u32 = 0x0500_0013;
    /// QUIC_STATISTICS_V2
    pub const CONN_STATISTICS_V2: u32 = 0x0500_0016;
    /// QUIC_STATISTICS_V2
    pub const CONN_STATISTICS_V2_PLAT: u32 = 0x0500_0017;
    /// bytes
    pub const CONN_ORIG_DEST_CID: u32 = 0x0500_0018;
    /// uint8_t
    pub const CONN_SEND_DSCP: u32 = 0x0500_0019;
    /// struct QUIC_NETWORK_STATISTICS
    pub const CONN_NETWORK_STATISTICS: u32 = 0x0500_0020;
    /// uint8_t
    pub const CONN_CLOSE_ASYNC: u32 = 0x0500_001A;
    /// QUIC_HANDSHAKE_INFO
    pub const TLS_HANDSHAKE_INFO: u32 = 0x0600_0000;
    /// bytes (max 255 bytes)
    pub const TLS_NEGOTIATED_ALPN: u32 = 0x0600_0001;
    /// QUIC_UINT62
    pub const STREAM_ID: u32 = 0x0800_0000;
    /// uint64_t
    pub const STREAM_0RTT_LENGTH: u32 = 0x0800_0001;
    /// uint64_t - bytes
    pub const STREAM_IDEAL_SEND_BUFFER_SIZE: u32 = 0x0800_0002;
    /// uint16_t - 0 (low) to 0xFFFF (high) - 0x7FFF (default)
    pub const STREAM_PRIORITY: u32 = 0x0800_0003;
    /// QUIC_STREAM_STATISTICS
    pub const STREAM_STATISTICS: u32 = 0x0800_0004;
    /// Combine with any parameter to let it overtake other work of the connection.
    pub const HIGH_PRIORITY: u32 = 0x4000_0000;
}
