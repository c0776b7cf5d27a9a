//! The lanes of a session: a unidirectional stream in each direction, which carries packets behind their lengths.
use quinn_proto as q;
use quinn_proto::{Dir, ReadError, StreamId, WriteError};

use crate::records::{event, Record, Slab};
use crate::{h3, varint};

pub const LANES: usize = 6;
pub const MAX_RELIABLE_BYTES: usize = 16_384;
/// The lanes in the order in which they leave.
const ORDER: [usize; LANES] = [5, 0, 1, 2, 3, 4];
/// What is taken from a stream at a time.
const READ_BYTES: usize = 32 * 1024;

/// How far a stream has been read.
#[derive(PartialEq, Debug)]
pub enum Read {
    Some,
    Blocked,
    Finished,
    Reset,
}

/// Adds up to `max` bytes of a stream to `into`.
pub fn read(quic: &mut q::Connection, id: StreamId, max: usize, into: &mut Vec<u8>) -> Read {
    let mut stream = quic.recv_stream(id);
    let Ok(mut chunks) = stream.read(true) else {
        return Read::Reset;
    };
    let end = into.len() + max;
    let state = loop {
        if into.len() >= end {
            break Read::Some;
        }
        match chunks.next(end - into.len()) {
            Ok(Some(chunk)) => into.extend_from_slice(&chunk.bytes),
            Ok(None) => break Read::Finished,
            Err(ReadError::Blocked) => break Read::Blocked,
            Err(ReadError::Reset(_)) => break Read::Reset,
        }
    };
    let _ = chunks.finalize();
    state
}

/// A lane of the other side's.
pub struct LaneIn {
    pub id: StreamId,
    bytes: Vec<u8>,
    start: usize,
    pub is_readable: bool,
    is_finished: bool,
    /// All of it has been read, or nothing more comes.
    pub is_over: bool,
}

/// What became of a lane that was read.
#[derive(PartialEq, Debug)]
pub enum Taken {
    All,
    NoRoom,
    Lost,
    Invalid,
}

impl LaneIn {
    pub fn new(id: StreamId) -> Self {
        Self { id, bytes: Vec::new(), start: 0, is_readable: true, is_finished: false, is_over: false }
    }

    /// Moves packets into the slab. What it has no room for stays, and flow control stops the other side.
    pub fn take(&mut self, quic: &mut q::Connection, session: u32, lane: u8, slab: &mut Slab) -> Taken {
        loop {
            loop {
                let mut rest = &self.bytes[self.start..];
                let Some(size) = varint::take(&mut rest) else { break };
                if size == 0 || size > MAX_RELIABLE_BYTES as u64 {
                    return Taken::Invalid;
                }
                let Some(payload) = rest.get(..size as usize) else { break };
                let record = Record { session, kind: event::RELIABLE, lane, status: 0, value: 0, payload };
                if !slab.push(&record) {
                    return Taken::NoRoom;
                }
                self.start = self.bytes.len() - rest.len() + size as usize;
            }
            self.bytes.drain(..self.start);
            self.start = 0;
            if self.is_finished {
                self.is_readable = false;
                self.is_over = true;
                return if self.bytes.is_empty() { Taken::All } else { Taken::Invalid };
            }
            match read(quic, self.id, READ_BYTES, &mut self.bytes) {
                Read::Some => {}
                Read::Finished => self.is_finished = true,
                Read::Reset => return Taken::Lost,
                Read::Blocked if self.has_packet() => {}
                Read::Blocked => {
                    self.is_readable = false;
                    return Taken::All;
                }
            }
        }
    }

    /// Throws away what comes: nobody asks for it any more.
    pub fn discard(&mut self, quic: &mut q::Connection) {
        self.is_readable = false;
        loop {
            self.bytes.clear();
            match read(quic, self.id, READ_BYTES, &mut self.bytes) {
                Read::Some => {}
                Read::Blocked => return,
                Read::Finished | Read::Reset => {
                    self.is_over = true;
                    return;
                }
            }
        }
    }

    fn has_packet(&self) -> bool {
        let mut rest = &self.bytes[..];
        // A length that makes no sense counts, so that it is looked at.
        varint::take(&mut rest).is_some_and(|size| size > MAX_RELIABLE_BYTES as u64 || rest.len() as u64 >= size)
    }
}

