//! The variable-length integers of RFC 9000, section 16.

/// Takes one from the start of `bytes`; `None` if it is not complete.
pub fn take(bytes: &mut &[u8]) -> Option<u64> {
    let first = *bytes.first()?;
    let size = 1usize << (first >> 6);
    if bytes.len() < size {
        return None;
    }
    let value = bytes[1..size].iter().fold(u64::from(first & 0x3f), |value, byte| value << 8 | u64::from(*byte));
    *bytes = &bytes[size..];
    Some(value)
}

pub fn put(into: &mut Vec<u8>, value: u64) {
    match value {
        0..=0x3f => into.push(value as u8),
        0x40..=0x3fff => into.extend_from_slice(&(value as u16 | 0x4000).to_be_bytes()),
        0x4000..=0x3fff_ffff => into.extend_from_slice(&(value as u32 | 0x8000_0000).to_be_bytes()),
        _ => into.extend_from_slice(&(value | 0xc000_0000_0000_0000).to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_9000() {
        let examples: [(&[u8], u64); 5] = [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c], 151_288_809_941_952_652),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
            (&[0x40, 0x54], 0x54),
        ];
        for (bytes, value) in examples {
            let mut rest = bytes;
            assert_eq!(take(&mut rest), Some(value));
            assert!(rest.is_empty());
            let mut written = Vec::new();
            put(&mut written, value);
            assert_eq!(written, bytes);
            assert_eq!(take(&mut &bytes[..bytes.len() - 1]), None);
        }
    }
}
