//! Strangers, and clients that send what makes no sense. `VALVE_SOCKETS_STRESS=1` does each fifty times as much.
mod world;

use std::net::SocketAddr;

use quinn_proto::Dir;
use valve_sockets_webtransport::endpoint::Limits;
use valve_sockets_webtransport::records::{command, event, Cause};
use world::raw::{client_config, resident, Raw, REQUEST};
use world::{address, hash, send, World, LIMITS};

const STRANGER: u16 = 9;

fn times(count: usize) -> usize {
    if std::env::var_os("VALVE_SOCKETS_STRESS").is_some() {
        count * 50
    } else {
        count
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }

    /// Changes, cuts, repeats.
    fn mutate(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len().max(1));
            match self.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.extend_from_within(at.min(bytes.len())..),
                2 => bytes.insert(at.min(bytes.len()), self.below(256) as u8),
                _ if bytes.is_empty() => {}
                3 => bytes[at] ^= 1 << self.below(8),
                _ => bytes[at] = self.below(256) as u8,
            }
        }
        bytes
    }
}

/// What a client sends besides its request: its control stream, a close, a lane with packets.
const CONTROL: &[u8] = &[0, 4, 9, 8, 1, 0x33, 1, 0xab, 0x60, 0x37, 0x42, 1];
const CLOSE: &[u8] = &[0, 0x0a, 0x68, 0x43, 7, 0, 0, 0, 42, b'b', b'y', b'e'];
const LANE: &[u8] = &[0x40, 0x54, 0, 3, 1, 7, 5, 1, 2, 3, 4, 5, 2, 6, 6];

/// The live client is heard, and hears.
fn talk(world: &mut World, client: u32, server: u32) {
    world.at_server.clear();
    world.at_client.clear();
    send(&mut world.client, world.now, client, command::DATAGRAM, 0, 0, 0, b"a datagram");
    send(&mut world.client, world.now, client, command::RELIABLE, 2, 0, 0, b"here");
    send(&mut world.server, world.now, server, command::RELIABLE, 2, 0, 0, b"there");
    world.run(3);
    let payloads = |events: &[world::Event], session: u32| -> Vec<Vec<u8>> {
        events.iter().filter(|event| event.session == session).map(|event| event.payload.clone()).collect()
    };
    assert_eq!(payloads(&world.at_server, server), [&b"a datagram"[..], b"here"]);
    assert_eq!(payloads(&world.at_client, client), [b"there"]);
}

#[test]
fn mutated_datagrams_change_nothing_and_are_answered_with_less() {
    let mut world = World::new(LIMITS);
    let (client, server) = world.open();
    let mut random = Random(5);
    // The datagrams of a handshake, of a session, and of the live client.
    let mut templates = Vec::new();
    let mut raw = Raw::connect(&world, client_config(), address(STRANGER));
    let mut bytes = Vec::new();
    while raw.quic.poll_transmit(world.now, 1, &mut bytes).is_some() {
        templates.push(std::mem::take(&mut bytes));
    }
    for size in [1, 100, 1100] {
        send(&mut world.client, world.now, client, command::RELIABLE, 0, 0, 0, &vec![1; size]);
        while world.client.transmit(world.now, &mut bytes).is_some() {
            templates.push(std::mem::take(&mut bytes));
        }
    }
    world.run(2000);
    for round in 0..times(20_000) {
        let original = &templates[random.below(templates.len())];
        let mutated = random.mutate(original);
        let from = if random.below(2) == 0 { 2 } else { 100 + random.below(200) as u16 };
        world.strangers.clear();
        if &mutated != original {
            world.server.receive(world.now, address(from), None, &mutated);
            world.server.advance(world.now);
        }
        if round % 50 == 0 {
            world.run(1);
            let answered: usize = world.strangers.iter().map(|(_, bytes)| bytes.len()).sum();
            assert!(answered <= 3 * 50 * 3000);
        }
        if round % 1000 == 0 {
            talk(&mut world, client, server);
        }
    }
    world.run(11_000);
    assert_eq!(world.server.pending().len(), 0);
    talk(&mut world, client, server);
}

