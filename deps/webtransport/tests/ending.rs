//! How sessions end whose other side does what it likes.
mod world;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use quinn_proto::{Dir, StreamId, TransportConfig};
use valve_sockets_webtransport::records::{command, event, Cause};
use world::raw::{client_config, Raw, REQUEST};
use world::{address, hash, send, take, World, LIMITS};

const CLOSE: &[u8] = &[0, 0x0a, 0x68, 0x43, 7, 0, 0, 0, 42, b'b', b'y', b'e'];
const STRANGER: u16 = 9;

/// A client of QUIC alone whose session the server has accepted, and the stream of its request.
fn join(world: &mut World) -> (Raw, StreamId) {
    let mut raw = Raw::connect(world, client_config(), address(STRANGER));
    raw.run(world);
    let request = raw.open(Dir::Bi, REQUEST).unwrap();
    assert_eq!(raw.run(world), 1);
    (raw, request)
}

/// Nothing is kept of the one that came first: a newcomer gets its place.
fn assert_is_forgotten(world: &mut World) {
    world.at_server.clear();
    world.connect(&hash());
    world.run(5);
    let newcomer = world.at_server.iter().find(|event| event.kind == event::INCOMING).unwrap().session;
    assert_eq!(newcomer & 0xfffff, 0);
}

/// The server measures a round trip of five seconds, and would wait for late packets three times longer than that.
fn be_slow(raw: &mut Raw, world: &mut World) {
    send(&mut world.server, world.now, raw.session, command::DATAGRAM, 0, 0, 0, b"slow");
    world.run(5000);
    world.strangers.truncate(1);
    raw.hear(world);
    raw.transmit(world);
    world.run(1);
}

#[test]
fn one_that_closes_again_and_again_is_forgotten_in_time() {
    let mut world = World::new(LIMITS);
    let (mut raw, request) = join(&mut world);
    // It acknowledges nothing, so that the server does not know that its answer has arrived.
    for _ in 0..5 {
        raw.quic.send_stream(request).write(CLOSE).unwrap();
        raw.transmit(&mut world);
        world.run(400);
    }
    let ends = world.at_server.iter().filter(|event| event.kind == event::CLOSED);
    assert_eq!(ends.map(|event| event.value).collect::<Vec<_>>(), [42]);
    assert_is_forgotten(&mut world);
}

#[test]
fn one_with_a_long_round_trip_is_forgotten_in_time_however_it_ends() {
    let ways: [fn(&mut World, &mut Raw, StreamId); 4] = [
        |world, raw, _| raw.quic.close(world.now, 0u32.into(), Default::default()),
        |_, raw, request| drop(raw.quic.send_stream(request).finish()),
        |_, raw, request| drop(raw.quic.send_stream(request).write(&[0, 3, 0x68, 0x43, 0])),
        |_, raw, _| assert!(raw.open(Dir::Uni, &[0x40, 0x54, 0, 6]).is_some()),
    ];
    for end in ways {
        let mut world = World::new(LIMITS);
        let (mut raw, request) = join(&mut world);
        be_slow(&mut raw, &mut world);
        end(&mut world, &mut raw, request);
        raw.transmit(&mut world);
        world.run(510);
        assert_eq!(world.at_server.iter().filter(|event| event.kind == event::CLOSED).count(), 1);
        assert_is_forgotten(&mut world);
    }
}

#[test]
fn one_that_answers_a_reason_late_is_not_kept_longer_than_one_that_never_does() {
    for is_reset in [false, true] {
        let mut world = World::new(LIMITS);
        let (mut raw, request) = join(&mut world);
        send(&mut world.server, world.now, raw.session, command::CLOSE, 0, 0, 42, b"bye");
        world.run(1950);
        assert_eq!(world.server.unanswered(), 1);
        if is_reset {
            raw.quic.send_stream(request).reset(7u32.into()).unwrap();
        } else {
            raw.quic.send_stream(request).finish().unwrap();
        }
        raw.transmit(&mut world);
        world.run(10);
        let ends = world.at_server.iter().filter(|event| event.kind == event::CLOSED);
        assert_eq!(ends.map(|event| event.status).collect::<Vec<_>>(), [Cause::Ours as u16]);
        assert_eq!(world.server.unanswered(), 0);
        world.run(50);
        assert_is_forgotten(&mut world);
    }
}

