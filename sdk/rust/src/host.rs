//! The host as an adapter sees it: HTTP, settings, signatures, the log and the time.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;

use crate::bindings::adapter::jackfield::crm::{credentials, dates, http as wire, log, phones, settings};
use crate::http::Request;
use crate::model::{Failure, Rejection};

pub use crate::bindings::adapter::jackfield::crm::log::Level;

/// A handle on the host, passed to every function of an adapter.
///
/// In a component it is the real host. In a native test it is a [`Script`](crate::testing::Script) of expected requests
/// and their answers, so that the same adapter code runs in both.
pub struct Host {
    imports: Box<dyn Imports>,
}

/// The contract's imports. Implemented by the component's real imports and by the test double.
pub(crate) trait Imports {
    fn send(&self, request: &wire::Request) -> Result<wire::Response, wire::Error>;
    fn setting(&self, name: &str) -> Option<String>;
    fn hmac_sha256(&self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, credentials::CredentialError>;
    fn instant(&self, local: &str, zone: &str) -> Result<String, dates::DateError>;
    fn local(&self, instant: &str, zone: &str) -> Result<String, dates::DateError>;
    fn normalize_phone(&self, number: &str) -> Result<String, phones::PhoneError>;
    fn log(&self, level: Level, message: &str, fields: &[log::Field]);
    fn now(&self) -> Timestamp;
}

impl Host {
    pub(crate) fn new(imports: impl Imports + 'static) -> Self {
        Self {
            imports: Box::new(imports),
        }
    }

    pub(crate) fn component() -> Self {
        Self::new(Component)
    }

    /// A `GET` of an absolute URL; [`url`](crate::http::url) builds one.
    pub fn get(&self, url: impl Into<String>) -> Request<'_> {
        self.request("GET", url)
    }

    /// A `POST` to an absolute URL.
    pub fn post(&self, url: impl Into<String>) -> Request<'_> {
        self.request("POST", url)
    }

    /// A `PUT` to an absolute URL.
    pub fn put(&self, url: impl Into<String>) -> Request<'_> {
        self.request("PUT", url)
    }

    /// A request with any of the methods `GET`, `POST`, `PUT`, `PATCH`, `DELETE` and `HEAD`.
    pub fn request(&self, method: &str, url: impl Into<String>) -> Request<'_> {
        Request::new(self, method, url.into())
    }

    /// The value of an optional setting as text, or none if the tenant's file does not give it.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<String> {
        self.imports.setting(name)
    }

    /// The value of a setting that [`describe`](crate::Adapter::describe) declares as required, parsed: a `String`, an
    /// `i64`, a `bool`.
    ///
    /// # Errors
    /// A rejection that names the setting, so that the mistake is shown to a person. The host checks settings when a
    /// release is made, so this happens only if the adapter uses a setting otherwise than it declares it.
    pub fn required<T>(&self, name: &str) -> Result<T, Failure>
    where
        T: FromStr<Err: Display>,
    {
        let problem = |what: String| {
            let message =
                "a setting of the tenant is not what the adapter needs; describe it so that the host checks it";
            Failure::from(Rejection::new("bad-setting", message).field(name, what))
        };
        let text = self.setting(name).ok_or_else(|| problem("is missing".into()))?;
        text.parse().map_err(|error: T::Err| problem(error.to_string()))
    }

    /// HMAC-SHA256 of the bytes with the key of the tenant's `hmac` credential of that name: 32 bytes. The key stays in
    /// the host.
    ///
    /// # Errors
    /// `unauthorized` if the release has no such credential, so that an alert is raised at once.
    pub fn hmac_sha256(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<Vec<u8>, Failure> {
        self.imports.hmac_sha256(name, bytes.as_ref()).map_err(|_| {
            self.log(Level::Error, "no hmac credential of this name", &[("credential", name)]);
            Failure::Unauthorized(None)
        })
    }

    /// Writes a line to the host's log, which adds the ids of the invocation. Fields are ids and classes, never names,
    /// numbers or texts of a lead.
    pub fn log(&self, level: Level, message: &str, fields: &[(&str, &str)]) {
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| log::Field {
                name: (*name).into(),
                value: (*value).into(),
            })
            .collect();
        self.imports.log(level, message, &fields);
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.imports.now()
    }

    pub(crate) fn send(&self, request: &wire::Request) -> Result<wire::Response, wire::Error> {
        self.imports.send(request)
    }

    pub(crate) fn instant(&self, local: &str, zone: &str) -> Result<String, dates::DateError> {
        self.imports.instant(local, zone)
    }

    pub(crate) fn local(&self, instant: &str, zone: &str) -> Result<String, dates::DateError> {
        self.imports.local(instant, zone)
    }

    pub(crate) fn normalize_phone(&self, number: &str) -> Result<String, phones::PhoneError> {
        self.imports.normalize_phone(number)
    }
}

/// The contract's real imports, which exist inside a component only.
struct Component;

impl Imports for Component {
    fn send(&self, request: &wire::Request) -> Result<wire::Response, wire::Error> {
        wire::send(request)
    }

    fn setting(&self, name: &str) -> Option<String> {
        settings::get(name)
    }

    fn hmac_sha256(&self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, credentials::CredentialError> {
        credentials::hmac_sha256(name, bytes)
    }

    fn instant(&self, local: &str, zone: &str) -> Result<String, dates::DateError> {
        dates::instant(local, zone)
    }

    fn local(&self, instant: &str, zone: &str) -> Result<String, dates::DateError> {
        dates::local(instant, zone)
    }

    fn normalize_phone(&self, number: &str) -> Result<String, phones::PhoneError> {
        phones::normalize(number)
    }

    fn log(&self, level: Level, message: &str, fields: &[log::Field]) {
        log::write(level, message, fields);
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads WASI's clock; adapters use `Host::now`"
    )]
    fn now(&self) -> Timestamp {
        // The conversion fails only beyond the year 9999.
        Timestamp::try_from(std::time::SystemTime::now()).unwrap_or(Timestamp::MAX)
    }
}
