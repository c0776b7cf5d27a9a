//! What a session says over HTTP/3: the request, its answer, and the capsule that ends it.
use std::time::Instant;

use bytes::Bytes;
use quinn_proto::{Dir, StreamId, WriteError};

use super::{
    address_of, ending::Closing, Phase, Request, Session, LINGER, MAX_CODE, MAX_TEXT_BYTES, NO_CODE, READ_BYTES,
};
use crate::h3;
use crate::headers::{self, Headers};
use crate::lanes::{read, Read, LANES};
use crate::records::{event, Cause};

const MALFORMED: u32 = 0x10e; // H3_MESSAGE_ERROR

impl Session {
    pub fn accept(&mut self) {
        if self.phase != Phase::Asked {
            return;
        }
        self.phase = Phase::Open;
        self.until = None;
        self.answer(&[(":status", "200"), ("sec-webtransport-http3-draft", "draft02")], b"", false);
    }

    pub fn refuse(&mut self, now: Instant, status: u16, code: u32, text: &[u8]) {
        if self.phase != Phase::Asked && self.phase != Phase::Request {
            return;
        }
        let (status, code_text) = (status.to_string(), code.to_string());
        let mut headers = vec![(":status", status.as_str())];
        if code != NO_CODE {
            headers.push(("disconnect-code", &code_text));
        }
        self.answer(&headers, text, true);
        self.is_known = false;
        self.phase = Phase::Closing;
        self.until = Some(now + LINGER);
        self.closing = Some(Closing { frame: Vec::new(), until: now, is_sent: true, is_read: false });
    }

    pub(super) fn on_connected(&mut self) {
        self.phase = Phase::Request;
        if let Some(id) = self.quic.streams().open(Dir::Uni) {
            let _ = self.quic.send_stream(id).write(&h3::control_stream());
            let _ = self.quic.send_stream(id).set_priority(LANES as i32 + 1);
        }
        let Some(Request { authority, path }) = &self.asks else { return };
        self.request = self.quic.streams().open(Dir::Bi);
        let headers = headers::encode(&[
            (":method", "CONNECT"),
            (":protocol", "webtransport"),
            (":scheme", "https"),
            (":authority", authority),
            (":path", path),
            ("sec-webtransport-http3-draft02", "1"),
        ]);
        let mut frame = Vec::new();
        h3::put_block(&mut frame, h3::FRAME_HEADERS, &headers);
        if let Some(id) = self.request {
            let _ = self.quic.send_stream(id).set_priority(LANES as i32 + 1);
        }
        self.say(&frame, false);
    }

    pub(super) fn read_request(&mut self, now: Instant, id: StreamId) {
        let mut bytes = Vec::new();
        let state = loop {
            bytes.clear();
            let state = read(&mut self.quic, id, READ_BYTES, &mut bytes);
            self.frames.feed(&bytes);
            loop {
                match self.frames.next() {
                    Ok(Some((h3::FRAME_HEADERS, section))) => self.on_headers(now, &section),
                    Ok(Some((_, data))) => self.on_data(now, &data),
                    Ok(None) => break,
                    Err(_) => return self.break_off(now),
                }
            }
            if state != Read::Some {
                break state;
            }
        };
        if matches!(state, Read::Finished | Read::Reset) && self.phase != Phase::Ended {
            match self.refusal.take() {
                Some((headers, body)) => self.on_refused(now, &headers, body),
                None if self.has_told_reason() => self.on_reason_read(now),
                None if self.closing.as_ref().is_some_and(|closing| closing.is_sent) => {}
                None if self.phase == Phase::Closing => self.finish(now, Cause::Ours, 0, b""),
                None => self.finish(now, Cause::Lost, 1003, b"The session ended without a reason"),
            }
        }
    }

