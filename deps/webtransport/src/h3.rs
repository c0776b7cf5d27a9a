//! The frames of HTTP/3 (RFC 9114), its settings, and the capsules of a session (RFC 9297).
use crate::varint;

pub const FRAME_DATA: u64 = 0;
pub const FRAME_HEADERS: u64 = 1;
pub const FRAME_SETTINGS: u64 = 4;
pub const CAPSULE_CLOSE: u64 = 0x2843;
pub const STREAM_CONTROL: u64 = 0;
pub const STREAM_WEBTRANSPORT: u64 = 0x54;
pub const NO_ERROR: u32 = 0x100;
/// The longest frame or capsule that is kept in whole.
const MAX_BYTES: u64 = 16 * 1024;

/// What both ends say first on their control stream. Chromium and Firefox need 2b603742 and 2b603743, Safari c671706a.
pub fn control_stream() -> Vec<u8> {
    let settings =
        [(0x1, 0), (0x7, 0), (0x8, 1), (0x33, 1), (0xff_d277, 1), (0x2b60_3742, 1), (0x2b60_3743, 1), (0xc671_706a, 1)];
    let mut pairs = Vec::new();
    for (setting, value) in settings {
        varint::put(&mut pairs, setting);
        varint::put(&mut pairs, value);
    }
    let mut stream = vec![STREAM_CONTROL as u8];
    put_block(&mut stream, FRAME_SETTINGS, &pairs);
    stream
}

/// Writes a frame or a capsule.
pub fn put_block(into: &mut Vec<u8>, kind: u64, payload: &[u8]) {
    varint::put(into, kind);
    varint::put(into, payload.len() as u64);
    into.extend_from_slice(payload);
}

/// The frame that ends a session with a reason.
pub fn close_frame(code: u32, text: &[u8]) -> Vec<u8> {
    let mut capsule = Vec::new();
    put_block(&mut capsule, CAPSULE_CLOSE, &[&code.to_be_bytes(), text].concat());
    let mut frame = Vec::new();
    put_block(&mut frame, FRAME_DATA, &capsule);
    frame
}

/// Reads frames or capsules, and skips those of other kinds than `known`.
pub struct BlockReader {
    known: &'static [u64],
    bytes: Vec<u8>,
    /// Up to here they have been read.
    start: usize,
    skipped: u64,
}

pub struct TooLong;

impl BlockReader {
    pub fn new(known: &'static [u64]) -> Self {
        Self { known, bytes: Vec::new(), start: 0, skipped: 0 }
    }

    pub fn feed(&mut self, mut bytes: &[u8]) {
        let skipped = self.skipped.min(bytes.len() as u64);
        self.skipped -= skipped;
        bytes = &bytes[skipped as usize..];
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next one that has arrived in whole: its kind and its payload.
    pub fn next(&mut self) -> Result<Option<(u64, Vec<u8>)>, TooLong> {
        loop {
            let mut rest = &self.bytes[self.start..];
            let (Some(kind), Some(size)) = (varint::take(&mut rest), varint::take(&mut rest)) else {
                return Ok(None);
            };
            let start = self.bytes.len() - rest.len();
            if self.known.contains(&kind) {
                if size > MAX_BYTES {
                    return Err(TooLong);
                }
                if (rest.len() as u64) < size {
                    return Ok(None);
                }
                let payload = rest[..size as usize].to_vec();
                self.start = start + size as usize;
                return Ok(Some((kind, payload)));
            }
            let here = size.min(rest.len() as u64);
            self.start = start + here as usize;
            self.skipped = size - here;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_of_the_settings() {
        let expected = "00 04 20 01 00 07 00 08 01 33 01 80 ff d2 77 01 ab 60 37 42 01 ab 60 37 43 01 \
                        c0 00 00 00 c6 71 70 6a 01";
        let text: Vec<String> = control_stream().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text.join(" "), expected.split_whitespace().collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn blocks_come_in_any_pieces_and_unknown_ones_are_skipped() {
        let mut bytes = Vec::new();
        put_block(&mut bytes, 0x21, &[7; 70_000]);
        put_block(&mut bytes, FRAME_HEADERS, b"one");
        put_block(&mut bytes, 0x2f, b"");
        put_block(&mut bytes, FRAME_DATA, b"");
        for size in [1, 3, 1000, bytes.len()] {
            let mut reader = BlockReader::new(&[FRAME_DATA, FRAME_HEADERS]);
            let mut read = Vec::new();
            for piece in bytes.chunks(size) {
                reader.feed(piece);
                while let Ok(Some(block)) = reader.next() {
                    read.push(block);
                }
                assert!(reader.bytes.len() < 70_000 || size > 1000);
            }
            assert_eq!(read, [(FRAME_HEADERS, b"one".to_vec()), (FRAME_DATA, Vec::new())]);
        }
        let mut reader = BlockReader::new(&[FRAME_HEADERS]);
        reader.feed(&[FRAME_HEADERS as u8, 0x80, 1, 0, 0]);
        assert!(reader.next().is_err());
    }
}
