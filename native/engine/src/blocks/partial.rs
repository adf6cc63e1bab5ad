//! What decoders of lanes collect: headers and values that may come in pieces.

/// A fixed number of bytes that may come in pieces.
pub struct Partial<const N: usize> {
    bytes: [u8; N],
    have: usize,
}

impl<const N: usize> Partial<N> {
    pub fn new() -> Self {
        Self { bytes: [0; N], have: 0 }
    }

    /// Whether nothing of it has come.
    pub fn is_empty(&self) -> bool {
        self.have == 0
    }

    /// Takes what is still missing from the front of `bytes`; all of it once it is complete.
    pub fn fill(&mut self, bytes: &mut &[u8]) -> Option<[u8; N]> {
        let (now, rest) = bytes.split_at((N - self.have).min(bytes.len()));
        self.bytes[self.have..self.have + now.len()].copy_from_slice(now);
        self.have += now.len();
        *bytes = rest;
        (self.have == N).then_some(self.bytes)
    }
}
