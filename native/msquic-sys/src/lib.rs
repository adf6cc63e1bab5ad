//! msquic 2.6.3 with OpenSSL 3.5, linked statically, and hand-written raw bindings to it.
//!
//! The bindings use Rust names; the C name stands in each comment, and `src/inc/msquic.h` of msquic says what it means. Only
//! the stable part of the API is declared. The library itself always works with the longer preview layouts, whose beginnings
//! are the stable ones, so reading through the shorter types here is right.
//!
//! Start with [`open`]. Nothing here closes anything by itself.

mod addr;
mod api;
pub mod constants;
#[cfg(test)]
#[path = "../build/edits.rs"]
mod edits;
mod events;
#[cfg(test)]
#[path = "../build/recipe.rs"]
mod recipe;
#[cfg(test)]
#[path = "../build/replace.rs"]
mod replace;
mod settings;
mod ssl;
pub mod status;
#[cfg(test)]
#[path = "../build/store.rs"]
mod store;
mod types;

pub use addr::{AddressFamily, QuicAddr};
pub use api::{API_VERSION_2, ApiTable, ConnectionCallback, ListenerCallback, StreamCallback, close, open};
pub use events::*;
pub use settings::{MAX_MTU, OutOfRange, Setting, Settings};
pub use ssl::ssl_init;
pub use status::{Status, failed, succeeded};
pub use types::*;
