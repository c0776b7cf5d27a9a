//! Strangers that want all places of those that are no sessions yet.
mod world;

use std::net::SocketAddr;

use quinn_proto::Dir;
use valve_sockets_webtransport::endpoint::Limits;
use valve_sockets_webtransport::records::{command, event, Cause};
use world::raw::{client_config, full, source, Raw, REQUEST};
use world::{hash, send, World, LIMITS};

#[test]
fn an_honest_newcomer_gets_in_while_four_sources_hold_all_places_and_come_again() {
    let (mut world, _held) = full(64, 4);
    assert_eq!((world.server.pending().sources(), world.server.pending().largest_share()), (4, 16));
    world.server.next_turn();
    let config = client_config();
    world.connect(&hash());
    for turn in 0..20 {
        world.run(1);
        for number in 0..8 {
            Raw::knock(&mut world, &config, source(number % 4, 6000 + turn * 8 + number));
        }
        if let Some(at) = world.at_server.iter().position(|event| event.kind == event::INCOMING) {
            let session = world.at_server.swap_remove(at).session;
            send(&mut world.server, world.now, session, command::ACCEPT, 0, 0, 0, b"");
        }
        assert!(world.server.pending().len() <= 64);
    }
    assert_eq!(world.at_client.iter().map(|event| event.kind).collect::<Vec<_>>(), [event::OPEN]);
    assert!(world.server.statistics.evicted > 100, "{}", world.server.statistics.evicted);
    assert_eq!(world.server.statistics.refused, 0);
}

#[test]
fn one_source_may_have_all_places_and_then_its_own_oldest_leaves() {
    let (mut world, held) = full(8, 1);
    assert_eq!((world.server.statistics.evicted, world.server.statistics.refused), (0, 0));
    world.server.next_turn();
    world.strangers.clear();
    Raw::knock(&mut world, &client_config(), source(0, 6000));
    assert_eq!(world.server.statistics.evicted, 1);
    assert_eq!((world.server.pending().len(), world.server.pending().largest_share()), (8, 8));
    let told: Vec<_> = world.strangers.iter().map(|(to, _)| to.port()).filter(|port| *port != 6000).collect();
    assert_eq!(told, [held[0].from.port()], "the oldest hears of its end, in one datagram");
}

#[test]
fn who_came_in_this_turn_does_not_leave() {
    let (mut world, _held) = full(8, 2);
    let config = client_config();
    Raw::knock(&mut world, &config, source(3, 6000));
    assert_eq!((world.server.statistics.evicted, world.server.statistics.refused), (0, 1));
    world.server.next_turn();
    Raw::knock(&mut world, &config, source(3, 6001));
    assert_eq!((world.server.statistics.evicted, world.server.statistics.refused), (1, 1));
}

#[test]
fn nobody_leaves_for_a_newcomer_who_has_not_proved_its_address() {
    let (mut world, _held) = full(8, 2);
    world.server.next_turn();
    let retries = world.server.statistics.retries;
    Raw::connect(&world, client_config(), source(3, 6000)).transmit(&mut world);
    assert_eq!((world.server.statistics.evicted, world.server.statistics.retries), (0, retries + 1));
}

#[test]
fn addresses_of_one_network_are_one_source() {
    let mut world = World::new(LIMITS);
    for ip in ["2001:db8::1", "2001:db8::2:1", "2001:db8:0:1::1", "::ffff:1.2.3.4", "::ffff:1.2.3.5"] {
        Raw::knock(&mut world, &client_config(), SocketAddr::new(ip.parse().unwrap(), 5000));
    }
    assert_eq!((world.server.pending().sources(), world.server.pending().largest_share()), (4, 2));
}

#[test]
fn javascript_hears_of_the_end_of_those_that_it_decides_about_and_of_no_others() {
    let mut world = World::new(Limits { max_pending: 2, ..LIMITS });
    let config = client_config();
    for (number, is_reading) in [(0, true), (1, false)] {
        let mut raw = Raw::connect(&world, config.clone(), source(1, 5000 + number));
        for step in 0..6 {
            raw.transmit(&mut world);
            world.is_reading = is_reading;
            world.run(1);
            raw.hear(&mut world);
            if step == 3 {
                raw.open(Dir::Bi, REQUEST).unwrap();
            }
        }
    }
    let [world::Event { session, kind: event::INCOMING, .. }] = world.at_server[..] else {
        panic!("{:?}", world.at_server);
    };
    for number in 0..2 {
        Raw::knock(&mut world, &config, source(1, 6000 + number));
        world.run(1);
    }
    assert_eq!(world.server.statistics.evicted, 2);
    world.is_reading = true;
    world.run(1);
    let ends: Vec<_> = world.at_server.drain(1..).map(|event| (event.session, event.kind, event.status)).collect();
    assert_eq!(ends, [(session, event::CLOSED, Cause::Lost as u16)]);
    send(&mut world.server, world.now, session, command::ACCEPT, 0, 0, 0, b"");
    world.run(1);
    assert_eq!(world.server.pending().len(), 2);
}

#[test]
fn newcomers_in_one_batch_take_a_place_each() {
    let (mut world, held) = full(8, 1);
    world.server.next_turn();
    let config = client_config();
    let mut initials = Vec::new();
    for port in [6000, 6001] {
        let mut raw = Raw::connect(&world, config.clone(), source(1, port));
        raw.transmit(&mut world);
        world.strangers.clear();
        world.carry();
        raw.hear(&mut world);
        let mut bytes = Vec::new();
        assert!(raw.quic.poll_transmit(world.now, 1, &mut bytes).is_some());
        initials.push((raw.from, bytes));
    }
    for (from, bytes) in initials {
        world.server.receive(world.now, from, None, &bytes);
    }
    assert_eq!((world.server.pending().len(), world.server.statistics.evicted), (8, 2));
    world.server.advance(world.now);
    world.strangers.clear();
    world.carry();
    for one in &held[..2] {
        assert!(world.strangers.iter().any(|(to, _)| *to == one.from));
    }
}
