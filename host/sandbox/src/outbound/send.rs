//! The host's side of `http.send`, a guest's only way to the network.
//!
//! Every request is checked before it leaves, gets the tenant's credentials, and is sent once: no redirect is followed,
//! no proxy is used, nothing is retried, and no answer is decompressed. The error tells the guest whether the CRM can
//! have seen the request. The invocation's observations tell the host, whatever the guest makes of it.

use reqwest::Url;

use super::answer::{AnswerReader, MAX_ANSWERS};
use super::check;
use super::connect;
use super::error::SendError;
use super::network::Network;
use crate::contract::bindings::http::{Error, Request, Response};
use crate::meter::budget::TimeBudget;
use crate::meter::observations::Observations;
use crate::secrets::credentials::TokenInUse;
use crate::secrets::oauth2::TokenUnavailable;
use jackfield_domain::delivery::failure::{Fault, FaultCause};
use jackfield_domain::delivery::pause;
use jackfield_domain::tenant::egress::{EgressRefusal, Origin};
use jackfield_domain::tenant::obstacle::HostObstacle;

/// Requests of one invocation. A status query needs one, a write perhaps five; a loop would be an attack on the CRM.
const MAX_REQUESTS: u32 = 16;

/// The invocation that sends a request.
#[derive(Clone, Copy)]
pub struct OutboundContext<'a> {
    /// For log lines.
    pub tenant: &'a str,
    /// For log lines.
    pub release: &'a str,
    /// What the host observes.
    pub observations: &'a Observations,
    /// The invocation's time.
    pub budget: &'a TimeBudget,
}

/// A checked request, on its way to its origin.
struct OutboundRequest<'a> {
    network: &'a Network,
    context: OutboundContext<'a>,
    origin: Origin,
}

/// Sends one request of an invocation, if it may be sent; once more if its access token was refused and there is
/// another one. Without a network, nothing may be sent.
pub async fn send(
    network: Option<&Network>,
    context: OutboundContext<'_>,
    request: Request,
) -> Result<Response, Error> {
    let Some(network) = network else {
        return Err(Error::Denied("`describe` runs without a network".into()));
    };
    context.observations.requested(&request.method, &request.url);
    let answer = attempt(network, context, request).await;
    if let Err(Error::Denied(why) | Error::Unreachable(why) | Error::NoAnswer(why) | Error::TooLarge(why)) = &answer {
        context.observations.set_trouble(Some(why.clone()));
    }
    answer
}

async fn attempt(network: &Network, context: OutboundContext<'_>, mut request: Request) -> Result<Response, Error> {
    let OutboundContext {
        observations, budget, ..
    } = context;
    let checked = check::check(network, &mut request);
    let (request, origin) = match checked.and_then(|checked| within_limits(observations, checked)) {
        Ok(checked) => checked,
        Err(refusal) => {
            let origin = Url::parse(&request.url).ok().and_then(|url| Origin::of(&url).ok());
            return Err(context.refuse(network, &refusal, origin.as_ref()));
        }
    };
    let outbound = OutboundRequest {
        network,
        context,
        origin,
    };
    let token = outbound.token().await?;
    let again = token.as_ref().and_then(|_| request.try_clone());
    let before = observations.sent();
    let answer = outbound.send(request, token.as_ref()).await?;
    if let (401, Some(token), Some(again)) = (answer.status, token, again)
        && within_limits(observations, ()).is_ok()
    {
        // A request that is answered with 401 was not carried out, so any request may be repeated.
        observations.not_sent(before);
        if let Some(Some(token)) = budget.spend(token.replacement()).await {
            return outbound.send(again, Some(&token)).await;
        }
    }
    Ok(answer)
}

