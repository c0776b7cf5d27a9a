//! The streams that the other side opens: the request, lanes, and what is skipped.
use std::time::Instant;

use quinn_proto::{Dir, StreamId};

use super::{Session, READ_BYTES};
use crate::h3;
use crate::lanes::{read, LaneIn, Read, LANES};
use crate::records::Cause;
use crate::varint;

/// The longest start of a unidirectional stream: two integers and the lane.
const MAX_HEAD_BYTES: usize = 17;
const REJECTED: u32 = 0x10b; // H3_REQUEST_REJECTED

impl Session {
    pub(super) fn on_opened(&mut self, now: Instant, id: StreamId) {
        if id.dir() == Dir::Uni {
            self.heads.push((id, Vec::new()));
        } else if self.asks.is_none() && self.request.is_none() {
            self.request = Some(id);
            let _ = self.quic.send_stream(id).set_priority(LANES as i32 + 1);
        } else {
            let _ = self.quic.recv_stream(id).stop(REJECTED.into());
            let _ = self.quic.send_stream(id).reset(REJECTED.into());
            return;
        }
        self.on_readable(now, id);
    }

    pub(super) fn on_readable(&mut self, now: Instant, id: StreamId) {
        if self.request == Some(id) {
            self.read_request(now, id);
        } else if let Some(lane) = self.lanes_in.iter_mut().flatten().find(|lane| lane.id == id) {
            lane.is_readable = true;
        } else if let Some(at) = self.heads.iter().position(|head| head.0 == id) {
            let (_, head) = self.heads.swap_remove(at);
            self.read_head(now, id, head);
        } else if self.skipped.contains(&id) {
            self.skip(id);
        }
    }

    /// Reads the start of a unidirectional stream byte by byte: what follows stays in the stream until it is wanted.
    fn read_head(&mut self, now: Instant, id: StreamId, mut head: Vec<u8>) {
        loop {
            let mut rest = &head[..];
            match varint::take(&mut rest) {
                Some(h3::STREAM_WEBTRANSPORT) => {
                    if let (Some(_), Some(&lane)) = (varint::take(&mut rest), rest.first()) {
                        return self.on_lane(now, id, lane as usize);
                    }
                }
                Some(_) => return self.skip(id),
                None => {}
            }
            if head.len() >= MAX_HEAD_BYTES {
                return self.skip(id);
            }
            match read(&mut self.quic, id, 1, &mut head) {
                Read::Some => {}
                Read::Blocked => return self.heads.push((id, head)),
                Read::Finished | Read::Reset => return,
            }
        }
    }

    fn on_lane(&mut self, now: Instant, id: StreamId, lane: usize) {
        match self.lanes_in.get_mut(lane) {
            Some(place @ None) => *place = Some(LaneIn::new(id)),
            _ => self.finish(now, Cause::Invalid, 1001, b"There is one stream for each of six lanes"),
        }
    }

    fn skip(&mut self, id: StreamId) {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            match read(&mut self.quic, id, READ_BYTES, &mut bytes) {
                Read::Some => {}
                Read::Blocked => break,
                Read::Finished | Read::Reset => return self.skipped.retain(|skipped| *skipped != id),
            }
        }
        if !self.skipped.contains(&id) {
            self.skipped.push(id);
        }
    }
}
