//! The table of settings against the library: each field that is set is the one that the library reports.

mod common;

use std::ptr;

use common::{open_configuration, open_registration};
use msquic_sys::constants::param;
use msquic_sys::{ApiTable, Handle, Setting, Settings, status};

#[test]
fn the_library_reports_each_setting_as_it_was_set() {
    let api = msquic_sys::open().expect("MsQuicOpenVersion");
    let registration = open_registration(api);
    for &setting in Setting::ALL {
        let value = unusual(setting);
        let settings = Settings::default()
            .with(setting, value)
            .unwrap_or_else(|error| panic!("{}: {error:?}", setting.name()));
        let configuration = open_configuration(api, registration, &settings)
            .unwrap_or_else(|error| panic!("{}: {error:?}", setting.name()));
        let defaults = open_configuration(api, registration, &Settings::default()).expect("no settings");
        let (reported, before) = (read(api, configuration), read(api, defaults));
        assert_eq!(reported.get(setting), value, "{}", setting.name());
        assert_ne!(
            before.get(setting),
            value,
            "{} is the default, so this shows nothing",
            setting.name()
        );
        for &other in Setting::ALL {
            if other != setting {
                assert_eq!(
                    reported.get(other),
                    before.get(other),
                    "{} by {}",
                    other.name(),
                    setting.name()
                );
            }
        }
        // SAFETY: both are open and used by nobody.
        unsafe {
            (api.configuration_close)(configuration);
            (api.configuration_close)(defaults);
        }
    }
    // SAFETY: its configurations are closed.
    unsafe {
        (api.registration_close)(registration);
        msquic_sys::close(api);
    }
}

/// A value in the setting's range that is no default of the library.
fn unusual(setting: Setting) -> u64 {
    match setting {
        // On by default, all of them.
        Setting::SendBuffering | Setting::Pacing | Setting::Migration => 0,
        Setting::CongestionControl => 1,
        Setting::MaximumMtu => 1300,
        _ if setting.is_power_of_two() => 1 << 17,
        _ => 12_345.clamp(setting.range().0, setting.range().1),
    }
}

fn read(api: &ApiTable, configuration: Handle) -> Settings {
    let mut settings = Settings::default();
    let mut length = Settings::SIZE as u32;
    // SAFETY: the configuration is open; the parameter is QUIC_SETTINGS, for which there is room.
    let result = unsafe {
        (api.get_param)(
            configuration,
            param::CONFIGURATION_SETTINGS,
            &mut length,
            ptr::from_mut(&mut settings).cast(),
        )
    };
    assert_eq!(result, status::SUCCESS);
    settings
}
