//! The settings of a connection in the words of the door, and as the library takes and reports them.

use msquic_sys::{OutOfRange, Setting, Settings};

use crate::core::options::ConnectionSettings;
use crate::core::words::CongestionControl;

/// A value of a setting, which the library has as a number.
trait Value: Sized {
    fn number(self) -> u64;
    fn of(number: u64) -> Option<Self>;
}

impl Value for u32 {
    fn number(self) -> u64 {
        self.into()
    }
    fn of(number: u64) -> Option<Self> {
        number.try_into().ok()
    }
}

impl Value for u16 {
    fn number(self) -> u64 {
        self.into()
    }
    fn of(number: u64) -> Option<Self> {
        number.try_into().ok()
    }
}

impl Value for bool {
    fn number(self) -> u64 {
        self.into()
    }
    fn of(number: u64) -> Option<Self> {
        Some(number != 0)
    }
}

/// The numbers of the door's word are the library's.
impl Value for CongestionControl {
    fn number(self) -> u64 {
        self as u64
    }
    fn of(number: u64) -> Option<Self> {
        Self::of(number.try_into().ok()?)
    }
}

/// Declares which setting of the library a field is. A field that is left out here does not compile.
macro_rules! settings {
    ($($field:ident: $setting:ident,)+) => {
        /// The library's setting of each field of [`ConnectionSettings`].
        pub const SETTINGS: &[(&str, Setting)] = &[$((stringify!($field), Setting::$setting)),+];

        /// Sets all fields; an error for a value that the library would refuse or silently change.
        pub fn to_library(settings: &ConnectionSettings) -> Result<Settings, OutOfRange> {
            let ConnectionSettings { $($field),+ } = *settings;
            Settings::default()
                $(.with(Setting::$setting, $field.number())?)+
                .checked()
        }

        /// `None`: the library reports what it was never given.
        pub fn from_library(settings: &Settings) -> Option<ConnectionSettings> {
            Some(ConnectionSettings { $($field: Value::of(settings.get(Setting::$setting))?),+ })
        }
    };
}

settings! {
    handshake_idle_timeout_ms: HandshakeIdleTimeoutMs,
    idle_timeout_ms: IdleTimeoutMs,
    disconnect_timeout_ms: DisconnectTimeoutMs,
    keep_alive_interval_ms: KeepAliveIntervalMs,
    connection_window_bytes: ConnectionWindow,
    stream_window_unidi_bytes: StreamWindowUnidi,
    stream_window_bidi_local_bytes: StreamWindowBidiLocal,
    stream_window_bidi_remote_bytes: StreamWindowBidiRemote,
    stream_receive_buffer_bytes: StreamReceiveBuffer,
    initial_window_packets: InitialWindowPackets,
    initial_rtt_ms: InitialRttMs,
    congestion_control: CongestionControl,
    peer_bidi_streams: PeerBidiStreams,
    peer_unidi_streams: PeerUnidiStreams,
    maximum_mtu: MaximumMtu,
    send_buffering: SendBuffering,
    pacing: Pacing,
    migration: Migration,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::declare::Options;

    /// Every field has another value.
    fn settings() -> ConnectionSettings {
        ConnectionSettings {
            handshake_idle_timeout_ms: 5_000,
            idle_timeout_ms: 20_000,
            disconnect_timeout_ms: 16_000,
            keep_alive_interval_ms: 10_000,
            connection_window_bytes: 16 << 20,
            stream_window_unidi_bytes: 2 << 20,
            stream_window_bidi_local_bytes: 1 << 16,
            stream_window_bidi_remote_bytes: 1 << 17,
            stream_receive_buffer_bytes: 1 << 15,
            initial_window_packets: 32,
            initial_rtt_ms: 50,
            congestion_control: CongestionControl::Bbr,
            peer_bidi_streams: 1,
            peer_unidi_streams: 64,
            maximum_mtu: 16_392,
            send_buffering: false,
            pacing: true,
            migration: true,
        }
    }

    #[test]
    fn every_field_is_set_and_comes_back() {
        let library = to_library(&settings()).unwrap();
        for (name, setting) in SETTINGS {
            assert!(library.is_set(*setting), "{name}");
        }
        assert_eq!(from_library(&library), Some(settings()));
        let fields = ConnectionSettings::DECLARATION.fields;
        let names: Vec<&str> = SETTINGS.iter().map(|(name, _)| *name).collect();
        assert_eq!(fields.iter().map(|field| field.name).collect::<Vec<_>>(), names);
    }

    #[test]
    fn the_numbers_of_congestion_control_are_the_library_s() {
        let numbers = [CongestionControl::Cubic, CongestionControl::Bbr].map(Value::number);
        assert_eq!(numbers, [0, 1]);
        let (least, most) = Setting::CongestionControl.range();
        assert!((least..=most).all(|number| <CongestionControl as Value>::of(number).is_some()));
    }

    #[test]
    fn what_the_library_would_refuse_or_silently_change_is_refused() {
        let refused: [fn(&mut ConnectionSettings); 8] = [
            |settings| settings.stream_window_unidi_bytes = 3 << 20,
            |settings| settings.stream_window_bidi_local_bytes = 0,
            |settings| settings.stream_receive_buffer_bytes = 2048,
            |settings| settings.stream_receive_buffer_bytes = 1 << 18,
            |settings| settings.connection_window_bytes = 1 << 31,
            |settings| settings.initial_rtt_ms = 0,
            |settings| settings.disconnect_timeout_ms = 600_001,
            |settings| settings.maximum_mtu = 16_393,
        ];
        for (index, change) in refused.into_iter().enumerate() {
            let mut settings = settings();
            change(&mut settings);
            assert!(to_library(&settings).is_err(), "{index}");
        }
    }
}