#[test]
fn one_that_answers_no_reason_and_goes_on_sending_is_forgotten_in_time() {
    let mut world = World::new(LIMITS);
    let (mut raw, request) = join(&mut world);
    send(&mut world.server, world.now, raw.session, command::RELIABLE, 0, 0, 0, b"not read");
    send(&mut world.server, world.now, raw.session, command::CLOSE, 0, 0, 42, b"bye");
    for _ in 0..24 {
        // The half of a capsule, a datagram and a lane.
        let _ = raw.quic.send_stream(request).write(&CLOSE[..5]);
        let _ = raw.quic.datagrams().send(b"\0late".to_vec().into(), true);
        raw.open(Dir::Uni, &[0x40, 0x54, 0, 3, 1, 7]);
        raw.transmit(&mut world);
        world.run(105);
    }
    let told: Vec<_> = world.at_server.iter().map(|event| (event.kind, event.status)).collect();
    assert_eq!(told, [(event::CLOSED, Cause::Ours as u16)]);
    assert_is_forgotten(&mut world);
}

#[test]
fn a_reason_arrives_though_what_was_sent_before_it_has_filled_all_windows() {
    let mut world = World::new(LIMITS);
    let (_, server) = world.open();
    world.is_reading = false;
    for number in 0..120 {
        send(&mut world.server, world.now, server, command::RELIABLE, number % 6, 0, 0, &[7; 16_384]);
    }
    send(&mut world.server, world.now, server, command::CLOSE, 0, 0, 42, b"bye");
    world.run(2010);
    world.is_reading = true;
    world.run(100);
    let end = world.at_client.last().unwrap();
    assert_eq!((end.kind, end.status, end.value, &end.payload[..]), (event::CLOSED, 0, 42, &b"bye"[..]));
}

#[test]
fn a_reason_overtakes_what_the_lanes_have_not_been_rid_of_in_time() {
    let mut world = World::new(LIMITS);
    let (_, server) = world.open();
    for number in 0..60 {
        send(&mut world.server, world.now, server, command::RELIABLE, number % 6, 0, 0, &[7; 16_384]);
    }
    send(&mut world.server, world.now, server, command::CLOSE, 0, 0, 42, b"bye");
    // The path takes a datagram in 10 ms, and keeps 20: what is queued would take eight seconds.
    let mut path = VecDeque::new();
    let mut bytes = Vec::new();
    for step in 0..249 {
        while world.server.transmit(world.now, &mut bytes).is_some() {
            if path.len() < 20 {
                path.push_back(bytes.clone());
            }
        }
        if let Some(datagram) = path.pop_front() {
            world.client.receive(world.now, address(1), None, &datagram);
        }
        world.client.advance(world.now);
        take(&mut world.client, world.now, &mut world.at_client, 65_536);
        while world.client.transmit(world.now, &mut bytes).is_some() {
            world.server.receive(world.now, address(2), None, &bytes);
        }
        world.now += Duration::from_millis(10);
        world.server.advance(world.now);
        world.client.advance(world.now);
        assert!(step > 200 || world.at_client.iter().all(|event| event.kind == event::RELIABLE));
    }
    let end = world.at_client.last().unwrap();
    assert_eq!((end.kind, end.status, end.value), (event::CLOSED, 0, 42));
}

#[test]
fn an_answer_arrives_at_a_client_that_takes_a_byte_at_a_time() {
    let mut world = World::new(LIMITS);
    let mut config = client_config();
    let mut transport = TransportConfig::default();
    transport.stream_receive_window(1u32.into());
    config.transport_config(Arc::new(transport));
    let mut raw = Raw::connect(&world, config, address(STRANGER));
    raw.run(&mut world);
    let request = raw.open(Dir::Bi, REQUEST).unwrap();
    assert_eq!(raw.run(&mut world), 1);
    send(&mut world.server, world.now, raw.session, command::CLOSE, 0, 0, 42, b"bye");
    let mut heard = Vec::new();
    for _ in 0..200 {
        raw.run(&mut world);
        let mut stream = raw.quic.recv_stream(request);
        let Ok(mut chunks) = stream.read(true) else { break };
        while let Ok(Some(chunk)) = chunks.next(usize::MAX) {
            heard.extend_from_slice(&chunk.bytes);
        }
        let _ = chunks.finalize();
    }
    assert!(heard.starts_with(&[1]), "{heard:x?}");
    assert!(heard.ends_with(CLOSE), "{heard:x?}");
}