/// A lane of our own.
#[derive(Default)]
struct LaneOut {
    id: Option<StreamId>,
    queue: Vec<u8>,
    start: usize,
    /// Nothing follows what is queued.
    is_ending: bool,
    is_finished: bool,
    /// The other side does not want it.
    is_stopped: bool,
}

impl LaneOut {
    fn is_used(&self) -> bool {
        self.id.is_some() || !self.queue.is_empty()
    }

    /// Writes the bytes that say which lane it is.
    fn begin(&mut self, lane: usize, request: StreamId) {
        varint::put(&mut self.queue, h3::STREAM_WEBTRANSPORT);
        varint::put(&mut self.queue, q::VarInt::from(request).into_inner());
        self.queue.push(lane as u8);
    }
}

/// All lanes of our own.
#[derive(Default)]
pub struct LanesOut {
    lanes: [LaneOut; LANES],
    /// Bytes that quinn-proto has not taken yet.
    pub queued: usize,
}

impl LanesOut {
    pub fn push(&mut self, lane: usize, payload: &[u8], request: StreamId) {
        let out = &mut self.lanes[lane];
        if out.is_ending || out.is_stopped {
            return;
        }
        let before = out.queue.len();
        if !out.is_used() {
            out.begin(lane, request);
        }
        varint::put(&mut out.queue, payload.len() as u64);
        out.queue.extend_from_slice(payload);
        self.queued += out.queue.len() - before;
    }

    /// Hands on what quinn-proto takes, and returns how much that was.
    pub fn write(&mut self, quic: &mut q::Connection) -> u64 {
        let mut total = 0;
        for (rank, lane) in ORDER.into_iter().enumerate() {
            let out = &mut self.lanes[lane];
            let has_more = out.start < out.queue.len() || (out.is_ending && !out.is_finished);
            if !out.is_used() || out.is_stopped || !has_more {
                continue;
            }
            if out.id.is_none() {
                let Some(id) = quic.streams().open(Dir::Uni) else { continue };
                let _ = quic.send_stream(id).set_priority((LANES - rank) as i32);
                out.id = Some(id);
            }
            let Some(id) = out.id else { continue };
            while out.start < out.queue.len() {
                match quic.send_stream(id).write(&out.queue[out.start..]) {
                    Ok(count) => {
                        out.start += count;
                        self.queued -= count;
                        total += count as u64;
                    }
                    Err(WriteError::Blocked) => break,
                    Err(_) => {
                        out.is_stopped = true;
                        self.queued -= out.queue.len() - out.start;
                        out.start = out.queue.len();
                    }
                }
            }
            // The memory goes back when nothing waits, and what has left goes when it is most of it.
            if out.start == out.queue.len() {
                out.queue = if out.queue.capacity() > READ_BYTES { Vec::new() } else { std::mem::take(&mut out.queue) };
                out.queue.clear();
                out.start = 0;
                if out.is_ending {
                    out.is_finished = true;
                    out.is_stopped |= quic.send_stream(id).finish().is_err();
                }
            } else if out.start > READ_BYTES && out.start > out.queue.len() / 2 {
                out.queue.drain(..out.start);
                out.start = 0;
            }
        }
        total
    }

    /// Ends all lanes that have been used, behind what is queued.
    pub fn end_all(&mut self) {
        for out in self.lanes.iter_mut().filter(|out| out.is_used()) {
            out.is_ending = true;
        }
    }

    /// Ends one lane, which is opened for that if it has not been used.
    pub fn end(&mut self, lane: usize, request: StreamId) {
        let out = &mut self.lanes[lane];
        if !out.is_used() {
            out.begin(lane, request);
            self.queued += out.queue.len();
        }
        out.is_ending = true;
    }

    /// Whether the other side has to say that it has read this lane to its end.
    pub fn wants_answer(&self, lane: usize) -> bool {
        self.lanes[lane].is_used() && !self.lanes[lane].is_stopped
    }

    /// The other side does not want this stream.
    pub fn on_stopped(&mut self, id: StreamId) {
        for out in self.lanes.iter_mut().filter(|out| out.id == Some(id)) {
            out.is_stopped = true;
            self.queued -= out.queue.len() - out.start;
            out.start = out.queue.len();
        }
    }
}
