//! Sessions between two endpoints.
mod world;

use std::time::Duration;

use valve_sockets_webtransport::endpoint::Limits;
use valve_sockets_webtransport::records::{command, event};
use world::{address, hash, send, take, Event, World, LIMITS};

#[test]
fn a_session_opens_when_the_server_has_accepted_it() {
    let mut world = World::new(LIMITS);
    let client = world.connect(&hash());
    world.run(5);
    let [Event { session: server, kind: event::INCOMING, status: 0, ref payload, .. }] = world.at_server[..] else {
        panic!("{:?}", world.at_server);
    };
    assert_eq!(payload, b"127.0.0.1:2\0/game?a=1\0");
    assert!(world.at_client.is_empty());
    assert_eq!(world.server.pending().len(), 1);
    send(&mut world.server, world.now, server, command::ACCEPT, 0, 0, 0, b"");
    world.run(5);
    assert_eq!((world.at_client[0].session, world.at_client[0].kind), (client, event::OPEN));
    assert_eq!(world.server.pending().len(), 0);
}

#[test]
fn packets_of_all_sizes_and_lanes_arrive_both_ways() {
    let mut world = World::new(LIMITS);
    let (client, server) = world.open();
    for size in [1, 63, 64, 1132] {
        send(&mut world.client, world.now, client, command::DATAGRAM, 0, 0, 0, &vec![1; size]);
        send(&mut world.server, world.now, server, command::DATAGRAM, 0, 0, 0, &vec![2; size]);
    }
    for lane in 0..6 {
        for size in [1, 63, 64, 16_384] {
            send(&mut world.client, world.now, client, command::RELIABLE, lane, 0, 0, &vec![lane; size]);
            send(&mut world.server, world.now, server, command::RELIABLE, lane, 0, 0, &vec![lane; size]);
        }
    }
    world.run(300);
    for events in [&world.at_server, &world.at_client] {
        let sizes = |kind, lane| -> Vec<usize> {
            let ours = events.iter().filter(|event| event.kind == kind && event.lane == lane);
            ours.map(|event| event.payload.len()).collect()
        };
        assert_eq!(sizes(event::DATAGRAM, 0), [1, 63, 64, 1132]);
        for lane in 0..6 {
            assert_eq!(sizes(event::RELIABLE, lane), [1, 63, 64, 16_384]);
        }
    }
    assert_eq!(world.client.buffered(client), 0);
}

#[test]
fn reliable_packets_survive_loss_and_come_before_the_reason() {
    let mut world = World::new(LIMITS);
    let (client, _) = world.open();
    world.arrives = |number| number % 5 != 0;
    for number in 0..200u8 {
        send(&mut world.client, world.now, client, command::RELIABLE, number % 6, 0, 0, &[number; 500]);
    }
    send(&mut world.client, world.now, client, command::CLOSE, 0, 0, 42, b"bye");
    world.run(3000);
    let last = world.at_server.pop().unwrap();
    assert_eq!((last.kind, last.status, last.value, &last.payload[..]), (event::CLOSED, 0, 42, &b"bye"[..]));
    assert_eq!(world.at_server.iter().filter(|event| event.kind == event::RELIABLE).count(), 200);
    let ours = world.at_client.last().unwrap();
    assert_eq!((ours.kind, ours.status), (event::CLOSED, 4));
}

