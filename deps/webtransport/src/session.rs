//! A connection of QUIC with its one session of WebTransport.
mod http;
mod streams;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use quinn_proto as q;
use quinn_proto::{ConnectionError, Event, StreamEvent, StreamId};

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
/// How long the other side may take to end the connection behind its close, and to read ours, at least.
const LINGER: Duration = Duration::from_millis(500);
/// Later than all that quinn-proto waits for.
const AGES: Duration = Duration::from_secs(86_400);
/// What is read at a time from streams that are no lanes.
const READ_BYTES: usize = 4096;
const EXCESSIVE_LOAD: u32 = 0x107; // H3_EXCESSIVE_LOAD

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

/// What JavaScript hears behind everything else.
struct End {
    cause: Cause,
    code: u32,
    text: Vec<u8>,
    is_told: bool,
}

/// Our own close: it waits until the other side has read our lanes to their ends, which it says by ending its own, and
/// then for it to read the reason, which it says by ending its side of the session's stream. Both take `until` at most.
/// Without a frame it refuses.
struct Closing {
    frame: Vec<u8>,
    until: Instant,
    is_sent: bool,
    is_read: bool,
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

    pub fn on_timeout(&mut self, now: Instant) {
        self.quic.handle_timeout(now);
        if self.until.is_none_or(|until| until > now) {
            return;
        }
        self.until = None;
        if self.has_told_reason() {
            self.finish(now, Cause::Ours, 0, b"");
            self.drain(now);
        } else if self.phase != Phase::Closing || self.closing.as_ref().is_none_or(|closing| closing.is_sent) {
            let text = if self.is_pending() { "The handshake took too long" } else { "" };
            self.finish(now, Cause::Lost, 1003, text.as_bytes());
        }
    }

    fn on_request_ended(&mut self, now: Instant) {
        if self.ends_when_acknowledged() {
            self.finish(now, Cause::Ours, 0, b"");
        }
    }

