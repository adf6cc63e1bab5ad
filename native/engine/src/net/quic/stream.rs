//! Streams: sends that own their bytes, receives that complete themselves.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use msquic_sys::constants::{param, receive, send, stream_event, stream_open, stream_shutdown, stream_start};
use msquic_sys::{Handle, Status, StreamEvent, failed, status};
use parking_lot::Mutex;

use super::handle::{ConnectionHandle, read_param};
use super::{check, guarded_or};
use crate::net::send_buffer_unsafe::SendBuffer;
use crate::net::transport::{ByteStream, MAX_SLICES, NewStream, ReceivedBytes, StreamHandler, StreamStatistics};

/// A stream that the peer opened.
pub struct PeerStream {
    pub(super) connection: Arc<ConnectionHandle>,
    pub(super) raw: Handle,
    pub(super) unidirectional: bool,
}

// SAFETY: the library's stream functions may be called from any thread; only `drop` or the accepted stream closes the handle.
unsafe impl Send for PeerStream {}

impl NewStream for PeerStream {
    fn is_lane(&self) -> bool {
        self.unidirectional
    }

    fn accept(mut self: Box<Self>, handler: Arc<dyn StreamHandler>) -> Arc<dyn ByteStream> {
        let raw = std::mem::replace(&mut self.raw, ptr::null_mut());
        Stream::accept(&self.connection, raw, handler)
    }
}

impl Drop for PeerStream {
    fn drop(&mut self) {
        if !self.raw.is_null() {
            // SAFETY: the handle was not accepted, so this is its only owner; closing inside the callback is allowed.
            unsafe { (self.connection.api().stream_close)(self.raw) };
        }
    }
}

/// An open stream; the last reference closes it.
pub(super) struct Stream {
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
struct Context {
    stream: Arc<Stream>,
    handler: Arc<dyn StreamHandler>,
    finished: AtomicBool,
    /// The handler knows that the peer's bytes have ended.
    fin_told: AtomicBool,
}

/// Received bytes inside the library's own buffer. They are given back, once and whole, when this is dropped.
struct Indicated {
    stream: Arc<Stream>,
    /// Two in the circular mode, three in the multiple mode.
    slices: [(usize, usize); MAX_SLICES],
    total: u64,
}

impl ReceivedBytes for Indicated {
    fn len(&self) -> u64 {
        self.total
    }

    fn slices(&self) -> [&[u8]; MAX_SLICES] {
        self.slices.map(|(address, len)| {
            if len == 0 {
                return &[][..];
            }
            // SAFETY: the library keeps these bytes unchanged until StreamReceiveComplete, which only `drop` calls; the
            // stream handle held here keeps their buffer allocated. The address came from a pointer (see `received`).
            unsafe { std::slice::from_raw_parts(address as *const u8, len) }
        })
    }
}

impl Drop for Indicated {
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
    pub(super) fn open(
        connection: &Arc<ConnectionHandle>,
        unidirectional: bool,
        handler: Arc<dyn StreamHandler>,
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
        check(unsafe { (api.stream_open)(connection.raw(), flags, callback, ptr::null_mut(), &mut raw) })?;
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
    fn accept(connection: &Arc<ConnectionHandle>, raw: Handle, handler: Arc<dyn StreamHandler>) -> Arc<Self> {
        let stream = Arc::new(Self {
            connection: connection.clone(),
            raw,
            sending: Mutex::default(),
        });
        let context = Context::leak(&stream, handler);
        let function: msquic_sys::StreamCallback = callback;
        // SAFETY: called inside PEER_STREAM_STARTED, before any other event of this stream.
        unsafe { (stream.api().set_callback_handler)(raw, function as *mut c_void, context.cast()) };
        stream
    }

    fn send_parts(
        &self,
        mut data: Box<SendBuffer>,
        part: usize,
        may_go: &mut dyn FnMut(usize) -> bool,
    ) -> Result<(), Box<SendBuffer>> {
        let _sending = self.sending.lock();
        data.split(part);
        let (count, parts) = (data.parts.len(), data.parts.as_ptr());
        let raw = Box::into_raw(data);
        for index in 0..count {
            // SAFETY: this part is still away from the box's point of view, so the box and its parts are not freed or changed.
            let (part, length) = unsafe { (parts.add(index), (*parts.add(index)).length) };
            // SAFETY: as above, until SEND_COMPLETE brings the part back; the stream's handle is open.
            let send = || unsafe { (self.api().stream_send)(self.raw, part, 1, send::NONE, raw.cast::<c_void>()) };
            if !may_go(length as usize) || failed(send()) {
                // SAFETY: a refused send raises no SEND_COMPLETE, so this part and those behind it are still away.
                return unsafe { SendBuffer::came_back(raw, count - index) }.map_or(Ok(()), Err);
            }
        }
        Ok(())
    }

    fn shutdown(&self, flags: u32, code: u64) {
        // SAFETY: the handle is open. A failure means that the stream is already shut down.
        unsafe { (self.api().stream_shutdown)(self.raw, flags, code) };
    }

    fn api(&self) -> &'static msquic_sys::ApiTable {
        self.connection.api()
    }
}

impl ByteStream for Stream {
    fn send(&self, data: Box<SendBuffer>) -> Result<(), Box<SendBuffer>> {
        let whole = data.len;
        self.send_parts(data, whole, &mut |_| true)
    }

    fn send_slowly(
        &self,
        data: Box<SendBuffer>,
        part: usize,
        may_go: &mut dyn FnMut(usize) -> bool,
    ) -> Result<(), Box<SendBuffer>> {
        self.send_parts(data, part, may_go)
    }

    fn finish(&self) {
        self.shutdown(stream_shutdown::GRACEFUL, 0);
    }

