//! The command line.

use std::ffi::OsString;
use std::net::SocketAddrV4;

use serde::Serialize;

use crate::failure::Failure;
use crate::shape::{Settings, table};

pub const HELP: &str = "\
netpath: a network path in a box, between two network namespaces (needs root)

  netpath run --path NAME [SETTINGS] [-- COMMAND...]
      Make the namespaces ultra-a-PID (10.77.0.1, fd77::1) and ultra-b-PID (10.77.0.2, fd77::2) and the path between them.
      Prints one JSON line when ready and one with counters at the end: when COMMAND has ended (it finds the names in
      NETPATH_A and NETPATH_B), without one when stdin is closed, or on SIGINT, SIGTERM or SIGHUP.
  netpath ceiling --path NAME [--seconds N] [SETTINGS]
      Send as many UDP packets of 1,500 bytes from a to b as the path takes; print what arrived as one JSON line.
  netpath exec --ns NAMESPACE -- COMMAND...
      Run a command in a namespace.
  netpath replay --file FILE --to ADDR:PORT [--per-second N] [--seed N]
      Send the datagram in FILE, 200 times a second, from made-up IPv4 addresses, each time another one, until stdin is closed; print what was sent as one
      JSON line. (In namespaces the sources are in 198.18.0.0/15, and need a route there.)
  netpath paths
      Print the named paths as JSON.

SETTINGS, in place of the named path's own:
  --seed N        of loss and jitter (1)
  --rate MBIT     of each direction, in Mbit/s of IP packets
  --rtt MS        round trip without queue; each direction takes half
  --jitter MS     up to this much more for a round trip; packets keep their order
  --queue BYTES   in front of each direction's bottleneck; what does not fit is dropped
  --loss PERCENT  behind the bottleneck from a to b
  --burst N       packets lost in a row on average (1: each one is decided alone)
  --loss-both     the same loss from b to a
  --singly        packets reach the receiving kernel one by one, as from a network card that joins none
  --tcp NAME      congestion control of TCP inside the namespaces (cubic)
  --tcp-buffer N  bytes that a TCP socket may buffer inside (67108864; 0: what the machine has)
";

#[derive(Debug, PartialEq)]
pub enum Call {
    Help,
    Paths,
    Run { plan: Plan, command: Vec<OsString> },
    Ceiling { plan: Plan, seconds: f64 },
    Replay(Replay),
    Exec { namespace: String, command: Vec<OsString> },
}

/// A datagram that is sent over and over.
#[derive(Debug, PartialEq)]
pub struct Replay {
    pub file: String,
    pub to: SocketAddrV4,
    pub per_second: f64,
    pub seed: u64,
}

/// Which path.
#[derive(Debug, PartialEq)]
pub struct Plan {
    pub name: String,
    pub seed: u64,
    pub settings: Settings,
    pub tcp: Tcp,
}

/// How the kernel's TCP works inside the namespaces.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tcp {
    pub congestion_control: String,
    /// The most bytes that a socket buffers. Linux's own 4 MB for sending bound TCP, not the path: at 50 ms and 0.1 % loss BBR gets
    /// 270 of 500 Mbit/s with them and 445 with 64 MiB.
    pub buffer: u64,
}

pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Call, Failure> {
    let mut arguments = arguments.into_iter();
    let name = arguments.next().unwrap_or_default();
    let options: Vec<_> = arguments.by_ref().take_while(|argument| argument != "--").collect();
    let command: Vec<_> = arguments.collect();
    let options = Options::read(&options)?;
    match name.to_str().unwrap_or_default() {
        "run" => Ok(Call::Run {
            plan: options.plan(&[])?,
            command,
        }),
        "ceiling" if command.is_empty() => {
            let plan = options.plan(&["--seconds"])?;
            let seconds = options.number("--seconds")?.unwrap_or(5.0);
            if !(0.1..=3600.0).contains(&seconds) {
                return Err(Failure::usage("--seconds must be between 0.1 and 3600"));
            }
            Ok(Call::Ceiling { plan, seconds })
        }
        "replay" if command.is_empty() => options.replay().map(Call::Replay),
        "exec" if !command.is_empty() => {
            options.only(&["--ns"])?;
            let namespace = options
                .value("--ns")
                .ok_or_else(|| Failure::usage("exec needs --ns NAMESPACE"))?;
            Ok(Call::Exec {
                namespace: namespace.to_owned(),
                command,
            })
        }
        "exec" => Err(Failure::usage("exec needs a command behind --")),
        "paths" if command.is_empty() => options.only(&[]).map(|()| Call::Paths),
        "help" | "--help" | "-h" | "" => Ok(Call::Help),
        "ceiling" | "replay" | "paths" => Err(Failure::usage("only run and exec take a command")),
        other => Err(Failure::usage(format!(
            "there is no {other}; netpath help lists what there is"
        ))),
    }
}

const SETTINGS: [&str; 12] = [
    "--path",
    "--seed",
    "--rate",
    "--rtt",
    "--jitter",
    "--queue",
    "--loss",
    "--burst",
    "--loss-both",
    "--singly",
    "--tcp",
    "--tcp-buffer",
];

/// Options with their values; `--loss-both` and `--singly` have empty ones.
struct Options(Vec<(String, String)>);

impl Options {
    fn read(arguments: &[OsString]) -> Result<Self, Failure> {
        let mut options = Vec::new();
        let mut arguments = arguments.iter().map(|argument| argument.to_string_lossy());
        while let Some(name) = arguments.next() {
            let value = match &*name {
                "--loss-both" | "--singly" => String::new(),
                _ => arguments
                    .next()
                    .ok_or_else(|| Failure::usage(format!("{name} needs a value")))?
                    .into_owned(),
            };
            options.push((name.into_owned(), value));
        }
        Ok(Self(options))
    }

