//! Sends one request to a token endpoint. Only the tokens of the answer get further than `domain::tenant::oauth2`.

use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use jiff::Timestamp;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::apply_error::ApplyError;
use jackfield_clock::{self as clock, SharedClock};
use jackfield_domain::custody::Sensitive;
use jackfield_domain::delivery::pause;
use jackfield_domain::tenant::egress::{EgressSpec, Origin};
use jackfield_domain::tenant::oauth2::{GrantedToken, TokenAnswer, TokenProblem};
use jackfield_domain::tenant::release::{BasicEncoding, ClientAuth, OAuth2Grant, OAuth2Spec};
use jackfield_sandbox::{
    CredentialProblem, HostNetwork, HostRequestError, LoadError, SharedResolver, TrustedAuthorities,
};

/// The longest time that a token endpoint may take: the default deadline of a write, since few invocations could wait
/// any longer.
const DEADLINE: Duration = Duration::from_secs(10);
/// Most bytes of an answer: eight times the size of a token with all its claims.
const MAX_ANSWER: usize = 64 << 10;

/// Everything that an access token depends on. Two releases with equal values share a session.
#[derive(Debug, Clone, PartialEq)]
pub struct OAuth2Client {
    /// The credential's settings in the tenant's file.
    pub spec: OAuth2Spec,
    /// The client's secret; none if the client is public.
    pub secret: Option<Sensitive>,
    /// The refresh token in the tenant's file.
    pub refresh_token: Option<Sensitive>,
    /// The tenant's rules for addresses.
    pub egress: EgressSpec,
    /// The tenant's own authority, in PEM.
    pub ca: Option<Sensitive>,
}

/// A token endpoint, and how a client authenticates itself there.
pub struct TokenEndpoint {
    url: Url,
    network: HostNetwork,
    clock: SharedClock,
    spec: OAuth2Spec,
    secret: Option<Sensitive>,
}

/// What a request returned.
pub struct TokenReply {
    /// The refresh token for the next renewal, if one came.
    pub refresh_token: Option<Sensitive>,
    /// The access token.
    pub granted: Result<GrantedToken, TokenFailure>,
}

/// Why a request returned no token.
pub struct TokenFailure {
    /// The problem.
    pub problem: TokenProblem,
    /// How long the endpoint asks clients to wait.
    pub retry_after: Option<Duration>,
}

impl From<TokenProblem> for TokenFailure {
    fn from(problem: TokenProblem) -> Self {
        Self {
            problem,
            retry_after: None,
        }
    }
}

impl TokenEndpoint {
    /// The token endpoint of a client.
    ///
    /// # Errors
    /// The tenant's authority cannot be used, or TLS cannot be set up on this machine.
    pub fn new(
        client: &OAuth2Client,
        url: Url,
        origin: Origin,
        resolver: SharedResolver,
        clock: SharedClock,
    ) -> Result<Self, ApplyError> {
        let trust = match &client.ca {
            Some(ca) => TrustedAuthorities::new(ca, clock.now())
                .map_err(|problem| LoadError::from(CredentialProblem::from(problem)))?,
            None => TrustedAuthorities::default(),
        };
        let network = HostNetwork::new(&client.egress, origin, &trust, resolver, Arc::clone(&clock));
        Ok(Self {
            url,
            network: network.map_err(|error| LoadError::Client(error.to_string()))?,
            clock,
            spec: client.spec.clone(),
            secret: client.secret.clone(),
        })
    }

    /// The endpoint's host, for messages.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Requests an access token, with the refresh token if the grant needs one.
    pub async fn request_token(&self, refresh_token: Option<&Sensitive>) -> TokenReply {
        let (mut head, mut body) = (None, Zeroizing::new(Vec::new()));
        let problem = match self.request(refresh_token) {
            Ok(request) => {
                let exchange = exchange(request, self.clock.now(), &mut head, &mut body);
                let ended = clock::timeout(&*self.clock, DEADLINE, exchange).await;
                ended.unwrap_or(Err(TokenProblem::NoResponse)).err()
            }
            Err(problem) => Some(problem),
        };
        let (answer, retry_after) = match (head, problem) {
            (Some(AnswerHead { status, retry_after }), None) => (TokenAnswer::read(status, &body), retry_after),
            (Some(AnswerHead { status, retry_after }), Some(problem)) => {
                (TokenAnswer::cut_off(status, &body, problem), retry_after)
            }
            (None, problem) => {
                let granted = Err(problem.unwrap_or(TokenProblem::NoResponse).into());
                return TokenReply {
                    refresh_token: None,
                    granted,
                };
            }
        };
        TokenReply {
            refresh_token: answer.refresh_token,
            granted: answer.granted.map_err(|problem| TokenFailure { problem, retry_after }),
        }
    }