    fn abort(&self, code: u64) {
        self.shutdown(stream_shutdown::ABORT, code);
    }

    fn prefer(&self) {
        let priority = u16::MAX;
        // SAFETY: the parameter takes a u16; the handle is open. A failure only means the default priority.
        unsafe {
            (self.api().set_param)(self.raw, param::STREAM_PRIORITY, 2, ptr::from_ref(&priority).cast());
        }
    }

    fn statistics(&self) -> Option<StreamStatistics> {
        let mut found = msquic_sys::StreamStatistics::default();
        // SAFETY: the handle is open and the parameter is a QUIC_STREAM_STATISTICS.
        unsafe { read_param(self.api(), self.raw, param::STREAM_STATISTICS, &mut found) }?;
        Some(StreamStatistics {
            pacing: found.conn_blocked_by_pacing,
            congestion: found.conn_blocked_by_congestion_control,
            connection_window: found.conn_blocked_by_flow_control,
            stream_window: found.blocked_by_flow_control,
            nothing_to_send: found.blocked_by_app,
        })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: this is the last reference, so nothing uses the handle afterwards; callbacks hold a reference of their own.
        unsafe { (self.api().stream_close)(self.raw) };
    }
}

impl Context {
    fn leak(stream: &Arc<Stream>, handler: Arc<dyn StreamHandler>) -> *mut Self {
        Box::into_raw(Box::new(Self {
            stream: stream.clone(),
            handler,
            finished: AtomicBool::new(false),
            fin_told: AtomicBool::new(false),
        }))
    }

    fn received(&self, event: &mut msquic_sys::StreamReceive) -> Status {
        let fin = event.flags & receive::FIN != 0;
        if fin {
            self.finished.store(true, Ordering::Relaxed);
            self.fin_told.store(true, Ordering::Relaxed);
        }
        let mut slices = [(0, 0); MAX_SLICES];
        for (index, slice) in slices.iter_mut().enumerate().take(event.buffer_count as usize) {
            // SAFETY: the library says that `buffers` has `buffer_count` elements during the callback.
            let buffer = unsafe { &*event.buffers.add(index) };
            *slice = (buffer.buffer.expose_provenance(), buffer.length as usize);
        }
        if event.total_buffer_length == 0 {
            // Only the end of the stream: nothing to complete later.
            if fin {
                let nothing = Indicated::empty(&self.stream);
                self.handler.clone().received(Box::new(nothing), true);
            }
            return status::SUCCESS;
        }
        let data = Indicated {
            stream: self.stream.clone(),
            slices,
            total: event.total_buffer_length,
        };
        self.handler.clone().received(Box::new(data), fin);
        status::PENDING
    }
}

impl Context {
    /// The peer has ended its bytes, and all of them were given back.
    fn ended(&self) {
        self.finished.store(true, Ordering::Relaxed);
        if !self.fin_told.swap(true, Ordering::Relaxed) {
            let nothing = Indicated::empty(&self.stream);
            self.handler.clone().received(Box::new(nothing), true);
        }
    }
}

impl Indicated {
    /// A receive without bytes; completing zero bytes would lose the library's mark of pending data, so it is not completed.
    fn empty(stream: &Arc<Stream>) -> Self {
        Self {
            stream: stream.clone(),
            slices: [(0, 0); MAX_SLICES],
            total: 0,
        }
    }
}

unsafe extern "C" fn callback(_raw: Handle, context: *mut c_void, event: *mut StreamEvent) -> Status {
    // SAFETY: the library passes a valid event.
    let kind = unsafe { (*event).kind };
    // A panic while a RECEIVE is handled has dropped its `Indicated`, which gave the bytes back; any other answer would make the
    // library count them as given back once more.
    let after_panic = if kind == stream_event::RECEIVE {
        status::PENDING
    } else {
        status::INTERNAL_ERROR
    };
    guarded_or(after_panic, || {
        let context = context.cast::<Context>();
        // SAFETY: the context lives until SHUTDOWN_COMPLETE below, the last event; events of a stream never run in parallel.
        let this = unsafe { &*context };
        // SAFETY: the library passes a valid event; `kind` says which member of the union is meaningful.
        let data = unsafe { &mut (*event).data };
        match kind {
            // SAFETY: by `kind`.
            stream_event::RECEIVE => return this.received(unsafe { &mut data.receive }),
            // An end that arrives while the last bytes are with the handler comes without a RECEIVE of its own.
            stream_event::PEER_SEND_SHUTDOWN => this.ended(),
            stream_event::SEND_COMPLETE => {
                // SAFETY: by `kind`; the context of a send is the box that `Stream::send_parts` leaked, and one part comes back.
                let buffer = unsafe { SendBuffer::came_back(data.send_complete.client_context.cast(), 1) };
                if let Some(buffer) = buffer {
                    this.handler.clone().sent(buffer);
                }
            }
            stream_event::SEND_SHUTDOWN_COMPLETE => {
                // SAFETY: by `kind`. Graceful: the peer has acknowledged all bytes and the end.
                let graceful = unsafe { data.send_shutdown_complete.graceful } != 0;
                this.finished.fetch_or(graceful, Ordering::Relaxed);
            }
            stream_event::PEER_SEND_ABORTED | stream_event::PEER_RECEIVE_ABORTED => ByteStream::abort(&*this.stream, 0),
            stream_event::SHUTDOWN_COMPLETE => {
                // SAFETY: the last event: the library holds no other reference to the context.
                let context = unsafe { Box::from_raw(context) };
                context.handler.closed(context.finished.load(Ordering::Relaxed));
            }
            _ => {}
        }
        status::SUCCESS
    })
}
