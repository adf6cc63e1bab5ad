//! What tests of the library need before they can ask it anything.

use std::ptr;

use msquic_sys::constants::execution_profile;
use msquic_sys::{ApiTable, Buffer, Handle, RegistrationConfig, Settings, status};

pub fn open_registration(api: &ApiTable) -> Handle {
    let config = RegistrationConfig {
        app_name: c"smoke".as_ptr(),
        execution_profile: execution_profile::MAX_THROUGHPUT,
    };
    let mut registration = ptr::null_mut();
    // SAFETY: the configuration and the place for the handle are valid during the call.
    let result = unsafe { (api.registration_open)(&config, &mut registration) };
    assert_eq!(result, status::SUCCESS);
    registration
}

pub fn open_configuration(api: &ApiTable, registration: Handle, settings: &Settings) -> Result<Handle, u32> {
    let mut name = *b"smoke";
    let alpn = Buffer {
        length: name.len() as u32,
        buffer: name.as_mut_ptr(),
    };
    let mut configuration = ptr::null_mut();
    // SAFETY: the registration is open; the name, the settings and the place for the handle are valid during the call, and
    // the library keeps copies.
    let result = unsafe {
        (api.configuration_open)(
            registration,
            &alpn,
            1,
            settings,
            Settings::SIZE as u32,
            ptr::null_mut(),
            &mut configuration,
        )
    };
    if status::failed(result) {
        return Err(result);
    }
    Ok(configuration)
}