#[test]
fn mutated_streams_of_clients_end_their_own_session_at_most() {
    let mut world = World::new(LIMITS);
    let (client, server) = world.open();
    let mut random = Random(7);
    let config = client_config();
    let mut streams = 0;
    let mut accepted = 0;
    let mut connections = 0;
    while streams < times(20_000) {
        let mut raw = Raw::connect(&world, config.clone(), address(STRANGER));
        raw.run(&mut world);
        assert!(!raw.quic.is_handshaking());
        let request = raw.open(Dir::Bi, REQUEST);
        accepted += raw.run(&mut world);
        connections += 1;
        for _ in 0..40 {
            let template = [CONTROL, REQUEST, CLOSE, LANE][random.below(4)];
            let bytes = random.mutate(template);
            let id = match random.below(4) {
                0 => request.inspect(|id| {
                    let _ = raw.quic.send_stream(*id).write(&bytes);
                }),
                1 => raw.open(Dir::Bi, &bytes),
                _ => raw.open(Dir::Uni, &bytes),
            };
            if random.below(3) == 0 {
                raw.quic.datagrams().send(bytes.into(), true).unwrap();
            }
            if let Some(id) = id {
                match random.below(4) {
                    0 => drop(raw.quic.send_stream(id).finish()),
                    1 => drop(raw.quic.send_stream(id).reset(7u32.into())),
                    _ => {}
                }
            }
            streams += 1;
        }
        raw.run(&mut world);
        raw.quic.close(world.now, 0u32.into(), Default::default());
        raw.run(&mut world);
        if connections % 20 == 0 {
            talk(&mut world, client, server);
        }
    }
    assert!(accepted > connections / 2, "{accepted} of {connections}");
    world.run(11_000);
    assert_eq!(world.server.pending().len(), 0);
    talk(&mut world, client, server);
    // The places of all of them are free again.
    world.connect(&hash());
    world.run(5);
    let newest = world.at_server.iter().find(|event| event.kind == event::INCOMING).unwrap().session;
    assert!(newest & 0xfffff < 50, "{newest:x}");
}

#[test]
fn a_reliable_packet_of_no_bytes_or_too_many_ends_the_session() {
    for size in [&[0][..], &[0x80, 0, 0x40, 1]] {
        let mut world = World::new(LIMITS);
        let mut raw = Raw::connect(&world, client_config(), address(STRANGER));
        raw.run(&mut world);
        raw.open(Dir::Bi, REQUEST);
        assert_eq!(raw.run(&mut world), 1);
        raw.open(Dir::Uni, &[LANE, size, b"more"].concat());
        raw.run(&mut world);
        let end = world.at_server.pop().unwrap();
        assert_eq!((end.kind, end.status, end.value), (event::CLOSED, Cause::Invalid as u16, 1001));
        let sizes: Vec<_> = world.at_server.iter().map(|event| (event.kind, event.payload.len())).collect();
        assert_eq!(sizes, [1, 5, 2].map(|size| (event::RELIABLE, size)), "what came before it is read");
    }
}

#[test]
fn a_request_for_something_else_is_answered_before_the_connection_ends() {
    let mut world = World::new(LIMITS);
    let mut raw = Raw::connect(&world, client_config(), address(STRANGER));
    raw.run(&mut world);
    let request = raw.open(Dir::Bi, b"\x01\x05\0\0\xd1\xd7\xc1").unwrap(); // GET
    assert_eq!(raw.run(&mut world), 0);
    let mut stream = raw.quic.recv_stream(request);
    let mut chunks = stream.read(true).unwrap();
    let answer = chunks.next(usize::MAX).unwrap().unwrap();
    assert!(answer.bytes.windows(3).any(|bytes| bytes == b"404"), "{:x?}", answer.bytes);
    assert_eq!(world.at_server, []);
}

#[test]
fn a_close_with_a_code_that_no_transport_carries_is_a_loss() {
    for (code, cause) in [(1998u32, Cause::Closed), (1999, Cause::Lost), (u32::MAX, Cause::Lost)] {
        let mut world = World::new(LIMITS);
        let mut raw = Raw::connect(&world, client_config(), address(STRANGER));
        raw.run(&mut world);
        let request = raw.open(Dir::Bi, REQUEST).unwrap();
        assert_eq!(raw.run(&mut world), 1);
        let close = [&CLOSE[..5], &code.to_be_bytes(), b"bye"].concat();
        raw.quic.send_stream(request).write(&close).unwrap();
        raw.run(&mut world);
        let ends: Vec<_> = world.at_server.iter().map(|event| (event.kind, event.status)).collect();
        assert_eq!(ends, [(event::CLOSED, cause as u16)]);
    }
}