#[test]
fn both_may_close_at_once_though_each_has_used_another_lane() {
    let mut world = World::new(LIMITS);
    let (client, server) = world.open();
    send(&mut world.client, world.now, client, command::RELIABLE, 3, 0, 0, b"from the client");
    send(&mut world.server, world.now, server, command::RELIABLE, 0, 0, 0, b"from the server");
    send(&mut world.client, world.now, client, command::CLOSE, 0, 0, 1, b"");
    send(&mut world.server, world.now, server, command::CLOSE, 0, 0, 2, b"");
    world.run(100);
    for events in [&world.at_server, &world.at_client] {
        assert_eq!(events.iter().map(|event| (event.kind, event.status)).collect::<Vec<_>>(), [(event::CLOSED, 4)]);
    }
}

#[test]
fn nothing_is_told_behind_a_close_of_our_own() {
    let mut world = World::new(LIMITS);
    let (client, server) = world.open();
    world.is_reading = false;
    send(&mut world.server, world.now, server, command::CLOSE, 0, 0, 2, b"");
    send(&mut world.client, world.now, client, command::DATAGRAM, 0, 0, 0, b"late");
    send(&mut world.client, world.now, client, command::RELIABLE, 0, 0, 0, b"late");
    send(&mut world.client, world.now, client, command::CLOSE, 0, 0, 1, b"");
    world.run(3000);
    take(&mut world.server, world.now, &mut world.at_server, 65_536);
    assert_eq!(world.at_server.iter().map(|event| event.kind).collect::<Vec<_>>(), [event::CLOSED]);
}

#[test]
fn a_lane_that_the_other_side_has_stopped_keeps_nothing_of_what_is_sent() {
    let mut world = World::new(LIMITS);
    let (mut raw, _) = join(&mut world);
    send(&mut world.server, world.now, raw.session, command::RELIABLE, 0, 0, 0, b"first");
    raw.run(&mut world);
    while let Some(id) = raw.quic.streams().accept(Dir::Uni) {
        raw.quic.recv_stream(id).stop(7u32.into()).unwrap();
    }
    raw.run(&mut world);
    for _ in 0..100 {
        send(&mut world.server, world.now, raw.session, command::RELIABLE, 0, 0, 0, &[7; 16_384]);
    }
    assert_eq!(world.server.buffered(raw.session), 0);
    // Nor does a close wait for it.
    send(&mut world.server, world.now, raw.session, command::CLOSE, 0, 0, 42, b"bye");
    assert_eq!(world.server.unanswered(), 1);
}

#[test]
fn a_close_does_not_wait_for_a_lane_that_has_been_stopped_while_it_waited() {
    let mut world = World::new(LIMITS);
    let (mut raw, _) = join(&mut world);
    send(&mut world.server, world.now, raw.session, command::RELIABLE, 0, 0, 0, b"first");
    raw.run(&mut world);
    send(&mut world.server, world.now, raw.session, command::CLOSE, 0, 0, 42, b"bye");
    while let Some(id) = raw.quic.streams().accept(Dir::Uni) {
        raw.quic.recv_stream(id).stop(7u32.into()).unwrap();
    }
    assert_eq!(world.server.unanswered(), 0);
    raw.transmit(&mut world);
    assert_eq!(world.server.unanswered(), 1);
}

#[test]
fn one_that_is_refused_and_acknowledges_nothing_is_forgotten_in_time() {
    let mut world = World::new(LIMITS);
    let mut raw = Raw::connect(&world, client_config(), address(STRANGER));
    raw.run(&mut world);
    raw.open(Dir::Bi, REQUEST).unwrap();
    raw.transmit(&mut world);
    world.run(1);
    let session = world.at_server[0].session;
    send(&mut world.server, world.now, session, command::REFUSE, 0, 403, 7, b"no");
    world.run(1100);
    assert_is_forgotten(&mut world);
    assert!(!world.at_server.iter().any(|event| event.kind == event::CLOSED), "nobody asked for it");
}

#[test]
fn a_connection_ends_when_the_answer_to_a_close_or_a_request_has_arrived() {
    for is_refused in [false, true] {
        let mut world = World::new(LIMITS);
        let mut raw = Raw::connect(&world, client_config(), address(STRANGER));
        raw.run(&mut world);
        let request = raw.open(Dir::Bi, REQUEST).unwrap();
        if is_refused {
            raw.transmit(&mut world);
            world.run(1);
            let session = world.at_server[0].session;
            send(&mut world.server, world.now, session, command::REFUSE, 0, 403, 7, b"no");
        } else {
            raw.run(&mut world);
            raw.quic.send_stream(request).write(CLOSE).unwrap();
        }
        raw.run(&mut world);
        raw.quic.ping(); // and with it an acknowledgement
        raw.run(&mut world);
        assert!(raw.quic.is_closed());
    }
}
