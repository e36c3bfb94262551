//! Why a request got no answer, and whether the CRM can have seen it.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::AlertDescription;

use jackfield_domain::tenant::egress::EgressRefusal;

/// Why there is no answer.
pub enum SendError {
    /// The host refused to send the request.
    Refused(EgressRefusal),
    /// A network double refused to send the request.
    Denied(String),
    /// No connection was made.
    Unreachable(String),
    /// The request may have been sent.
    NoAnswer(String),
    /// The answer is too large.
    TooLarge(String),
    /// There is an answer, and the host cannot search it for secrets.
    Unreadable(String),
    /// The answer holds a secret.
    HoldsSecret,
}

impl SendError {
    /// The invocation had `left` for the request, and that was not enough.
    pub fn out_of_time(left: Duration) -> Self {
        let left = left.as_millis();
        Self::NoAnswer(format!(
            "no complete answer within the {left} ms that the invocation had left"
        ))
    }

    /// Whether it is certain that nothing was sent.
    pub const fn is_unsent(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Denied(_) | Self::Unreachable(_))
    }
}

impl From<reqwest::Error> for SendError {
    /// The error of a request as a whole. Reading the body of an answer fails with [`Self::NoAnswer`].
    fn from(error: reqwest::Error) -> Self {
        if let Some(refusal) = refusal(&error) {
            return Self::Refused(refusal.clone());
        }
        if error.is_connect() || error.is_builder() || is_refused_handshake(&error) {
            Self::Unreachable(reason(error))
        } else {
            Self::NoAnswer(reason(error))
        }
    }
}

/// The resolver's refusal, if that is why there is no connection.
fn refusal(error: &reqwest::Error) -> Option<&EgressRefusal> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// The innermost cause, which is the most specific: "Connection refused (os error 111)".
pub fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let reason = causes(&error)
        .last()
        .map_or_else(|| error.to_string(), ToString::to_string);
    if reason.contains("close_notify") {
        "the server closed the TLS connection without close_notify, so its answer may be cut short".into()
    } else {
        reason
    }
}

/// Whether the server aborted the handshake, for example because it asked for a certificate and got none. In TLS 1.3
/// the client may learn this only after it has sent the request; even then nothing was carried out, because a server
/// reads no request before it has accepted the handshake.
fn is_refused_handshake(error: &reqwest::Error) -> bool {
    let alert = causes(error).find_map(|cause| {
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref)?;
        match inner.downcast_ref()? {
            rustls::Error::AlertReceived(alert) => Some(*alert),
            _ => None,
        }
    });
    matches!(
        alert,
        Some(
            AlertDescription::AccessDenied
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRequired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::DecryptError
                | AlertDescription::HandshakeFailure
                | AlertDescription::UnknownCA
                | AlertDescription::UnsupportedCertificate
        )
    )
}

/// The causes of an error, the innermost last.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |cause: &&(dyn Error + 'static)| (*cause).source())
}
