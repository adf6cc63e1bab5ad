//! Listeners, connections and names.

use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::Arc;

use msquic_sys::{Settings, Status};

use super::{Done, Engine, Linked};
use crate::core::event::Event;
use crate::core::options::{ConnectOptions, ConnectionSettings, ListenOptions};
use crate::core::words::Refusal;
use crate::net::admission::{AdmissionLimiter, Limits};
use crate::net::connection::{Connection, Origin, Pin};
use crate::net::identity;
use crate::net::quic::{Configuration, ConnectionHandle, Identity, Listener};
use crate::net::settings;
use crate::net::transport::Link;

impl Engine {
    pub fn listen(&self, options: ListenOptions) -> Result<u32, Refusal> {
        let settings = library_settings(&options.settings)?;
        let plain_settings = library_settings(&options.plain_settings)?;
        let (alpns, local) = (bytes_of(options.alpns), options.address);
        // Two processes on one port are not noticed by QUIC, which shares it (SO_REUSEPORT): they would steal each other's
        // packets. An address that is not this machine's is not noticed either. A plain socket notices both.
        UdpSocket::bind(local).map_err(|error| refusal_of_io(&error))?;
        let identity = Identity {
            pkcs12: options.pkcs12,
            password: identity::password(),
        };
        let configuration = Configuration::listener(&self.quic, &alpns, &settings, &identity);
        let configuration = Arc::new(configuration.map_err(refusal_of)?);
        let id = self.new_id();
        self.quic
            .require_retry_from(options.max_unvalidated)
            .map_err(refusal_of)?;
        let limits = Limits {
            unvalidated: options.max_unvalidated.into(),
            validated: options.max_unproved as usize,
            validated_each: options.max_unproved_per_address as usize,
        };
        let control_limit = options.control_limit.into();
        let limiter = AdmissionLimiter::new(id, self.host(), self.tell.clone(), limits, control_limit);
        let listener =
            Listener::start(&self.quic, configuration, plain_settings, &alpns, local, limiter).map_err(refusal_of)?;
        let port = listener.port().unwrap_or(local.port());
        self.listeners.insert(id, listener);
        self.tell.tell(Event::Listening {
            listener: id,
            port,
            address: local.ip().to_string(),
        });
        Ok(id)
    }

    pub(super) fn retune(&self, listener: u32, plain: bool, settings: &ConnectionSettings) -> Done {
        let settings = library_settings(settings)?;
        let set = self.listeners.with(listener, |listener| {
            if plain {
                listener.set_plain_settings(settings);
                return Ok(());
            }
            listener.set_settings(&settings)
        });
        set?.map_err(|_| Refusal::BadArguments)
    }

    pub fn connect(&self, options: &ConnectOptions) -> Result<u32, Refusal> {
        let settings = library_settings(&options.settings)?;
        let pin = match options.pin.as_slice() {
            [] => Pin::Report,
            pin => match (pin.try_into(), pin.try_into()) {
                (Ok(prefix), _) => Pin::Prefix(prefix),
                (_, Ok(whole)) => Pin::Whole(whole),
                _ => return Err(Refusal::BadArguments),
            },
        };
        let configuration = Configuration::dialer(&self.quic, &bytes_of(options.alpns.clone()), &settings);
        let configuration = Arc::new(configuration.map_err(refusal_of)?);
        let id = self.new_id();
        let control_limit = options.control_limit.into();
        let connection = Connection::new(id, Origin::Dialed(pin), control_limit, self.tell.clone(), self.host());
        self.add_connection(&connection);
        match ConnectionHandle::start(
            &self.quic,
            &configuration,
            options.address,
            options.partition,
            connection.clone(),
        ) {
            Ok(handle) => {
                let link: Arc<dyn Link> = handle;
                connection.set_link(&link);
                Ok(id)
            }
            Err(status) => {
                self.connections.remove(id);
                Err(refusal_of(status))
            }
        }
    }

    /// The settings that QUIC reports of a connection.
    pub(super) fn reported_settings(&self, connection: u32) -> Result<ConnectionSettings, Refusal> {
        let Linked { connection, .. } = self.connections.get(connection)?;
        connection
            .link()
            .and_then(|link| link.settings())
            .ok_or(Refusal::Closed)
    }

    pub(super) fn resolve(&self, request: u32, name: String) {
        let tell = self.tell.clone();
        self.background.run(move || {
            // A name that is not found is an empty answer; which error it was makes no difference to the user.
            let found: Vec<SocketAddr> = (name.as_str(), 0)
                .to_socket_addrs()
                .map(Iterator::collect)
                .unwrap_or_default();
            let addresses = found.iter().map(|address| address.ip().to_string()).collect();
            tell.tell(Event::Resolved { request, addresses });
        });
    }

    pub(super) fn send(&self, connection: u32, bytes: Vec<u8>) -> Done {
        let linked = self.connections.get(connection)?;
        let control = linked.connection.control.get().ok_or(Refusal::Closed)?;
        if control.send(bytes) {
            Ok(())
        } else {
            Err(Refusal::Closed)
        }
    }

    pub(super) fn admit(&self, connection: u32, lanes: u16) -> Done {
        let Linked { connection, .. } = self.connections.get(connection)?;
        connection.admit();
        let link = connection.link().ok_or(Refusal::Closed)?;
        if link.allow_lanes(lanes) {
            Ok(())
        } else {
            Err(Refusal::Closed)
        }
    }

    /// Closes a connection or a listener.
    pub(super) fn close(&self, id: u32, code: u16) -> Done {
        if let Ok(linked) = self.connections.get(id) {
            linked.connection.close(code);
            return Ok(());
        }
        self.listeners.remove(id).map(drop).ok_or(Refusal::UnknownId)
    }
}

fn library_settings(settings: &ConnectionSettings) -> Result<Settings, Refusal> {
    settings::to_library(settings).map_err(|_| Refusal::BadArguments)
}

fn bytes_of(texts: Vec<String>) -> Vec<Vec<u8>> {
    texts.into_iter().map(String::into_bytes).collect()
}

/// A status of the library as a refusal.
pub(super) fn refusal_of(status: Status) -> Refusal {
    match status {
        msquic_sys::status::ADDRESS_IN_USE => Refusal::AddressInUse,
        msquic_sys::status::INVALID_ADDRESS => Refusal::NoFamily,
        _ => Refusal::Internal,
    }
}

fn refusal_of_io(error: &std::io::Error) -> Refusal {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => Refusal::AddressInUse,
        std::io::ErrorKind::Unsupported => Refusal::NoFamily,
        // A port below 1024, or an address that is not this machine's.
        _ => Refusal::AddressUnusable,
    }
}
