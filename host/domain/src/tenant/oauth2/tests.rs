//! The lifecycle of a token in virtual time.

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// A state with a token that is valid for an hour and was requested at 0.
fn with_token() -> TokenState {
    let mut state = TokenState::default();
    assert_eq!(state.acquire(at(0)), TokenStep::Renew);
    assert_eq!(state.renewed(at(0), Some(Duration::from_hours(1))), TokenSerial(0));
    state
}

const DOWN: TokenProblem = TokenProblem::Unreachable;

#[test]
fn one_invocation_renews_and_others_wait() {
    let mut state = TokenState::default();
    assert_eq!(state.acquire(at(0)), TokenStep::Renew);
    assert_eq!(state.acquire(at(0)), TokenStep::Wait);
    state.renewed(at(0), None);
    assert_eq!(state.acquire(at(0)), TokenStep::Use);
}

#[test]
fn tokens_are_renewed_early() {
    // A token is renewed a minute before it expires, so that nobody waits for it.
    let mut state = with_token();
    assert_eq!(state.acquire(at(3539)), TokenStep::Use);
    assert_eq!(state.acquire(at(3540)), TokenStep::UseAndRenew);
    assert_eq!(state.acquire(at(3599)), TokenStep::Use);
    assert_eq!(
        state.acquire(at(3600)),
        TokenStep::Wait,
        "it has expired while the renewal hangs"
    );
    state.renewed(at(3600), None);
    assert_eq!(state.acquire(at(3601)), TokenStep::Use);
}

#[test]
fn short_lived_tokens_are_used() {
    // A short-lived token is used for at least half of its lifetime.
    for (lifetime, renewed) in [
        (100, 50),
        (1, 1),
        (119, 60),
        (121, 61),
        (86_400, 86_340),
        (1_000_000, 86_340),
    ] {
        let mut state = TokenState::default();
        state.acquire(at(0));
        state.renewed(at(0), Some(Duration::from_secs(lifetime)));
        assert_eq!(state.acquire(at(renewed - 1)), TokenStep::Use, "{lifetime}");
        assert_ne!(state.acquire(at(renewed)), TokenStep::Use, "{lifetime}");
    }
    let mut state = TokenState::default();
    state.acquire(at(0));
    state.renewed(at(0), None);
    assert_eq!(state.acquire(at(239)), TokenStep::Use);
    assert_eq!(
        state.acquire(at(240)),
        TokenStep::UseAndRenew,
        "the default is five minutes"
    );
}

