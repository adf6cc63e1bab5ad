//! Windows: to be written. Without it the crate does not build there: nothing here pretends. `System` has to keep the contracts of `mod.rs`:
//!
//! - `Privacy::keep_private`: no crash dump with memory (`WerSetFlags`), a process security descriptor without `PROCESS_VM_READ` for others;
//! - `Sleep::inhibit`: `PowerCreateRequest` and `PowerSetRequest` with `PowerRequestSystemRequired`;
//! - `Threads::borrow_name`: `SetThreadDescription` names the calling thread alone, as on macOS;
//! - `Sockets::abilities`: `getsockopt`; `UDP_SEND_MSG_SIZE` and `UDP_RECV_MAX_COALESCED_SIZE` tell of segmentation and coalescing.
//!   `dropped_datagrams`: `GetUdpStatisticsEx` counts the whole machine, so 0;
//! - `Programs`: `CreateProcessW` with `PROC_THREAD_ATTRIBUTE_HANDLE_LIST`; `clipboard/tools.rs` gets PowerShell's `Get-Clipboard` and
//!   `Set-Clipboard`. Until then `src/cli/clipboard.ts` refuses the clipboard there and names the system;
//! - `Busyness::load`: `GetProcessTimes`, `GetThreadTimes` and `GetSystemTimes`.