#[test]
fn the_reason_waits_until_what_was_sent_reliably_has_been_read() {
    for is_lossy in [false, true] {
        let mut world = World::new(Limits { close_timeout_ms: 60_000, ..LIMITS });
        let (client, server) = world.open();
        if is_lossy {
            world.arrives = |number| (number as u32).wrapping_mul(0x9e37_79b1) >> 24 > 80;
        }
        world.is_reading = false;
        // Both have something on their way, on other lanes too.
        send(&mut world.client, world.now, client, command::RELIABLE, 1, 0, 0, b"too late");
        for lane in [0, 2] {
            for _ in 0..5 {
                send(&mut world.server, world.now, server, command::RELIABLE, lane, 0, 0, &[7; 10_000]);
            }
        }
        send(&mut world.server, world.now, server, command::CLOSE, 0, 0, 42, b"bye");
        world.run(1500);
        take(&mut world.server, world.now, &mut world.at_server, 65_536);
        assert_eq!(world.at_server, [], "it has ended, and nobody has read");
        world.is_reading = true;
        world.run(10_000);
        let end = world.at_client.pop().unwrap();
        assert_eq!((end.kind, end.status, end.value, &end.payload[..]), (event::CLOSED, 0, 42, &b"bye"[..]));
        assert_eq!(world.at_client.iter().filter(|event| event.kind == event::RELIABLE).count(), 10);
        assert_eq!((world.at_server[0].kind, world.at_server[0].status), (event::CLOSED, 4));
    }
}

#[test]
fn a_close_does_not_wait_for_one_that_reads_nothing() {
    let mut world = World::new(LIMITS);
    let (_, server) = world.open();
    world.is_reading = false;
    send(&mut world.server, world.now, server, command::RELIABLE, 0, 0, 0, &[7; 10_000]);
    send(&mut world.server, world.now, server, command::CLOSE, 0, 0, 42, b"bye");
    world.run(1990);
    take(&mut world.client, world.now, &mut world.at_client, 5000);
    assert_eq!(world.at_client, []);
    world.run(20);
    world.is_reading = true;
    world.run(20);
    assert_eq!(world.at_client.last().unwrap().value, 42);
    assert!(world.at_server.iter().any(|event| event.kind == event::CLOSED));
}

#[test]
fn both_may_close_at_once() {
    let mut world = World::new(LIMITS);
    let (client, server) = world.open();
    for lane in 0..6 {
        send(&mut world.client, world.now, client, command::RELIABLE, lane, 0, 0, &[1; 16_384]);
        send(&mut world.server, world.now, server, command::RELIABLE, lane, 0, 0, &[1; 16_384]);
    }
    send(&mut world.client, world.now, client, command::CLOSE, 0, 0, 1, b"");
    send(&mut world.server, world.now, server, command::CLOSE, 0, 0, 2, b"");
    world.run(300);
    for events in [&world.at_server, &world.at_client] {
        assert_eq!(events.iter().map(|event| (event.kind, event.status)).collect::<Vec<_>>(), [(event::CLOSED, 4)]);
    }
}

#[test]
fn a_lost_packet_of_a_lane_delays_neither_another_lane_nor_datagrams() {
    let mut world = World::new(LIMITS);
    let (client, _) = world.open();
    world.arrives = |_| false;
    send(&mut world.client, world.now, client, command::RELIABLE, 0, 0, 0, b"lost");
    world.carry();
    world.arrives = |_| true;
    send(&mut world.client, world.now, client, command::RELIABLE, 0, 0, 0, b"behind it");
    send(&mut world.client, world.now, client, command::RELIABLE, 1, 0, 0, b"another lane");
    send(&mut world.client, world.now, client, command::DATAGRAM, 0, 0, 0, b"datagram");
    world.carry();
    let texts = |world: &World| -> Vec<String> {
        world.at_server.iter().map(|event| String::from_utf8(event.payload.clone()).unwrap()).collect()
    };
    assert_eq!(texts(&world), ["datagram", "another lane"]);
    world.run(1000);
    assert_eq!(texts(&world), ["datagram", "another lane", "lost", "behind it"]);
}

