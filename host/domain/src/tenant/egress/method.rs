//! The HTTP methods that adapters may use.

use std::collections::BTreeSet;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::word::words;

/// A request's method. `CONNECT`, `TRACE`, `OPTIONS` and invented methods are never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Reads the head of a response.
    Head,
    /// Creates or does something.
    Post,
    /// Stores something under a URL.
    Put,
    /// Changes a part of something.
    Patch,
    /// Removes something.
    Delete,
}

words!(Method {
    Get = "GET",
    Head = "HEAD",
    Post = "POST",
    Put = "PUT",
    Patch = "PATCH",
    Delete = "DELETE",
});

/// The text is not a method. Methods are spelled in capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the method must be GET, HEAD, POST, PUT, PATCH or DELETE")]
pub struct InvalidMethod;

impl FromStr for Method {
    type Err = InvalidMethod;

    fn from_str(text: &str) -> Result<Self, InvalidMethod> {
        Self::from_word(text).ok_or(InvalidMethod)
    }
}

impl From<Method> for http::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::Get => Self::GET,
            Method::Head => Self::HEAD,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Patch => Self::PATCH,
            Method::Delete => Self::DELETE,
        }
    }
}

/// The methods of a grant: at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeSet<Method>", into = "BTreeSet<Method>")]
pub struct Methods(BTreeSet<Method>);

impl Methods {
    /// Whether a method is among them.
    #[must_use]
    pub fn contains(&self, method: Method) -> bool {
        self.0.contains(&method)
    }
}

impl TryFrom<BTreeSet<Method>> for Methods {
    type Error = &'static str;

    fn try_from(methods: BTreeSet<Method>) -> Result<Self, Self::Error> {
        if methods.is_empty() {
            return Err("methods must name at least one method; leave it out to grant all");
        }
        Ok(Self(methods))
    }
}

impl From<Methods> for BTreeSet<Method> {
    fn from(methods: Methods) -> Self {
        methods.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_has_one_spelling() {
        for method in Method::ALL {
            assert_eq!(method.word().parse(), Ok(method));
            assert_eq!(http::Method::from(method).as_str(), method.word());
            assert_eq!(serde_json::to_value(method).unwrap(), method.word());
        }
        for wrong in ["get", "TRACE", "CONNECT", "OPTIONS", "", "GET "] {
            assert_eq!(wrong.parse::<Method>(), Err(InvalidMethod), "{wrong}");
        }
    }
}
