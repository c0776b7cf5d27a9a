//! A stranger.
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use quinn_proto as q;
use quinn_proto::{DatagramEvent, Dir, StreamId};
use valve_sockets_webtransport::endpoint::Limits;
use valve_sockets_webtransport::records::{command, event};
use valve_sockets_webtransport::tls;

use super::{address, hash, send, World, LIMITS};

/// What asks for a session: HEADERS.
pub const REQUEST: &[u8] = b"\x01\x2e\x00\x00\xcf\x27\x02:protocol\x0cwebtransport\xd7\x50\x09localhost\x51\x05/game";

/// A client of QUIC alone, which writes what it likes.
pub struct Raw {
    pub endpoint: q::Endpoint,
    pub handle: q::ConnectionHandle,
    pub quic: q::Connection,
    pub from: SocketAddr,
    /// The server's number of it, once that has been asked.
    pub session: u32,
}

impl Raw {
    pub fn connect(world: &World, config: q::ClientConfig, from: SocketAddr) -> Self {
        let mut endpoint = q::Endpoint::new(Arc::default(), None, false, None);
        let (handle, quic) = endpoint.connect(world.now, config, address(1), "localhost").unwrap();
        Raw { endpoint, handle, quic, from, session: 0 }
    }

    /// Sends what it has, and returns the bytes of that.
    pub fn transmit(&mut self, world: &mut World) -> usize {
        let mut bytes = Vec::new();
        let mut sent = 0;
        while self.quic.poll_transmit(world.now, 1, &mut bytes).is_some() {
            sent += bytes.len();
            world.server.receive(world.now, self.from, None, &bytes);
            world.server.advance(world.now);
            bytes.clear();
        }
        sent
    }

    /// Takes a place at the server, with a proof of its address if that asks for one, and goes no further.
    pub fn knock(world: &mut World, config: &q::ClientConfig, from: SocketAddr) -> Self {
        let mut raw = Self::connect(world, config.clone(), from);
        let retries = world.server.statistics.retries;
        raw.transmit(world);
        world.carry();
        if world.server.statistics.retries > retries {
            raw.hear(world);
            raw.transmit(world);
            world.carry();
        }
        raw
    }

    /// Carries datagrams between it and the server, which accepts it. Returns how often.
    pub fn run(&mut self, world: &mut World) -> usize {
        let mut accepted = 0;
        for _ in 0..8 {
            self.transmit(world);
            world.run(1);
            for event in std::mem::take(&mut world.at_server) {
                match event.kind {
                    event::INCOMING => {
                        self.session = event.session;
                        send(&mut world.server, world.now, event.session, command::ACCEPT, 0, 0, 0, b"");
                        accepted += 1;
                    }
                    _ => world.at_server.push(event),
                }
            }
            world.carry();
            self.hear(world);
        }
        accepted
    }

    /// Takes what the server has sent to strangers.
    pub fn hear(&mut self, world: &mut World) {
        let mut answer = Vec::new();
        for (_, bytes) in std::mem::take(&mut world.strangers) {
            let datagram = BytesMut::from(&bytes[..]);
            let event = self.endpoint.handle(world.now, address(1), None, None, datagram, &mut answer);
            if let Some(DatagramEvent::ConnectionEvent(_, event)) = event {
                self.quic.handle_event(event);
            }
        }
        while let Some(event) = self.quic.poll_endpoint_events() {
            if let Some(event) = self.endpoint.handle_event(self.handle, event) {
                self.quic.handle_event(event);
            }
        }
        while self.quic.poll().is_some() {}
    }

    pub fn open(&mut self, dir: Dir, bytes: &[u8]) -> Option<StreamId> {
        let id = self.quic.streams().open(dir)?;
        let _ = self.quic.send_stream(id).write(bytes);
        Some(id)
    }
}

pub fn client_config() -> q::ClientConfig {
    tls::client(&hash(), b"", Arc::default()).unwrap()
}

/// One of 256 addresses.
pub fn source(number: usize, port: usize) -> SocketAddr {
    SocketAddr::new(format!("::ffff:10.0.0.{number}").parse().unwrap(), port as u16)
}

/// A server whose places are all taken, in one turn, by these sources in equal parts.
pub fn full(places: u32, sources: usize) -> (World, Vec<Raw>) {
    let mut world = World::new(Limits { max_pending: places, ..LIMITS });
    let config = client_config();
    let held = (0..places as usize).map(|n| Raw::knock(&mut world, &config, source(n % sources, 5000 + n))).collect();
    assert_eq!(world.server.pending().len(), places as usize);
    (world, held)
}

/// The memory of this process, in pages.
pub fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0)
}