#[test]
fn a_connection_has_one_session_and_headers_behind_its_request_say_nothing() {
    let mut world = World::new(LIMITS);
    let mut raw = Raw::connect(&world, client_config(), address(STRANGER));
    raw.run(&mut world);
    let request = raw.open(Dir::Bi, REQUEST).unwrap();
    assert_eq!(raw.run(&mut world), 1);
    for headers in [REQUEST, b"\x01\x02\xff\xff"] {
        raw.quic.send_stream(request).write(headers).unwrap();
    }
    raw.open(Dir::Bi, REQUEST);
    raw.quic.datagrams().send(b"\0ours".to_vec().into(), true).unwrap();
    assert_eq!(raw.run(&mut world), 0);
    assert_eq!(world.at_server.iter().map(|event| event.kind).collect::<Vec<_>>(), [event::DATAGRAM]);
}

#[test]
fn a_datagram_of_another_session_is_dropped_and_counted() {
    let mut world = World::new(LIMITS);
    let mut raw = Raw::connect(&world, client_config(), address(STRANGER));
    raw.run(&mut world);
    raw.open(Dir::Bi, REQUEST);
    assert_eq!(raw.run(&mut world), 1);
    for datagram in [&b"\x01another"[..], b"\0", b"", b"\x40", b"\0ours"] {
        raw.quic.datagrams().send(datagram.to_vec().into(), true).unwrap();
    }
    raw.run(&mut world);
    assert_eq!(world.at_server.iter().map(|event| &event.payload[..]).collect::<Vec<_>>(), [b"ours"]);
    assert_eq!(world.server.statistics.dropped, 4);
}

#[test]
fn a_flood_of_initials_is_answered_with_at_most_three_bytes_for_one_and_then_with_less_than_one() {
    let mut world = World::new(Limits { max_pending: 4096, ..LIMITS });
    let (client, server) = world.open();
    let config = client_config();
    let (mut before, mut proving) = ((0, 0), (0, 0));
    for number in 0..times(10_000).min(100_000) as u32 {
        let ip = std::net::Ipv4Addr::from(0x0a00_0000 + number).to_ipv6_mapped();
        let mut raw = Raw::connect(&world, config.clone(), SocketAddr::new(ip.into(), 5000));
        let retries = world.server.statistics.retries;
        let received = raw.transmit(&mut world);
        world.carry();
        let sent: usize = world.strangers.drain(..).map(|(_, bytes)| bytes.len()).sum();
        let side = if world.server.statistics.retries > retries { &mut proving } else { &mut before };
        *side = (side.0 + received, side.1 + sent);
        if number % 10 == 0 {
            world.run(1);
        }
        if number % 1000 == 500 {
            talk(&mut world, client, server);
        }
        assert!(world.server.pending().len() <= 64);
    }
    assert!(before.1 <= 3 * before.0 && before.1 > 0, "{before:?}");
    assert!(proving.1 < proving.0 && proving.1 > 0, "{proving:?}");
    println!("answered: {before:?} bytes without proof, {proving:?} with retries");
    // Whoever answers with its token gets in.
    world.connect(&hash());
    world.run(20);
    assert!(world.at_server.iter().any(|event| event.kind == event::INCOMING));
}

#[test]
fn connections_that_have_ended_leave_no_memory() {
    let mut world = World::new(LIMITS);
    let total = times(2000);
    let mut early = 0;
    for number in 0..total {
        let (client, server) = world.open();
        send(&mut world.client, world.now, client, command::RELIABLE, 0, 0, 0, b"hello");
        send(&mut world.server, world.now, server, command::DATAGRAM, 0, 0, 0, b"hello");
        let (ending, session) = match number % 2 {
            0 => (&mut world.client, client),
            _ => (&mut world.server, server),
        };
        send(ending, world.now, session, command::CLOSE, 0, 0, 1, b"");
        world.run(60);
        assert_eq!(world.at_client.last().unwrap().kind, event::CLOSED);
        assert_eq!(world.at_server.last().unwrap().kind, event::CLOSED);
        // What waits until no packet of theirs comes any more is bounded by time.
        if number % 100 == 99 {
            world.run(1000);
            assert_eq!(world.server.pending().len(), 0);
        }
        if number == total / 4 {
            early = resident();
        }
    }
    let late = resident();
    assert!(late as f64 <= early as f64 * 1.05, "{early} pages, then {late}");
    println!("{total} connections: {early} pages, then {late}");
}