    fn only(&self, known: &[&str]) -> Result<(), Failure> {
        let unknown = self.0.iter().find(|(name, _)| !known.contains(&name.as_str()));
        unknown.map_or(Ok(()), |(name, _)| {
            Err(Failure::usage(format!("unknown option {name}")))
        })
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, Failure> {
        let wrong = |value| Failure::usage(format!("{name} {value} is not such a number"));
        self.value(name)
            .map(|value| value.parse().map_err(|_| wrong(value)))
            .transpose()
    }

    fn replay(&self) -> Result<Replay, Failure> {
        self.only(&["--file", "--to", "--per-second", "--seed"])?;
        let per_second = self.number("--per-second")?.unwrap_or(200.0);
        if !(1.0..=1e6).contains(&per_second) {
            return Err(Failure::usage("--per-second must be between 1 and 1000000"));
        }
        let to = self
            .number("--to")?
            .ok_or_else(|| Failure::usage("replay needs --to"))?;
        let file = self
            .value("--file")
            .ok_or_else(|| Failure::usage("replay needs --file"))?;
        Ok(Replay {
            file: file.to_owned(),
            to,
            per_second,
            seed: self.number("--seed")?.unwrap_or(1),
        })
    }

    /// The path, if there are no options but those of a path and `others`.
    fn plan(&self, others: &[&str]) -> Result<Plan, Failure> {
        self.only(&[&SETTINGS, others].concat())?;
        let table = table();
        let names = || table.keys().cloned().collect::<Vec<_>>().join(", ");
        let name = self
            .value("--path")
            .ok_or_else(|| Failure::usage(format!("which --path? ({})", names())))?;
        if name == "loopback" {
            return Err(Failure::usage("loopback is the machine's own, there is no box for it"));
        }
        let named = table
            .get(name)
            .ok_or_else(|| Failure::usage(format!("no path {name}, only {}", names())))?;
        let settings = Settings {
            rate_mbit: self.number("--rate")?.unwrap_or(named.rate_mbit),
            rtt_ms: self.number("--rtt")?.unwrap_or(named.rtt_ms),
            jitter_ms: self.number("--jitter")?.unwrap_or(named.jitter_ms),
            queue_bytes: self.number("--queue")?.unwrap_or(named.queue_bytes),
            loss_percent: self.number("--loss")?.unwrap_or(named.loss_percent),
            burst_packets: self.number("--burst")?.unwrap_or(named.burst_packets),
            loss_both: self.value("--loss-both").is_some() || named.loss_both,
            singly: self.value("--singly").is_some() || named.singly,
        };
        let seed = self.number("--seed")?.unwrap_or(1);
        let tcp = Tcp {
            congestion_control: self.value("--tcp").unwrap_or("cubic").to_owned(),
            buffer: self.number("--tcp-buffer")?.unwrap_or(64 << 20),
        };
        match settings.fault() {
            Some(fault) => Err(Failure::usage(fault)),
            None => Ok(Plan {
                name: name.to_owned(),
                seed,
                settings,
                tcp,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(line: &str) -> Result<Call, String> {
        parse(line.split_whitespace().map(OsString::from)).map_err(|failure| {
            assert_eq!(failure.exit_code(), 2);
            failure.to_string()
        })
    }

    #[test]
    fn a_path_has_its_own_settings_unless_told_otherwise() {
        let Ok(Call::Run { plan, command }) = call("run --path wan --rate 50 --seed 7 -- ping -c 1") else {
            panic!()
        };
        let named = table()["wan"].clone();
        assert_eq!(
            plan.settings,
            Settings {
                rate_mbit: 50.0,
                ..named
            }
        );
        assert_eq!((plan.name.as_str(), plan.seed), ("wan", 7));
        assert_eq!(command, ["ping", "-c", "1"]);
    }

    #[test]
    fn all_settings_that_the_help_lists_are_taken() {
        let (_, listed) = HELP.split_once("SETTINGS, in place").expect("a list");
        let names: Vec<&str> = listed
            .lines()
            .filter_map(|line| line.split_whitespace().next().filter(|word| word.starts_with("--")))
            .collect();
        assert_eq!(names.len(), SETTINGS.len() - 1, "--path stands above the list");
        for name in names {
            assert!(SETTINGS.contains(&name), "{name}");
        }
        let Ok(Call::Run { plan, .. }) = call("run --path wan --tcp bbr --tcp-buffer 0") else {
            panic!()
        };
        assert_eq!((plan.tcp.congestion_control.as_str(), plan.tcp.buffer), ("bbr", 0));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |line| call(line).expect_err(line);
        assert_eq!(
            wrong("run"),
            "which --path? (far, lan1g, metro, shallow, tight, town, wan, wifi)"
        );
        assert_eq!(
            wrong("run --path moon"),
            "no path moon, only far, lan1g, metro, shallow, tight, town, wan, wifi"
        );
        assert_eq!(
            wrong("run --path loopback"),
            "loopback is the machine's own, there is no box for it"
        );
        assert_eq!(wrong("run --path wan --rate fast"), "--rate fast is not such a number");
        assert_eq!(
            wrong("run --path wan --rate 0"),
            "--rate must be between 0.01 and 100000 Mbit/s"
        );
        assert_eq!(wrong("run --path"), "--path needs a value");
        assert_eq!(wrong("run --path wan --seconds 3"), "unknown option --seconds");
        assert_eq!(wrong("replay --file x"), "replay needs --to");
        assert_eq!(
            wrong("replay --file x --to 127.0.0.1:1 --per-second 0"),
            "--per-second must be between 1 and 1000000"
        );
        assert_eq!(wrong("exec -- true"), "exec needs --ns NAMESPACE");
        assert_eq!(wrong("exec --ns x"), "exec needs a command behind --");
        assert_eq!(wrong("fly"), "there is no fly; netpath help lists what there is");
    }
}
