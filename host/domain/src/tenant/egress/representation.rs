//! How an answer is represented, and whether the host can search it for secrets.
//!
//! Where a request carried a secret, its answer may echo it. The host finds an echo only in bytes that it can read:
//! not in compressed ones, not in a part that may begin within the secret, and not in a charset that writes ASCII
//! otherwise. Old servers also write charsets that differ from UTF-8 outside of ASCII; the host converts these, so
//! that adapters get UTF-8.

use encoding_rs::{Encoding, UTF_8};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, TRANSFER_ENCODING};

/// Bytes of a document in which its XML declaration is looked for.
const DECLARATION: usize = 200;
/// Characters that are shown of a word in a header, such as an encoding's name.
const SHOWN: usize = 24;

/// The charset of an answer's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyCharset<'a> {
    /// UTF-8, or not declared.
    Utf8,
    /// Another one, in which ASCII is the same bytes.
    Legacy(&'static Encoding),
    /// One in which ASCII may be other bytes, or that is not known.
    Other(&'a str),
}

/// Why the body is not the whole, plain document, in words that follow "the answer"; none if it is.
#[must_use]
pub fn encoding_problem(status: u16, headers: &HeaderMap) -> Option<String> {
    if matches!(status, 206 | 226) || media_type(headers).eq_ignore_ascii_case("multipart/byteranges") {
        return Some(format!(
            "is a part of a document (status {status}), which the host did not ask for"
        ));
    }
    let encodings = [(CONTENT_ENCODING, "identity"), (TRANSFER_ENCODING, "chunked")];
    encodings.into_iter().find_map(|(header, plain)| {
        let values = headers.get_all(header).into_iter();
        let mut words = values
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii);
        let odd = words.find(|word| {
            let fine = [plain, "identity", ""];
            !fine.iter().any(|fine| word.eq_ignore_ascii_case(fine.as_bytes()))
        })?;
        let shown = shown(odd);
        Some(format!(
            "is encoded as `{shown}`, though the host asked for none (accept-encoding: identity)"
        ))
    })
}

/// The charset that a byte-order mark, the header or an XML declaration names, in this order.
#[must_use]
pub fn charset<'a>(content_type: &'a str, body: &'a [u8]) -> BodyCharset<'a> {
    if let Some((marked, _)) = Encoding::for_bom(body) {
        return if marked == UTF_8 {
            BodyCharset::Utf8
        } else {
            BodyCharset::Other(marked.name())
        };
    }
    let Some(label) = header_charset(content_type).or_else(|| xml_charset(body)) else {
        return BodyCharset::Utf8;
    };
    match Encoding::for_label(label.as_bytes()) {
        Some(encoding) if encoding == UTF_8 => BodyCharset::Utf8,
        Some(encoding) if encoding.is_ascii_compatible() => BodyCharset::Legacy(encoding),
        _ => BodyCharset::Other(label),
    }
}

/// A body in UTF-8, with its declarations, if it is text in an old charset that says so, or begins with a byte-order
/// mark, which JSON parsers refuse. A body that is UTF-8 whatever it says stays as it is: servers with a wrong default
/// are more common than texts that are valid in both.
#[must_use]
pub fn convert(charset: BodyCharset<'_>, body: &[u8]) -> Option<Vec<u8>> {
    if let Some(rest) = body.strip_prefix("\u{feff}".as_bytes()) {
        return Some(rest.to_vec());
    }
    let BodyCharset::Legacy(encoding) = charset else {
        return None;
    };
    if std::str::from_utf8(body).is_ok() {
        return None;
    }
    let (text, _) = encoding.decode_without_bom_handling(body);
    let mut text = text.into_owned();
    if let Some(label) = xml_charset(body)
        && let Some(at) = text.find(label)
    {
        text.replace_range(at..at + label.len(), "UTF-8");
    }
    Some(text.into_bytes())
}

/// A `content-type` with UTF-8 as its charset.
#[must_use]
pub fn utf8_content_type(content_type: &str) -> String {
    let parts = content_type.split(';').filter(|part| !is_charset(part)).map(str::trim);
    let parts: Vec<_> = parts.chain(["charset=utf-8"]).collect();
    parts.join("; ")
}

/// A word of the answer, fit to be shown.
#[must_use]
pub fn shown(word: &[u8]) -> String {
    let visible = word.iter().filter(|byte| byte.is_ascii_graphic() && **byte != b'`');
    visible.take(SHOWN).map(|byte| char::from(*byte)).collect()
}

