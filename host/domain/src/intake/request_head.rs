//! What the head of every HTTP request must keep to, whatever it asks for (RFC 9110, RFC 9112, RFC 3986).
//!
//! A head that two readers may understand differently is refused: a proxy in front of the host may have taken it for
//! another request.

use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Uri, Version, header};

use crate::text::is_percent_encoded;
use crate::word::words;

/// Why a head is refused: with a 400, and with a 501 for a coding that the host does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MalformedHead {
    /// An HTTP/1.1 request without `Host`.
    NoHost,
    /// More than one `Host`.
    SeveralHosts,
    /// A `Host` that is not a host with an optional port.
    InvalidHost,
    /// Both `Content-Length` and `Transfer-Encoding`: two answers to where the request ends.
    TwoLengths,
    /// A `Transfer-Encoding` other than `chunked`: the body is compressed for the transfer, or coded in a way that the
    /// host does not know.
    UnknownCoding,
    /// A `%` in the path or the query without two hex digits after it.
    BadPercent,
}

words!(MalformedHead {
    NoHost = "no-host",
    SeveralHosts = "several-hosts",
    InvalidHost = "invalid-host",
    TwoLengths = "two-lengths",
    UnknownCoding = "unknown-coding",
    BadPercent = "bad-percent",
});

impl MalformedHead {
    /// What was wrong, and what to do, for the person behind the client.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::NoHost => "an HTTP/1.1 request needs a Host header; nothing was stored",
            Self::SeveralHosts => "the request has more than one Host header; send exactly one. Nothing was stored",
            Self::InvalidHost => {
                "the Host header must be a host name or an address, and a port if it is not the usual one; nothing \
                 was stored"
            }
            Self::TwoLengths => {
                "the request has both Content-Length and Transfer-Encoding, so where it ends is ambiguous; send one of \
                 them. Nothing was stored"
            }
            Self::UnknownCoding => {
                "the Transfer-Encoding must be `chunked` and nothing else; send the body as it is, without \
                 compression. Nothing was stored"
            }
            Self::BadPercent => {
                "a `%` in the path or the query must be followed by two hex digits; a `%` itself is written %25"
            }
        }
    }
}

/// Whether a path asks for a lead's status, or seems to: whoever gets a problem for it is told not to call the lead.
/// Everything below a tenant's `leads` may be such a question, with a slash in the lead's id; only the path of a call's
/// report is none.
#[must_use]
pub fn may_ask_for_status(path: &str) -> bool {
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let leads = segments.iter().position(|segment| *segment == "leads");
    let below_leads = leads.map(|at| &segments[at + 1..]);
    match below_leads {
        Some([] | [_, "disposition"]) => false,
        Some(_) => true,
        None => segments.last().is_some_and(|last| last.eq_ignore_ascii_case("status")),
    }
}

/// Checks the `Transfer-Encoding` of a request.
///
/// # Errors
/// There is one, and it is not just `chunked`.
pub fn check_transfer_coding(headers: &HeaderMap) -> Result<(), MalformedHead> {
    let values: Vec<_> = headers.get_all(header::TRANSFER_ENCODING).iter().collect();
    match values[..] {
        [] => Ok(()),
        [only] if only.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(MalformedHead::UnknownCoding),
    }
}

/// Checks the `Host` headers of a request.
///
/// # Errors
/// There is none in HTTP/1.1, there are several, or it is not valid.
pub fn check_host(version: Version, headers: &HeaderMap) -> Result<(), MalformedHead> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::HTTP_11 => Err(MalformedHead::NoHost),
        (None, _) => Ok(()),
        (Some(_), Some(_)) => Err(MalformedHead::SeveralHosts),
        (Some(host), None) if is_host(host) => Ok(()),
        (Some(_), None) => Err(MalformedHead::InvalidHost),
    }
}

