//! A line of the journal: a checksum, a key, and the value it was given; without a value the key is forgotten. What
//! the checksum does not fit is not read.

/// What a key may look like.
pub(super) const LONGEST_KEY: usize = 128;
/// Bytes in a value.
pub(super) const LONGEST_VALUE: usize = 1024;

/// The key and its value, `None` where it was forgotten.
pub(super) type Entry = (String, Option<String>);

/// As it stands in the file, with the newline.
pub(super) fn write(key: &str, value: Option<&str>, out: &mut String) {
    let body = match value {
        Some(value) => format!("{key} {}", value.replace('\\', "\\\\").replace('\n', "\\n")),
        None => key.to_owned(),
    };
    out.push_str(&format!("{:08x} {body}\n", crc32(body.as_bytes())));
}

/// What a line without its newline says; `None` if it is damaged.
pub(super) fn read(line: &[u8]) -> Option<Entry> {
    let (sum, body) = std::str::from_utf8(line).ok()?.split_once(' ')?;
    if sum.len() != 8 || u32::from_str_radix(sum, 16).ok()? != crc32(body.as_bytes()) {
        return None;
    }
    let (key, value) = match body.split_once(' ') {
        Some((key, value)) => (key, Some(plain(value))),
        None => (body, None),
    };
    fits(key, value.as_deref().unwrap_or_default()).then(|| (key.to_owned(), value))
}

/// Can this be kept at all?
pub(super) fn fits(key: &str, value: &str) -> bool {
    let graphic = !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic());
    graphic && key.len() <= LONGEST_KEY && value.len() <= LONGEST_VALUE
}

fn plain(escaped: &str) -> String {
    let mut text = String::with_capacity(escaped.len());
    let mut rest = escaped.chars();
    while let Some(c) = rest.next() {
        match (c, c == '\\') {
            (_, false) => text.push(c),
            (_, true) => text.push(if rest.next() == Some('n') { '\n' } else { '\\' }),
        }
    }
    text
}

/// CRC-32 as in Ethernet and zip. A bit at a time: a journal is some kilobytes, read once.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xedb8_8320 & 0_u32.wrapping_sub(crc & 1));
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_one_everybody_knows() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn any_text_comes_back_as_it_was_written() {
        for value in ["", "4711", "two words", " \\n\n\\", "“ä”\r\t"] {
            let mut line = String::new();
            write("pulses/water", Some(value), &mut line);
            assert_eq!(line.matches('\n').count(), 1);
            let read = read(line.trim_end_matches('\n').as_bytes());
            assert_eq!(read, Some(("pulses/water".to_owned(), Some(value.to_owned()))), "{value:?}");
        }
    }
}
