//! QUIC_SETTINGS by name: where each field lies, its bit among the fields that are set, and what values the library takes.
//!
//! The library checks some fields, changes others silently and asserts on a few in debug builds only, so [`Settings::set`] checks
//! all of them. A test sets each field, asks the library for it and so binds this table to the header.

/// Largest packet of the library as it is built here (`edits/`), with its IP header; another build silently takes 1,500.
pub const MAX_MTU: u64 = 16_392;

/// Windows stay below 2^31, where signed and unsigned arithmetic agree.
const MAX_WINDOW: u64 = (1 << 31) - 1;

/// 49 days; the library could hold more.
const MAX_MS: u64 = u32::MAX as u64;

/// QUIC_SETTINGS; 144 bytes on every supported platform. A field that is not set keeps the library's default.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings([u8; Settings::SIZE]);

/// A value that the library would refuse, or change silently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfRange {
    pub setting: Setting,
    pub value: u64,
}

/// Where a field lies in QUIC_SETTINGS.
#[derive(Clone, Copy)]
enum Place {
    /// First byte and number of bytes.
    Bytes(usize, usize),
    /// One bit of the byte that the switches share.
    Switch(u8),
}

struct Field {
    place: Place,
    /// Its bit in IsSetFlags.
    bit: u32,
    least: u64,
    most: u64,
    is_power_of_two: bool,
}

/// The byte that SendBufferingEnabled and the switches after it share.
const SWITCHES: usize = 106;

/// Declares the settings: the name, where it lies, its bit and its range.
macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $place:expr, bit $bit:literal, $least:literal..=$most:expr $(, $power:ident)?;)+) => {
        /// A field of QUIC_SETTINGS that ultra sets. Sizes are in bytes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum Setting { $($(#[$doc])* $name),+ }

        impl Setting {
            /// In the order of their numbers.
            pub const ALL: &[Setting] = &[$(Setting::$name),+];

            pub fn name(self) -> &'static str {
                match self { $(Setting::$name => stringify!($name)),+ }
            }

            fn field(self) -> Field {
                use Place::{Bytes, Switch};
                match self {
                    $(Setting::$name => Field {
                        place: $place,
                        bit: $bit,
                        least: $least,
                        most: $most,
                        is_power_of_two: false $(|| stringify!($power) == "power_of_two")?,
                    }),+
                }
            }
        }
    };
}

settings! {
    HandshakeIdleTimeoutMs: Bytes(16, 8), bit 1, 0..=MAX_MS;
    IdleTimeoutMs: Bytes(24, 8), bit 2, 0..=MAX_MS;
    StreamReceiveBuffer: Bytes(52, 4), bit 7, 4096..=MAX_WINDOW, power_of_two;
    /// What the peer may send ahead on all streams: the bound of a connection's memory.
    ConnectionWindow: Bytes(56, 4), bit 8, 1..=MAX_WINDOW;
    InitialWindowPackets: Bytes(68, 4), bit 11, 1..=MAX_MS;
    InitialRttMs: Bytes(76, 4), bit 13, 1..=MAX_MS;
    DisconnectTimeoutMs: Bytes(84, 4), bit 15, 1..=600_000;
    /// 0: off.
    KeepAliveIntervalMs: Bytes(88, 4), bit 16, 0..=MAX_MS;
    /// 0 CUBIC, 1 BBR. The library would take any other number for CUBIC.
    CongestionControl: Bytes(92, 2), bit 17, 0..=1;
    PeerBidiStreams: Bytes(94, 2), bit 18, 0..=0xffff;
    PeerUnidiStreams: Bytes(96, 2), bit 19, 0..=0xffff;
    /// Answers to datagrams of no connection (Retry, for one) in 100 ms. Of the whole library.
    MaxBindingStatelessOperations: Bytes(98, 2), bit 20, 0..=0xffff;
    /// Largest packet to look for, with its IP header.
    MaximumMtu: Bytes(104, 2), bit 23, 1248..=MAX_MTU;
    SendBuffering: Switch(0), bit 24, 0..=1;
    Pacing: Switch(1), bit 25, 0..=1;
    Migration: Switch(2), bit 26, 0..=1;
    /// The window that a control stream opened here starts with.
    StreamWindowBidiLocal: Bytes(128, 4), bit 35, 1..=MAX_WINDOW, power_of_two;
    /// The window that a control stream opened by the peer starts with.
    StreamWindowBidiRemote: Bytes(132, 4), bit 36, 1..=MAX_WINDOW, power_of_two;
    /// The window that a lane starts with.
    StreamWindowUnidi: Bytes(136, 4), bit 37, 1..=MAX_WINDOW, power_of_two;
}

impl Setting {
    /// The least and the most that [`Settings::set`] takes.
    pub fn range(self) -> (u64, u64) {
        let field = self.field();
        (field.least, field.most)
    }

    /// Whether only powers of two are taken: the library asserts this in debug builds only.
    pub fn is_power_of_two(self) -> bool {
        self.field().is_power_of_two
    }
}

impl Settings {
    pub const SIZE: usize = 144;

