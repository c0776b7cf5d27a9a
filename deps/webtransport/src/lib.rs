//! WebTransport over QUIC, sans-IO: docs/wire-format.md has the bytes, docs/building.md says how it is built.

pub mod abi;
pub mod endpoint;
pub mod flight;
mod h3;
mod headers;
mod huffman;
mod lanes;
mod pending;
pub mod records;
mod session;
pub mod tls;
mod varint;

pub use session::Request;