#[test]
fn an_abort_waits_for_nobody_and_a_close_that_waits_keeps_its_reason() {
    for has_closed in [false, true] {
        let mut world = World::new(LIMITS);
        let (_, server) = world.open();
        send(&mut world.server, world.now, server, command::RELIABLE, 0, 0, 0, &[1; 5000]);
        if has_closed {
            send(&mut world.server, world.now, server, command::CLOSE, 0, 0, 7, b"bye");
        }
        send(&mut world.server, world.now, server, command::ABORT, 0, 0, 1025, b"process");
        let mut bytes = Vec::new();
        while world.server.transmit(world.now, &mut bytes).is_some() {
            world.client.receive(world.now, address(1), None, &bytes);
        }
        world.client.advance(world.now);
        world.server.stop(world.now);
        assert!(
            world.server.transmit(world.now, &mut bytes).is_none(),
            "the end of the connection would hide the reason"
        );
        world.carry();
        assert_eq!(world.at_client[0].payload.len(), 5000);
        assert_eq!(world.at_client.last().unwrap().value, if has_closed { 7 } else { 1025 });
    }
}

#[test]
fn the_reason_of_an_abort_leaves_behind_the_lanes() {
    let mut world = World::new(LIMITS);
    let (_, server) = world.open();
    send(&mut world.server, world.now, server, command::RELIABLE, 4, 0, 0, &[1; 5000]);
    send(&mut world.server, world.now, server, command::ABORT, 0, 0, 1025, b"process");
    // Read as they arrive: a reason that came first would be the end, and the packet would be lost.
    let mut bytes = Vec::new();
    while world.server.transmit(world.now, &mut bytes).is_some() {
        world.client.receive(world.now, address(1), None, &bytes);
        world.client.advance(world.now);
        take(&mut world.client, world.now, &mut world.at_client, 65_536);
    }
    let kinds: Vec<_> = world.at_client.iter().map(|event| (event.kind, event.payload.len())).collect();
    assert_eq!(kinds, [(event::RELIABLE, 5000), (event::CLOSED, 7)]);
}

#[test]
fn what_is_not_read_stops_the_other_side_and_is_bounded() {
    let mut world = World::new(LIMITS);
    let (client, _) = world.open();
    world.is_reading = false;
    for _ in 0..64 {
        send(&mut world.client, world.now, client, command::RELIABLE, 0, 0, 0, &[7; 16_384]);
    }
    world.run(200);
    assert!(world.client.buffered(client) > 700_000, "{}", world.client.buffered(client));
    send(&mut world.client, world.now, client, command::WATCH, 0, 0, 1000, b"");
    world.is_reading = true;
    world.run(500);
    assert_eq!(world.at_server.iter().filter(|event| event.payload.len() == 16_384).count(), 64);
    assert_eq!(world.at_client.iter().filter(|event| event.kind == event::WRITABLE).count(), 1);
}

#[test]
fn datagrams_for_which_there_is_no_room_are_dropped_and_counted_the_oldest_first() {
    let mut world = World::new(LIMITS);
    let (client, _) = world.open();
    for number in 0..100 {
        send(&mut world.client, world.now, client, command::DATAGRAM, 0, 0, 0, &[number; 1000]);
    }
    let dropped = world.client.statistics.dropped as usize;
    assert!(dropped > 30, "{dropped}");
    world.run(500);
    let numbers: Vec<_> = world.at_server.iter().map(|event| event.payload[0] as usize).collect();
    assert_eq!(numbers, (dropped..100).collect::<Vec<_>>());
}

