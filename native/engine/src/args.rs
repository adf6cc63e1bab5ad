//! Argument blocks of the door's functions: fixed fields, then pieces of stated length. Everything is checked here.

use std::net::SocketAddr;

use msquic_sys::Settings;

use crate::quic::Quic;

/// Reads an argument block from its start.
pub struct Args<'a>(&'a [u8]);

impl<'a> Args<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (piece, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(piece)
    }

    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn len(&mut self) -> Option<usize> {
        self.u32().map(|len| len as usize)
    }

    pub fn f64(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    pub fn text(&mut self, len: usize) -> Option<&'a str> {
        std::str::from_utf8(self.take(len)?).ok()
    }

    pub fn settings(&mut self) -> Option<Settings> {
        self.array().map(Settings::from_bytes)
    }

    /// The block must be used up: left-over bytes mean that the two sides disagree about its layout.
    pub fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

pub struct StartArgs {
    pub readers: usize,
    pub writers: usize,
    pub buffers: usize,
    pub profile: u32,
    /// QUIC's.
    pub network_threads: usize,
    pub outstanding: u64,
    /// `None`: as fast as it goes.
    pub bytes_per_second: Option<f64>,
}

impl StartArgs {
    /// Most threads or buffers that make sense; a larger number is a mistake of the caller.
    const MOST: usize = 4096;

    /// Bytes a second between which a limit makes sense: a block takes twelve days at the one, and no time at the other.
    const LEAST_RATE: f64 = 1.0;
    const MOST_RATE: f64 = 1e15;

    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut args = Args::new(bytes);
        let (readers, writers, buffers) = (args.len()?, args.len()?, args.len()?);
        let (profile, network_threads) = (args.u32()?, args.len()?);
        let (outstanding, rate) = (args.u32()?, args.f64()?);
        args.end()?;
        let sane = |number: usize| (1..=Self::MOST).contains(&number);
        let limited = rate != 0.0;
        if limited && !(Self::LEAST_RATE..=Self::MOST_RATE).contains(&rate) {
            return None;
        }
        let most = Quic::MOST_THREADS;
        let sane = sane(readers) && sane(writers) && sane(buffers) && (1..=most).contains(&network_threads);
        (sane && profile <= 3).then_some(Self {
            readers,
            writers,
            buffers,
            profile,
            network_threads,
            outstanding: outstanding.into(),
            bytes_per_second: limited.then_some(rate),
        })
    }
}

pub struct ListenArgs {
    pub settings: Settings,
    /// Dialers that have not shown that they receive at their address; the library demands it from as many on.
    pub most_unvalidated: u16,
    pub most_unproved: u32,
    pub most_unproved_each: u32,
    pub control_limit: u64,
    pub pkcs12: Vec<u8>,
    pub alpns: Vec<Vec<u8>>,
    pub local: SocketAddr,
}

impl ListenArgs {
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut args = Args::new(bytes);
        let settings = args.settings()?;
        let most_unvalidated = u16::try_from(args.u32()?).ok()?;
        let (most_unproved, most_unproved_each) = (args.u32()?, args.u32()?);
        let control_limit = args.u32()?.into();
        let lengths = [args.len()?, args.len()?, args.len()?, args.len()?];
        let _hash = args.take(lengths[0])?;
        let pkcs12 = args.take(lengths[1])?.to_vec();
        let alpns = split_alpns(args.take(lengths[2])?);
        let local = args.text(lengths[3])?.parse().ok()?;
        args.end()?;
        Some(Self {
            settings,
            most_unvalidated,
            most_unproved,
            most_unproved_each,
            control_limit,
            pkcs12,
            alpns,
            local,
        })
    }
}

pub struct ConnectArgs {
    pub settings: Settings,
    /// `None`: report any certificate.
    pub pin: Option<[u8; 16]>,
    pub partition: u16,
    pub control_limit: u64,
    pub alpns: Vec<Vec<u8>>,
    pub remote: SocketAddr,
}

impl ConnectArgs {
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut args = Args::new(bytes);
        let settings = args.settings()?;
        let (mode, pin) = (args.u32()?, args.array()?);
        let (partition, control_limit) = (args.u32()?, args.u32()?.into());
        let lengths = [args.len()?, args.len()?];
        let alpns = split_alpns(args.take(lengths[0])?);
        let remote = args.text(lengths[1])?.parse().ok()?;
        args.end()?;
        let pin = match mode {
            0 => Some(pin),
            1 => None,
            _ => return None,
        };
        Some(Self {
            settings,
            pin,
            partition: u16::try_from(partition).ok()?,
            control_limit,
            alpns,
            remote,
        })
    }
}

fn split_alpns(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect()
}

pub struct SinkArgs<'a> {
    pub overwrite: bool,
    pub hidden: bool,
    pub discard: bool,
    pub create: bool,
    pub folder: &'a str,
    pub rename: Option<&'a str>,
}

impl<'a> SinkArgs<'a> {
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut args = Args::new(bytes);
        let flags = args.u32()?;
        let (folder_len, rename_len) = (args.len()?, args.len()?);
        let (folder, rename) = (args.text(folder_len)?, args.text(rename_len)?);
        args.end()?;
        Some(Self {
            overwrite: flags & 1 != 0,
            hidden: flags & 8 != 0,
            discard: flags & 2 != 0,
            create: flags & 4 != 0,
            folder,
            rename: (!rename.is_empty()).then_some(rename),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_must_be_used_up_exactly() {
        let good = start_args(0.0);
        assert!(StartArgs::parse(&good).is_some());
        assert!(StartArgs::parse(&good[..31]).is_none());
        assert!(StartArgs::parse(&[&good[..], &[0]].concat()).is_none());
    }

    fn start_args(rate: f64) -> Vec<u8> {
        let words = [1u32, 1, 16, 1, 1, 8 << 20];
        let words = words.iter().flat_map(|word| word.to_le_bytes());
        words.chain(rate.to_le_bytes()).collect()
    }

    #[test]
    fn a_rate_is_zero_for_no_limit_or_a_number_that_time_can_be_divided_by() {
        let rate = |rate: f64| StartArgs::parse(&start_args(rate)).map(|args| args.bytes_per_second);
        assert_eq!(rate(0.0), Some(None));
        assert_eq!(rate(5e6), Some(Some(5e6)));
        for wrong in [-1.0, 0.1, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 1e300] {
            assert_eq!(rate(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lengths_beyond_the_block_are_refused() {
        let mut bytes = Vec::new();
        for word in [0u32, u32::MAX, 4] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(b"/tmp");
        assert!(SinkArgs::parse(&bytes).is_none());
    }
}
