//! The host's side of `http.send`: a guest's only way out.
//!
//! Every request is checked before it leaves, gets the tenant's credentials, and is sent once: no redirect is followed,
//! no proxy asked, nothing repeated, and no answer decompressed. The error tells the guest whether the CRM can have
//! seen the request; the call's record tells the host, whatever the guest makes of it.

use std::error::Error as _;

use reqwest::Url;

use super::bindings::http::{Error, Header, Request, Response};
use super::budget::TimeBudget;
use super::connect;
use super::credentials::TokenInUse;
use super::network::{Network, NetworkEnd};
use super::outgoing;
use super::seen::Observations;
use super::state::Environment;
use super::tls::is_refused_handshake;
use jackfield_domain::delivery::pause;
use jackfield_domain::tenant::egress::{EgressRefusal, Origin};

/// Requests of one call. A status query needs one, a write perhaps five; a loop would be an attack on the CRM.
const MAX_REQUESTS: u32 = 16;
/// Bytes of an answer's headers, names and values.
const MAX_ANSWER_HEADER_BYTES: usize = 32 << 10;
/// Bytes of an answer's body: a lead with its history, generously. Times the calls in flight, it is the host's memory.
const MAX_ANSWER_BODY: usize = 2 << 20;
/// Bytes of all answers of one call, heads and bodies: four of the largest. What more a guest wants to read, it should
/// ask its CRM to select.
const MAX_ANSWERS: usize = 8 << 20;

/// Why there is no answer.
pub enum SendError {
    /// It stays here.
    Refused(EgressRefusal),
    /// It stays here, a stand-in says.
    Denied(String),
    /// No connection came about.
    Unreachable(String),
    /// It may have left.
    NoAnswer(String),
    /// There is one that is too large.
    TooLarge(String),
}

/// What the requests of one call to one origin have in common.
struct OutboundRequest<'a> {
    environment: &'a Environment,
    network: &'a Network,
    seen: &'a Observations,
    budget: &'a TimeBudget,
    origin: Origin,
}

/// Sends one request of a call, if it may be sent; once more if its access token was refused and there is another.
pub async fn send(
    environment: &Environment,
    seen: &Observations,
    budget: &TimeBudget,
    mut request: Request,
) -> Result<Response, Error> {
    let Some(network) = &environment.network else {
        return Err(Error::Denied("`describe` runs without a network".into()));
    };
    let (request, origin) = match outgoing::check(network, &mut request).and_then(|checked| within(seen, checked)) {
        Ok(checked) => checked,
        Err(refusal) => {
            let origin = Url::parse(&request.url).ok().and_then(|url| Origin::of(&url).ok());
            return Err(refused(environment, network, seen, &refusal, origin.as_ref()));
        }
    };
    let way = OutboundRequest {
        environment,
        network,
        seen,
        budget,
        origin,
    };
    let access = way.access().await?;
    let again = access.as_ref().and_then(|_| request.try_clone());
    let before = seen.sent();
    let answer = way.leave(request, access.as_ref()).await?;
    if let (401, Some(access), Some(again)) = (answer.status, access, again)
        && within(seen, ()).is_ok()
    {
        // A request that is answered 401 was not carried out, so it may be repeated whatever it is.
        seen.stayed(before);
        if let Some(Some(access)) = budget.spend(access.instead()).await {
            return way.leave(again, Some(&access)).await;
        }
    }
    Ok(answer)
}

