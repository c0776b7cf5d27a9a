//! The records that JavaScript and the sessions exchange in slabs: a head of 16 bytes (session u32, length u32, kind u8,
//! lane u8, status u16, value u32), the payload, and room up to the next multiple of 8. lib/addon/web-transport.ts has
//! the same numbers.

pub const HEAD_BYTES: usize = 16;

/// From a session to JavaScript.
pub mod event {
    /// Server: a request. The payload is address, path and origin, with NUL between them; status 1: there is an origin.
    pub const INCOMING: u8 = 1;
    /// The session is open. The payload is the address.
    pub const OPEN: u8 = 2;
    pub const DATAGRAM: u8 = 3;
    pub const RELIABLE: u8 = 4;
    /// It has ended: value is the code, the payload the text, status a `Cause`.
    pub const CLOSED: u8 = 5;
    /// Less waits than the limit that JavaScript has set.
    pub const WRITABLE: u8 = 6;
}

/// Why a session has ended.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Cause {
    /// The other side gave a reason.
    Closed = 0,
    /// There is none: it was lost, or nobody answered.
    Lost = 1,
    /// The server refused the request with a reason.
    Refused = 2,
    /// The server answered the request with a status that is no success; the text says which.
    Status = 3,
    /// Our own close, and the other side has received it or had the time for it.
    Ours = 4,
    /// The other side sent what makes no sense.
    Invalid = 5,
}

/// From JavaScript to a session.
pub mod command {
    pub const DATAGRAM: u8 = 1;
    pub const RELIABLE: u8 = 2;
    /// Value is the code, the payload the text. It waits for what was sent before.
    pub const CLOSE: u8 = 3;
    pub const ACCEPT: u8 = 4;
    /// Status is that of HTTP; value is the code, or 0xffffffff for none; the payload is the text.
    pub const REFUSE: u8 = 5;
    /// As CLOSE, but at once: the process ends.
    pub const ABORT: u8 = 6;
    /// A WRITABLE is wanted when no more bytes wait than value says.
    pub const WATCH: u8 = 7;
}

pub struct Record<'a> {
    pub session: u32,
    pub kind: u8,
    pub lane: u8,
    pub status: u16,
    pub value: u32,
    pub payload: &'a [u8],
}

/// Takes a record from the start of `bytes`.
pub fn take<'a>(bytes: &mut &'a [u8]) -> Option<Record<'a>> {
    let all: &'a [u8] = bytes;
    let head = all.get(..HEAD_BYTES)?;
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let length = word(4) as usize;
    let payload = all.get(HEAD_BYTES..HEAD_BYTES.checked_add(length)?)?;
    *bytes = all.get(size_of_record(length)..).unwrap_or(&[]);
    let status = u16::from_le_bytes([head[10], head[11]]);
    Some(Record { session: word(0), kind: head[8], lane: head[9], status, value: word(12), payload })
}

fn size_of_record(length: usize) -> usize {
    HEAD_BYTES + ((length + 7) & !7)
}

/// Room for records.
pub struct Slab<'a> {
    pub bytes: &'a mut [u8],
    pub used: usize,
}

impl Slab<'_> {
    /// Returns false, and writes nothing, if there is no room.
    pub fn push(&mut self, record: &Record) -> bool {
        let length = record.payload.len();
        let Some(room) = self.bytes.get_mut(self.used..self.used + size_of_record(length)) else {
            return false;
        };
        room[..4].copy_from_slice(&record.session.to_le_bytes());
        room[4..8].copy_from_slice(&(length as u32).to_le_bytes());
        room[8] = record.kind;
        room[9] = record.lane;
        room[10..12].copy_from_slice(&record.status.to_le_bytes());
        room[12..16].copy_from_slice(&record.value.to_le_bytes());
        room[HEAD_BYTES..HEAD_BYTES + length].copy_from_slice(record.payload);
        self.used += size_of_record(length);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_taken() {
        let mut bytes = [0; 64];
        let mut slab = Slab { bytes: &mut bytes, used: 0 };
        let record = |payload| Record { session: 9, kind: 4, lane: 5, status: 404, value: u32::MAX, payload };
        assert!(slab.push(&record(b"hello")));
        assert!(slab.push(&record(b"")));
        assert!(slab.push(&record(b"12345678")));
        assert!(!slab.push(&record(b"")));
        let mut rest = &bytes[..];
        for payload in [&b"hello"[..], b"", b"12345678"] {
            let taken = take(&mut rest).unwrap();
            assert_eq!((taken.session, taken.kind, taken.lane, taken.status), (9, 4, 5, 404));
            assert_eq!((taken.value, taken.payload), (u32::MAX, payload));
        }
        assert!(take(&mut rest).is_none());
        let mut short = &[0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1][..];
        assert!(take(&mut short).is_none());
    }
}
