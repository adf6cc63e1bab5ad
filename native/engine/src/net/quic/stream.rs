//! Streams: sends that own their bytes, receives that complete themselves.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use msquic_sys::constants::{param, receive, send, stream_event, stream_open, stream_shutdown, stream_start};
use msquic_sys::{Buffer, Handle, Status, StreamEvent, StreamStatistics, failed, status};
use parking_lot::Mutex;

use super::handle::{ConnectionHandle, read_param};
use super::{check, guarded_or};

/// What happens on a stream. Called on the connection's thread: it may only queue.
pub trait StreamHandler: Send + Sync + 'static {
    /// Bytes arrived, in order; `fin`: they are the last. Dropping `data` lets the peer send more.
    fn received(self: &Arc<Self>, data: Received, fin: bool);
    /// A send is over: all of it was acknowledged, or the stream died (`cancelled`).
    fn sent(self: &Arc<Self>, buffer: Box<SendBuffer>, cancelled: bool);
    /// The stream is gone; nothing follows. `finished`: it was ended properly by the side that sends on it.
    fn closed(self: &Arc<Self>, finished: bool);
}

/// A stream that the peer opened, to be accepted inside [`ConnectionHandler::peer_stream`].
pub struct NewStream {
    pub(super) connection: Arc<ConnectionHandle>,
    pub(super) raw: Handle,
    pub unidirectional: bool,
}

impl NewStream {
    pub fn accept<H: StreamHandler>(mut self, handler: Arc<H>) -> Arc<Stream> {
        let raw = std::mem::replace(&mut self.raw, ptr::null_mut());
        Stream::accept(&self.connection, raw, handler)
    }
}

impl Drop for NewStream {
    fn drop(&mut self) {
        if !self.raw.is_null() {
            // SAFETY: nobody accepted the handle, so this is its only owner; closing inside the callback is allowed.
            unsafe { (self.connection.api().stream_close)(self.raw) };
        }
    }
}

/// An open stream; the last reference closes it.
pub struct Stream {
    connection: Arc<ConnectionHandle>,
    raw: Handle,
    /// Held while one buffer is sent: the parts of two buffers must not mix.
    sending: Mutex<()>,
}

// SAFETY: the library's stream functions may be called from any thread; only `drop` closes the handle.
unsafe impl Send for Stream {}
// SAFETY: as above.
unsafe impl Sync for Stream {}

/// What the library hands back to the callback: freed at SHUTDOWN_COMPLETE, the last event of a stream.
struct Context<H> {
    stream: Arc<Stream>,
    handler: Arc<H>,
    finished: std::sync::atomic::AtomicBool,
}

/// Bytes to send: a part of an owned block of memory, so that a header can be put before and a trailer behind what was read.
pub struct SendBuffer {
    pub storage: Box<[u8]>,
    pub start: usize,
    pub len: usize,
    /// What it counts among its connection's bytes outstanding; 0 for what is not counted.
    pub charge: u64,
    /// The bytes as the library gets them, one for each send.
    parts: Vec<Buffer>,
    /// Parts that have not come back from the library. Whoever brings the last one has the buffer again.
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
    fn split(&mut self, part: usize) {
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
    /// `raw` is from `Stream::send_parts`, and these parts were still away.
    unsafe fn came_back(raw: *mut Self, parts: usize) -> Option<Box<Self>> {
        // SAFETY: while a part is away the box is not freed.
        let last = unsafe { (*raw).away.fetch_sub(parts, Ordering::AcqRel) } == parts;
        // SAFETY: nobody else has a part any more, so nobody else uses the box.
        last.then(|| unsafe { Box::from_raw(raw) })
    }
}

/// Received bytes inside the library's own buffer. They are given back, once and whole, when this is dropped.
pub struct Received {
    stream: Arc<Stream>,
    slices: [(usize, usize); Received::MAX_SLICES],
    total: u64,
}

impl Received {
    /// Most pieces in one indication: two in the circular mode, three in the multiple mode.
    const MAX_SLICES: usize = 3;

    pub fn len(&self) -> u64 {
        self.total
    }

    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        self.slices.iter().filter(|(_, len)| *len > 0).map(|&(address, len)| {
            // SAFETY: the library keeps these bytes unchanged until StreamReceiveComplete, which only `drop` calls; the
            // stream handle held here keeps their buffer allocated. The address came from a pointer (see `receive`).
            unsafe { std::slice::from_raw_parts(address as *const u8, len) }
        })
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        if self.total == 0 {
            return; // nothing was indicated: see `empty`
        }
        // SAFETY: the handle is open, and this indication is completed nowhere else.
        unsafe { (self.stream.api().stream_receive_complete)(self.stream.raw, self.total) };
    }
}

