//! Alone in its process, whose memory it measures.
mod world;

use valve_sockets_webtransport::records::{command, event};
use world::raw::{client_config, full, resident, source, Raw};
use world::{hash, send};

#[test]
fn those_that_have_left_leave_no_memory() {
    let (mut world, held) = full(64, 4);
    drop(held);
    let config = client_config();
    let mut early = 0;
    for number in 0..3000 {
        Raw::knock(&mut world, &config, source(number % 7, 6000 + number));
        world.strangers.clear();
        // Less than the three probe timeouts for which QUIC remembers a connection that has been closed.
        if number % 100 == 99 {
            world.run(1);
        }
        world.server.next_turn();
        if number == 500 {
            early = resident();
        }
    }
    let late = resident();
    assert!(world.server.statistics.evicted >= 2900, "{}", world.server.statistics.evicted);
    assert_eq!(world.server.pending().len(), 64);
    assert!(late as f64 <= early as f64 * 1.05, "{early} pages, then {late}");
    println!("{early} pages, then {late}");
    // Whoever asks finds a server that works.
    let client = world.connect(&hash());
    world.run(20);
    let incoming = world.at_server.iter().find(|event| event.kind == event::INCOMING).unwrap().session;
    assert!(incoming & 0xfffff < 200, "{incoming:x}: the places are used again");
    send(&mut world.server, world.now, incoming, command::ACCEPT, 0, 0, 0, b"");
    world.run(5);
    assert_eq!((world.at_client[0].session, world.at_client[0].kind), (client, event::OPEN));
}