    fn on_headers(&mut self, now: Instant, section: &[u8]) {
        if self.phase != Phase::Request || self.refusal.is_some() {
            return; // trailers, which say nothing
        }
        let Some(headers) = headers::decode(section) else { return self.break_off(now) };
        let value = |name| headers::value_of(&headers, name);
        let address = address_of(&self.quic);
        if self.asks.is_some() {
            match value(":status") {
                Some("200") => {
                    self.phase = Phase::Open;
                    self.until = None;
                    self.news.push_back((event::OPEN, 0, address.into_bytes()));
                }
                Some(status) if status.starts_with('1') => {}
                Some(_) => self.refusal = Some((headers, Vec::new())),
                None => self.break_off(now),
            }
        } else if value(":method") == Some("CONNECT") && value(":protocol") == Some("webtransport") {
            self.phase = Phase::Asked;
            self.is_known = true;
            let (path, origin) = (value(":path").unwrap_or("/"), value("origin"));
            let payload = [&address, path, origin.unwrap_or("")].join("\0");
            self.news.push_back((event::INCOMING, origin.is_some().into(), payload.into_bytes()));
        } else {
            self.refuse(now, 404, NO_CODE, b"");
        }
    }

    fn on_data(&mut self, now: Instant, data: &[u8]) {
        if let Some((_, body)) = &mut self.refusal {
            let room = MAX_TEXT_BYTES.saturating_sub(body.len());
            body.extend_from_slice(&data[..data.len().min(room)]);
            return;
        }
        self.capsules.feed(data);
        match self.capsules.next() {
            Ok(None) => {}
            Ok(Some((_, capsule))) if capsule.len() >= 4 => {
                let code = u32::from_be_bytes([capsule[0], capsule[1], capsule[2], capsule[3]]);
                let text = capsule[4..].iter().take(MAX_TEXT_BYTES).copied().collect::<Vec<u8>>();
                let is_known = code <= MAX_CODE;
                self.on_closed(now, if is_known { Cause::Closed } else { Cause::Lost }, code, &text);
            }
            _ => self.break_off(now),
        }
    }

    fn on_refused(&mut self, now: Instant, headers: &Headers, body: Vec<u8>) {
        let status = headers::value_of(headers, ":status").unwrap_or("");
        let code = headers::value_of(headers, "disconnect-code").and_then(|code| code.parse::<u32>().ok());
        match code.filter(|code| *code <= MAX_CODE) {
            Some(code) => self.finish(now, Cause::Refused, code, &body),
            None => self.finish(now, Cause::Status, 1003, format!("HTTP {status}").as_bytes()),
        }
    }

    fn answer(&mut self, headers: &[(&str, &str)], body: &[u8], is_end: bool) {
        let mut frames = Vec::new();
        h3::put_block(&mut frames, h3::FRAME_HEADERS, &headers::encode(headers));
        if !body.is_empty() {
            h3::put_block(&mut frames, h3::FRAME_DATA, body);
        }
        self.say(&frames, is_end);
        if let Some(id) = self.request.filter(|_| is_end) {
            let _ = self.quic.recv_stream(id).stop(h3::NO_ERROR.into());
        }
    }

    /// Says something on the request's stream, with `is_end` as the last.
    pub(super) fn say(&mut self, bytes: &[u8], is_end: bool) {
        self.unsaid.extend_from_slice(bytes);
        self.is_ending |= is_end;
        self.say_rest();
    }

    /// The other side, or what waits for it, may leave room for a part only.
    pub(super) fn say_rest(&mut self) {
        let Some(id) = self.request else { return };
        while !self.unsaid.is_empty() {
            match self.quic.send_stream(id).write(&self.unsaid) {
                Ok(count) => drop(self.unsaid.drain(..count)),
                Err(WriteError::Blocked) => return,
                Err(_) => self.unsaid.clear(),
            }
        }
        if std::mem::take(&mut self.is_ending) {
            let _ = self.quic.send_stream(id).finish();
        }
    }

    fn break_off(&mut self, now: Instant) {
        self.quic.close(now, MALFORMED.into(), Bytes::new());
        self.finish(now, Cause::Invalid, 1001, b"HTTP/3 that makes no sense");
    }
}
