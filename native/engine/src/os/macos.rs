//! macOS: not there yet. It has to give, as `linux.rs` does:
//!
//! - `keep_private`: `ptrace(PT_DENY_ATTACH)` and no core file (`setrlimit`);
//! - `load`: `task_info` and `thread_info` for the threads, `host_processor_info` for the machine, `getsockopt` for the receive buffer;
//! - `borrow_thread_name`: `pthread_setname_np`, which names the calling thread alone: QUIC's threads must be named by the library.

compile_error!("native/engine/src/os/macos.rs is to be written: it says what it needs");
