//! Many clients over one UDP socket, for `npm run bench -- web`: each sends `--size` bytes `--hz` times a second to a
//! server that returns them. In Node a client takes more of the processor than its server, so clients in Node wait for
//! each other, and their times say little about the server.
//!
//! Standard output has an object of JSON a line, as bench/harness/peer.mjs reads them: `warm`, then `result` with what
//! was sent and received, and how long the way there and back took in microseconds.
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use valve_sockets_webtransport::endpoint::{Endpoint, Limits};
use valve_sockets_webtransport::records::{self, command, event, Record, Slab};
use valve_sockets_webtransport::Request;

const LIMITS: Limits =
    Limits { retry_above: 64, max_pending: 256, handshake_timeout_ms: 30_000, close_timeout_ms: 2000 };
/// So many connect at the same time.
const CONNECTING: usize = 32;
const STAMP_BYTES: usize = 8;
/// A socket's own time limit is too coarse: it ends with a tick of the kernel's, 4 ms apart.
const LOOK_EVERY: Duration = Duration::from_micros(50);

struct Swarm {
    endpoint: Endpoint,
    socket: UdpSocket,
    slab: Vec<u8>,
    start: Instant,
    sessions: Vec<u32>,
    received: u64,
    times: Vec<u64>,
}

impl Swarm {
    fn micros(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    /// Sends what is due, and reads what has arrived. Where that is nothing, it sleeps for a moment, at most until `until`.
    fn turn(&mut self, until: Instant) {
        self.flush();
        let mut bytes = [0; 2048];
        let mut is_idle = true;
        self.endpoint.next_turn();
        while let Ok((length, from)) = self.socket.recv_from(&mut bytes) {
            self.endpoint.receive(Instant::now(), from, None, &bytes[..length]);
            is_idle = false;
        }
        self.flush();
        self.read();
        if is_idle {
            std::thread::sleep(until.saturating_duration_since(Instant::now()).min(LOOK_EVERY));
        }
    }

    fn flush(&mut self) {
        let now = Instant::now();
        self.endpoint.advance(now);
        let mut bytes = Vec::new();
        while let Some(outgoing) = self.endpoint.transmit(now, &mut bytes) {
            let _ = self.socket.send_to(&bytes, outgoing.to); // A full socket loses it.
        }
    }

    fn read(&mut self) {
        while self.endpoint.has_news() {
            let mut slab = Slab { bytes: &mut self.slab, used: 0 };
            self.endpoint.take(Instant::now(), &mut slab);
            let used = slab.used;
            let now = self.micros();
            let mut rest = &self.slab[..used];
            while let Some(record) = records::take(&mut rest) {
                match record.kind {
                    event::OPEN => self.sessions.push(record.session),
                    event::DATAGRAM => {
                        let stamp = record.payload[..STAMP_BYTES].try_into().unwrap();
                        self.received += 1;
                        self.times.push(now - u64::from_le_bytes(stamp));
                    }
                    event::CLOSED => panic!("a session ended: {}", String::from_utf8_lossy(record.payload)),
                    _ => {}
                }
            }
        }
    }

    fn send(&mut self, session: u32, payload: &mut [u8]) {
        payload[..STAMP_BYTES].copy_from_slice(&self.micros().to_le_bytes());
        let record = Record { session, kind: command::DATAGRAM, lane: 0, status: 0, value: 0, payload };
        let mut bytes = vec![0; records::HEAD_BYTES + payload.len() + 8];
        let mut slab = Slab { bytes: &mut bytes, used: 0 };
        slab.push(&record);
        let used = slab.used;
        self.endpoint.run(Instant::now(), &bytes[..used]);
    }
}

fn base64url(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digits = text.bytes().map(|byte| DIGITS.iter().position(|&digit| digit == byte).unwrap() as u32);
    let digits: Vec<u32> = digits.collect();
    let bytes = digits.chunks(4).flat_map(|four| {
        let bits = four.iter().enumerate().fold(0, |bits, (at, digit)| bits | digit << (18 - 6 * at));
        bits.to_be_bytes()[1..four.len()].to_vec()
    });
    bytes.collect()
}

fn main() -> std::io::Result<()> {
    let words: Vec<String> = std::env::args().skip(2).collect();
    let options: HashMap<&str, &str> =
        words.chunks(2).map(|pair| (pair[0].trim_start_matches('-'), pair[1].as_str())).collect();
    let number = |name: &str, default: f64| options.get(name).map_or(default, |text| text.parse().unwrap());
    let connections = number("connections", 1.0) as usize;
    let (hz, warmup, seconds) = (number("hz", 20.0), number("warmup", 0.5), number("seconds", 1.0));
    let hash = base64url(options["hash"]);
    let server = SocketAddr::from(([127, 0, 0, 1], number("port", 0.0) as u16));

    let mut swarm = Swarm {
        endpoint: Endpoint::new(LIMITS),
        socket: UdpSocket::bind("127.0.0.1:0")?,
        slab: vec![0; 1 << 20],
        start: Instant::now(),
        sessions: Vec::new(),
        received: 0,
        times: Vec::new(),
    };
    swarm.socket.set_nonblocking(true)?;
    let mut begun = 0;
    while swarm.sessions.len() < connections {
        while begun < connections.min(swarm.sessions.len() + CONNECTING) {
            let request = Request { authority: server.to_string(), path: "/".into() };
            swarm.endpoint.connect(Instant::now(), server, "localhost", request, &hash, &[]).unwrap();
            begun += 1;
        }
        swarm.turn(Instant::now() + Duration::from_millis(20));
    }

    let mut payload = vec![120; (number("size", 60.0) as usize).max(STAMP_BYTES)];
    let period = Duration::from_secs_f64(1.0 / hz / connections as f64);
    let begin = Instant::now();
    let end = begin + Duration::from_secs_f64(warmup + seconds);
    let (mut sent, mut sent_before) = (0u64, None);
    // Spread over the whole period: those that send together wait for each other.
    let mut due = begin;
    while Instant::now() < end {
        while due <= Instant::now() {
            let session = swarm.sessions[sent as usize % connections];
            swarm.send(session, &mut payload);
            sent += 1;
            due += period;
        }
        if sent_before.is_none() && begin.elapsed().as_secs_f64() >= warmup {
            println!("{{\"event\":\"warm\"}}");
            sent_before = Some(sent);
            swarm.times.clear();
        }
        swarm.turn(due.min(end));
    }
    let rate = (sent - sent_before.unwrap_or(0)) as f64 / seconds / connections as f64;
    // The last answers are on their way.
    let over = Instant::now() + Duration::from_millis(500);
    while Instant::now() < over {
        swarm.turn(over);
    }
    swarm.times.sort_unstable();
    let at = |share: f64| swarm.times[((swarm.times.len() - 1) as f64 * share) as usize];
    println!(
        "{{\"event\":\"result\",\"sent\":{sent},\"received\":{},\"hz\":{rate:.2},\"p50\":{},\"p99\":{}}}",
        swarm.received,
        at(0.5),
        at(0.99)
    );
    Ok(())
}
