//! A connection of QUIC with its one session of WebTransport.
mod ending;
mod http;
mod streams;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use quinn_proto as q;
use quinn_proto::{Event, StreamEvent, StreamId};

use self::ending::{Closing, End};
use crate::flight::Flight;
use crate::h3::{self, BlockReader};
use crate::headers::Headers;
use crate::lanes::{LaneIn, LanesOut, Taken, LANES};
use crate::records::{event, Cause, Record, Slab};
use crate::varint;

pub const MAX_DATAGRAM_BYTES: usize = 1132;
pub const MAX_TEXT_BYTES: usize = 120;
/// The largest code of a reason.
const MAX_CODE: u32 = 1998;
pub const NO_CODE: u32 = u32::MAX;
/// How long the other side may take to end the connection behind its close, and to read ours, at least. So long an ended
/// connection answers late packets, too.
const LINGER: Duration = Duration::from_millis(500);
/// What is read at a time from streams that are no lanes.
const READ_BYTES: usize = 4096;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Phase {
    Handshake,
    /// Server: no request has come. Client: no answer has.
    Request,
    /// JavaScript decides about the request.
    Asked,
    Open,
    Closing,
    Ended,
}

/// What to ask a server for.
pub struct Request {
    pub authority: String,
    pub path: String,
}

pub struct Session {
    pub quic: q::Connection,
    pub id: u32,
    pub phase: Phase,
    /// Client only.
    asks: Option<Request>,
    flight: Arc<Flight>,
    request: Option<StreamId>,
    frames: BlockReader,
    capsules: BlockReader,
    /// What QUIC has not taken yet of what the request's stream says, and whether that ends behind it.
    unsaid: Vec<u8>,
    is_ending: bool,
    /// The answer of a server that refuses, whose body is still to come.
    refusal: Option<(Headers, Vec<u8>)>,
    /// Unidirectional streams of the other side whose purpose is not known yet, and those that are skipped.
    heads: Vec<(StreamId, Vec<u8>)>,
    skipped: Vec<StreamId>,
    lanes_in: [Option<LaneIn>; LANES],
    lanes_out: LanesOut,
    news: VecDeque<(u8, u16, Vec<u8>)>,
    has_datagrams: bool,
    /// JavaScript knows of it.
    is_known: bool,
    end: Option<End>,
    closing: Option<Closing>,
    /// When it ends if it is not open, or not closed.
    until: Option<Instant>,
    /// Bytes that quinn-proto has and that may not be acknowledged; those of them since the last acknowledgement.
    held: u64,
    recent: u64,
    acks: u64,
    watched: Option<u64>,
    pub dropped: u64,
}

impl Session {
    pub fn new(quic: q::Connection, id: u32, asks: Option<Request>, flight: Arc<Flight>, until: Instant) -> Self {
        Self {
            quic,
            id,
            phase: Phase::Handshake,
            is_known: asks.is_some(),
            asks,
            flight,
            request: None,
            frames: BlockReader::new(&[h3::FRAME_DATA, h3::FRAME_HEADERS]),
            capsules: BlockReader::new(&[h3::CAPSULE_CLOSE]),
            unsaid: Vec::new(),
            is_ending: false,
            refusal: None,
            heads: Vec::new(),
            skipped: Vec::new(),
            lanes_in: Default::default(),
            lanes_out: LanesOut::default(),
            news: VecDeque::new(),
            has_datagrams: false,
            end: None,
            closing: None,
            until: Some(until),
            held: 0,
            recent: 0,
            acks: 0,
            watched: None,
            dropped: 0,
        }
    }

    pub fn is_pending(&self) -> bool {
        matches!(self.phase, Phase::Handshake | Phase::Request | Phase::Asked)
    }

    pub fn deadline(&mut self) -> Option<Instant> {
        self.quic.poll_timeout().into_iter().chain(self.until).min()
    }

    /// Whether nothing is left of it, here and in JavaScript.
    pub fn is_over(&self) -> bool {
        self.quic.is_drained() && self.end.as_ref().is_none_or(|end| end.is_told || !self.is_known)
    }

    /// Whether `take` would find something.
    pub fn has_news(&self) -> bool {
        let has_packets = self.has_datagrams || self.lanes_in.iter().flatten().any(|lane| lane.is_readable);
        let has_end = self.end.as_ref().is_some_and(|end| !end.is_told);
        self.is_known && (!self.news.is_empty() || (self.tells_packets() && has_packets) || has_end)
    }

    /// Bytes that wait, here or for an acknowledgement.
    pub fn buffered(&self) -> u64 {
        self.lanes_out.queued as u64 + self.held.min(self.flight.look().1 + self.recent)
    }

    /// Returns whether the other side, which has read our reason, is to be told that the connection ends.
    pub fn on_timeout(&mut self, now: Instant) -> bool {
        self.quic.handle_timeout(now);
        if self.until.is_none_or(|until| until > now) {
            return false;
        }
        self.until = None;
        let is_closed = self.quic.is_closed();
        if is_closed || self.has_told_reason() {
            let is_told = !is_closed && !self.is_unanswered();
            self.finish(now, Cause::Ours, 0, b"");
            if is_told {
                return true;
            }
            self.drain(now);
        } else if self.phase != Phase::Closing || self.closing.as_ref().is_none_or(|closing| closing.is_sent) {
            let text = if self.is_pending() { "The handshake took too long" } else { "" };
            self.finish(now, Cause::Lost, 1003, text.as_bytes());
        }
        false
    }

