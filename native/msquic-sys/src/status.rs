//! QUIC_STATUS: one number per outcome, and the numbers differ between systems. On Unix they are values of errno (and a few
//! of msquic's own), on Windows HRESULTs; so they are named, compared and translated here and never written as numbers.

/// QUIC_STATUS. (Signed on Windows, of the same size; only [`succeeded`] looks at the sign.)
pub type Status = u32;

/// QUIC_SUCCEEDED. PENDING and CONTINUE are successes.
pub const fn succeeded(status: Status) -> bool {
    if cfg!(windows) {
        status as i32 >= 0
    } else {
        status as i32 <= 0
    }
}

/// QUIC_FAILED
pub const fn failed(status: Status) -> bool {
    !succeeded(status)
}

/// The name of a status without `QUIC_STATUS_`, in lower case; `None` for one that has none.
pub fn name(status: Status) -> Option<&'static str> {
    NAMES.iter().find(|(value, _)| *value == status).map(|(_, name)| *name)
}

/// QUIC_STATUS_TLS_ALERT
pub const fn tls_alert(alert: u8) -> Status {
    TLS_ALERT_BASE + alert as u32
}

/// The TLS alert in a status, if it is one: the way back from [`tls_alert`].
pub const fn alert_of(status: Status) -> Option<u8> {
    match status.wrapping_sub(TLS_ALERT_BASE) {
        alert @ 0..=255 => Some(alert as u8),
        _ => None,
    }
}

#[cfg(unix)]
const TLS_ALERT_BASE: Status = 200_000_000 + 256;
#[cfg(windows)]
const TLS_ALERT_BASE: Status = 0x8041_0100;

macro_rules! statuses {
    ($($name:ident = $unix:expr, $windows:expr, $text:literal;)*) => {
        $(
            #[cfg(unix)]
            #[doc = concat!("QUIC_STATUS_", stringify!($name))]
            pub const $name: Status = ($unix) as Status;
            #[cfg(windows)]
            #[doc = concat!("QUIC_STATUS_", stringify!($name))]
            pub const $name: Status = $windows;
        )*
        const NAMES: &[(Status, &str)] = &[$(($name, $text)),*];
    };
}

statuses! {
    SUCCESS = 0, 0, "success";
    PENDING = -2_i32, 0x0007_03E5, "pending";
    CONTINUE = -1_i32, 0x0007_04DE, "continue";
    OUT_OF_MEMORY = libc::ENOMEM, 0x8007_000E, "out_of_memory";
    INVALID_PARAMETER = libc::EINVAL, 0x8007_0057, "invalid_parameter";
    INVALID_STATE = libc::EPERM, 0x8007_139F, "invalid_state";
    NOT_SUPPORTED = libc::EOPNOTSUPP, 0x8000_4002, "not_supported";
    NOT_FOUND = libc::ENOENT, 0x8007_0490, "not_found";
    BUFFER_TOO_SMALL = libc::EOVERFLOW, 0x8007_007A, "buffer_too_small";
    HANDSHAKE_FAILURE = libc::ECONNABORTED, 0x8041_0000, "handshake_failure";
    ABORTED = libc::ECANCELED, 0x8000_4004, "aborted";
    ADDRESS_IN_USE = libc::EADDRINUSE, 0x8007_2740, "address_in_use";
    INVALID_ADDRESS = libc::EAFNOSUPPORT, 0x8007_2741, "invalid_address";
    CONNECTION_TIMEOUT = libc::ETIMEDOUT, 0x8041_0006, "connection_timeout";
    CONNECTION_IDLE = libc::ETIME, 0x8041_0005, "connection_idle";
    INTERNAL_ERROR = libc::EIO, 0x8041_0003, "internal_error";
    CONNECTION_REFUSED = libc::ECONNREFUSED, 0x8007_04C9, "connection_refused";
    PROTOCOL_ERROR = libc::EPROTO, 0x8041_0004, "protocol_error";
    VER_NEG_ERROR = libc::EPROTONOSUPPORT, 0x8041_0001, "ver_neg_error";
    UNREACHABLE = libc::EHOSTUNREACH, 0x8007_04D0, "unreachable";
    // ENOKEY and ESTRPIPE exist on Linux only; the header gives them these values elsewhere.
    TLS_ERROR = 126, 0x8007_2B18, "tls_error";
    USER_CANCELED = libc::EOWNERDEAD, 0x8041_0002, "user_canceled";
    ALPN_NEG_FAILURE = libc::ENOPROTOOPT, 0x8041_0007, "alpn_neg_failure";
    STREAM_LIMIT_REACHED = 86, 0x8041_0008, "stream_limit_reached";
    ALPN_IN_USE = libc::EPROTOTYPE, 0x8041_0009, "alpn_in_use";
    // (The Windows header has no such status and reports INVALID_ADDRESS.)
    ADDRESS_NOT_AVAILABLE = libc::EADDRNOTAVAIL, 0x8007_2741, "address_not_available";
    CLOSE_NOTIFY = tls_alert(0), tls_alert(0), "close_notify";
    BAD_CERTIFICATE = tls_alert(42), tls_alert(42), "bad_certificate";
    UNSUPPORTED_CERTIFICATE = tls_alert(43), tls_alert(43), "unsupported_certificate";
    REVOKED_CERTIFICATE = tls_alert(44), tls_alert(44), "revoked_certificate";
    EXPIRED_CERTIFICATE = tls_alert(45), tls_alert(45), "expired_certificate";
    UNKNOWN_CERTIFICATE = tls_alert(46), tls_alert(46), "unknown_certificate";
    REQUIRED_CERTIFICATE = tls_alert(116), tls_alert(116), "required_certificate";
    CERT_EXPIRED = 200_000_513, 0x800B_0101, "cert_expired";
    CERT_UNTRUSTED_ROOT = 200_000_514, 0x800B_0109, "cert_untrusted_root";
    CERT_NO_CERT = 200_000_515, 0x8009_030E, "cert_no_cert";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_and_continue_are_successes() {
        assert!(succeeded(SUCCESS));
        assert!(succeeded(PENDING));
        assert!(succeeded(CONTINUE));
    }

    #[test]
    fn errors_are_failures() {
        let failures = NAMES.iter().filter(|(value, _)| failed(*value)).count();
        assert_eq!(failures, NAMES.len() - 3);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn values_on_linux_are_those_of_the_header() {
        assert_eq!(PENDING, u32::MAX - 1);
        assert_eq!(TLS_ERROR, libc::ENOKEY as Status);
        assert_eq!(STREAM_LIMIT_REACHED, libc::ESTRPIPE as Status);
        assert_eq!(CONNECTION_IDLE, 62);
        assert_eq!(CLOSE_NOTIFY, 0x0BEB_C300);
        assert_eq!(REQUIRED_CERTIFICATE, 0x0BEB_C374);
        assert_eq!(CERT_NO_CERT, 0x0BEB_C403);
    }

    #[cfg(unix)]
    #[test]
    fn every_status_has_its_own_number() {
        let mut values: Vec<Status> = NAMES.iter().map(|(value, _)| *value).collect();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), NAMES.len());
    }

    #[test]
    fn names_and_alerts_are_found() {
        assert_eq!(name(CONNECTION_REFUSED), Some("connection_refused"));
        assert_eq!(name(199_999_999), None);
        assert_eq!(alert_of(BAD_CERTIFICATE), Some(42));
        assert_eq!(alert_of(CONNECTION_REFUSED), None);
        assert_eq!(alert_of(tls_alert(255)), Some(255));
    }
}
