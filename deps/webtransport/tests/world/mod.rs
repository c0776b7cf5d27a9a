//! Two endpoints in one process, with the datagrams between them carried by hand.
#![allow(dead_code)] // not every test uses all
pub mod raw;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use valve_sockets_webtransport::endpoint::{Endpoint, Limits};
use valve_sockets_webtransport::records::{self, command, event, Record, Slab};
use valve_sockets_webtransport::Request;

const CERT: &[u8] = include_bytes!("../cert.pem");
const KEY: &[u8] = include_bytes!("../key.pem");
pub const LIMITS: Limits =
    Limits { retry_above: 64, max_pending: 256, handshake_timeout_ms: 10_000, close_timeout_ms: 2000 };

#[derive(Debug, PartialEq)]
pub struct Event {
    pub session: u32,
    pub kind: u8,
    pub lane: u8,
    pub status: u16,
    pub value: u32,
    pub payload: Vec<u8>,
}

pub struct World {
    pub now: Instant,
    pub server: Endpoint,
    pub client: Endpoint,
    /// Whether a datagram arrives, by its number.
    pub arrives: fn(usize) -> bool,
    pub count: usize,
    pub at_server: Vec<Event>,
    pub at_client: Vec<Event>,
    /// What the server has sent to others than the client.
    pub strangers: Vec<(SocketAddr, Vec<u8>)>,
    /// Both ends read what arrives for them.
    pub is_reading: bool,
}

pub fn address(port: u16) -> SocketAddr {
    SocketAddr::new("::ffff:127.0.0.1".parse().unwrap(), port)
}

pub fn hash() -> Vec<u8> {
    use rustls::pki_types::{pem::PemObject, CertificateDer};
    let der = CertificateDer::from_pem_slice(CERT).unwrap();
    ring::digest::digest(&ring::digest::SHA256, &der).as_ref().to_vec()
}

#[allow(clippy::too_many_arguments)] // the fields of a record
pub fn send(
    to: &mut Endpoint,
    now: Instant,
    session: u32,
    kind: u8,
    lane: u8,
    status: u16,
    value: u32,
    payload: &[u8],
) {
    let mut bytes = vec![0; payload.len() + 32];
    let mut slab = Slab { bytes: &mut bytes, used: 0 };
    assert!(slab.push(&Record { session, kind, lane, status, value, payload }));
    let used = slab.used;
    to.run(now, &bytes[..used]);
    to.advance(now);
}

pub fn take(from: &mut Endpoint, now: Instant, into: &mut Vec<Event>, room: usize) {
    let mut bytes = vec![0; room];
    let mut slab = Slab { bytes: &mut bytes, used: 0 };
    from.take(now, &mut slab);
    let used = slab.used;
    let mut rest = &bytes[..used];
    while let Some(Record { session, kind, lane, status, value, payload }) = records::take(&mut rest) {
        into.push(Event { session, kind, lane, status, value, payload: payload.to_vec() });
    }
    from.advance(now);
}

impl World {
    pub fn new(limits: Limits) -> Self {
        let mut server = Endpoint::new(limits);
        server.set_certificate(CERT, KEY).unwrap();
        let client = Endpoint::new(LIMITS);
        let (at_server, at_client) = (Vec::new(), Vec::new());
        World {
            now: Instant::now(),
            server,
            client,
            arrives: |_| true,
            count: 0,
            at_server,
            at_client,
            strangers: Vec::new(),
            is_reading: true,
        }
    }

    pub fn connect(&mut self, hashes: &[u8]) -> u32 {
        let request = Request { authority: "localhost:1".into(), path: "/game?a=1".into() };
        let session = self.client.connect(self.now, address(1), "localhost", request, hashes, b"").unwrap();
        self.client.advance(self.now);
        session
    }

    /// Carries datagrams for `ms` milliseconds.
    pub fn run(&mut self, ms: u64) {
        for _ in 0..ms {
            self.carry();
            self.now += Duration::from_millis(1);
            self.server.next_turn();
            self.server.advance(self.now);
            self.client.advance(self.now);
        }
    }

    pub fn carry(&mut self) {
        let mut bytes = Vec::new();
        loop {
            let mut is_quiet = true;
            while self.client.transmit(self.now, &mut bytes).is_some() {
                is_quiet = false;
                self.count += 1;
                if (self.arrives)(self.count) {
                    self.server.receive(self.now, address(2), None, &bytes);
                }
            }
            self.server.advance(self.now);
            while let Some(outgoing) = self.server.transmit(self.now, &mut bytes) {
                if outgoing.to != address(2) {
                    self.strangers.push((outgoing.to, bytes.clone()));
                    continue;
                }
                is_quiet = false;
                self.count += 1;
                if (self.arrives)(self.count) {
                    self.client.receive(self.now, address(1), None, &bytes);
                }
            }
            self.client.advance(self.now);
            if self.is_reading {
                take(&mut self.server, self.now, &mut self.at_server, 65_536);
                take(&mut self.client, self.now, &mut self.at_client, 65_536);
            }
            if is_quiet {
                return;
            }
        }
    }

    /// Connects, and returns the numbers of the session at the client and at the server.
    pub fn open(&mut self) -> (u32, u32) {
        let client = self.connect(&hash());
        self.run(5);
        let server = self.at_server.iter().find(|event| event.kind == event::INCOMING).unwrap().session;
        send(&mut self.server, self.now, server, command::ACCEPT, 0, 0, 0, b"");
        self.run(5);
        assert!(self.at_client.iter().any(|event| event.kind == event::OPEN));
        self.at_server.clear();
        self.at_client.clear();
        (client, server)
    }
}