impl Stream {
    /// Opens and starts a stream to the peer.
    pub fn open<H: StreamHandler>(
        connection: &Arc<ConnectionHandle>,
        unidirectional: bool,
        handler: Arc<H>,
    ) -> Result<Arc<Self>, Status> {
        let flags = if unidirectional {
            stream_open::UNIDIRECTIONAL
        } else {
            stream_open::NONE
        };
        let mut raw = ptr::null_mut();
        let api = connection.api();
        // The context must exist before the handle, and the handle is part of it: it is set below, before any event can come.
        // SAFETY: the connection handle is open as long as `connection` lives.
        check(unsafe { (api.stream_open)(connection.raw(), flags, callback::<H>, ptr::null_mut(), &mut raw) })?;
        let stream = Arc::new(Self {
            connection: connection.clone(),
            raw,
            sending: Mutex::default(),
        });
        let context = Context::leak(&stream, handler);
        // SAFETY: the stream has not started, so no event reads the context at the same time.
        unsafe { (api.set_context)(raw, context.cast()) };
        // SAFETY: the handle is open.
        let started = unsafe { (api.stream_start)(raw, stream_start::SHUTDOWN_ON_FAIL) };
        if failed(started) {
            // The start was refused at once (the peer closed just now). Closing the handle would still raise
            // SHUTDOWN_COMPLETE; without a handler it does not, so the context can be taken back here.
            // SAFETY: the stream has not started, so no event reads handler and context at the same time.
            unsafe { (api.set_callback_handler)(raw, ptr::null_mut(), ptr::null_mut()) };
            // SAFETY: `context` is from `leak` above and no event frees it any more.
            drop(unsafe { Box::from_raw(context) });
            return Err(started);
        }
        Ok(stream)
    }

    /// Takes over a stream that the peer opened.
    pub(super) fn accept<H: StreamHandler>(
        connection: &Arc<ConnectionHandle>,
        raw: Handle,
        handler: Arc<H>,
    ) -> Arc<Self> {
        let stream = Arc::new(Self {
            connection: connection.clone(),
            raw,
            sending: Mutex::default(),
        });
        let context = Context::leak(&stream, handler);
        let function: msquic_sys::StreamCallback = callback::<H>;
        // SAFETY: called inside PEER_STREAM_STARTED, before any other event of this stream.
        unsafe { (stream.api().set_callback_handler)(raw, function as *mut c_void, context.cast()) };
        stream
    }

    /// Queues a send; the buffer comes back through [`StreamHandler::sent`], or at once when the stream is gone.
    pub fn send(&self, data: Box<SendBuffer>, fin: bool) -> Result<(), Box<SendBuffer>> {
        let whole = data.len;
        let flags = if fin { send::FIN } else { send::NONE };
        self.send_parts(data, whole, flags, |_| true)
    }

    /// The same in parts of at most `part` bytes, each when `may_go` lets its length go. `false` from it leaves out the rest. Other sends
    /// on this stream wait for the last part.
    pub fn send_slowly(
        &self,
        data: Box<SendBuffer>,
        part: usize,
        may_go: impl FnMut(usize) -> bool,
    ) -> Result<(), Box<SendBuffer>> {
        self.send_parts(data, part, send::NONE, may_go)
    }

    fn send_parts(
        &self,
        mut data: Box<SendBuffer>,
        part: usize,
        flags: u32,
        mut may_go: impl FnMut(usize) -> bool,
    ) -> Result<(), Box<SendBuffer>> {
        let _sending = self.sending.lock();
        data.split(part);
        let (count, parts) = (data.parts.len(), data.parts.as_ptr());
        let raw = Box::into_raw(data);
        for index in 0..count {
            // SAFETY: this part is still away from the box's point of view, so the box and its parts are not freed or changed.
            let (part, length) = unsafe { (parts.add(index), (*parts.add(index)).length) };
            // SAFETY: as above, until SEND_COMPLETE brings the part back; the stream's handle is open.
            let send = || unsafe { (self.api().stream_send)(self.raw, part, 1, flags, raw.cast::<c_void>()) };
            if !may_go(length as usize) || failed(send()) {
                // SAFETY: a refused send raises no SEND_COMPLETE, so this part and those behind it are still away.
                return unsafe { SendBuffer::came_back(raw, count - index) }.map_or(Ok(()), Err);
            }
        }
        Ok(())
    }

    /// Ends the sending direction after what is queued.
    pub fn finish(&self) {
        self.shutdown(stream_shutdown::GRACEFUL, 0);
    }

    /// Ends both directions at once.
    pub fn abort(&self, code: u64) {
        self.shutdown(stream_shutdown::ABORT, code);
    }

    /// Lets this stream go before all others of its connection.
    pub fn prefer(&self) {
        let priority = u16::MAX;
        // SAFETY: the parameter takes a u16; the handle is open. A failure only means the default priority.
        unsafe {
            (self.api().set_param)(self.raw, param::STREAM_PRIORITY, 2, ptr::from_ref(&priority).cast());
        }
    }

