//! macOS: to be written. Without it the crate does not build there: nothing here pretends. `System` has to keep the contracts of `mod.rs`:
//!
//! - `Privacy::keep_private`: `ptrace(PT_DENY_ATTACH)` and no core file (`setrlimit`);
//! - `Sleep::inhibit`: `IOPMAssertionCreateWithName` with `kIOPMAssertionTypePreventUserIdleSystemSleep`;
//! - `Threads::borrow_name`: `pthread_setname_np` names the calling thread alone, and started ones inherit nothing: QUIC's threads must
//!   be named by the library, or be known by elimination;
//! - `Sockets::abilities`: `getsockopt` for the receive buffer; there is neither segmentation nor coalescing. `dropped_datagrams`:
//!   `net.inet.udp` counts the whole machine, so 0;
//! - `Programs`: `posix_spawn` with `POSIX_SPAWN_CLOEXEC_DEFAULT`; `clipboard/tools.rs` gets `pbpaste` and `pbcopy` for text, and `osascript` for
//!   files. Until then `src/cli/clipboard.ts` refuses the clipboard there and names the system;
//! - `Busyness::load`: `task_info` and `thread_info` for the threads, `host_processor_info` for the machine.