impl OutboundContext<'_> {
    /// Tells the guest why its request is refused, and logs it once an invocation and reason.
    ///
    /// An origin that the tenant's file grants was written by the operator. Any other was written by the guest, which
    /// may have made it from a lead's data (promise 10): like a guest's own lines it is logged at level `debug` only,
    /// under the target `adapter`.
    fn refuse(&self, network: &Network, refusal: &EgressRefusal, origin: Option<&Origin>) -> Error {
        let Self { tenant, release, .. } = self;
        let reason = refusal.word();
        if self.observations.refuse(refusal) {
            let granted = origin.filter(|origin| network.policy.grants(origin));
            let shown = granted.map(tracing::field::display);
            tracing::warn!(
                tenant,
                release,
                reason,
                origin = shown,
                "a request of the adapter was not sent"
            );
            if let (Some(origin), None) = (origin, granted) {
                tracing::debug!(
                    target: "adapter", tenant, release, reason, %origin, "a request of the adapter was not sent"
                );
            }
        }
        Error::Denied(refusal.to_string())
    }
}

impl OutboundRequest<'_> {
    /// The token for the request, if it needs one.
    async fn token(&self) -> Result<Option<TokenInUse>, Error> {
        let OutboundContext {
            observations, budget, ..
        } = self.context;
        let nothing_sent = |why: String| Error::Unreachable(format!("{}: nothing was sent: {why}", self.origin));
        match budget.spend(self.network.credentials.token(&self.origin)).await {
            Some(Ok(token)) => Ok(token),
            Some(Err(unavailable)) => {
                let why = format!("no access token: {unavailable}");
                observations.set_obstacle(match unavailable {
                    TokenUnavailable::Until { problem, .. } => HostObstacle::of_token(problem),
                    TokenUnavailable::Stopping => HostObstacle::NoToken(why.clone()),
                });
                Err(nothing_sent(why))
            }
            None => {
                observations.set_out_of_time();
                let why = "no access token arrived within the time that the invocation had left";
                observations.set_obstacle(HostObstacle::NoToken(why.into()));
                Err(nothing_sent(why.into()))
            }
        }
    }

    /// Sends the request once, with its token if it needs one.
    async fn send(&self, mut request: reqwest::Request, token: Option<&TokenInUse>) -> Result<Response, Error> {
        let OutboundContext {
            observations, budget, ..
        } = self.context;
        let origin = &self.origin;
        if let Some(token) = token {
            token.add_to(request.headers_mut());
        }
        let left = budget.left();
        if left.is_zero() {
            return Err(Error::Unreachable(format!(
                "{origin}: nothing was sent: the invocation has no time left"
            )));
        }
        let changes = !request.method().is_safe();
        let before = observations.sending(changes);
        let exchange = connect::with_budget(budget, self.exchange(request, token));
        let result = budget.spend(exchange).await.unwrap_or_else(|| {
            observations.set_out_of_time();
            Err(SendError::out_of_time(left))
        });
        if result.as_ref().is_err_and(SendError::is_unsent) {
            observations.not_sent(before);
        }
        let error = match result {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        Err(match error {
            SendError::Refused(refusal) => self.context.refuse(self.network, &refusal, Some(origin)),
            SendError::Denied(why) => Error::Denied(why),
            SendError::Unreachable(why) => Error::Unreachable(format!("{origin}: {why}")),
            SendError::NoAnswer(why) => Error::NoAnswer(format!("{origin}: {why}")),
            SendError::Unreadable(why) => Error::NoAnswer(format!("{origin}: the answer {why}")),
            SendError::TooLarge(why) => Error::TooLarge(format!("{origin}: {why}")),
            SendError::HoldsSecret => {
                observations.halt(self.echo());
                // An error would tell the guest whether a guess of its was the secret, and let it try the next one. The
                // invocation is dropped here.
                std::future::pending().await
            }
        })
    }

    /// The fault of an invocation that was about to see a secret.
    fn echo(&self) -> Fault {
        let detail = format!(
            "an answer of {} held a secret of the tenant, so it was withheld and the adapter stopped; ask the CRM for \
             something that does not show the credentials of the request",
            self.origin
        );
        Fault {
            cause: FaultCause::SecretEcho,
            detail,
        }
    }

    async fn exchange(&self, request: reqwest::Request, token: Option<&TokenInUse>) -> Result<Response, SendError> {
        let network = self.network;
        let OutboundContext {
            observations, budget, ..
        } = self.context;
        let answer = network.execute(request, &self.origin, budget, observations).await?;
        let status = answer.status().as_u16();
        observations.answered(status);
        let header = |name: &str| answer.headers().get(name)?.to_str().ok();
        if let Some(until) = pause::until(status, header, budget.now()) {
            observations.pause(until);
        }
        let reader = AnswerReader {
            credentials: &network.credentials,
            origin: &self.origin,
            token,
            observations,
        };
        reader.read(answer).await
    }
}

