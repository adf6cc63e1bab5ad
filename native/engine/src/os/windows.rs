//! Windows: not there yet. It has to give, as `linux.rs` does:
//!
//! - `keep_private`: no crash dump with memory (`WerSetFlags`), a process security descriptor without `PROCESS_VM_READ` for others;
//! - `load`: `GetProcessTimes`, `GetThreadTimes` and `GetSystemTimes`; `getsockopt` and `UDP_SEND_MSG_SIZE` for the sockets;
//! - `borrow_thread_name`: `SetThreadDescription`.

compile_error!("native/engine/src/os/windows.rs is to be written: it says what it needs");