    /// Does what the events of QUIC ask for.
    pub fn advance(&mut self, now: Instant) {
        while let Some(event) = self.quic.poll() {
            match event {
                Event::Connected => self.on_connected(),
                Event::ConnectionLost { reason } => self.on_lost(now, reason),
                Event::Stream(StreamEvent::Opened { dir }) => {
                    while let Some(id) = self.quic.streams().accept(dir) {
                        self.on_opened(now, id);
                    }
                }
                Event::Stream(StreamEvent::Readable { id }) => self.on_readable(now, id),
                Event::Stream(StreamEvent::Finished { id } | StreamEvent::Stopped { id, .. })
                    if self.request == Some(id) =>
                {
                    self.on_request_ended(now);
                }
                Event::Stream(StreamEvent::Stopped { id, .. }) => self.lanes_out.on_stopped(id),
                Event::DatagramReceived => self.has_datagrams = true,
                _ => {}
            }
        }
        self.write();
        self.close_step(now);
        if self.watched.is_some_and(|most| self.buffered() <= most) {
            self.watched = None;
            self.news.push_back((event::WRITABLE, 0, Vec::new()));
        }
    }

    /// Whether packets are for JavaScript: not behind a close of its own, nor behind the end.
    fn tells_packets(&self) -> bool {
        let is_over = self.closing.is_some() || self.end.as_ref().is_some_and(|end| end.is_told);
        matches!(self.phase, Phase::Open | Phase::Ended) && !is_over
    }

    /// Moves what there is for JavaScript into the slab. Returns false if something is left for which it has no room.
    pub fn take(&mut self, now: Instant, slab: &mut Slab) -> bool {
        let session = self.id;
        while let Some((kind, status, payload)) = self.news.front() {
            if !slab.push(&Record { session, kind: *kind, lane: 0, status: *status, value: 0, payload }) {
                return false;
            }
            self.news.pop_front();
        }
        if self.tells_packets() {
            while self.has_datagrams {
                if slab.bytes.len() - slab.used < MAX_DATAGRAM_BYTES * 2 {
                    return false;
                }
                let Some(datagram) = self.quic.datagrams().recv() else {
                    self.has_datagrams = false;
                    break;
                };
                let mut packet = &datagram[..];
                let quarter = varint::take(&mut packet);
                let is_ours = self.request.is_some_and(|request| quarter == Some(request.index()));
                if is_ours && (1..=MAX_DATAGRAM_BYTES).contains(&packet.len()) {
                    slab.push(&Record {
                        session,
                        kind: event::DATAGRAM,
                        lane: 0,
                        status: 0,
                        value: 0,
                        payload: packet,
                    });
                } else {
                    self.dropped += 1;
                }
            }
            for lane in 0..LANES {
                let Some(stream) = self.lanes_in[lane].as_mut().filter(|stream| stream.is_readable) else { continue };
                match stream.take(&mut self.quic, session, lane as u8, slab) {
                    Taken::All => {
                        if let (true, Some(request)) = (stream.is_over, self.request) {
                            self.lanes_out.end(lane, request);
                            self.write();
                        }
                    }
                    Taken::NoRoom => return false,
                    Taken::Lost => {
                        stream.is_readable = false;
                        self.finish(now, Cause::Lost, 1003, b"A stream was reset");
                    }
                    Taken::Invalid => {
                        stream.is_readable = false;
                        self.finish(now, Cause::Invalid, 1001, b"A reliable packet has 1 to 16384 bytes");
                    }
                }
            }
        }
        if let Some(end) = self.end.as_mut().filter(|end| self.is_known && !end.is_told) {
            let (status, payload) = (end.cause as u16, &end.text[..]);
            if !slab.push(&Record { session, kind: event::CLOSED, lane: 0, status, value: end.code, payload }) {
                return false;
            }
            end.is_told = true;
        }
        true
    }

    pub fn send_datagram(&mut self, payload: &[u8]) {
        let Some(request) = self.request.filter(|_| self.phase == Phase::Open) else { return };
        let mut datagram = BytesMut::with_capacity(payload.len() + 2);
        let mut head = Vec::with_capacity(2);
        varint::put(&mut head, request.index());
        datagram.extend_from_slice(&head);
        datagram.extend_from_slice(payload);
        let mut datagrams = self.quic.datagrams();
        let has_room = datagrams.send_buffer_space() >= datagram.len();
        if datagrams.send(datagram.freeze(), true).is_err() || !has_room {
            self.dropped += 1;
        }
    }

    pub fn send_reliable(&mut self, lane: usize, payload: &[u8]) {
        let Some(request) = self.request.filter(|_| self.phase == Phase::Open) else { return };
        self.lanes_out.push(lane, payload, request);
    }

    pub fn watch(&mut self, most: u64) {
        self.watched = Some(most);
    }

    fn write(&mut self) {
        let (acks, in_flight) = self.flight.look();
        if acks != self.acks {
            self.acks = acks;
            self.recent = 0;
            if in_flight == 0 {
                self.held = 0;
            }
        }
        self.say_rest();
        let handed = self.lanes_out.write(&mut self.quic);
        self.held += handed;
        self.recent += handed;
    }
}

/// `host:port` of the other side, IPv4 as such.
fn address_of(quic: &q::Connection) -> String {
    let address = quic.remote_address();
    std::net::SocketAddr::new(address.ip().to_canonical(), address.port()).to_string()
}