    /// Does what the events of QUIC ask for.
    pub fn advance(&mut self, now: Instant) {
        while let Some(event) = self.quic.poll() {
            match event {
                Event::Connected => self.on_connected(),
                Event::ConnectionLost { reason } => self.on_lost(reason),
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
        matches!(self.phase, Phase::Open | Phase::Ended) && self.end.as_ref().is_none_or(|end| !end.is_told)
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

    /// Ends the session with a reason, behind what was sent reliably, within `timeout`.
    pub fn close(&mut self, now: Instant, code: u32, text: &[u8], timeout: Duration) {
        match self.phase {
            Phase::Open => {
                let until = now + timeout;
                self.phase = Phase::Closing;
                self.until = Some(until);
                self.closing =
                    Some(Closing { frame: h3::close_frame(code, text), until, is_sent: false, is_read: false });
                self.lanes_out.end_all();
            }
            Phase::Closing => {}
            _ => self.finish(now, Cause::Ours, 0, b""),
        }
    }

    /// Ends it now, behind what leaves at once: nobody waits for the other side. A close that waits keeps its reason.
    pub fn abort(&mut self, now: Instant, code: u32, text: &[u8]) {
        self.close(now, code, text, Duration::ZERO);
        if let Some(closing) = &mut self.closing {
            closing.until = now;
        }
        self.write();
        self.close_step(now);
    }

    /// Forgets an ended connection now, without a time in which it would answer late packets. What has not left is not
    /// sent: behind a reason nothing is said, since Chromium forgets one that it reads together with the connection's end.
    pub fn drain(&mut self, now: Instant) {
        self.quic.handle_timeout(now + AGES);
    }

    /// Ends it without a reason: nobody asks for it any more.
    pub fn stop(&mut self, now: Instant) {
        if !self.has_told_reason() {
            self.finish(now, Cause::Ours, 0, b"");
        }
    }

    /// The other side has been told a reason for the end, and has not read it yet.
    pub fn is_unanswered(&self) -> bool {
        !self.quic.is_closed()
            && self.has_told_reason()
            && !self.closing.as_ref().is_some_and(|closing| closing.is_read)
    }

    fn has_told_reason(&self) -> bool {
        self.closing.as_ref().is_some_and(|closing| closing.is_sent && !closing.frame.is_empty())
    }

    /// Ends it at once: it has to leave for a newcomer. JavaScript never hears of one that it does not know yet.
    pub fn evict(&mut self, now: Instant) {
        self.is_known &= self.news.is_empty();
        self.news.clear();
        self.quic.close(now, EXCESSIVE_LOAD.into(), Bytes::new());
        self.finish(now, Cause::Lost, 1003, b"");
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
        let handed = self.lanes_out.write(&mut self.quic);
        self.held += handed;
        self.recent += handed;
    }

    fn close_step(&mut self, now: Instant) {
        let Some(closing) = self.closing.as_mut().filter(|closing| !closing.is_sent) else { return };
        for lane in self.lanes_in.iter_mut().flatten().filter(|lane| lane.is_readable) {
            lane.discard(&mut self.quic);
        }
        let is_read = |lane: usize| self.lanes_in[lane].as_ref().is_some_and(|lane| lane.is_over);
        if now < closing.until && (0..LANES).any(|lane| self.lanes_out.wants_answer(lane) && !is_read(lane)) {
            return;
        }
        closing.is_sent = true;
        self.until = Some(closing.until.max(now + LINGER));
        if let Some(id) = self.request {
            let _ = self.quic.send_stream(id).set_priority(0); // behind the lanes
            let _ = self.quic.send_stream(id).write(&closing.frame);
            let _ = self.quic.send_stream(id).finish();
        }
    }

    /// Whether nothing but the acknowledgement of the end of our request's stream is missing: a refusal has none, and a
    /// close of the other side has been answered.
    fn ends_when_acknowledged(&self) -> bool {
        match self.phase {
            Phase::Ended => true,
            Phase::Closing => self.closing.as_ref().is_some_and(|closing| closing.frame.is_empty()),
            _ => false,
        }
    }

    /// The other side knows why we closed. It may end the connection; Chromium forgets it without a word.
    fn on_reason_read(&mut self, now: Instant) {
        if let Some(closing) = &mut self.closing {
            closing.is_read = true;
        }
        self.until = Some(now + LINGER);
        self.set_end(Cause::Ours, 0, b"");
    }

    /// The other side has closed the session: it ends the connection when it has our answer.
    fn on_closed(&mut self, now: Instant, cause: Cause, code: u32, text: &[u8]) {
        if self.phase == Phase::Closing {
            return self.finish(now, Cause::Ours, 0, b"");
        }
        if let Some(id) = self.request {
            let _ = self.quic.send_stream(id).finish();
        }
        self.phase = Phase::Ended;
        self.until = Some(now + LINGER);
        self.set_end(cause, code, text);
    }

    fn on_lost(&mut self, reason: ConnectionError) {
        let text = match reason {
            ConnectionError::TimedOut => "Nothing arrived any more".into(),
            ConnectionError::ApplicationClosed(_) => "The other side closed the connection without a reason".into(),
            other => other.to_string(),
        };
        let cause = if self.phase == Phase::Closing { Cause::Ours } else { Cause::Lost };
        self.phase = Phase::Ended;
        self.until = None;
        self.set_end(cause, 1003, text.as_bytes());
    }

    /// Ends the connection at once.
    fn finish(&mut self, now: Instant, cause: Cause, code: u32, text: &[u8]) {
        let cause = if self.phase == Phase::Closing { Cause::Ours } else { cause };
        self.quic.close(now, h3::NO_ERROR.into(), Bytes::new());
        self.phase = Phase::Ended;
        self.until = None;
        self.set_end(cause, code, text);
    }

    fn set_end(&mut self, cause: Cause, code: u32, text: &[u8]) {
        if self.end.is_none() {
            let text = text[..text.len().min(MAX_TEXT_BYTES)].to_vec();
            self.end = Some(End { cause, code, text, is_told: false });
        }
    }
}

/// `host:port` of the other side, IPv4 as such.
fn address_of(quic: &q::Connection) -> String {
    let address = quic.remote_address();
    std::net::SocketAddr::new(address.ip().to_canonical(), address.port()).to_string()
}