/// The request, if the invocation may send another one.
fn within_limits<T>(observations: &Observations, checked: T) -> Result<T, EgressRefusal> {
    if observations.requests() >= MAX_REQUESTS {
        let why = format!("an invocation may send at most {MAX_REQUESTS} requests");
        return Err(EgressRefusal::UsedUp(why));
    }
    if observations.received() > MAX_ANSWERS {
        let why = format!("the answers to this invocation are larger than {MAX_ANSWERS} bytes in total");
        return Err(EgressRefusal::UsedUp(why));
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::outbound::resolver::SystemResolver;
    use crate::secrets::credentials::Credentials;
    use jackfield_clock::{ManualClock, SystemClock};
    use jackfield_domain::tenant::egress::EgressSpec;

    fn budget(deadline: Duration) -> TimeBudget {
        let begun = Timestamp::UNIX_EPOCH;
        TimeBudget::new(Arc::new(ManualClock::new(begun)), begun, deadline)
    }

    async fn post(network: Option<&Network>, observations: &Observations, deadline: Duration, url: &str) -> Error {
        let request = Request {
            method: "POST".into(),
            url: url.into(),
            headers: vec![],
            body: b"{}".to_vec(),
        };
        let context = OutboundContext {
            tenant: "dwarka-homes",
            release: "r1",
            observations,
            budget: &budget(deadline),
        };
        send(network, context, request).await.unwrap_err()
    }

    fn crm() -> Network {
        let egress = EgressSpec {
            allow: vec!["https://crm.example".parse::<Origin>().unwrap().into()],
            ..EgressSpec::default()
        };
        let resolver = Arc::new(SystemResolver);
        Network::new(&egress, Credentials::default(), resolver, Arc::new(SystemClock)).unwrap()
    }

    #[tokio::test]
    async fn without_a_network_nothing_is_sent() {
        let observations = Observations::default();
        let error = post(None, &observations, Duration::MAX, "https://crm.example/").await;
        assert!(matches!(error, Error::Denied(_)));
        let (sent, requests) = (observations.sent(), observations.requests());
        assert_eq!((sent, requests, observations.refused()), (false, 0, vec![]));
        assert_eq!(observations.last_request(), None);
    }

    #[tokio::test]
    async fn refused_requests_are_counted_not_sent() {
        let observations = Observations::default();
        for url in [
            "https://evil.example/",
            "https://evil.example/",
            "https://user@crm.example/",
        ] {
            let error = post(Some(&crm()), &observations, Duration::MAX, url).await;
            assert!(matches!(error, Error::Denied(_)));
        }
        assert_eq!((observations.sent(), observations.requests()), (false, 0));
        assert_eq!(observations.refused(), [("userinfo", 1), ("not-granted", 2)]);
        let trouble = observations.trouble().unwrap();
        assert!(trouble.starts_with("a URL with a user name"), "{trouble}");
        let error = post(
            Some(&crm()),
            &observations,
            Duration::MAX,
            "https://evil.example/a/b?phone=98#c",
        )
        .await;
        assert!(matches!(error, Error::Denied(_)));
        let last = observations.last_request().unwrap();
        assert_eq!(
            (last.method.as_str(), last.path.as_str(), last.step),
            ("POST", "/a/b", 4)
        );
        assert_eq!(
            observations.trouble().unwrap().split(' ').next(),
            Some("https://evil.example")
        );
    }

    #[tokio::test]
    async fn nothing_is_sent_without_time() {
        let observations = Observations::default();
        let error = post(Some(&crm()), &observations, Duration::ZERO, "https://crm.example/").await;
        assert!(matches!(error, Error::Unreachable(_)));
        let (sent, requests) = (observations.sent(), observations.requests());
        assert_eq!((sent, requests, observations.refused()), (false, 0, vec![]));
    }
}
