//! Sixteen blocks of zeros at once, one in each lane of AVX-512 registers.
//!
//! BLAKE3 adds words of its message in every step. Those of zeros add nothing, need not be loaded and not be brought into lanes, so this is a fifth
//! faster than hashing a buffer of zeros. Unsafe: the call of code for processors that have these instructions, and registers seen as numbers.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_ror_epi32, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_xor_si512,
};
use std::array;
use std::mem::transmute;

use blake3::hazmat::ChainingValue;

/// Blocks that are hashed at once.
const LANES: usize = 16;

/// BLAKE3's chunks of 1 KiB in a block, each of them sixteen steps of 64 bytes.
const CHUNKS: u64 = 1024;
const STEPS: usize = 16;
const STEP_LEN: u32 = 64;

/// Inner nodes above a chunk in a block.
const LEVELS: usize = CHUNKS.ilog2() as usize;

const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const PARENT: u32 = 4;

const IV: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// In which order each of the seven rounds takes the words of the message.
const SCHEDULE: [[usize; 16]; 7] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8],
    [3, 4, 10, 12, 13, 2, 7, 14, 6, 5, 9, 0, 11, 15, 8, 1],
    [10, 7, 12, 9, 14, 3, 13, 15, 4, 0, 11, 2, 5, 8, 1, 6],
    [12, 13, 9, 11, 15, 10, 14, 8, 7, 2, 5, 3, 0, 1, 6, 4],
    [9, 14, 11, 5, 8, 12, 15, 1, 13, 3, 0, 10, 2, 6, 4, 7],
    [11, 15, 5, 0, 1, 9, 8, 6, 14, 10, 2, 12, 3, 4, 7, 13],
];

/// A word of each block.
type Word = __m512i;

/// The values of whole blocks of zeros. `None`: this processor cannot do that.
pub fn values_of_sixteen(blocks: &[u64; LANES]) -> Option<[ChainingValue; LANES]> {
    // SAFETY: the processor has the instructions, and the system keeps the registers.
    is_x86_feature_detected!("avx512f").then(|| unsafe { values(blocks) })
}

/// Hashes chunk after chunk of all blocks, and joins two subtrees as soon as both are known.
#[target_feature(enable = "avx512f")]
fn values(blocks: &[u64; LANES]) -> [ChainingValue; LANES] {
    let chunks = blocks.map(|block| block * CHUNKS);
    let low = from_lanes(chunks.map(|chunk| chunk as u32));
    let high = from_lanes(chunks.map(|chunk| (chunk >> u32::BITS) as u32));
    let mut left = [[_mm512_setzero_si512(); 8]; LEVELS + 1];
    let mut depth = 0;
    for chunk in 0..CHUNKS as u32 {
        // The first chunk of a block is a multiple of 1,024, so nothing is carried.
        let low = _mm512_add_epi32(low, all(chunk));
        let mut value = chunk_of_zeros(low, high);
        for _ in 0..(chunk + 1).trailing_zeros() {
            depth -= 1;
            value = parent(&left[depth], &value);
        }
        left[depth] = value;
        depth += 1;
    }
    let words = left[0].map(to_lanes);
    array::from_fn(|lane| {
        let mut value = [0; 32];
        for (bytes, word) in value.chunks_exact_mut(4).zip(&words) {
            bytes.copy_from_slice(&word[lane].to_le_bytes());
        }
        value
    })
}

#[target_feature(enable = "avx512f")]
#[inline]
fn chunk_of_zeros(low: Word, high: Word) -> [Word; 8] {
    let mut value = IV.map(|word| all(word));
    for step in 0..STEPS {
        let start = if step == 0 { CHUNK_START } else { 0 };
        let end = if step == STEPS - 1 { CHUNK_END } else { 0 };
        let mut state = begin(&value, low, high, start | end);
        for _ in 0..SCHEDULE.len() {
            round(&mut state, |_| None);
        }
        value = finish(&state);
    }
    value
}

#[target_feature(enable = "avx512f")]
#[inline]
fn parent(left: &[Word; 8], right: &[Word; 8]) -> [Word; 8] {
    let zero = _mm512_setzero_si512();
    let mut state = begin(&IV.map(|word| all(word)), zero, zero, PARENT);
    for order in &SCHEDULE {
        let word = |at: usize| if at < 8 { left[at] } else { right[at - 8] };
        round(&mut state, |pair| {
            Some((word(order[2 * pair]), word(order[2 * pair + 1])))
        });
    }
    finish(&state)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn begin(value: &[Word; 8], low: Word, high: Word, flags: u32) -> [Word; 16] {
    let mut state = [_mm512_setzero_si512(); 16];
    state[..8].copy_from_slice(value);
    state[8..12].copy_from_slice(&[all(IV[0]), all(IV[1]), all(IV[2]), all(IV[3])]);
    state[12..].copy_from_slice(&[low, high, all(STEP_LEN), all(flags)]);
    state
}

#[target_feature(enable = "avx512f")]
#[inline]
fn finish(state: &[Word; 16]) -> [Word; 8] {
    array::from_fn(|at| _mm512_xor_si512(state[at], state[at + 8]))
}

/// One round: columns, then diagonals. `message` has a pair of words for each of them; without it they are zeros.
#[target_feature(enable = "avx512f")]
#[inline]
fn round(state: &mut [Word; 16], message: impl Fn(usize) -> Option<(Word, Word)>) {
    mix(state, [0, 4, 8, 12], message(0));
    mix(state, [1, 5, 9, 13], message(1));
    mix(state, [2, 6, 10, 14], message(2));
    mix(state, [3, 7, 11, 15], message(3));
    mix(state, [0, 5, 10, 15], message(4));
    mix(state, [1, 6, 11, 12], message(5));
    mix(state, [2, 7, 8, 13], message(6));
    mix(state, [3, 4, 9, 14], message(7));
}

#[target_feature(enable = "avx512f")]
#[inline]
fn mix(state: &mut [Word; 16], [a, b, c, d]: [usize; 4], message: Option<(Word, Word)>) {
    state[a] = _mm512_add_epi32(state[a], state[b]);
    if let Some((word, _)) = message {
        state[a] = _mm512_add_epi32(state[a], word);
    }
    state[d] = _mm512_ror_epi32::<16>(_mm512_xor_si512(state[d], state[a]));
    state[c] = _mm512_add_epi32(state[c], state[d]);
    state[b] = _mm512_ror_epi32::<12>(_mm512_xor_si512(state[b], state[c]));
    state[a] = _mm512_add_epi32(state[a], state[b]);
    if let Some((_, word)) = message {
        state[a] = _mm512_add_epi32(state[a], word);
    }
    state[d] = _mm512_ror_epi32::<8>(_mm512_xor_si512(state[d], state[a]));
    state[c] = _mm512_add_epi32(state[c], state[d]);
    state[b] = _mm512_ror_epi32::<7>(_mm512_xor_si512(state[b], state[c]));
}

/// The same word in all lanes.
#[target_feature(enable = "avx512f")]
#[inline]
fn all(word: u32) -> Word {
    _mm512_set1_epi32(word as i32)
}

fn from_lanes(words: [u32; LANES]) -> Word {
    // SAFETY: both are 64 bytes, and any bytes are right for either.
    unsafe { transmute::<[u32; LANES], Word>(words) }
}

fn to_lanes(word: Word) -> [u32; LANES] {
    // SAFETY: as above.
    unsafe { transmute::<Word, [u32; LANES]>(word) }
}