impl OutboundRequest<'_> {
    /// The token that a request needs, if it needs one.
    async fn access(&self) -> Result<Option<TokenInUse>, Error> {
        let nothing_sent = |why: String| Error::Unreachable(format!("{}: nothing was sent: {why}", self.origin));
        match self.budget.spend(self.network.credentials.access(&self.origin)).await {
            Some(Ok(access)) => Ok(access),
            Some(Err(none)) => Err(nothing_sent(format!("no access token: {none}"))),
            None => {
                self.seen.run_out_of_time();
                Err(nothing_sent(
                    "no access token came within the time that the call had left".into(),
                ))
            }
        }
    }

    /// One request leaves, with its token if it needs one.
    async fn leave(&self, mut request: reqwest::Request, access: Option<&TokenInUse>) -> Result<Response, Error> {
        let Self {
            network,
            seen,
            budget,
            origin,
            ..
        } = self;
        if let Some(access) = access {
            access.put(request.headers_mut());
        }
        let left = budget.left();
        if left.is_zero() {
            return Err(Error::Unreachable(format!(
                "{origin}: nothing was sent: the call has no time left"
            )));
        }
        let changes = !request.method().is_safe();
        let before = seen.leave(changes);
        let exchange = connect::sending(budget, self.exchange(request, access));
        let result = budget.spend(exchange).await.unwrap_or_else(|| {
            seen.run_out_of_time();
            let left = left.as_millis();
            Err(SendError::NoAnswer(format!(
                "no complete answer within the {left} ms that the call had left"
            )))
        });
        if matches!(
            result,
            Err(SendError::Refused(_) | SendError::Denied(_) | SendError::Unreachable(_))
        ) {
            seen.stayed(before);
        }
        result.map_err(|trouble| match trouble {
            SendError::Refused(refusal) => refused(self.environment, network, seen, &refusal, Some(origin)),
            SendError::Denied(why) => Error::Denied(why),
            SendError::Unreachable(why) => Error::Unreachable(format!("{origin}: {why}")),
            SendError::NoAnswer(why) => Error::NoAnswer(format!("{origin}: {why}")),
            SendError::TooLarge(why) => Error::TooLarge(format!("{origin}: {why}")),
        })
    }

    async fn exchange(&self, request: reqwest::Request, access: Option<&TokenInUse>) -> Result<Response, SendError> {
        let Self {
            network, seen, budget, ..
        } = self;
        let mut answer = match &network.outside {
            NetworkEnd::Internet(pools) => pools.client(&self.origin).execute(request).await.map_err(failed)?,
            NetworkEnd::StandIn(stand_in) => stand_in.play(&request, budget, seen)?,
        };
        let status = answer.status().as_u16();
        seen.answered(status);
        let header = |name: &str| answer.headers().get(name)?.to_str().ok();
        if let Some(until) = pause::until(status, header, budget.now()) {
            seen.pause(until);
        }
        let mut headers = Vec::with_capacity(answer.headers().len());
        let mut size = 0;
        for (name, value) in answer.headers() {
            size += name.as_str().len() + value.len();
            let mut value = value.as_bytes().to_vec();
            network.credentials.redact(&mut value, access);
            headers.push(Header {
                name: name.as_str().to_owned(),
                // Old servers write Latin-1; what is no UTF-8 is replaced, and not worth losing the answer for.
                value: String::from_utf8_lossy(&value).into_owned(),
            });
        }
        if size > MAX_ANSWER_HEADER_BYTES {
            return Err(SendError::TooLarge(format!(
                "its headers are larger than {MAX_ANSWER_HEADER_BYTES} bytes"
            )));
        }
        take(seen, size)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| SendError::NoAnswer(reason(error)))?
        {
            take(seen, chunk.len())?;
            if body.len() + chunk.len() > MAX_ANSWER_BODY {
                return Err(SendError::TooLarge(format!(
                    "its body is larger than {MAX_ANSWER_BODY} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        network.credentials.redact(&mut body, access);
        Ok(Response { status, headers, body })
    }
}

/// The request, if the call may still send one.
fn within<T>(seen: &Observations, checked: T) -> Result<T, EgressRefusal> {
    if seen.requests() >= MAX_REQUESTS {
        let why = format!("a call may send at most {MAX_REQUESTS} requests");
        return Err(EgressRefusal::UsedUp(why));
    }
    if seen.received() > MAX_ANSWERS {
        let why = format!("the answers to this call were larger than {MAX_ANSWERS} bytes together");
        return Err(EgressRefusal::UsedUp(why));
    }
    Ok(checked)
}

/// Tells the guest why its request stays, and the log, once a call and reason.
///
/// An origin that the tenant's file grants is the operator's own word. Any other is the guest's, which may be made of a
/// lead's data (promise 10): like a guest's own lines it is told at level `debug` only, under the target `adapter`.
fn refused(
    environment: &Environment,
    network: &Network,
    seen: &Observations,
    refusal: &EgressRefusal,
    origin: Option<&Origin>,
) -> Error {
    let Environment { tenant, release, .. } = environment;
    let reason = refusal.word();
    if seen.refuse(refusal) {
        let granted = origin.filter(|origin| network.policy.grants(origin));
        let shown = granted.map(tracing::field::display);
        tracing::warn!(
            tenant,
            release,
            reason,
            origin = shown,
            "a request of the adapter stays here"
        );
        if let (Some(origin), None) = (origin, granted) {
            tracing::debug!(target: "adapter", tenant, release, reason, %origin, "a request of the adapter stays here");
        }
    }
    Error::Denied(refusal.to_string())
}

/// Counts bytes of answers towards what the call may receive.
fn take(seen: &Observations, bytes: usize) -> Result<(), SendError> {
    if seen.receive(bytes) > MAX_ANSWERS {
        let why = format!("with it the answers to this call are larger than {MAX_ANSWERS} bytes together");
        return Err(SendError::TooLarge(why));
    }
    Ok(())
}

/// Tells what never left from what may have arrived.
fn failed(error: reqwest::Error) -> SendError {
    if let Some(refusal) = refusal(&error) {
        return SendError::Refused(refusal.clone());
    }
    if error.is_connect() || error.is_builder() || is_refused_handshake(&error) {
        SendError::Unreachable(reason(error))
    } else {
        SendError::NoAnswer(reason(error))
    }
}

/// The resolver's refusal, where that is why there is no connection.
fn refusal(error: &reqwest::Error) -> Option<&EgressRefusal> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refusal) = cause.downcast_ref() {
            return Some(refusal);
        }
        source = cause.source();
    }
    None
}

