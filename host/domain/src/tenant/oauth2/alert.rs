//! Which failures to get an access token operators are alerted of, and in what words.

use jiff::{SignedDuration, Timestamp};

use super::TokenProblem;

/// A cause that comes back is alerted again after this time: causes that alternate, as when a gateway answers for a
/// server that is down, would otherwise make an alert of every failure.
const REPEAT_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// The causes of a series of failures that operators were alerted of. A success ends the series.
#[derive(Debug, Clone, Default)]
pub struct AlertedCauses {
    /// The latest last; each cause once.
    causes: Vec<(TokenProblem, Timestamp)>,
}

impl AlertedCauses {
    /// The message of the alert about a failure at `now`; none if operators know its cause. `host` is the token
    /// endpoint's.
    #[must_use]
    pub fn message(&self, credential: &str, host: &str, problem: TokenProblem, now: Timestamp) -> Option<String> {
        let advice = problem.advice();
        let Some((former, _)) = self.causes.last() else {
            return Some(format!(
                "credential `{credential}` has no access token from {host}: {problem}; {advice}"
            ));
        };
        let mut recent = self
            .causes
            .iter()
            .filter(|(_, at)| now.duration_since(*at) < REPEAT_AFTER);
        if is_same_cause(*former, problem) || recent.any(|(cause, _)| is_same_cause(*cause, problem)) {
            return None;
        }
        Some(format!(
            "credential `{credential}` still has no access token from {host}, now for another reason: {problem}; \
             {advice} (before: {former})"
        ))
    }

    /// Records that the alert about a failure at `now` was written.
    pub fn record(&mut self, problem: TokenProblem, now: Timestamp) {
        self.causes.retain(|(cause, _)| !is_same_cause(*cause, problem));
        self.causes.push((problem, now));
    }

    /// Ends the series.
    pub fn clear(&mut self) {
        self.causes.clear();
    }
}

/// Whether two problems have one cause as far as a person can tell: gateways vary the status of an outage.
fn is_same_cause(one: TokenProblem, other: TokenProblem) -> bool {
    match (one, other) {
        (TokenProblem::Status(one), TokenProblem::Status(other)) => one / 100 == other / 100,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::OAuth2Code;
    use super::*;

    #[test]
    fn a_changed_cause_is_alerted() {
        // Each cause is alerted once, and again only if it comes back later.
        let mut alerted = AlertedCauses::default();
        let refused = TokenProblem::Refused(OAuth2Code::InvalidClient);
        let failures = [
            (0, TokenProblem::Status(502)),
            (1, TokenProblem::Status(503)),
            (2, refused),
            (3, refused),
            (4, TokenProblem::Status(500)),
            (3599, TokenProblem::Unreachable),
            (3600, TokenProblem::Status(500)),
            (3601, refused),
        ];
        let mut messages = vec![];
        for (second, problem) in failures {
            let now = Timestamp::from_second(second).unwrap();
            if let Some(message) = alerted.message("crm", "login.example", problem, now) {
                alerted.record(problem, now);
                messages.push(format!("{second}: {message}"));
            }
        }
        insta::assert_snapshot!(messages.join("\n"), @r"
        0: credential `crm` has no access token from login.example: the token endpoint answers 502; look at the token server; it is asked again
        2: credential `crm` still has no access token from login.example, now for another reason: the token endpoint refuses: invalid_client; check client_id, the client's secret and client_auth, then apply the tenant's file again (before: the token endpoint answers 502)
        3599: credential `crm` still has no access token from login.example, now for another reason: the token endpoint cannot be reached; check token_url, egress.private_addresses and tls.ca, and that the server is up (before: the token endpoint refuses: invalid_client)
        3600: credential `crm` still has no access token from login.example, now for another reason: the token endpoint answers 500; look at the token server; it is asked again (before: the token endpoint cannot be reached)
        ");
        alerted.clear();
        let again = alerted.message("crm", "login.example", refused, Timestamp::UNIX_EPOCH);
        assert!(again.unwrap().contains("has no access token"));
    }
}
