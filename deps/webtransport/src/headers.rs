//! Header sections as QPACK (RFC 9204) writes them without a dynamic table, and the few headers that WebTransport has.
use crate::huffman;

/// The headers that are looked at, in QPACK's static table: index, name, value.
const STATIC: [(u64, &str, &str); 18] = [
    (0, ":authority", ""),
    (1, ":path", "/"),
    (15, ":method", "CONNECT"),
    (17, ":method", "GET"),
    (22, ":scheme", "http"),
    (23, ":scheme", "https"),
    (24, ":status", "103"),
    (25, ":status", "200"),
    (26, ":status", "304"),
    (27, ":status", "404"),
    (28, ":status", "503"),
    (63, ":status", "100"),
    (64, ":status", "204"),
    (67, ":status", "400"),
    (68, ":status", "403"),
    (69, ":status", "421"),
    (71, ":status", "500"),
    (90, "origin", ""),
];

pub type Headers = Vec<(String, String)>;

pub fn value_of<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers.iter().find(|header| header.0 == name).map(|header| header.1.as_str())
}

/// The header section, or `None` if it is malformed or refers to a dynamic table, which the settings forbid.
pub fn decode(mut section: &[u8]) -> Option<Headers> {
    let bytes = &mut section;
    let mut headers = Headers::new();
    if integer(bytes, 8)? != 0 || integer(bytes, 7)? != 0 {
        return None;
    }
    while let Some(&first) = bytes.first() {
        if first & 0xc0 == 0xc0 {
            let index = integer(bytes, 6)?;
            if let Some((_, name, value)) = STATIC.iter().find(|entry| entry.0 == index) {
                headers.push((name.to_string(), value.to_string()));
            }
        } else if first & 0xd0 == 0x50 {
            let index = integer(bytes, 4)?;
            let value = string(bytes, 7)?;
            // Names that nobody asks for need not be known.
            if let Some((_, name, _)) = STATIC.iter().find(|entry| entry.0 == index) {
                headers.push((name.to_string(), value));
            }
        } else if first & 0xe0 == 0x20 {
            let name = string(bytes, 3)?;
            headers.push((name, string(bytes, 7)?));
        } else {
            return None;
        }
    }
    Some(headers)
}

/// A header section without compression of its strings.
pub fn encode(headers: &[(&str, &str)]) -> Vec<u8> {
    let mut section = vec![0, 0];
    for (name, value) in headers {
        put_string(&mut section, 0x20, 3, name);
        put_string(&mut section, 0, 7, value);
    }
    section
}

/// An integer in the low `prefix` bits of the first byte, and in more if need be (RFC 7541, section 5.1).
fn integer(bytes: &mut &[u8], prefix: u32) -> Option<u64> {
    let max = (1u64 << prefix) - 1;
    let (&first, rest) = bytes.split_first()?;
    *bytes = rest;
    let mut value = u64::from(first) & max;
    if value < max {
        return Some(value);
    }
    for shift in [0, 7, 14, 21] {
        let (&next, rest) = bytes.split_first()?;
        *bytes = rest;
        value += u64::from(next & 0x7f) << shift;
        if next & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn string(bytes: &mut &[u8], prefix: u32) -> Option<String> {
    let is_huffman = bytes.first()? >> prefix & 1 == 1;
    let length = integer(bytes, prefix)? as usize;
    if length > bytes.len() {
        return None;
    }
    let (text, rest) = bytes.split_at(length);
    *bytes = rest;
    let text = if is_huffman { huffman::decode(text)? } else { text.to_vec() };
    String::from_utf8(text).ok()
}

fn put_string(into: &mut Vec<u8>, start: u8, prefix: u32, text: &str) {
    let max = (1usize << prefix) - 1;
    if text.len() < max {
        into.push(start | text.len() as u8);
    } else {
        into.push(start | max as u8);
        let mut rest = text.len() - max;
        while rest >= 0x80 {
            into.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        into.push(rest as u8);
    }
    into.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let long = "x".repeat(3000);
        let headers = [(":method", "CONNECT"), (":path", "/game?a=1"), ("disconnect-code", "1010"), ("long", &long)];
        let read = decode(&encode(&headers)).unwrap();
        assert_eq!(read.len(), headers.len());
        for (name, value) in headers {
            assert_eq!(value_of(&read, name), Some(value));
        }
    }

    #[test]
    fn a_request_with_the_static_table_and_huffman_codes() {
        let mut section = vec![0, 0, 0xc0 | 15, 0xc0 | 23, 0x50, 0x8c];
        section.extend([0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff]);
        section.extend([0x51, 1, b'/', 0x5f, 75, 1, b'o']); // origin is number 90 = 15 + 75
        section.extend([0xff, 0]); // number 63 of those that are indexed
        let headers = decode(&section).unwrap();
        assert_eq!(value_of(&headers, ":method"), Some("CONNECT"));
        assert_eq!(value_of(&headers, ":authority"), Some("www.example.com"));
        assert_eq!(value_of(&headers, ":path"), Some("/"));
        assert_eq!(value_of(&headers, "origin"), Some("o"));
    }

    #[test]
    fn what_is_malformed_is_none() {
        let bad: [&[u8]; 6] = [&[], &[0], &[1, 0, 0xcf], &[0, 0, 0x80], &[0, 0, 0x51, 0x7f, 0xff], &[0, 0, 0x51, 5, 1]];
        for section in bad {
            assert_eq!(decode(section), None, "{section:x?}");
        }
    }
}
