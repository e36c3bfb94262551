//! What a request says about its body: how it is encoded, and what it is.

use http::{HeaderMap, HeaderValue, header};

use crate::word::words;

/// Why a body cannot be read, with a 415.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnsupportedMedia {
    /// It is compressed.
    ContentEncoding,
    /// It is in a character encoding other than UTF-8.
    Charset,
}

words!(UnsupportedMedia {
    ContentEncoding = "content-encoding",
    Charset = "charset",
});

impl UnsupportedMedia {
    /// What was wrong, and what to do, for the person behind the client.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::ContentEncoding => {
                "the body has a content-encoding; send it as it is, without compression. Nothing was stored"
            }
            Self::Charset => {
                "the content-type names a charset other than UTF-8; send the document as UTF-8. Nothing was stored"
            }
        }
    }
}

/// Checks that a body is not compressed.
///
/// # Errors
/// `Content-Encoding` names a coding other than `identity`.
pub fn check_coding(headers: &HeaderMap) -> Result<(), UnsupportedMedia> {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let codings = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let plain = |coding: &[u8]| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity");
    if codings.map(<[u8]>::trim_ascii).all(plain) {
        Ok(())
    } else {
        Err(UnsupportedMedia::ContentEncoding)
    }
}

/// Checks that a document that the host reads itself is in UTF-8, of which ASCII is a part.
///
/// # Errors
/// `Content-Type` names another charset.
pub fn check_charset(headers: &HeaderMap) -> Result<(), UnsupportedMedia> {
    let known = |charset: &str| {
        let names = ["", "utf-8", "utf8", "us-ascii", "ascii"];
        names.iter().any(|name| charset.eq_ignore_ascii_case(name))
    };
    let values = headers.get_all(header::CONTENT_TYPE).iter();
    let mut charsets = values.filter_map(|value| value.to_str().ok()).flat_map(charsets);
    if charsets.all(known) {
        Ok(())
    } else {
        Err(UnsupportedMedia::Charset)
    }
}

/// The `charset` parameters of a content type.
fn charsets(value: &str) -> impl Iterator<Item = &str> {
    let parameters = value.split(';').skip(1).filter_map(|part| part.split_once('='));
    parameters
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))
        .map(|(_, charset)| charset.trim().trim_matches('"').trim())
}

/// A format other than JSON that CRMs send their webhooks in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WebhookFormat {
    /// The fields of an HTML form.
    Form,
    /// The fields of an HTML form with files.
    Multipart,
    /// XML, as SOAP has it.
    Xml,
}

impl WebhookFormat {
    /// The format that a request's content type names, if it is one of these.
    #[must_use]
    pub fn named(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(header::CONTENT_TYPE).map(HeaderValue::to_str)?.ok()?;
        let name = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match name.as_str() {
            "application/x-www-form-urlencoded" => Some(Self::Form),
            "multipart/form-data" => Some(Self::Multipart),
            "application/xml" | "text/xml" => Some(Self::Xml),
            other if other.ends_with("+xml") => Some(Self::Xml),
            _ => None,
        }
    }

    /// For the sender of a body that was read as JSON and is none: why this tenant's adapter does not read it.
    #[must_use]
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::Form => {
                "the content-type says that it is a form (application/x-www-form-urlencoded), and this tenant's \
                 adapter cannot read forms: let the CRM send JSON, or use an adapter that exports leads.parse"
            }
            Self::Multipart => {
                "the content-type says that it is a form (multipart/form-data), and this tenant's adapter cannot read \
                 forms: let the CRM send JSON, or use an adapter that exports leads.parse"
            }
            Self::Xml => {
                "the content-type says that it is XML, and this tenant's adapter cannot read XML: let the CRM send \
                 JSON, or use an adapter that exports leads.parse"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &header::HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_identity_is_not_compressed() {
        let check = |values: &[&str]| check_coding(&headers(&header::CONTENT_ENCODING, values)).is_ok();
        for plain in [&[][..], &["identity"], &[""], &["Identity , identity"]] {
            assert!(check(plain), "{plain:?}");
        }
        for coded in [&["gzip"][..], &["identity", "br"], &["identity, gzip"], &["x"]] {
            assert!(!check(coded), "{coded:?}");
        }
    }

    #[test]
    fn only_utf8_is_a_known_charset() {
        let check = |values: &[&str]| check_charset(&headers(&header::CONTENT_TYPE, values)).is_ok();
        for known in [
            &[][..],
            &["application/json"],
            &["application/json; charset=utf-8"],
            &["application/json;Charset=\"UTF-8\""],
            &["text/plain; charset=us-ascii; x=y"],
            &["application/json; charset="],
        ] {
            assert!(check(known), "{known:?}");
        }
        for other in [
            &["application/json; charset=utf-16"][..],
            &["application/json; charset=\"ISO-8859-1\""],
            &["text/plain; x=y;charset = windows-1252"],
            &["application/json", "application/json; charset=utf-7"],
        ] {
            assert!(!check(other), "{other:?}");
        }
    }

    #[test]
    fn formats_are_named_by_the_content_type() {
        let named = |value: &str| WebhookFormat::named(&headers(&header::CONTENT_TYPE, &[value]));
        let form = Some(WebhookFormat::Form);
        assert_eq!(named("application/x-www-form-urlencoded"), form);
        assert_eq!(named("Application/X-WWW-Form-Urlencoded ; charset=UTF-8"), form);
        assert_eq!(named("multipart/form-data; boundary=x"), Some(WebhookFormat::Multipart));
        for xml in ["text/xml", "application/xml; charset=utf-8", "application/soap+xml"] {
            assert_eq!(named(xml), Some(WebhookFormat::Xml), "{xml}");
        }
        assert_eq!(named("application/json"), None);
        assert_eq!(WebhookFormat::named(&HeaderMap::new()), None);
    }
}