fn media_type(headers: &HeaderMap) -> &str {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

fn is_charset(part: &str) -> bool {
    part.split_once('=')
        .is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
}

fn header_charset(content_type: &str) -> Option<&str> {
    let (_, value) = content_type
        .split(';')
        .skip(1)
        .find(|part| is_charset(part))?
        .split_once('=')?;
    Some(value.trim().trim_matches(['"', '\'']).trim()).filter(|label| !label.is_empty())
}

/// `windows-1252` of `<?xml version="1.0" encoding="windows-1252"?>`.
fn xml_charset(body: &[u8]) -> Option<&str> {
    let head = &body[..body.len().min(DECLARATION)];
    let end = head.windows(2).position(|two| two == b"?>")?;
    let declaration = std::str::from_utf8(&head[..end]).ok()?;
    let (_, rest) = declaration.trim_start().strip_prefix("<?xml")?.split_once("encoding")?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split(quote).next().filter(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(given: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn encoded_and_partial_answers_are_named() {
        for fine in [
            headers(&[]),
            headers(&[("content-encoding", "identity")]),
            headers(&[("content-encoding", "")]),
            headers(&[("transfer-encoding", "chunked")]),
        ] {
            assert_eq!(encoding_problem(200, &fine), None, "{fine:?}");
        }
        for (header, value, word) in [
            ("content-encoding", "gzip", "`gzip`"),
            ("content-encoding", "Identity, BR", "`BR`"),
            ("content-encoding", "x-\"un`known", "`x-\"unknown`"),
            ("content-encoding", "chunked", "`chunked`"),
            ("transfer-encoding", "gzip, chunked", "`gzip`"),
            ("content-type", "Multipart/ByteRanges; boundary=x", "is a part"),
        ] {
            let problem = encoding_problem(200, &headers(&[(header, value)])).unwrap();
            assert!(problem.contains(word), "{problem}");
        }
        assert!(encoding_problem(206, &headers(&[])).unwrap().contains("206"));
    }

    #[test]
    fn a_charset_is_found_where_servers_declare_it() {
        let latin = BodyCharset::Legacy(encoding_rs::WINDOWS_1252);
        for (content_type, body, expected) in [
            ("", b"".as_slice(), BodyCharset::Utf8),
            (
                "text/xml; charset=UTF-8",
                b"<?xml version='1.0' encoding='latin1'?>",
                BodyCharset::Utf8,
            ),
            ("text/html; Charset=\"ISO-8859-1\"", b"", latin),
            (
                "text/xml",
                b"<?xml version=\"1.0\" encoding=\"windows-1252\"?><a/>",
                latin,
            ),
            ("text/xml", b"<?xml version='1.0' encoding = 'latin1' ?><a/>", latin),
            (
                "text/xml",
                b"<?xml version='1.0'?><a encoding='latin1'/>",
                BodyCharset::Utf8,
            ),
            ("text/plain; charset=us-ascii", b"", latin),
            ("text/plain; charset=utf-16", b"", BodyCharset::Other("utf-16")),
            ("text/plain; charset=utf-7", b"", BodyCharset::Other("utf-7")),
            ("text/plain; charset=ibm037", b"", BodyCharset::Other("ibm037")),
            (
                "text/plain; charset=iso-2022-jp",
                b"",
                BodyCharset::Other("iso-2022-jp"),
            ),
            ("text/plain", b"\xff\xfea\0", BodyCharset::Other("UTF-16LE")),
            ("text/plain; charset=latin1", b"\xef\xbb\xbfa", BodyCharset::Utf8),
        ] {
            assert_eq!(charset(content_type, body), expected, "{content_type}");
        }
    }

    #[test]
    fn old_charsets_become_utf8() {
        let marked = "\u{feff}{\"stage\":\"new\"}".as_bytes();
        let unmarked = convert(charset("application/json", marked), marked);
        assert_eq!(unmarked.as_deref(), Some(&marked[3..]));
        let body = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>caf\xe9 \x80</a>";
        let text = convert(charset("text/xml", body), body).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "<?xml version='1.0' encoding='UTF-8'?><a>café €</a>"
        );
        let plain = "text/plain;charset=ISO-8859-1;x=1";
        assert_eq!(
            convert(charset(plain, b"caf\xe9"), b"caf\xe9").unwrap(),
            "café".as_bytes()
        );
        assert_eq!(utf8_content_type(plain), "text/plain; x=1; charset=utf-8");
        for unchanged in [b"cafe".as_slice(), "café".as_bytes()] {
            assert_eq!(convert(charset(plain, unchanged), unchanged), None);
        }
        assert_eq!(
            convert(charset("text/plain", b"caf\xe9"), b"caf\xe9"),
            None,
            "nothing is guessed"
        );
    }
}
