//! The test double of the host.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use super::{Exchange, numbering};
use crate::bindings::adapter::jackfield::crm::{credentials::CredentialError, http as wire, log};
use crate::bindings::adapter::jackfield::crm::{dates::DateError, phones::PhoneError};
use crate::host::{Host, Imports, Level};

/// A host that plays a script: settings, keys, a time, and the expected requests with their answers, in order.
///
/// ```
/// use jackfield_sdk::testing::{Exchange, Script};
///
/// let greeting = Script::new()
///     .setting("base_url", "https://crm.example")
///     .exchange(Exchange::expect("GET", "https://crm.example/hello").answers_text(200, "namaste"))
///     .run(|host| {
///         let base_url: String = host.required("base_url")?;
///         let answer = host.get(format!("{base_url}/hello")).send()?.accept()?;
///         Ok::<_, jackfield_sdk::Failure>(answer.text()?.to_owned())
///     });
/// assert_eq!(greeting, Ok("namaste".to_owned()));
/// ```
#[derive(Debug)]
pub struct Script {
    title: String,
    settings: BTreeMap<String, String>,
    keys: BTreeMap<String, String>,
    country: Option<String>,
    now: Timestamp,
    exchanges: RefCell<VecDeque<Exchange>>,
}

impl Default for Script {
    fn default() -> Self {
        Self::new()
    }
}

impl Script {
    /// A host without settings and keys that expects no request; its time is 2026-07-01T09:01:55Z.
    #[must_use]
    pub fn new() -> Self {
        Self {
            title: "the script".into(),
            settings: BTreeMap::new(),
            keys: BTreeMap::new(),
            country: None,
            now: Timestamp::constant(1_782_896_515, 0),
            exchanges: RefCell::default(),
        }
    }

    /// A name that every failure message has.
    #[must_use]
    pub fn titled(mut self, title: &str) -> Self {
        self.title = title.into();
        self
    }

    /// Adds a setting.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// Adds an `hmac` credential with this key.
    #[must_use]
    pub fn hmac_key(mut self, name: &str, key: &str) -> Self {
        self.keys.insert(name.into(), key.into());
        self
    }

    /// Sets the country of telephone numbers without a country code, as the tenant's file does: `IN`.
    #[must_use]
    pub fn country(mut self, country: &str) -> Self {
        self.country = Some(country.into());
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    /// Expects one more request.
    #[must_use]
    pub fn exchange(self, exchange: Exchange) -> Self {
        self.exchanges.borrow_mut().push_back(exchange);
        self
    }

    /// Plays the script to the adapter code in `test` and returns its result.
    ///
    /// # Panics
    /// If a request is missing, unexpected or different from the expected one.
    pub fn run<T>(self, test: impl FnOnce(&Host) -> T) -> T {
        let script = Rc::new(self);
        let returned = test(&Host::new(Double(Rc::clone(&script))));
        let left = script.exchanges.borrow();
        assert!(
            left.is_empty(),
            "{}: requests that were expected and not made: {left:#?}",
            script.title
        );
        returned
    }
}

struct Double(Rc<Script>);

impl Imports for Double {
    fn send(&self, request: &wire::Request) -> Result<wire::Response, wire::Error> {
        let Script { title, exchanges, .. } = &*self.0;
        let Some(exchange) = exchanges.borrow_mut().pop_front() else {
            panic!(
                "{title}: no more requests are expected, but this was sent: {} {}",
                request.method, request.url
            )
        };
        exchange
            .play(request)
            .unwrap_or_else(|problem| panic!("{title}: {problem}"))
    }

    fn setting(&self, name: &str) -> Option<String> {
        self.0.settings.get(name).cloned()
    }

    fn hmac_sha256(&self, name: &str, bytes: &[u8]) -> Result<Vec<u8>, CredentialError> {
        let key = self.0.keys.get(name).ok_or(CredentialError::UnknownCredential)?;
        // HMAC accepts keys of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_err(|_| CredentialError::UnknownCredential)?;
        mac.update(bytes);
        Ok(mac.finalize().into_bytes().to_vec())
    }

    fn instant(&self, local: &str, zone: &str) -> Result<String, DateError> {
        numbering::instant(local, zone)
    }

    fn local(&self, instant: &str, zone: &str) -> Result<String, DateError> {
        numbering::local(instant, zone)
    }

    fn normalize_phone(&self, number: &str) -> Result<String, PhoneError> {
        numbering::normalize_phone(number, self.0.country.as_deref())
    }

    fn log(&self, level: Level, message: &str, fields: &[log::Field]) {
        // The test runner shows this if the test fails.
        eprintln!("{}: {level:?}: {message} {fields:?}", self.0.title);
    }

    fn now(&self) -> Timestamp {
        self.0.now
    }
}
