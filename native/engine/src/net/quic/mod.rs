//! msquic behind safe handles. All `unsafe` of the engine's network side is in this folder.
//!
//! The rules of the library that this module turns into types:
//! - a handle is closed exactly once, and nothing uses it afterwards: [`ConnectionHandle`] and `Stream` close it when their last
//!   reference goes, and the library's own callback context holds one until SHUTDOWN_COMPLETE;
//! - bytes of a send stay until SEND_COMPLETE: `Stream::send` takes them by value and the handler gets them back;
//! - a RECEIVE answered with PENDING is completed exactly once with its full length: `Indicated` does that when dropped;
//! - callbacks must not block and must not panic: handlers only queue, and [`guarded`] catches what still goes wrong.

mod connection;
mod handle;
mod link;
mod listener;
mod open_count;
mod stream;

pub use handle::ConnectionHandle;
pub use listener::{Identity, Listener, ListenerHandler};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use self::open_count::OpenCount;
use crate::core::words::ExecutionProfile;
use crate::core::workers::panic_text;
use crate::os::{NETWORK_THREAD, System, Threads};
use msquic_sys::constants::{credential, credential_type, execution_config, execution_profile, param};
use msquic_sys::{
    ApiTable, Buffer, CertificatePkcs12, CredentialConfig, GlobalExecutionConfig, Handle, RegistrationConfig, Setting,
    Settings, Status, failed, status,
};

/// Called with the text of a panic that was caught in a callback.
static ON_PANIC: OnceLock<fn(String)> = OnceLock::new();

/// The library and the one registration of the process. It is never closed: its threads run until the process ends.
pub struct Quic {
    api: &'static ApiTable,
    registration: Handle,
    connections: Arc<OpenCount>,
}

// SAFETY: the table is immutable and the library's functions may be called from any thread; the handle is never closed.
unsafe impl Send for Quic {}
// SAFETY: as above.
unsafe impl Sync for Quic {}

impl Quic {
    /// Most threads that the library can be told to start.
    pub const MOST_THREADS: usize = 512;

    /// Opens the library with so many threads, and a registration with one of its execution profiles.
    pub fn open(profile: ExecutionProfile, threads: usize, on_panic: fn(String)) -> Result<Arc<Self>, Status> {
        let _ = ON_PANIC.set(on_panic);
        // Threads have the name of the one that starts them, and the library starts all of its own here.
        let _named = System::borrow_name(NETWORK_THREAD);
        let api = msquic_sys::open()?;
        set_threads(api, threads)?;
        let config = RegistrationConfig {
            app_name: c"ultra".as_ptr(),
            execution_profile: match profile {
                ExecutionProfile::LowLatency => execution_profile::LOW_LATENCY,
                ExecutionProfile::MaxThroughput => execution_profile::MAX_THROUGHPUT,
            },
        };
        let mut registration = ptr::null_mut();
        // SAFETY: the configuration lives during the call, which copies it.
        check(unsafe { (api.registration_open)(&config, &mut registration) })?;
        set_global(api, param::GLOBAL_SETTINGS, &library_settings()?)?;
        Ok(Arc::new(Self {
            api,
            registration,
            connections: Arc::default(),
        }))
    }

    /// From so many handshakes under way on, new dialers first have to show that they receive at their address (RFC 9000 8.1.2): they get
    /// a Retry with a token, which costs them a round trip and this process no memory. The library has one limit for all listeners.
    pub fn require_retry_from(&self, handshakes: u16) -> Result<(), Status> {
        // The library's parameter is a share of memory; an edit in msquic-sys makes it a number of handshakes.
        set_global(self.api, param::GLOBAL_RETRY_MEMORY_PERCENT, &handshakes)
    }

    /// Closes every connection with `code`, and waits a moment until their peers know: a process that ends before that has said nothing, and
    /// they would wait for it to come back.
    pub fn shutdown(&self, code: u64) {
        /// A loaded machine takes that long to send a datagram; a peer that is gone is not waited for any longer. Behind the 600 ms that the control
        /// plane gives a last word (`src/link/control_link.ts`) a process is still gone within a second of its signal.
        const GOODBYE: Duration = Duration::from_millis(300);
        // SAFETY: the registration is never closed.
        unsafe { (self.api.registration_shutdown)(self.registration, 0, code) };
        self.connections.wait_for_none(GOODBYE);
    }
}

/// Otherwise the library starts a thread for each processor of the machine, also in a container that has few of them.
fn set_threads(api: &ApiTable, threads: usize) -> Result<(), Status> {
    let mut config = GlobalExecutionConfig {
        // The kernel moves threads as it likes; the processors listed below are only their number.
        flags: execution_config::NO_IDEAL_PROC,
        polling_idle_timeout_us: 0,
        processor_count: threads.min(Quic::MOST_THREADS) as u32,
        processor_list: [0u16; Quic::MOST_THREADS],
    };
    for (place, number) in config.processor_list.iter_mut().take(threads).zip(0..) {
        *place = number;
    }
    set_global(api, param::GLOBAL_EXECUTION_CONFIG, &config)
}

/// Sets a parameter of the whole library, whose type must be `T`.
fn set_global<T: Copy>(api: &ApiTable, number: u32, value: &T) -> Result<(), Status> {
    // SAFETY: a global parameter has no handle; the library checks the length, and copies the value during the call.
    check(unsafe {
        (api.set_param)(
            ptr::null_mut(),
            number,
            size_of::<T>() as u32,
            ptr::from_ref(value).cast(),
        )
    })
}

