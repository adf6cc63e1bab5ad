//! The library starts, does the least useful thing and ends in order. Without a certificate and without a network.

mod common;

use std::ptr;

use common::{open_configuration, open_registration};
use msquic_sys::constants::param;
use msquic_sys::{ApiTable, Settings, status};

#[test]
fn the_library_opens_and_closes() {
    let api = msquic_sys::open().expect("MsQuicOpenVersion");
    assert_eq!(library_version(api)[..3], [2, 6, 3]);

    let registration = open_registration(api);
    let configuration = open_configuration(api, registration, &Settings::default())
        .expect("a server configuration without credentials");

    // SAFETY: each handle is open, has no users left and is closed once, children first; no callback runs.
    unsafe {
        (api.configuration_close)(configuration);
        (api.registration_close)(registration);
        msquic_sys::close(api);
    }
}

#[test]
fn bytes_of_settings_are_understood_and_checked() {
    let api = msquic_sys::open().expect("MsQuicOpenVersion");
    let registration = open_registration(api);

    // StreamRecvWindowDefault: bit 6 of the mask, a u32 at 48, a power of two.
    let mut bytes = [0; Settings::SIZE];
    bytes[0] = 1 << 6;
    bytes[48..52].copy_from_slice(&(1u32 << 20).to_le_bytes());
    let good = open_configuration(api, registration, &raw_settings(bytes)).expect("a power of two");
    bytes[48] = 1;
    let bad = open_configuration(api, registration, &raw_settings(bytes));
    assert_eq!(bad.err(), Some(status::INVALID_PARAMETER));

    // SAFETY: as above.
    unsafe {
        (api.configuration_close)(good);
        (api.registration_close)(registration);
        msquic_sys::close(api);
    }
}

/// Settings that the setters would not make.
fn raw_settings(bytes: [u8; Settings::SIZE]) -> Settings {
    // SAFETY: `Settings` is `repr(C)` around these bytes, of which every value is allowed.
    unsafe { std::mem::transmute(bytes) }
}

fn library_version(api: &ApiTable) -> [u32; 4] {
    let mut version = [0u32; 4];
    let mut length = size_of_val(&version) as u32;
    // SAFETY: a global parameter has no handle; the buffer has the length that is stated.
    let result = unsafe {
        (api.get_param)(
            ptr::null_mut(),
            param::GLOBAL_LIBRARY_VERSION,
            &mut length,
            version.as_mut_ptr().cast(),
        )
    };
    assert_eq!(result, status::SUCCESS);
    version
}
