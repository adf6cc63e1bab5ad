//! What a thread is for, by its name.

use super::{NETWORK_THREAD, OURS, ROLES};

/// How the QUIC library names its threads where nothing else does.
#[cfg(not(target_os = "linux"))]
const LIBRARY: [&str; 2] = ["cxplat_", "quic_"];

/// The number of its role in [`ROLES`].
pub(super) fn role_of(name: &str) -> usize {
    let role = match name.strip_prefix(OURS) {
        Some("read") => "read",
        Some("write") => "write",
        Some(_) if NETWORK_THREAD.to_str() == Ok(name) => "network",
        Some(_) => "files",
        #[cfg(not(target_os = "linux"))]
        None if LIBRARY.iter().any(|start| name.starts_with(start)) => "network",
        None => "control",
    };
    ROLES.iter().position(|known| *known == role).unwrap_or(0)
}