    fn request(&self, refresh_token: Option<&Sensitive>) -> Result<reqwest::RequestBuilder, TokenProblem> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        match self.spec.grant {
            OAuth2Grant::ClientCredentials => form.append_pair("grant_type", "client_credentials"),
            OAuth2Grant::RefreshToken => form.append_pair("grant_type", "refresh_token"),
        };
        if let Some(token) = refresh_token {
            form.append_pair("refresh_token", token.expose());
        }
        let optional = [("scope", &self.spec.scope), ("audience", &self.spec.audience)];
        for (name, value) in optional {
            if let Some(value) = value {
                form.append_pair(name, value);
            }
        }
        for resource in &self.spec.resource {
            form.append_pair("resource", resource);
        }
        let request = self.network.post(&self.url).map_err(|_| TokenProblem::Unreachable)?;
        let request = request
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        let in_header = self
            .secret
            .as_ref()
            .filter(|_| self.spec.client_auth == ClientAuth::Basic);
        if let Some(secret) = in_header {
            let header = basic(&self.spec.client_id, secret, self.spec.basic_encoding);
            return Ok(request.header(AUTHORIZATION, header).body(form.finish()));
        }
        form.append_pair("client_id", &self.spec.client_id);
        if let Some(secret) = &self.secret {
            form.append_pair("client_secret", secret.expose());
        }
        Ok(request.body(form.finish()))
    }
}

/// The header of HTTP Basic authentication.
fn basic(client_id: &str, secret: &Sensitive, encoding: BasicEncoding) -> HeaderValue {
    let encode = |text: &str| match encoding {
        BasicEncoding::Plain => text.to_owned(),
        // A form's `+` and `%7E` are read as such by servers that know only percent-encoding. Every server that decodes
        // at all reads these two.
        BasicEncoding::Form => {
            let form: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
            form.replace('+', "%20").replace("%7E", "~")
        }
    };
    let pair = Sensitive::new(format!("{}:{}", encode(client_id), encode(secret.expose())));
    let value = Sensitive::new(format!("Basic {}", BASE64_STANDARD.encode(pair.expose())));
    #[expect(clippy::expect_used, reason = "base64 is visible ASCII")]
    let mut value = HeaderValue::from_str(value.expose()).expect("base64");
    value.set_sensitive(true);
    value
}

/// What is known of an answer before its body.
struct AnswerHead {
    status: u16,
    /// How long the endpoint asks clients to wait.
    retry_after: Option<Duration>,
}

/// Sends the request, and writes what arrives into `head` and `body`: even the beginning of an answer may hold a
/// refresh token, which must not be lost.
async fn exchange(
    request: reqwest::RequestBuilder,
    now: Timestamp,
    head: &mut Option<AnswerHead>,
    body: &mut Zeroizing<Vec<u8>>,
) -> Result<(), TokenProblem> {
    let mut answer = request.send().await.map_err(|error| match error.into() {
        HostRequestError::Refused(_) | HostRequestError::Unreachable => TokenProblem::Unreachable,
        HostRequestError::NoAnswer => TokenProblem::NoResponse,
    })?;
    let header = |name: &str| answer.headers().get(name)?.to_str().ok();
    let status = answer.status().as_u16();
    let pause = pause::until(status, header, now);
    *head = Some(AnswerHead {
        status,
        retry_after: pause.map(|until| until.duration_since(now).unsigned_abs()),
    });
    while let Some(chunk) = answer.chunk().await.map_err(|_| TokenProblem::NoResponse)? {
        let room = MAX_ANSWER - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Err(TokenProblem::Malformed("is larger than 64 KiB"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_encodes_both_parts_before_joining() {
        let secret = Sensitive::new("p w+ü%~*-._!".into());
        for (encoding, expected) in [
            (BasicEncoding::Form, "a%3Ab:p%20w%2B%C3%BC%25~*-._%21"),
            (BasicEncoding::Plain, "a:b:p w+ü%~*-._!"),
        ] {
            let value = basic("a:b", &secret, encoding);
            assert!(value.is_sensitive());
            let decoded = BASE64_STANDARD.decode(&value.as_bytes()["Basic ".len()..]).unwrap();
            assert_eq!(String::from_utf8(decoded).unwrap(), expected);
        }
    }
}
