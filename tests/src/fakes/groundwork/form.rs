//! A signed form post.
//!
//! `sig` is the lowercase hex HMAC-SHA256 of all other parameters under the shared key: sorted by name, decoded, and
//! joined as `name=value&name=value`.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request};
use hyper::body::Bytes;
use jiff::Timestamp;
use sha2::Sha256;

use super::{
    super::http_message::has_media_type,
    xml::{Fault, FieldError},
};

/// The parameters in the order received, including duplicates.
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// Parses the request's parameters; there are none if it is not a form post.
    pub fn parse(request: &Request<Bytes>) -> Self {
        let posted = request.method() == Method::POST && has_media_type(request, "application/x-www-form-urlencoded");
        let body: &[u8] = if posted { request.body() } else { b"" };
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// Checks that `sig` occurs once and signs the other parameters.
    pub fn verify(&self, key: &[u8]) -> Result<(), Fault> {
        let given = self
            .only("sig")
            .ok_or(Fault::BadSignature("sig must be there exactly once"))?;
        let canonical = given
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let tag = hex::decode(given).ok().filter(|_| canonical);
        let tag = tag.ok_or(Fault::BadSignature("sig must be lowercase hex"))?;

        let mut rest: Vec<_> = self.0.iter().filter(|(name, _)| name != "sig").collect();
        rest.sort_by(|(one, _), (other, _)| one.cmp(other));
        let signed: Vec<String> = rest.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| Fault::BadSignature("no key is set up"))?;
        mac.chain_update(signed.join("&"))
            .verify_slice(&tag)
            .map_err(|_| Fault::BadSignature("bad signature"))
    }

    /// Checks that `ts` occurs once and is within `tolerance` seconds of `now`.
    pub fn verify_time(&self, now: Timestamp, tolerance: u64) -> Result<(), Fault> {
        if now.as_second().abs_diff(self.ts()?) > tolerance {
            return Err(Fault::BadSignature("ts is too far from the server's clock"));
        }
        Ok(())
    }

    /// Checks that `ts` occurs once and is a time, however old.
    pub fn require_time(&self) -> Result<(), Fault> {
        self.ts().map(drop)
    }

    fn ts(&self) -> Result<i64, Fault> {
        let digits = self
            .only("ts")
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        digits
            .and_then(|text| text.parse().ok())
            .ok_or(Fault::BadSignature("ts must be there once, in unix seconds"))
    }

    /// The parameters other than `ts` and `sig`, which must be exactly `names`, each once.
    pub fn exactly(&self, names: &[&str]) -> Result<BTreeMap<String, String>, Fault> {
        let mut errors = Vec::new();
        let mut parameters = BTreeMap::new();
        for (name, value) in self.0.iter().filter(|(name, _)| name != "ts" && name != "sig") {
            if !names.contains(&name.as_str()) {
                errors.push(FieldError::new(name, "unknown parameter"));
            } else if parameters.insert(name.clone(), value.clone()).is_some() {
                errors.push(FieldError::new(name, "given more than once"));
            }
        }
        let missing = names.iter().filter(|name| !parameters.contains_key(**name));
        errors.extend(missing.map(|name| FieldError::new(name, "missing")));
        if errors.is_empty() {
            Ok(parameters)
        } else {
            Err(Fault::Invalid(errors))
        }
    }

    /// The value of a parameter that occurs exactly once.
    fn only(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(given, _)| given == name);
        let (_, value) = values.next().filter(|_| values.next().is_none())?;
        Some(value)
    }
}
