//! Where an adapter's requests may go.
//!
//! A request is checked twice: its method and URL before its host is resolved, and each resolved address at the moment
//! of connecting, so that a name cannot resolve differently in between.

mod address;
mod grant;
mod header;
mod host;
mod method;
mod origin;
mod path;
mod refusal;
mod representation;
mod spec;
mod url_text;

use std::net::{IpAddr, Ipv4Addr};

use url::{Host, Url};

pub use address::{is_metadata, is_public};
pub use grant::EgressGrant;
pub use header::{fold_name, is_host_header, is_override, overriding_field, value_fault};
pub use host::{HostName, InvalidHost};
pub use method::{InvalidMethod, Method, Methods};
pub use origin::{InvalidOrigin, Origin};
pub use path::{InvalidPath, PathPrefix};
pub use refusal::EgressRefusal;
pub use representation::{BodyCharset, charset, convert, encoding_problem, shown, utf8_content_type};
pub use spec::EgressSpec;
pub use url_text::{UrlProblem, UrlText};

/// Where the requests of one release may go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EgressPolicy {
    /// The grants. There are no wildcards, and several grants of one origin add up.
    pub allow: Vec<EgressGrant>,
    /// Whether granted origins may be at addresses that are not public.
    pub private_addresses: bool,
}

impl From<&EgressSpec> for EgressPolicy {
    fn from(spec: &EgressSpec) -> Self {
        Self {
            allow: spec.allow.clone(),
            private_addresses: spec.private_addresses,
        }
    }
}

impl EgressPolicy {
    /// Checks a request's method and URL, and the address if the URL contains one. Returns the origin, for credentials.
    ///
    /// A host given by name also needs [`Self::check_resolved`], for every address to connect to.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn check(&self, method: Method, url: &Url) -> Result<Origin, EgressRefusal> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EgressRefusal::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EgressRefusal::Userinfo);
        }
        let origin = Origin::of(url).map_err(|_| EgressRefusal::NoHost)?;
        self.check_grants(method, &origin, url.path())?;
        self.check_written_address(url)?;
        Ok(origin)
    }

    /// Whether any requests to an origin are granted.
    #[must_use]
    pub fn grants(&self, origin: &Origin) -> bool {
        self.allow.iter().any(|grant| grant.origin == *origin)
    }

    /// Whether an origin is granted for some methods or paths only. Then a request must not hold anything that may make
    /// a server read another method or path than the one that was checked.
    #[must_use]
    pub fn is_narrow(&self, origin: &Origin) -> bool {
        let mut grants = self.allow.iter().filter(|grant| grant.origin == *origin);
        grants.all(|grant| grant.methods.is_some() || grant.prefix().is_some())
    }

    fn check_grants(&self, method: Method, origin: &Origin, path: &str) -> Result<(), EgressRefusal> {
        let of_origin: Vec<_> = self.allow.iter().filter(|grant| grant.origin == *origin).collect();
        if of_origin.is_empty() {
            return Err(EgressRefusal::NotGranted(origin.clone()));
        }
        let of_method: Vec<_> = of_origin.into_iter().filter(|grant| grant.allows(method)).collect();
        if of_method.is_empty() {
            return Err(EgressRefusal::MethodNotGranted {
                method,
                origin: origin.clone(),
            });
        }
        // If a grant covers every path, `..` in a path cannot leave it.
        let Some(prefixes) = of_method.iter().map(|grant| grant.prefix()).collect::<Option<Vec<_>>>() else {
            return Ok(());
        };
        let Some(path) = path::decode(path) else {
            return Err(EgressRefusal::AmbiguousPath { origin: origin.clone() });
        };
        if prefixes.iter().any(|prefix| prefix.covers(&path)) {
            return Ok(());
        }
        let granted: Vec<_> = prefixes.iter().map(ToString::to_string).collect();
        Err(EgressRefusal::PathNotGranted {
            method,
            origin: origin.clone(),
            granted: granted.join(", "),
        })
    }

    /// Checks the address that a URL's host is. A name is checked once it is resolved, except those that always mean
    /// this machine.
    ///
    /// # Errors
    /// It is not public, and the tenant has not asked for private addresses.
    pub fn check_written_address(&self, url: &Url) -> Result<(), EgressRefusal> {
        match url.host() {
            Some(Host::Ipv4(address)) => self.check_address(address.into()),
            Some(Host::Ipv6(address)) => self.check_address(address.into()),
            Some(Host::Domain(name)) if is_this_machine(name) => self.check_address(Ipv4Addr::LOCALHOST.into()),
            Some(Host::Domain(_)) | None => Ok(()),
        }
    }

    /// Checks an address that a URL contains.
    ///
    /// # Errors
    /// It is not public, and the tenant has not asked for private addresses.
    pub fn check_address(&self, address: IpAddr) -> Result<(), EgressRefusal> {
        if self.private_addresses || is_public(address) {
            Ok(())
        } else {
            Err(EgressRefusal::PrivateAddress(address))
        }
    }

    /// Checks a resolved address right before connecting to it. Whoever controls the name chose the address, so
    /// metadata services, which reveal the host's own credentials, are refused even if private addresses are allowed.
    ///
    /// # Errors
    /// It is not public, and the tenant has not asked for private addresses; or it is a metadata service's.
    pub fn check_resolved(&self, address: IpAddr) -> Result<(), EgressRefusal> {
        if is_metadata(address) {
            return Err(EgressRefusal::MetadataAddress(address));
        }
        self.check_address(address)
    }
}

/// Whether a name is `localhost` or below it, which is always this machine (RFC 6761).
fn is_this_machine(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests;
