//! The Huffman code of HPACK (RFC 7541, appendix B). It is canonical: codes of one length are in the order of their
//! symbols, so that the lengths say everything.

/// The length of each byte's code in bits. That of the end of the string, which no string contains, is 30 ones.
#[rustfmt::skip]
const LENGTHS: [u8; 256] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
];
const LONGEST: u32 = 30;

/// What a string stands for; `None` if it is malformed.
pub fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(bytes.len() * 8 / 5);
    let mut code = 0u32;
    let mut length = 0u32;
    for byte in bytes {
        for bit in (0..8).rev() {
            code = code << 1 | u32::from(byte >> bit & 1);
            length += 1;
            if let Some(symbol) = symbol_of(code, length) {
                text.push(symbol);
                code = 0;
                length = 0;
            } else if length == LONGEST {
                return None;
            }
        }
    }
    // The last byte is filled up with ones, fewer than 8.
    (length < 8 && code == (1 << length) - 1).then_some(text)
}

fn symbol_of(code: u32, length: u32) -> Option<u8> {
    let table = table();
    let (first, start) = table.first[length as usize];
    let at = code.checked_sub(first)?;
    (at < table.counts[length as usize]).then(|| table.symbols[(start + at) as usize])
}

struct Table {
    /// All bytes in the order of their codes.
    symbols: Vec<u8>,
    /// By length: how many codes have it; the first of them, and where its symbol is.
    counts: [u32; 31],
    first: [(u32, u32); 31],
}

fn table() -> &'static Table {
    static TABLE: std::sync::OnceLock<Table> = std::sync::OnceLock::new();
    TABLE.get_or_init(|| {
        let mut symbols: Vec<u8> = (0..=255).collect();
        symbols.sort_by_key(|symbol| LENGTHS[*symbol as usize]);
        let mut counts = [0; 31];
        for length in LENGTHS {
            counts[length as usize] += 1;
        }
        let mut first = [(0, 0); 31];
        let (mut code, mut start) = (0, 0);
        for length in 1..31 {
            code <<= 1;
            first[length] = (code, start);
            code += counts[length];
            start += counts[length];
        }
        Table { symbols, counts, first }
    })
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn the_examples_of_rfc_7541() {
        let www = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(decode(&www).unwrap(), b"www.example.com");
        assert_eq!(decode(&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]).unwrap(), b"no-cache");
        assert_eq!(decode(&[0x64, 0x02]).unwrap(), b"302");
        assert_eq!(decode(&[]).unwrap(), b"");
    }

    #[test]
    fn what_is_malformed() {
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff]), None); // the end of the string
        assert_eq!(decode(&[0x64, 0x02, 0xff]), None); // 8 bits more than the last code
        assert_eq!(decode(&[0x60]), None); // filled up with zeros
    }
}
