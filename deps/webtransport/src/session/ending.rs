//! How a session ends: with a reason that has been read, or at once.
use std::time::{Duration, Instant};

use bytes::Bytes;
use quinn_proto::ConnectionError;

use super::{Phase, Session, LINGER, MAX_TEXT_BYTES, READ_BYTES};
use crate::h3;
use crate::lanes::LANES;
use crate::records::Cause;
use crate::tls::SEND_WINDOW;

/// Later than all that quinn-proto waits for.
const AGES: Duration = Duration::from_secs(86_400);
const EXCESSIVE_LOAD: u32 = 0x107; // H3_EXCESSIVE_LOAD

/// What JavaScript hears behind everything else.
pub(super) struct End {
    pub(super) cause: Cause,
    pub(super) code: u32,
    pub(super) text: Vec<u8>,
    pub(super) is_told: bool,
}

/// Our own close: it waits until the other side has read our lanes to their ends, which it says by ending its own, and
/// then for it to read the reason, which it says by ending its side of the session's stream. Both take `until` at most.
/// Without a frame it refuses.
pub(super) struct Closing {
    pub(super) frame: Vec<u8>,
    pub(super) until: Instant,
    pub(super) is_sent: bool,
    pub(super) is_read: bool,
}

impl Session {
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
        if let Some(id) = self.request {
            let _ = self.quic.send_stream(id).set_priority(0); // behind the lanes
        }
        self.write();
        self.close_step(now);
    }

    /// Forgets an ended connection now, without a time in which it would answer late packets. What has not left is not
    /// sent: behind a reason nothing is said, since Chromium forgets one that it reads together with the end of all.
    pub fn drain(&mut self, now: Instant) {
        self.until = None;
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

    pub(super) fn has_told_reason(&self) -> bool {
        self.closing.as_ref().is_some_and(|closing| closing.is_sent && !closing.frame.is_empty())
    }

    /// Ends it at once: it has to leave for a newcomer. JavaScript never hears of one that it does not know yet.
    pub fn evict(&mut self, now: Instant) {
        self.is_known &= self.news.is_empty();
        self.news.clear();
        self.quic.close(now, EXCESSIVE_LOAD.into(), Bytes::new());
        self.finish(now, Cause::Lost, 1003, b"");
    }

    pub(super) fn on_request_ended(&mut self, now: Instant) {
        if self.ends_when_acknowledged() {
            self.finish(now, Cause::Ours, 0, b"");
        }
    }

    pub(super) fn close_step(&mut self, now: Instant) {
        if self.closing.as_ref().is_none_or(|closing| closing.is_sent) {
            return;
        }
        let mut has_answers = false;
        for (lane, stream) in self.lanes_in.iter_mut().enumerate() {
            let Some(stream) = stream.as_mut().filter(|stream| stream.is_readable) else { continue };
            stream.discard(&mut self.quic);
            if let (true, Some(request)) = (stream.is_over, self.request) {
                self.lanes_out.end(lane, request); // it may wait for that to close, too
                has_answers = true;
            }
        }
        let is_read = |lane: usize| self.lanes_in[lane].as_ref().is_some_and(|lane| lane.is_over);
        let is_waiting = (0..LANES).any(|lane| self.lanes_out.wants_answer(lane) && !is_read(lane));
        if has_answers {
            self.write();
        }
        let Some(closing) = self.closing.as_mut().filter(|closing| !is_waiting || now >= closing.until) else { return };
        closing.is_sent = true;
        self.until = Some(closing.until.max(now + LINGER));
        let frame = closing.frame.clone();
        // What the lanes have not been rid of in time takes no room from it.
        self.quic.set_send_window(SEND_WINDOW + READ_BYTES as u64);
        self.say(&frame, true);
    }

    /// Whether nothing but the acknowledgement of the end of our request's stream is missing: a refusal has none, and a
    /// close of the other side has been answered.
    pub(super) fn ends_when_acknowledged(&self) -> bool {
        match self.phase {
            Phase::Ended => true,
            Phase::Closing => self.closing.as_ref().is_some_and(|closing| closing.frame.is_empty()),
            _ => false,
        }
    }

    /// The other side knows why we closed. It may end the connection; Chromium forgets it without a word, others wait.
    pub(super) fn on_reason_read(&mut self, now: Instant) {
        if let Some(closing) = &mut self.closing {
            closing.is_read = true;
        }
        self.end_within(now, LINGER);
        self.set_end(Cause::Ours, 0, b"");
    }

    /// The other side has closed the session: it ends the connection when it has our answer.
    pub(super) fn on_closed(&mut self, now: Instant, cause: Cause, code: u32, text: &[u8]) {
        match self.phase {
            Phase::Ended => {} // it says so once more
            Phase::Closing => self.finish(now, Cause::Ours, 0, b""),
            _ => {
                self.say(b"", true);
                self.phase = Phase::Ended;
                self.end_within(now, LINGER);
                self.set_end(cause, code, text);
            }
        }
    }

    /// It is forgotten after this time, or earlier: nothing that the other side does puts its end off.
    pub(super) fn end_within(&mut self, now: Instant, time: Duration) {
        let due = now + time;
        self.until = Some(self.until.map_or(due, |until| until.min(due)));
    }

    pub(super) fn on_lost(&mut self, now: Instant, reason: ConnectionError) {
        let text = match reason {
            ConnectionError::TimedOut => "Nothing arrived any more".into(),
            ConnectionError::ApplicationClosed(_) => "The other side closed the connection without a reason".into(),
            other => other.to_string(),
        };
        let cause = if self.phase == Phase::Closing { Cause::Ours } else { Cause::Lost };
        self.phase = Phase::Ended;
        self.end_within(now, LINGER);
        self.set_end(cause, 1003, text.as_bytes());
    }

    /// Ends the connection at once.
    pub(super) fn finish(&mut self, now: Instant, cause: Cause, code: u32, text: &[u8]) {
        let cause = if self.phase == Phase::Closing { Cause::Ours } else { cause };
        self.quic.close(now, h3::NO_ERROR.into(), Bytes::new());
        self.phase = Phase::Ended;
        // QUIC would take three times its probe timeout, which the other side can make as long as it likes.
        self.end_within(now, LINGER);
        self.set_end(cause, code, text);
    }

    pub(super) fn set_end(&mut self, cause: Cause, code: u32, text: &[u8]) {
        if self.end.is_none() {
            let text = text[..text.len().min(MAX_TEXT_BYTES)].to_vec();
            self.end = Some(End { cause, code, text, is_told: false });
        }
    }
}