    /// Sets a field.
    pub fn set(&mut self, setting: Setting, value: u64) -> Result<(), OutOfRange> {
        let field = setting.field();
        let in_range = (field.least..=field.most).contains(&value);
        if !in_range || (field.is_power_of_two && !value.is_power_of_two()) {
            return Err(OutOfRange { setting, value });
        }
        match field.place {
            Place::Bytes(at, len) => self.0[at..at + len].copy_from_slice(&value.to_le_bytes()[..len]),
            Place::Switch(index) => {
                self.0[SWITCHES] = self.0[SWITCHES] & !(1 << index) | (value as u8) << index;
            }
        }
        let marks = self.marks() | 1 << field.bit;
        self.0[..8].copy_from_slice(&marks.to_le_bytes());
        Ok(())
    }

    /// [`Settings::set`] for a chain of fields.
    pub fn with(mut self, setting: Setting, value: u64) -> Result<Self, OutOfRange> {
        self.set(setting, value)?;
        Ok(self)
    }

    /// Refuses a receive buffer above a stream's window, which breaks the library's arithmetic in release builds.
    pub fn checked(self) -> Result<Self, OutOfRange> {
        const WINDOWS: [Setting; 3] = [
            Setting::StreamWindowBidiLocal,
            Setting::StreamWindowBidiRemote,
            Setting::StreamWindowUnidi,
        ];
        let setting = Setting::StreamReceiveBuffer;
        let value = self.get(setting);
        let is_above = |window: Setting| self.is_set(window) && value > self.get(window);
        if self.is_set(setting) && WINDOWS.into_iter().any(is_above) {
            return Err(OutOfRange { setting, value });
        }
        Ok(self)
    }

    /// The value that stands in a field, whether it is marked as set or not: what the library reports has no marks that matter.
    pub fn get(&self, setting: Setting) -> u64 {
        match setting.field().place {
            Place::Bytes(at, len) => {
                let mut word = [0; 8];
                word[..len].copy_from_slice(&self.0[at..at + len]);
                u64::from_le_bytes(word)
            }
            Place::Switch(index) => u64::from(self.0[SWITCHES] >> index & 1),
        }
    }

    pub fn is_set(&self, setting: Setting) -> bool {
        self.marks() >> setting.field().bit & 1 == 1
    }

    /// IsSetFlags.
    fn marks(&self) -> u64 {
        let mut word = [0; 8];
        word.copy_from_slice(&self.0[..8]);
        u64::from_le_bytes(word)
    }
}

impl Default for Settings {
    /// No field is set: the library's defaults.
    fn default() -> Self {
        Self([0; Self::SIZE])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_reads_back_as_it_was_set_and_touches_no_other() {
        for &setting in Setting::ALL {
            let value = if setting.is_power_of_two() {
                1 << 16
            } else {
                setting.range().1
            };
            let settings = Settings::default().with(setting, value).expect("in range");
            assert_eq!(settings.get(setting), value, "{}", setting.name());
            for &other in Setting::ALL {
                assert_eq!(
                    settings.is_set(other),
                    other == setting,
                    "{} by {}",
                    other.name(),
                    setting.name()
                );
                if other != setting {
                    assert_eq!(settings.get(other), 0, "{} by {}", other.name(), setting.name());
                }
            }
        }
    }

    #[test]
    fn a_switch_can_be_set_and_cleared() {
        let mut settings = Settings::default();
        for value in [1, 0, 1] {
            settings.set(Setting::Pacing, value).expect("a switch");
            assert_eq!(
                (settings.get(Setting::Pacing), settings.get(Setting::Migration)),
                (value, 0)
            );
            assert!(settings.is_set(Setting::Pacing));
        }
    }

    #[test]
    fn a_receive_buffer_fits_into_every_window_that_is_set() {
        let buffer = Settings::default()
            .with(Setting::StreamReceiveBuffer, 1 << 17)
            .expect("in range");
        assert_eq!(buffer.checked(), Ok(buffer));
        let setting = Setting::StreamReceiveBuffer;
        for window in [
            Setting::StreamWindowBidiLocal,
            Setting::StreamWindowBidiRemote,
            Setting::StreamWindowUnidi,
        ] {
            let narrow = buffer.with(window, 1 << 16).expect("in range");
            assert_eq!(
                narrow.checked(),
                Err(OutOfRange {
                    setting,
                    value: 1 << 17
                }),
                "{}",
                window.name()
            );
            let wide = buffer.with(window, 1 << 17).expect("in range");
            assert_eq!(wide.checked(), Ok(wide), "{}", window.name());
        }
    }

    #[test]
    fn what_the_library_would_change_silently_is_refused() {
        let refused = [
            (Setting::CongestionControl, 2),
            (Setting::MaximumMtu, MAX_MTU + 1),
            (Setting::MaximumMtu, 1247),
            (Setting::ConnectionWindow, 1 << 31),
            (Setting::StreamWindowUnidi, (1 << 20) + 1),
            (Setting::StreamReceiveBuffer, 2048),
            (Setting::PeerUnidiStreams, 0x1_0000),
            (Setting::InitialRttMs, 0),
        ];
        for (setting, value) in refused {
            let mut settings = Settings::default();
            assert_eq!(settings.set(setting, value), Err(OutOfRange { setting, value }));
            assert_eq!(settings, Settings::default(), "{} changed", setting.name());
        }
    }
}