/// Whether a value is a host with an optional port. An empty one is allowed: it stands for a target without a host.
fn is_host(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let Ok(authority) = text.parse::<Authority>() else {
        return text.is_empty();
    };
    let port = text.strip_prefix(authority.host()).unwrap_or("@");
    let is_port = |port: &str| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    !authority.host().is_empty() && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// Checks the percent-encoding of a request's path and query.
///
/// # Errors
/// A `%` is not followed by two hex digits. Readers disagree about what that means.
pub fn check_target(target: &Uri) -> Result<(), MalformedHead> {
    let text = target.path_and_query().map_or("", |target| target.as_str());
    if is_percent_encoded(text) {
        Ok(())
    } else {
        Err(MalformedHead::BadPercent)
    }
}

/// The longest part of a header line that matters: the longer of the two names, and a length.
const LINE: usize = 64;

/// Finds heads that announce two lengths, in the bytes that arrive on an HTTP/1 connection.
///
/// The HTTP library reads such a request by its `Transfer-Encoding` and forgets the other header, as RFC 9112 allows
/// it to. So the bytes are looked at before the library gets them. It closes the connection after such a request, and
/// what follows a chunked body in the same packet is therefore not looked at.
#[derive(Debug)]
pub struct LengthScanner {
    place: ScanPlace,
    line: Vec<u8>,
    /// Whether the head has a line already. Empty lines before the first one are allowed.
    begun: bool,
    has_coding: bool,
    length: Option<u64>,
    found: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScanPlace {
    Head,
    /// In a body with this many bytes left.
    Body(u64),
    /// In a body of unknown length.
    Unknown,
}

impl Default for LengthScanner {
    fn default() -> Self {
        Self {
            place: ScanPlace::Head,
            line: Vec::new(),
            begun: false,
            has_coding: false,
            length: None,
            found: false,
        }
    }
}

impl LengthScanner {
    /// Reads bytes in the order in which they arrived.
    pub fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match self.place {
                ScanPlace::Unknown => return,
                ScanPlace::Body(left) => {
                    let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = bytes.get(here..).unwrap_or_default();
                    self.place = match left.saturating_sub(here as u64) {
                        0 => ScanPlace::Head,
                        left => ScanPlace::Body(left),
                    };
                }
                ScanPlace::Head => {
                    let end = bytes.iter().position(|byte| *byte == b'\n');
                    let part = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
                    let room = LINE.saturating_sub(self.line.len());
                    self.line.extend(part.iter().take(room));
                    let Some(end) = end else { return };
                    bytes = bytes.get(end + 1..).unwrap_or_default();
                    self.end_line();
                }
            }
        }
    }

    /// Tells that the last request is over, so that the next bytes begin a head.
    pub fn request_is_over(&mut self) {
        if self.place == ScanPlace::Unknown {
            self.place = ScanPlace::Head;
        }
    }

    /// Whether any head so far had two lengths.
    #[must_use]
    pub const fn found_two_lengths(&self) -> bool {
        self.found
    }

    fn end_line(&mut self) {
        let line = self.line.trim_ascii();
        if !line.is_empty() {
            let (name, value) = match line.iter().position(|byte| *byte == b':') {
                Some(colon) => line.split_at(colon),
                None => (line, &b""[..]),
            };
            if name.eq_ignore_ascii_case(b"transfer-encoding") {
                self.has_coding = true;
            } else if name.eq_ignore_ascii_case(b"content-length") {
                let digits = std::str::from_utf8(value).unwrap_or_default();
                // What is no number is refused by the HTTP library.
                self.length = Some(digits.trim_start_matches(':').trim().parse().unwrap_or(0));
            }
            self.begun = true;
        } else if self.begun {
            self.found |= self.has_coding && self.length.is_some();
            self.place = match (self.has_coding, self.length.take()) {
                (true, _) => ScanPlace::Unknown,
                (false, None | Some(0)) => ScanPlace::Head,
                (false, Some(length)) => ScanPlace::Body(length),
            };
            (self.begun, self.has_coding) = (false, false);
        }
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hosts(version: Version, values: &[&str]) -> Result<(), MalformedHead> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::HOST, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        check_host(version, &headers)
    }

    #[test]
    fn http11_needs_exactly_one_host() {
        assert_eq!(hosts(Version::HTTP_11, &[]), Err(MalformedHead::NoHost));
        assert_eq!(hosts(Version::HTTP_10, &[]), Ok(()));
        assert_eq!(hosts(Version::HTTP_2, &[]), Ok(()));
        for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
            assert_eq!(hosts(version, &["a", "a"]), Err(MalformedHead::SeveralHosts));
        }
        for host in [
            "",
            "localhost",
            "x:8080",
            "a.example:",
            "127.0.0.1:80",
            "[::1]",
            "[::1]:443",
            "my_service",
        ] {
            assert_eq!(hosts(Version::HTTP_11, &[host]), Ok(()), "{host}");
        }
        for host in ["a b", "user@x", "x:port", "x:123456", "http://x/", "x/y", "ü", ":80"] {
            assert_eq!(
                hosts(Version::HTTP_11, &[host]),
                Err(MalformedHead::InvalidHost),
                "{host}"
            );
        }
    }

    #[test]
    fn every_question_for_a_status_is_recognized() {
        for path in [
            "/v1/tenants/t/leads/L-1/status",
            "//v1/tenants/t/leads/L-1/status/",
            "/v1/tenants/t/leads/A/7/STATUS",
            "/v1/tenants/t/leads/A",
            "/v1/tenants/t/leads/A/7/disposition",
            "/v2/leads/A/stat",
            "/status",
        ] {
            assert!(may_ask_for_status(path), "{path}");
        }
        for path in [
            "/",
            "",
            "*",
            "/v1/tenants/t/leads",
            "/v1/tenants/t/leads/",
            "/v1/tenants/t/leads/L-1/disposition",
            "/v1/tenants/t/deliveries/D-1",
        ] {
            assert!(!may_ask_for_status(path), "{path}");
        }
    }

    #[test]
    fn chunked_is_the_only_transfer_coding() {
        let check = |values: &[&str]| {
            let values = values
                .iter()
                .map(|value| (header::TRANSFER_ENCODING, value.parse().unwrap()));
            let mut headers = HeaderMap::new();
            values.for_each(|(name, value): (_, HeaderValue)| {
                headers.append(name, value);
            });
            check_transfer_coding(&headers).is_ok()
        };
        for fine in [&[][..], &["chunked"], &[" Chunked "]] {
            assert!(check(fine), "{fine:?}");
        }
        for coded in [
            &["gzip, chunked"][..],
            &["gzip", "chunked"],
            &["chunked, chunked"],
            &["chunked", "chunked"],
            &["identity"],
            &["chunked;x=y"],
            &[""],
        ] {
            assert!(!check(coded), "{coded:?}");
        }
    }

    #[test]
    fn percent_needs_two_hex_digits() {
        for target in ["/", "/a%20b", "/%E0%A4%95?x=%2f", "*", "/a?b"] {
            assert_eq!(check_target(&target.parse().unwrap()), Ok(()), "{target}");
        }
        for target in ["/%zz", "/%", "/%2", "/a?b=%g0", "/%20%", "/%%20", "/a?%u0041"] {
            assert_eq!(
                check_target(&target.parse().unwrap()),
                Err(MalformedHead::BadPercent),
                "{target}"
            );
        }
    }

    /// Whether two lengths are found when the text arrives in pieces of this size.
    fn found(text: &str, size: usize) -> bool {
        let mut scanner = LengthScanner::default();
        text.as_bytes().chunks(size).for_each(|piece| scanner.read(piece));
        scanner.found_two_lengths()
    }

    const BOTH: &str = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nhost: x\r\ncontent-LENGTH: 3\r\n\r\n";

    #[test]
    fn two_lengths_are_found_in_any_pieces() {
        let body = "content-length: 1\r\ntransfer-encoding:\n\n";
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
        let first = format!("{head}{body}GET / HTTP/1.1\nhost: x\n\n\r\n");
        for size in [1, 2, 7, 1000] {
            assert!(found(BOTH, size), "{size}");
            assert!(found(&BOTH.replace("\r\n", "\n"), size), "{size}");
            assert!(!found(&first, size), "a body is no head, {size}");
            assert!(found(&format!("{first}{BOTH}"), size), "{size}");
            for one in ["Transfer-Encoding: chunked\r\n", "content-LENGTH: 3\r\n"] {
                assert!(!found(&BOTH.replace(one, ""), size), "{one} {size}");
            }
        }
    }

    #[test]
    fn chunked_bodies_are_not_read_as_heads() {
        let chunked = BOTH.replace("content-LENGTH: 3\r\n", "");
        let mut scanner = LengthScanner::default();
        scanner.read(format!("{chunked}3\r\nabc\r\n0\r\n\r\n{BOTH}").as_bytes());
        assert!(!scanner.found_two_lengths());
        scanner.request_is_over();
        scanner.read(BOTH.as_bytes());
        assert!(scanner.found_two_lengths());
    }

    proptest! {
        #[test]
        fn any_bytes_are_scanned_in_bounded_memory(pieces in prop::collection::vec(any::<Vec<u8>>(), 0..20)) {
            let mut scanner = LengthScanner::default();
            for piece in &pieces {
                scanner.read(piece);
                prop_assert!(scanner.line.len() <= LINE);
            }
        }
    }
}
