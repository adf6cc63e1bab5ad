//! The named paths and what the command line changes about them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::path::{Loss, MILLISECOND, Nanos, Shape};

/// The one table of named paths, which the benchmarks read too.
const TABLE: &str = include_str!("../../../bench/paths/paths.json");

/// A path as people speak of it: times are of a round trip.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Settings {
    pub rate_mbit: f64,
    pub rtt_ms: f64,
    /// Between nothing and this much is added to the round trip.
    pub jitter_ms: f64,
    pub queue_bytes: u64,
    /// On the way from a to b, the direction of the data.
    pub loss_percent: f64,
    /// Packets lost in a row, on average; 1: each is lost or not on its own.
    pub burst_packets: f64,
    /// The same loss also on the way back.
    #[serde(default)]
    pub loss_both: bool,
    /// Packets reach the receiving kernel one by one, as from a network card that joins none.
    #[serde(default)]
    pub singly: bool,
}

/// All named paths.
pub fn table() -> BTreeMap<String, Settings> {
    serde_json::from_str(TABLE).expect("bench/paths/paths.json is checked by a test")
}

impl Settings {
    /// What is wrong with them.
    pub fn fault(&self) -> Option<&'static str> {
        let faults = [
            (
                !(0.01..=100_000.0).contains(&self.rate_mbit),
                "--rate must be between 0.01 and 100000 Mbit/s",
            ),
            (
                !(0.0..=60_000.0).contains(&self.rtt_ms),
                "--rtt must be between 0 and 60000 ms",
            ),
            (
                !(0.0..=60_000.0).contains(&self.jitter_ms),
                "--jitter must be between 0 and 60000 ms",
            ),
            (
                self.queue_bytes < 1500,
                "--queue must have room for one packet, 1500 bytes",
            ),
            (
                !(0.0..=90.0).contains(&self.loss_percent),
                "--loss must be between 0 and 90 percent",
            ),
            (
                !(1.0..=1e6).contains(&self.burst_packets),
                "--burst must be between 1 and 1000000 packets",
            ),
        ];
        faults.into_iter().find_map(|(wrong, text)| wrong.then_some(text))
    }

    /// The way from a to b, and the way back.
    pub fn directions(&self) -> [Shape; 2] {
        let loss = Loss {
            share: self.loss_percent / 100.0,
            burst: self.burst_packets,
        };
        let no_loss = Loss { share: 0.0, burst: 1.0 };
        let shape = |loss| Shape {
            rate: (self.rate_mbit * 1e6) as u64,
            queue: self.queue_bytes,
            delay: half(self.rtt_ms),
            jitter: half(self.jitter_ms),
            loss,
        };
        [shape(loss), shape(if self.loss_both { loss } else { no_loss })]
    }
}

fn half(milliseconds: f64) -> Nanos {
    (milliseconds / 2.0 * MILLISECOND as f64) as Nanos
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_paths_are_whole() {
        let table = table();
        assert_eq!(
            table.keys().collect::<Vec<_>>(),
            ["far", "lan1g", "metro", "shallow", "tight", "town", "wan", "wifi"]
        );
        for (name, settings) in table {
            assert_eq!(settings.fault(), None, "{name}");
        }
    }

    #[test]
    fn a_round_trip_is_two_halves_and_loss_is_on_the_way_of_the_data() {
        let [there, back] = table()["wan"].directions();
        assert_eq!(
            (there.rate, there.delay, there.queue),
            (500_000_000, 25 * MILLISECOND, 1_600_000)
        );
        assert_eq!(there.loss.share, 0.001);
        assert_eq!(
            back,
            Shape {
                loss: Loss { share: 0.0, burst: 1.0 },
                ..there
            }
        );
    }
}