    /// How long sending waited for what. Waits for the connection's thread.
    pub fn statistics(&self) -> Option<StreamStatistics> {
        let mut statistics = StreamStatistics::default();
        // SAFETY: the handle is open and the parameter is a QUIC_STREAM_STATISTICS.
        unsafe { read_param(self.api(), self.raw, param::STREAM_STATISTICS, &mut statistics) }?;
        Some(statistics)
    }

    fn shutdown(&self, flags: u32, code: u64) {
        // SAFETY: the handle is open. A failure means that the stream is already shut down.
        unsafe { (self.api().stream_shutdown)(self.raw, flags, code) };
    }

    fn api(&self) -> &'static msquic_sys::ApiTable {
        self.connection.api()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: this is the last reference, so nothing uses the handle afterwards; callbacks hold a reference of their own.
        unsafe { (self.api().stream_close)(self.raw) };
    }
}

impl<H: StreamHandler> Context<H> {
    fn leak(stream: &Arc<Stream>, handler: Arc<H>) -> *mut Self {
        let finished = std::sync::atomic::AtomicBool::new(false);
        Box::into_raw(Box::new(Self {
            stream: stream.clone(),
            handler,
            finished,
        }))
    }

    fn received(&self, event: &mut msquic_sys::StreamReceive) -> Status {
        let fin = event.flags & receive::FIN != 0;
        if fin {
            self.finished.store(true, std::sync::atomic::Ordering::Relaxed);
        }
        let mut slices = [(0, 0); Received::MAX_SLICES];
        for (index, slice) in slices.iter_mut().enumerate().take(event.buffer_count as usize) {
            // SAFETY: the library says that `buffers` has `buffer_count` elements during the callback.
            let buffer = unsafe { &*event.buffers.add(index) };
            *slice = (buffer.buffer.expose_provenance(), buffer.length as usize);
        }
        if event.total_buffer_length == 0 {
            // Only the end of the stream: nothing to complete later.
            if fin {
                self.handler.received(Received::empty(&self.stream), true);
            }
            return status::SUCCESS;
        }
        let data = Received {
            stream: self.stream.clone(),
            slices,
            total: event.total_buffer_length,
        };
        self.handler.received(data, fin);
        status::PENDING
    }
}

impl Received {
    /// A receive without bytes; completing zero bytes would lose the library's mark of pending data, so it is not completed.
    fn empty(stream: &Arc<Stream>) -> Self {
        Self {
            stream: stream.clone(),
            slices: [(0, 0); Self::MAX_SLICES],
            total: 0,
        }
    }
}

unsafe extern "C" fn callback<H: StreamHandler>(_raw: Handle, context: *mut c_void, event: *mut StreamEvent) -> Status {
    // SAFETY: the library passes a valid event.
    let kind = unsafe { (*event).kind };
    // A panic while a RECEIVE is handled has dropped its `Received`, which gave the bytes back; any other answer would make the
    // library count them as given back once more.
    let after_panic = if kind == stream_event::RECEIVE {
        status::PENDING
    } else {
        status::INTERNAL_ERROR
    };
    guarded_or(after_panic, || {
        let context = context.cast::<Context<H>>();
        // SAFETY: the context lives until SHUTDOWN_COMPLETE below, the last event; events of a stream never run in parallel.
        let this = unsafe { &*context };
        // SAFETY: the library passes a valid event; `kind` says which member of the union is meaningful.
        let data = unsafe { &mut (*event).data };
        match kind {
            // SAFETY: by `kind`.
            stream_event::RECEIVE => return this.received(unsafe { &mut data.receive }),
            stream_event::SEND_COMPLETE => {
                // SAFETY: by `kind`; the context of a send is the box that `Stream::send_parts` leaked, and one part comes back.
                let (buffer, cancelled) = unsafe {
                    let done = data.send_complete;
                    (SendBuffer::came_back(done.client_context.cast(), 1), done.canceled != 0)
                };
                if let Some(buffer) = buffer {
                    this.handler.sent(buffer, cancelled);
                }
            }
            stream_event::SEND_SHUTDOWN_COMPLETE => {
                // SAFETY: by `kind`. Graceful: the peer has acknowledged all bytes and the end.
                let graceful = unsafe { data.send_shutdown_complete.graceful } != 0;
                this.finished.fetch_or(graceful, std::sync::atomic::Ordering::Relaxed);
            }
            stream_event::PEER_SEND_ABORTED | stream_event::PEER_RECEIVE_ABORTED => this.stream.abort(0),
            stream_event::SHUTDOWN_COMPLETE => {
                // SAFETY: the last event: nobody else reads the context any more.
                let context = unsafe { Box::from_raw(context) };
                context
                    .handler
                    .closed(context.finished.load(std::sync::atomic::Ordering::Relaxed));
            }
            _ => {}
        }
        status::SUCCESS
    })
}
