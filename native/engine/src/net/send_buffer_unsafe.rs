//! Bytes on their way to a transport, which holds pointers into them until they are sent.

use std::sync::atomic::{AtomicUsize, Ordering};

use msquic_sys::Buffer;

/// Bytes to send: a part of an owned block of memory, so that a header can be put before and a trailer behind what was read.
pub struct SendBuffer {
    pub storage: Box<[u8]>,
    pub start: usize,
    pub len: usize,
    /// What it counts among its connection's bytes outstanding; 0 for what is not counted.
    pub charge: u64,
    /// The bytes as the library gets them, one for each send.
    pub(super) parts: Vec<Buffer>,
    /// Parts that have not come back from the library. The last one to return brings the buffer back.
    away: AtomicUsize,
}

// SAFETY: `parts` points into `storage`, which moves with it; they are written only by `SendBuffer::split`, while none is away.
unsafe impl Send for SendBuffer {}

impl SendBuffer {
    pub fn new(storage: Box<[u8]>) -> Box<Self> {
        let len = storage.len();
        Box::new(Self {
            storage,
            start: 0,
            len,
            charge: 0,
            parts: Vec::with_capacity(1),
            away: AtomicUsize::new(0),
        })
    }

    /// Cuts the bytes into parts of at most `part`; there is always one.
    pub(super) fn split(&mut self, part: usize) {
        let bytes = &mut self.storage[self.start..self.start + self.len];
        let most = part.clamp(1, u32::MAX as usize);
        self.parts.clear();
        let mut push = |piece: &mut [u8]| {
            self.parts.push(Buffer {
                length: piece.len() as u32,
                buffer: piece.as_mut_ptr(),
            });
        };
        if bytes.is_empty() {
            push(bytes);
        } else {
            bytes.chunks_mut(most).for_each(push);
        }
        self.away = AtomicUsize::new(self.parts.len());
    }

    /// So many parts came back; the buffer, if they were the last.
    ///
    /// # Safety
    /// `raw` is from `Box::into_raw` after `split`, and these parts were still away.
    pub(super) unsafe fn came_back(raw: *mut Self, parts: usize) -> Option<Box<Self>> {
        // SAFETY: while a part is away the box is not freed.
        let last = unsafe { (*raw).away.fetch_sub(parts, Ordering::AcqRel) } == parts;
        // SAFETY: no part is away any more, so this is the only user of the box.
        last.then(|| unsafe { Box::from_raw(raw) })
    }
}
