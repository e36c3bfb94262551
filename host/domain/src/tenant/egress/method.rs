//! The methods that requests may have.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A method of a request. `CONNECT`, `TRACE`, `OPTIONS` and methods that somebody made up are never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads.
    Get,
    /// Reads the head of an answer.
    Head,
    /// Makes or does something.
    Post,
    /// Puts something in a place.
    Put,
    /// Changes a part of something.
    Patch,
    /// Removes something.
    Delete,
}

impl Method {
    /// Every method, for tables and messages.
    pub const ALL: [Self; 6] = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The word for it, as it stands in a request.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// The text is not a method. Methods are spelled in capitals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the method must be GET, HEAD, POST, PUT, PATCH or DELETE")]
pub struct InvalidMethod;

impl FromStr for Method {
    type Err = InvalidMethod;

    fn from_str(text: &str) -> Result<Self, InvalidMethod> {
        let mut all = Self::ALL.into_iter();
        all.find(|method| method.word() == text).ok_or(InvalidMethod)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
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
    fn a_method_is_spelled_in_one_way() {
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
