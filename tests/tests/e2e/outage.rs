//! A CRM's outage of seventy minutes, in every way that a CRM can fail, while dispositions keep arriving and the host
//! is restarted in the middle.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::poll;
use jackfield_domain::alert::AlertKind;
use jackfield_domain::delivery::DeliveryState;
use jackfield_domain::delivery::breaker::BreakerState;
use jackfield_domain::id::TenantName;
use jackfield_store::DeliveryFilter;
use jackfield_tests::documents::minimal_disposition;
use jackfield_tests::fakes::{Behaviour, KeystoneLead, Mode};
use jackfield_tests::node::{TestNode, first_page};

const TENANT: &str = "dwarka-homes";
/// Writes a second that the tenant's rate allows.
const PER_SECOND: usize = 3;
/// Shares no factor with the spacing of do-not-calls, so that those fall on different leads.
const LEADS: usize = 31;
/// The time between two dispositions.
const EVERY: Duration = Duration::from_secs(20);

/// Does everything that is due. A request that the CRM does not answer takes its whole deadline of ten seconds.
async fn work(test: &TestNode, mode: Mode) {
    let mut seen = test.keystone.counts().requests;
    let mut work = std::pin::pin!(test.work());
    while poll!(&mut work).is_pending() {
        let requests = test.keystone.counts().requests;
        if requests > seen && mode == Mode::Hang {
            seen = requests;
            test.advance(Duration::from_secs(10));
        }
        tokio::task::yield_now().await;
    }
}

fn is_dnc(n: usize) -> bool {
    n % 15 == 7
}

/// Accepts the `n`-th disposition.
async fn dispose(test: &TestNode, n: usize) {
    let (lead, outcome) = (n % LEADS, if is_dnc(n) { "dnc_requested" } else { "no_answer" });
    let document = minimal_disposition(&format!("C-{n:03}"), outcome);
    let _ = test.dispose(TENANT, &format!("L-{lead}"), &document).await.expect(202);
}

/// The numbers of the calls that the CRM holds, in order of arrival.
fn stored(test: &TestNode) -> Vec<usize> {
    let number = |call: &str| call.trim_start_matches("C-").parse().unwrap();
    test.keystone
        .stored()
        .iter()
        .map(|call| number(&call.call_id))
        .collect()
}

async fn dead_and_done(test: &TestNode) -> (usize, usize) {
    let states = test.store().states().await.unwrap();
    let count = |wanted| {
        states
            .iter()
            .find(|(state, _)| *state == wanted)
            .map_or(0, |(_, count)| *count)
    };
    let stuck = count(DeliveryState::Dead) + count(DeliveryState::Review);
    (
        usize::try_from(stuck).unwrap(),
        usize::try_from(count(DeliveryState::Done)).unwrap(),
    )
}

#[tokio::test]
async fn long_outage_loses_and_reorders_nothing() {
    let mut test = TestNode::start().await;
    let tenant: TenantName = TENANT.parse().unwrap();
    test.apply(&test.dwarka(&format!("[delivery]\nper_second = {PER_SECOND}")))
        .await;
    for lead in 0..LEADS {
        test.keystone.seed(KeystoneLead::new(format!("L-{lead}")));
    }
    test.keystone.close_listener().await.unwrap();
    let mut minutes = 0;
    let mut accepted = 0;
    for (mode, until) in [
        // First the listener is closed; then each failure in turn.
        (Mode::Ok, 12),
        (Mode::Maintenance, 25),
        (Mode::FailAfterStore, 40),
        (Mode::Hang, 55),
        (Mode::Down, 70),
    ] {
        if minutes == 12 {
            test.keystone.reopen().await.unwrap();
        }
        test.keystone.behave(Behaviour::always(mode));
        for _ in 0..(until - minutes) * 60 / EVERY.as_secs() {
            dispose(&test, accepted).await;
            accepted += 1;
            work(&test, mode).await;
            test.advance(EVERY);
        }
        minutes = until;
        if mode == Mode::Hang {
            test.restart().await;
            let standing = test.node.tenants.breakers.status(&tenant);
            assert_eq!(
                standing.state,
                BreakerState::Open,
                "the breaker's state survives a restart"
            );
        }
    }
    let in_outage = stored(&test);
    let (dead, done) = dead_and_done(&test).await;
    assert_eq!((dead, done), (0, 0), "of {accepted}");
    let requests = test.keystone.counts().requests;
    assert!(requests < 40, "{requests} requests to a CRM that was away");

    test.keystone.behave(Behaviour::always(Mode::Ok));
    let (mut seconds, mut steps) = (0, vec![]);
    while dead_and_done(&test).await.1 < accepted {
        let attempts = test.work().await;
        assert!(attempts <= PER_SECOND, "{attempts} attempts in a second");
        seconds += usize::from(stored(&test).len() > in_outage.len());
        let standing = test.node.tenants.breakers.status(&tenant);
        if standing.state != BreakerState::Open && steps.last() != Some(&standing.step) {
            steps.push(standing.step);
        }
        test.advance(Duration::from_secs(1));
    }
    assert_eq!(steps, [Some(1), Some(2), Some(4), None], "the ramp");
    assert!(seconds <= accepted / PER_SECOND + 15, "{seconds} s for {accepted}");

    let all = test.keystone.stored();
    assert_eq!(all.len(), accepted);
    assert!(all.iter().all(|call| call.revision == 1), "each was written once");
    let order = stored(&test);
    let mut leads = BTreeMap::<usize, Vec<usize>>::new();
    for n in order.iter().filter(|n| !is_dnc(**n)) {
        leads.entry(n % LEADS).or_default().push(*n);
    }
    assert!(leads.values().all(|calls| calls.is_sorted()), "{leads:?}");
    // The first is the probe, which uses another delivery each time.
    let after: Vec<_> = order[in_outage.len()..].iter().skip(1).map(|n| is_dnc(*n)).collect();
    let waiting = after.iter().filter(|is_dnc| **is_dnc).count();
    assert!(
        waiting > 3 && after[..waiting].iter().all(|is_dnc| *is_dnc),
        "{order:?}"
    );

    let filter = DeliveryFilter::default();
    let (mut page, mut burned) = (first_page(), 0);
    loop {
        let deliveries = test.store().deliveries(&filter, page.clone()).await.unwrap();
        burned += deliveries.items.iter().map(|delivery| delivery.counted).sum::<u32>();
        let Some(next) = deliveries.next else { break };
        page.after = Some(next);
    }
    assert!(
        (5..13).contains(&burned),
        "{burned}: the failures that opened the breaker, and what was in flight with the last of them"
    );
    let alerts = test.store().alerts(None, true, first_page()).await.unwrap().items;
    let kinds: Vec<_> = alerts.iter().map(|alert| alert.kind).collect();
    assert_eq!(kinds, [AlertKind::BreakerOpen], "one outage, one alert");
    test.finish().await;
}