/// The innermost cause, which says it best: "Connection refused (os error 111)".
fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut innermost = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        innermost = cause.to_string();
        source = cause.source();
    }
    innermost
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::credentials::Credentials;
    use crate::heavy::LongRunHistory;
    use crate::resolver::SystemResolver;
    use jackfield_clock::{ManualClock, SystemClock};
    use jackfield_domain::tenant::egress::EgressSpec;

    fn environment(network: Option<Network>) -> Environment {
        Environment {
            tenant: "dwarka-homes".into(),
            release: "r1".into(),
            settings: HashMap::new(),
            network,
            memory: 0,
            cpu: Duration::ZERO,
            habit: LongRunHistory::default(),
        }
    }

    fn budget(deadline: Duration) -> TimeBudget {
        let begun = Timestamp::UNIX_EPOCH;
        TimeBudget::new(Arc::new(ManualClock::new(begun)), begun, deadline)
    }

    async fn post(environment: &Environment, seen: &Observations, deadline: Duration, url: &str) -> Error {
        let request = Request {
            method: "POST".into(),
            url: url.into(),
            headers: vec![],
            body: b"{}".to_vec(),
        };
        send(environment, seen, &budget(deadline), request).await.unwrap_err()
    }

    fn crm() -> Environment {
        let egress = EgressSpec {
            allow: vec!["https://crm.example".parse::<Origin>().unwrap().into()],
            ..EgressSpec::default()
        };
        environment(Some(
            Network::new(
                &egress,
                Credentials::default(),
                Arc::new(SystemResolver),
                Arc::new(SystemClock),
            )
            .unwrap(),
        ))
    }

    #[tokio::test]
    async fn without_a_network_nothing_is_sent() {
        let seen = Observations::default();
        let error = post(&environment(None), &seen, Duration::MAX, "https://crm.example/").await;
        assert!(matches!(error, Error::Denied(_)));
        assert_eq!((seen.sent(), seen.requests(), seen.refused()), (false, 0, vec![]));
    }

    #[tokio::test]
    async fn what_was_refused_is_counted_and_does_not_count_as_sent() {
        let seen = Observations::default();
        for url in [
            "https://evil.example/",
            "https://evil.example/",
            "https://user@crm.example/",
        ] {
            let error = post(&crm(), &seen, Duration::MAX, url).await;
            assert!(matches!(error, Error::Denied(_)));
        }
        assert_eq!((seen.sent(), seen.requests()), (false, 0));
        assert_eq!(seen.refused(), [("userinfo", 1), ("not-granted", 2)]);
    }

    #[tokio::test]
    async fn without_time_nothing_is_sent() {
        let seen = Observations::default();
        let error = post(&crm(), &seen, Duration::ZERO, "https://crm.example/").await;
        assert!(matches!(error, Error::Unreachable(_)));
        assert_eq!((seen.sent(), seen.requests(), seen.refused()), (false, 0, vec![]));
    }
}
