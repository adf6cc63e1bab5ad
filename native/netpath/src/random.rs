//! Random numbers that belong to a place, not to a moment: the n-th draw of a stream is the same for every reader and at any time.

/// One stream of draws: of a seed, a direction and a purpose.
#[derive(Clone, Copy, Debug)]
pub struct Stream(u64);

impl Stream {
    pub fn new(seed: u64, number: u64) -> Self {
        Self(mix(mix(seed) ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93)))
    }

    /// The n-th draw, from 0 up to but excluding 1.
    pub fn at(self, n: u64) -> f64 {
        // 53 bits are what an f64 holds exactly.
        (mix(self.0.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The output function of SplitMix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit.
fn mix(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_even_and_streams_do_not_follow_each_other() {
        let (first, second) = (Stream::new(1, 0), Stream::new(1, 1));
        let count = 100_000;
        let mean = (0..count).map(|n| first.at(n)).sum::<f64>() / count as f64;
        assert!((mean - 0.5).abs() < 0.005, "mean {mean}");
        let product = (0..count)
            .map(|n| (first.at(n) - 0.5) * (second.at(n) - 0.5))
            .sum::<f64>()
            / count as f64;
        assert!(product.abs() < 0.002, "correlation {product}");
    }
}
