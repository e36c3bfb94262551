//! What kept the host itself from sending a request of an adapter, and what that means for the delivery.
//!
//! It says nothing of the CRM, which was not asked, so it must neither open the CRM's breaker nor close it, and the
//! adapter's word for it does not count.

use super::egress::EgressRefusal;
use super::oauth2::TokenProblem;
use crate::delivery::AttemptHistory;
use crate::delivery::failure::{Failure, Reason, Rejection};

/// The code of a rejection by the host itself.
pub const HOST_REFUSED: &str = "host-refused";

/// Why the host did not send a request, in words for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostObstacle {
    /// It refuses the request, and would again: a person has to change the adapter or the tenant's file.
    Refused(String),
    /// It has no access token, because the token endpoint is down.
    NoToken(String),
    /// It has no access token, because the token endpoint refuses to issue one.
    TokenRefused(String),
}

impl HostObstacle {
    /// The obstacle in a refusal; none if the same request may be sent the next time.
    #[must_use]
    pub fn of_refusal(refusal: &EgressRefusal) -> Option<Self> {
        refusal.is_final().then(|| Self::Refused(refusal.to_string()))
    }

    /// The obstacle if there is no access token.
    #[must_use]
    pub fn of_token(problem: TokenProblem) -> Self {
        let why = format!("no access token: {problem}");
        // An endpoint that does not keep to the standard refuses with the status alone.
        let refused = problem.is_permanent() || matches!(problem, TokenProblem::Status(400 | 401 | 403));
        if refused {
            Self::TokenRefused(why)
        } else {
            Self::NoToken(why)
        }
    }

    /// Why nothing was sent.
    #[must_use]
    pub fn words(&self) -> &str {
        let (Self::Refused(words) | Self::NoToken(words) | Self::TokenRefused(words)) = self;
        words
    }

    /// Which of two obstacles of one invocation counts: a refusal before a missing token, else the later one.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        match (&self, &later) {
            (Self::Refused(_), Self::NoToken(_) | Self::TokenRefused(_)) => self,
            _ => later,
        }
    }
}

/// The failure of an invocation, whatever the adapter `returned`, if the host had an obstacle. Where the adapter itself
/// failed, its fault stays.
#[must_use]
pub fn attribute(returned: Failure, obstacle: Option<&HostObstacle>) -> Failure {
    match (returned, obstacle) {
        (fault @ Failure::Fault(_), _) => fault,
        (_, Some(HostObstacle::Refused(words))) => Failure::Rejected(Rejection {
            code: HOST_REFUSED.into(),
            message: Reason::new(words).map(|words| words.to_string()).unwrap_or_default(),
            fields: vec![],
        }),
        (_, Some(HostObstacle::NoToken(_))) => Failure::Unavailable(None),
        (_, Some(HostObstacle::TokenRefused(_))) => Failure::Unauthorized(None),
        // The code is the host's own word.
        (Failure::Rejected(rejection), None) if rejection.code == HOST_REFUSED => Failure::Rejected(Rejection {
            code: format!("crm-{HOST_REFUSED}"),
            ..rejection
        }),
        (failure, None) => failure,
    }
}

impl AttemptHistory {
    /// The history of an attempt that an obstacle ended, and that had `sent` a changing request before: that one may
    /// have been carried out.
    #[must_use]
    pub const fn after_obstacle(self, sent: bool) -> Self {
        Self {
            ambiguous: self.ambiguous || sent,
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::failure::{AttemptClass, Fault, FaultCause};
    use crate::tenant::oauth2::OAuth2Code;

    fn returned() -> Vec<Failure> {
        let rejection = Rejection {
            code: "E1".into(),
            message: "no".into(),
            fields: vec![],
        };
        vec![
            Failure::Unavailable(None),
            Failure::Unknown(None),
            Failure::Unauthorized(None),
            Failure::RateLimited { retry_after: None },
            Failure::Rejected(rejection),
            Failure::NotFound,
        ]
    }

    #[test]
    fn a_refusal_outweighs_the_adapters_word() {
        let obstacle = HostObstacle::of_refusal(&EgressRefusal::Malformed("header `x` holds `é`".into())).unwrap();
        for failure in returned() {
            let Failure::Rejected(rejection) = attribute(failure, Some(&obstacle)) else {
                panic!("not rejected");
            };
            assert_eq!(
                (rejection.code.as_str(), rejection.message.as_str()),
                ("host-refused", "header `x` holds `é`")
            );
        }
        let fault = Failure::Fault(Fault {
            cause: FaultCause::Trap,
            detail: String::new(),
        });
        assert_eq!(attribute(fault.clone(), Some(&obstacle)), fault);
        assert_eq!(HostObstacle::of_refusal(&EgressRefusal::UsedUp(String::new())), None);
    }

    #[test]
    fn a_missing_token_has_two_classes() {
        for (problem, class) in [
            (TokenProblem::Unreachable, AttemptClass::Unavailable),
            (TokenProblem::NoResponse, AttemptClass::Unavailable),
            (TokenProblem::Status(500), AttemptClass::Unavailable),
            (TokenProblem::Status(429), AttemptClass::Unavailable),
            (TokenProblem::Malformed("is empty"), AttemptClass::Unavailable),
            (TokenProblem::NotStored, AttemptClass::Unavailable),
            (
                TokenProblem::Refused(OAuth2Code::ServerError),
                AttemptClass::Unavailable,
            ),
            (
                TokenProblem::Refused(OAuth2Code::InvalidClient),
                AttemptClass::Unauthorized,
            ),
            (
                TokenProblem::Refused(OAuth2Code::InvalidGrant),
                AttemptClass::Unauthorized,
            ),
            (TokenProblem::Status(401), AttemptClass::Unauthorized),
        ] {
            let obstacle = HostObstacle::of_token(problem);
            for failure in returned() {
                assert_eq!(attribute(failure, Some(&obstacle)).class(), class, "{problem:?}");
            }
        }
    }

    #[test]
    fn a_refusal_counts_before_a_missing_token() {
        let [refused, again] = ["a", "b"].map(|words| HostObstacle::Refused(words.into()));
        let token = HostObstacle::NoToken("c".into());
        assert_eq!(refused.clone().then(token.clone()), refused);
        assert_eq!(token.then(refused.clone()), refused);
        assert_eq!(refused.then(again.clone()), again);
    }

    #[test]
    fn adapters_cannot_use_the_hosts_word() {
        let rejection = Rejection {
            code: HOST_REFUSED.into(),
            message: "no".into(),
            fields: vec![],
        };
        let shown = attribute(Failure::Rejected(rejection), None).to_string();
        assert_eq!(shown, "refused: crm-host-refused: no");
        for failure in returned() {
            assert_eq!(attribute(failure.clone(), None), failure);
        }
    }

    #[test]
    fn what_was_sent_stays_ambiguous() {
        for (before, sent, after) in [(false, false, false), (false, true, true), (true, false, true)] {
            let history = AttemptHistory {
                ambiguous: before,
                ..AttemptHistory::default()
            };
            assert_eq!(history.after_obstacle(sent).ambiguous, after);
        }
    }
}