/// What counts before a datagram belongs to a connection that was accepted: not settings of a transfer, which are TypeScript's.
fn library_settings() -> Result<Settings, Status> {
    /// For the rest of a first message that fills more than one datagram: two repetitions of a lost one.
    const TIMEOUT_MS: u64 = 5000;
    /// 40,000 Retries a second. The library's 100 in 100 ms would drop honest dialers beside 1,000 datagrams a second.
    const MOST_ANSWERS: u64 = 4096;
    Settings::default()
        .with(Setting::HandshakeIdleTimeoutMs, TIMEOUT_MS)
        .and_then(|settings| settings.with(Setting::MaxBindingStatelessOperations, MOST_ANSWERS))
        .map_err(|_| status::INVALID_PARAMETER)
}

/// A list of protocols with settings and, for a listener, a certificate.
pub struct Configuration {
    quic: Arc<Quic>,
    raw: Handle,
}

// SAFETY: a configuration may be used from any thread; only `drop` closes it.
unsafe impl Send for Configuration {}
// SAFETY: as above.
unsafe impl Sync for Configuration {}

impl Configuration {
    /// A dialer's: the certificate is judged by [`ConnectionHandler::certificate`] alone, inside the handshake.
    pub fn dialer(quic: &Arc<Quic>, alpns: &[Vec<u8>], settings: &Settings) -> Result<Self, Status> {
        let flags = credential::CLIENT
            | credential::INDICATE_CERTIFICATE_RECEIVED
            | credential::DEFER_CERTIFICATE_VALIDATION
            // As msquic does on Linux by itself; elsewhere it would ask the system's store, and bring the certificate in its form.
            | credential::USE_TLS_BUILTIN_CERTIFICATE_VALIDATION
            | credential::USE_PORTABLE_CERTIFICATES;
        Self::open(quic, alpns, settings)?.load(&credentials(credential_type::NONE, flags))
    }

    pub fn listener(
        quic: &Arc<Quic>,
        alpns: &[Vec<u8>],
        settings: &Settings,
        identity: &Identity,
    ) -> Result<Self, Status> {
        let pkcs12 = CertificatePkcs12 {
            asn1_blob: identity.pkcs12.as_ptr(),
            asn1_blob_length: u32::try_from(identity.pkcs12.len()).map_err(|_| status::INVALID_PARAMETER)?,
            private_key_password: identity.password.as_ptr(),
        };
        let mut config = credentials(credential_type::CERTIFICATE_PKCS12, credential::NONE);
        config.certificate = ptr::from_ref(&pkcs12).cast_mut().cast();
        Self::open(quic, alpns, settings)?.load(&config)
    }

    /// Changes what connections get that come from now on; those that are there copied theirs.
    pub fn set_settings(&self, settings: &Settings) -> Result<(), Status> {
        // SAFETY: the configuration is open; the parameter takes QUIC_SETTINGS, which live during the call.
        check(unsafe {
            (self.quic.api.set_param)(
                self.raw,
                param::CONFIGURATION_SETTINGS,
                Settings::SIZE as u32,
                ptr::from_ref(settings).cast(),
            )
        })
    }

    fn open(quic: &Arc<Quic>, alpns: &[Vec<u8>], settings: &Settings) -> Result<Self, Status> {
        let buffers = alpn_buffers(alpns)?;
        let mut raw = ptr::null_mut();
        // SAFETY: all arguments live during the call, which copies them; the settings have the library's size.
        check(unsafe {
            (quic.api.configuration_open)(
                quic.registration,
                buffers.as_ptr(),
                buffers.len() as u32,
                settings,
                Settings::SIZE as u32,
                ptr::null_mut(),
                &mut raw,
            )
        })?;
        Ok(Self {
            quic: quic.clone(),
            raw,
        })
    }

    fn load(self, config: &CredentialConfig) -> Result<Self, Status> {
        // SAFETY: the configuration is open; `config` and what it points to live during the call, which is synchronous
        // because LOAD_ASYNCHRONOUS is not set.
        check(unsafe { (self.quic.api.configuration_load_credential)(self.raw, config) })?;
        Ok(self)
    }
}

impl Drop for Configuration {
    fn drop(&mut self) {
        // SAFETY: this is the only owner; connections that use the configuration hold their own reference inside the library.
        unsafe { (self.quic.api.configuration_close)(self.raw) };
    }
}

fn credentials(kind: u32, flags: u32) -> CredentialConfig {
    CredentialConfig {
        kind,
        flags,
        certificate: ptr::null_mut(),
        principal: ptr::null(),
        reserved: ptr::null_mut(),
        async_handler: None,
        allowed_cipher_suites: 0,
        ca_certificate_file: ptr::null(),
    }
}

fn alpn_buffers(alpns: &[Vec<u8>]) -> Result<Vec<Buffer>, Status> {
    if alpns.is_empty() || alpns.iter().any(|alpn| alpn.is_empty() || alpn.len() > 255) {
        return Err(status::INVALID_PARAMETER);
    }
    // The library only reads what these point to, though the type is not const.
    Ok(alpns
        .iter()
        .map(|alpn| Buffer {
            length: alpn.len() as u32,
            buffer: alpn.as_ptr().cast_mut(),
        })
        .collect())
}

fn check(result: Status) -> Result<(), Status> {
    if failed(result) { Err(result) } else { Ok(()) }
}

/// Runs the body of a callback. A panic must not unwind into C, and must not pass unseen.
fn guarded(body: impl FnOnce() -> Status) -> Status {
    guarded_or(status::INTERNAL_ERROR, body)
}

/// The same, with the answer to the library after a panic.
fn guarded_or(after_panic: Status, body: impl FnOnce() -> Status) -> Status {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        if let Some(report) = ON_PANIC.get() {
            report(panic_text(panic.as_ref()));
        }
        after_panic
    })
}
