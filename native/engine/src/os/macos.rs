//! macOS: to be written. Without it the crate does not build there: nothing here pretends. `System` has to keep the contracts of `mod.rs`:
//!
//! - `Privacy::keep_private`: `ptrace(PT_DENY_ATTACH)` and no core file (`setrlimit`);
//! - `Sleep::inhibit`: `IOPMAssertionCreateWithName` with `kIOPMAssertionTypePreventUserIdleSystemSleep`;
//! - `Threads::borrow_name`: `pthread_setname_np` names the calling thread alone, and started ones inherit nothing: QUIC's threads must
//!   be named by the library, or be known by elimination;
//! - `Sockets::abilities`: `getsockopt` for the receive buffer; there is neither segmentation nor coalescing. `dropped_datagrams`:
//!   `net.inet.udp` counts the whole machine, so 0;
//! - `Busyness::load`: `task_info` and `thread_info` for the threads, `host_processor_info` for the machine.