#[test]
fn a_small_slab_takes_everything_piece_by_piece() {
    let mut world = World::new(LIMITS);
    let (client, _) = world.open();
    world.is_reading = false;
    for number in 0..8u8 {
        send(&mut world.client, world.now, client, command::RELIABLE, 0, 0, 0, &[number; 16_384]);
        send(&mut world.client, world.now, client, command::DATAGRAM, 0, 0, 0, &[number; 9]);
    }
    world.run(100);
    for _ in 0..20 {
        take(&mut world.server, world.now, &mut world.at_server, 20_000);
        world.run(1);
    }
    let of = |kind| world.at_server.iter().filter(|event| event.kind == kind).map(|event| event.payload[0]).collect();
    let (reliable, datagrams): (Vec<u8>, Vec<u8>) = (of(event::RELIABLE), of(event::DATAGRAM));
    assert_eq!(reliable, [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(datagrams, [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_refusal_says_why() {
    for (code, status, expected) in [(1010, 503, (2, 1010, "full")), (u32::MAX, 404, (3, 1003, "HTTP 404"))] {
        let mut world = World::new(LIMITS);
        world.connect(&hash());
        world.run(5);
        let server = world.at_server[0].session;
        send(&mut world.server, world.now, server, command::REFUSE, 0, status, code, b"full");
        world.run(1000);
        let [Event { kind: event::CLOSED, status, value, ref payload, .. }] = world.at_client[..] else {
            panic!("{:?}", world.at_client);
        };
        assert_eq!((status, value, std::str::from_utf8(payload).unwrap()), expected);
        assert_eq!(world.server.pending().len(), 0);
        assert_eq!(world.at_server.len(), 1);
    }
}

#[test]
fn a_wrong_certificate_and_silence_end_the_attempt() {
    let mut world = World::new(LIMITS);
    world.connect(&[0; 32]);
    world.run(50);
    assert_eq!((world.at_client[0].kind, world.at_client[0].status), (event::CLOSED, 1));
    assert!(world.at_server.is_empty());
    world.at_client.clear();
    world.arrives = |_| false;
    world.connect(&hash());
    world.run(10_001);
    assert_eq!((world.at_client[0].kind, world.at_client[0].status), (event::CLOSED, 1));
}

#[test]
fn a_crowd_has_to_prove_its_address() {
    let mut world = World::new(Limits { retry_above: 0, ..LIMITS });
    world.open();
    assert_eq!((world.server.statistics.retries, world.server.statistics.accepted), (1, 1));
}

#[test]
fn a_lost_peer_is_noticed_and_its_place_is_used_again() {
    let mut world = World::new(LIMITS);
    let (client, _) = world.open();
    world.arrives = |_| false;
    world.run(45_000);
    assert_eq!((world.at_client[0].kind, world.at_client[0].status), (event::CLOSED, 1));
    assert_eq!((world.at_server[0].kind, world.at_server[0].status), (event::CLOSED, 1));
    world.arrives = |_| true;
    world.at_server.clear();
    world.at_client.clear();
    let (again, _) = world.open();
    assert_eq!(again & 0xfffff, client & 0xfffff);
    assert_ne!(again, client);
}

#[test]
fn datagrams_of_strangers_that_make_no_sense_leave_nothing() {
    let mut world = World::new(LIMITS);
    let (client, _) = world.open();
    let mut seed = 1u32;
    let mut random = move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 16) as u8
    };
    for _ in 0..20_000 {
        let size = usize::from(random()) * 5;
        let datagram: Vec<u8> = (0..size).map(|_| random()).collect();
        world.server.receive(world.now, address(9), None, &datagram);
        world.server.advance(world.now);
    }
    assert_eq!(world.server.pending().len(), 0);
    send(&mut world.client, world.now, client, command::DATAGRAM, 0, 0, 0, b"still here");
    world.run(5);
    assert_eq!(world.at_server[0].payload, b"still here");
}

/// Lets the ends wake when they say for `time`, and returns how often the server did.
fn wakes_of_the_server(world: &mut World, time: Duration) -> usize {
    let end = world.now + time;
    let mut wakes = 0;
    loop {
        world.carry();
        let (server, client) = (world.server.time_to_next(world.now), world.client.time_to_next(world.now));
        let next = server.into_iter().chain(client).min().unwrap();
        if world.now + next > end {
            return wakes;
        }
        wakes += usize::from(server == Some(next));
        world.now += next;
        world.server.advance(world.now);
        world.client.advance(world.now);
    }
}

#[test]
fn nobody_wakes_for_a_deadline_that_has_moved_on() {
    let mut world = World::new(LIMITS);
    let (_, server) = world.open();
    wakes_of_the_server(&mut world, Duration::from_secs(1));
    for _ in 0..10 {
        send(&mut world.server, world.now, server, command::DATAGRAM, 0, 0, 0, b"acknowledged before it could be lost");
        assert_eq!(wakes_of_the_server(&mut world, Duration::from_millis(500)), 0);
    }
}
