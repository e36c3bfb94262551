//! The readings of a text: servers that echo a request may escape it, fold it or write it in other units.

/// How often a text is decoded: a page may hold JSON in an attribute in a form.
const MAX_DECODINGS: usize = 4;
/// The longest text of an escape after its first character: `{10ffff}`, `CounterClockwise`.
const MAX_ESCAPE: usize = 12;
/// The names of characters that HTML knows, for ASCII. Most pages use the first five.
const ENTITIES: [(&str, char); 30] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("sol", '/'),
    ("bsol", '\\'),
    ("plus", '+'),
    ("equals", '='),
    ("lowbar", '_'),
    ("colon", ':'),
    ("semi", ';'),
    ("period", '.'),
    ("comma", ','),
    ("num", '#'),
    ("percnt", '%'),
    ("commat", '@'),
    ("excl", '!'),
    ("quest", '?'),
    ("dollar", '$'),
    ("ast", '*'),
    ("lpar", '('),
    ("rpar", ')'),
    ("lsqb", '['),
    ("rsqb", ']'),
    ("lcub", '{'),
    ("rcub", '}'),
    ("verbar", '|'),
    ("grave", '`'),
    ("hat", '^'),
];

/// Whether a reading of the text passes a test. Readings have lower-case letters only: escapes are written in either
/// case, and what is searched for is long enough not to be found by chance.
pub fn any_reading(text: &[u8], mut test: impl FnMut(&[u8]) -> bool) -> bool {
    let mut any_decoding = |text: &[u8]| {
        let mut text = text.to_ascii_lowercase();
        for _ in 0..=MAX_DECODINGS {
            if test(&text) || unfolded(&text).is_some_and(|text| test(&text)) {
                return true;
            }
            match decoded(&text) {
                Some(next) => text = next.to_ascii_lowercase(),
                None => break,
            }
        }
        false
    };
    any_decoding(text)
        || narrow(text).is_some_and(|text| any_decoding(&text))
        || unquoted(text).is_some_and(|text| any_decoding(&text))
}

/// The text without blanks, if it is folded, as base64 in mails is.
fn unfolded(text: &[u8]) -> Option<Vec<u8>> {
    let is_folded = text.contains(&b'\n') || text.contains(&b'\r');
    is_folded.then(|| {
        text.iter()
            .copied()
            .filter(|byte| !byte.is_ascii_whitespace())
            .collect()
    })
}

/// The ASCII of a text in UTF-16 or UTF-32, if it is one.
fn narrow(text: &[u8]) -> Option<Vec<u8>> {
    text.contains(&0)
        .then(|| text.iter().copied().filter(|byte| *byte != 0).collect())
}

/// The text without the escapes of mails: `=3D`, and `=` at the end of a line. None if it has none.
fn unquoted(text: &[u8]) -> Option<Vec<u8>> {
    replaced(text, |escape| match escape {
        [b'=', b'\r', b'\n', ..] => Some((3, Meaning::Nothing)),
        [b'=', b'\n', ..] => Some((2, Meaning::Nothing)),
        [b'=', rest @ ..] => Some((3, byte(rest.get(..2)?)?)),
        _ => None,
    })
}

/// The text with each escape of URLs, HTML and programming languages decoded once. None if it has none.
fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    replaced(text, |escape| {
        let (first, rest) = escape.split_first()?;
        let rest = &rest[..rest.len().min(MAX_ESCAPE)];
        let (length, code) = match first {
            b'%' if rest.first() != Some(&b'u') => return Some((3, byte(rest.get(..2)?)?)),
            b'%' => (5, hex(rest.get(1..5)?)?),
            b'&' => entity(rest)?,
            b'\\' => backslash(rest)?,
            _ => return None,
        };
        Some((1 + length, Meaning::Character(char::from_u32(code)?)))
    })
}

/// What an escape stands for.
enum Meaning {
    Nothing,
    Byte(u8),
    Character(char),
}