#[test]
fn failures_back_off_and_return_their_problem() {
    let mut state = TokenState::default();
    let mut now = at(0);
    let mut waits = vec![];
    for _ in 0..8 {
        assert_eq!(state.acquire(now), TokenStep::Renew);
        let until = state.failed(now, DOWN, None, 0.0);
        assert_eq!(state.acquire(now), TokenStep::Without { until, problem: DOWN });
        waits.push(until.duration_since(now).as_secs());
        now = until;
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
    assert_eq!(state.acquire(now), TokenStep::Renew);
    state.renewed(now, Some(Duration::from_secs(2)));
    now = at(now.as_second() + 2);
    assert_eq!(state.acquire(now), TokenStep::Renew);
    let until = state.failed(now, DOWN, None, 1.0);
    assert_eq!(
        until.duration_since(now).as_millis(),
        1100,
        "a success resets the backoff"
    );
}

#[test]
fn permanent_failures_wait_longer() {
    // A permanent failure waits longer, and the endpoint may ask for a wait.
    let permanent = TokenProblem::Refused(OAuth2Code::InvalidGrant);
    let wait = |problem, seconds: Option<u64>| {
        let mut state = TokenState::default();
        state.acquire(at(0));
        state
            .failed(at(0), problem, seconds.map(Duration::from_secs), 0.0)
            .as_second()
    };
    assert_eq!(wait(permanent, None), 300);
    assert_eq!(wait(TokenProblem::Status(429), Some(17)), 17);
    assert_eq!(wait(TokenProblem::Status(503), Some(0)), 1);
    assert_eq!(wait(TokenProblem::Status(503), Some(1_000_000)), 3600);

    let mut state = TokenState::default();
    state.acquire(at(0));
    state.failed(at(0), permanent, None, 0.0);
    state.reset_backoff();
    assert_eq!(state.acquire(at(1)), TokenStep::Renew);
}

#[test]
fn a_valid_token_is_used_while_its_renewal_fails() {
    let mut state = with_token();
    assert_eq!(state.acquire(at(3540)), TokenStep::UseAndRenew);
    state.failed(at(3540), DOWN, None, 0.0);
    assert_eq!(
        state.acquire(at(3540)),
        TokenStep::Use,
        "the endpoint is not asked during the backoff"
    );
    assert_eq!(state.acquire(at(3541)), TokenStep::UseAndRenew);
    state.failed(at(3541), DOWN, None, 0.0);
    assert_eq!(state.acquire(at(3600)), TokenStep::Renew);
}

#[test]
fn refused_tokens_are_renewed_once() {
    // A refused token is renewed once, however many invocations get the refusal.
    let mut state = with_token();
    assert_eq!(state.refused(TokenSerial(0), at(100)), Some(TokenStep::Renew));
    assert_eq!(state.refused(TokenSerial(0), at(100)), Some(TokenStep::Wait));
    assert_eq!(state.acquire(at(100)), TokenStep::Wait, "nobody uses the refused token");
    state.renewed(at(100), Some(Duration::from_hours(1)));
    assert_eq!(
        state.refused(TokenSerial(0), at(101)),
        Some(TokenStep::Use),
        "a late refusal gets the new token"
    );
}

#[test]
fn a_crm_that_refuses_every_token_slows_renewals() {
    let mut state = with_token();
    let mut renewals = 0;
    for second in 0..600 {
        let serial = state.serial().unwrap();
        if state.refused(serial, at(second)) == Some(TokenStep::Renew) {
            renewals += 1;
            state.renewed(at(second), Some(Duration::from_hours(1)));
        }
        assert_eq!(state.refused(state.serial().unwrap(), at(second)), None, "{second}");
    }
    // At 0, 1, 3, 7, 15, 31 and 63, then once a minute.
    assert_eq!(renewals, 15);
}

#[test]
fn refused_tokens_are_not_reused() {
    // A token that is refused while it is being renewed is not used again.
    let mut state = with_token();
    assert_eq!(state.acquire(at(3540)), TokenStep::UseAndRenew);
    assert_eq!(state.refused(TokenSerial(0), at(3540)), Some(TokenStep::Wait));
    assert_eq!(state.acquire(at(3540)), TokenStep::Wait);
    let until = state.failed(at(3540), DOWN, None, 0.0);
    assert_eq!(state.acquire(at(3540)), TokenStep::Without { until, problem: DOWN });
}

#[test]
fn refusals_during_backoff_reach_the_adapter() {
    // A refusal during the backoff goes to the adapter.
    let mut state = with_token();
    assert_eq!(state.acquire(at(3540)), TokenStep::UseAndRenew);
    let until = state.failed(at(3540), DOWN, None, 0.0);
    assert_eq!(state.refused(TokenSerial(0), at(3540)), None);
    assert_eq!(state.acquire(at(3540)), TokenStep::Without { until, problem: DOWN });
}

proptest! {
    #[test]
    fn endpoint_gets_one_request_at_a_time(
        events in prop::collection::vec((0_u8..5, 0_i64..90), 1..200)
    ) {
        // The endpoint never gets two requests at once, and none during the backoff.
        let (mut state, mut now, mut asking, mut backoff) = (TokenState::default(), 0, false, 0);
        for (event, passes) in events {
            now += passes;
            let step = match event {
                0 | 1 => Some(state.acquire(at(now))),
                2 => state.serial().and_then(|serial| state.refused(serial, at(now))),
                3 if asking => {
                    state.renewed(at(now), Some(Duration::from_secs(passes.unsigned_abs() + 1)));
                    (asking, backoff) = (false, 0);
                    None
                }
                4 if asking => {
                    backoff = state.failed(at(now), DOWN, None, 0.0).as_second();
                    asking = false;
                    None
                }
                _ => None,
            };
            if matches!(step, Some(TokenStep::Renew | TokenStep::UseAndRenew)) {
                prop_assert!(!asking && now >= backoff, "asked at {now}, backing off until {backoff}");
                asking = true;
            }
            if step == Some(TokenStep::Wait) {
                prop_assert!(asking, "waits without a renewal");
            }
        }
    }
}