/// The text with every part replaced that `escape` knows, by its length and its meaning. None if there is none.
fn replaced(text: &[u8], escape: impl Fn(&[u8]) -> Option<(usize, Meaning)>) -> Option<Vec<u8>> {
    let (mut out, mut at, mut found) = (Vec::new(), 0, false);
    while at < text.len() {
        if let Some((length, meaning)) = escape(&text[at..]) {
            found = true;
            at += length;
            match meaning {
                Meaning::Nothing => {}
                Meaning::Byte(byte) => out.push(byte),
                Meaning::Character(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    found.then_some(out)
}

fn byte(digits: &[u8]) -> Option<Meaning> {
    u8::try_from(hex(digits)?).ok().map(Meaning::Byte)
}

fn entity(rest: &[u8]) -> Option<(usize, u32)> {
    let end = |text: &[u8], is_part: fn(&u8) -> bool| text.iter().position(|byte| !is_part(byte)).unwrap_or(text.len());
    let (start, length, code) = match rest {
        [b'#', b'x', digits @ ..] => {
            let length = end(digits, u8::is_ascii_hexdigit);
            (2, length, hex(&digits[..length])?)
        }
        [b'#', digits @ ..] => {
            let length = end(digits, u8::is_ascii_digit);
            (1, length, std::str::from_utf8(&digits[..length]).ok()?.parse().ok()?)
        }
        name => {
            let length = end(name, u8::is_ascii_alphanumeric);
            let known = ENTITIES.iter().find(|(known, _)| known.as_bytes() == &name[..length]);
            (0, length, u32::from(known?.1))
        }
    };
    // Browsers read a number without its semicolon.
    let has_semicolon = rest.get(start + length) == Some(&b';');
    Some((start + length + usize::from(has_semicolon), code))
}

fn backslash(rest: &[u8]) -> Option<(usize, u32)> {
    match rest {
        [b'u', b'{', digits @ ..] => {
            let length = digits.iter().position(|byte| *byte == b'}')?;
            Some((3 + length, hex(&digits[..length])?))
        }
        [b'u', digits @ ..] => hex(digits.get(..4)?).map(|code| (5, code)),
        [b'x', digits @ ..] => hex(digits.get(..2)?).map(|code| (3, code)),
        [b'0'..=b'3', b'0'..=b'7', b'0'..=b'7', ..] => {
            let digit = |place: usize| u32::from(rest[place] - b'0');
            Some((3, digit(0) * 64 + digit(1) * 8 + digit(2)))
        }
        [byte, ..] if byte.is_ascii_punctuation() => Some((1, u32::from(*byte))),
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    let is_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| is_hex)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reads_as(text: &[u8], expected: &str) -> bool {
        any_reading(text, |reading| {
            memchr::memmem::find(reading, expected.as_bytes()).is_some()
        })
    }

    #[test]
    fn every_escape_is_read() {
        for text in [
            "a/b=",
            "A/B=",
            "a%2Fb%3d",
            "a%252fb=",
            "a%u002Fb=",
            "a&#47;b&#x3D;",
            "a&#x2f;b&#61",
            "a&sol;b&equals;",
            "&#97;/b=",
            "a\\/b=",
            "a\\u002fb\\u003D",
            "a\\u{2f}b=",
            "\\x61\\x2fb=",
            "\\141/b=",
            "a\\\\u002fb=",
            "a&amp;#47;b=",
            "a%26%2347%3Bb=",
            "a=2Fb=3D",
            "a=\r\n/b=3D",
            "a\r\n/b=",
        ] {
            assert!(reads_as(format!("<{text}>").as_bytes(), "a/b="), "{text}");
        }
        let wide: Vec<_> = "a/b=".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(reads_as(&wide, "a/b="));
        for other in ["a/c=", "a%2", "a\\u00", "&#;", "&;", "\\", "%", "=", "&#99999999999;"] {
            assert!(!reads_as(other.as_bytes(), "a/b="), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(text: Vec<u8>, escapes in "[%&#x\\\\u{};=0-9a-f\r\n]{0,40}") {
            any_reading(&text, |_| false);
            any_reading(escapes.as_bytes(), |_| false);
        }
    }
}
