//! The contract of every [`Store`](crate::Store), whatever its database: one function for each test, which gets a fresh
//! store. [`store_contract!`](crate::store_contract!) runs them all.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "these functions are tests or parts of tests: a panic is a failure, and callers use what they return"
)]

pub mod accept;
pub mod adapters;
pub mod admin;
pub mod alerts;
pub mod audit;
pub mod breaker;
pub mod concurrent;
pub mod fixture;
pub mod lease;
pub mod listings;
pub mod model;
pub mod order;
pub mod replay;
pub mod secrets;
pub mod work;

use std::any::Any;

use crate::SharedStore;

/// An empty store, with a guard that must live as long as the store.
pub struct FreshStore {
    /// The store.
    pub store: SharedStore,
    /// Such as a folder or a server: dropped after the test.
    pub guard: Box<dyn Any + Send>,
}

/// Runs the whole contract on the stores that an `async fn() -> FreshStore` returns.
#[macro_export]
macro_rules! store_contract {
    ($fresh:path) => {
        $crate::store_contract!($fresh, accept:
            a_lead_is_stored_with_its_delivery,
            the_same_request_gets_the_first_receipt,
            key_with_another_body_is_a_conflict,
            any_of_several_keys_makes_a_repeat,
            tenants_do_not_share_keys,
            keys_expire_after_their_window,
            a_lead_to_be_pulled_is_done_at_once,
            an_unparsed_webhook_is_stored_unchanged,
            call_ids_never_expire,
            concurrent_repeats_are_accepted_once,
            an_accepted_do_not_call_is_recorded,
            a_refused_do_not_call_is_recorded,
            an_edit_with_the_wish_closes_its_alert,
            a_mended_document_is_the_payload,
            a_delivery_waits_for_its_first_attempt,
            refusals_are_counted,
        );
        $crate::store_contract!($fresh, work:
            a_claim_is_a_lease_and_an_attempt,
            claims_respect_due_times_and_shares,
            nothing_is_claimed_twice,
            success_is_recorded,
            a_retry_waits_and_keeps_its_history,
            a_dead_letter_raises_an_alert_and_a_flag,
            only_dispositions_in_review_set_the_flag,
            the_last_stopped_delivery_clears_the_flag,
            refused_credentials_alert_once_an_hour,
            a_parsed_webhook_becomes_leads,
            a_refused_lead_is_in_review,
            due_work_is_listed,
            attempts_are_counted_by_time,
        );
        $crate::store_contract!($fresh, concurrent:
            concurrent_dispositions_do_not_interfere,
            concurrent_leads_do_not_interfere,
            concurrent_finishes_do_not_interfere,
        );
        $crate::store_contract!($fresh, lease:
            a_lost_lease_changes_only_the_attempt,
            a_finish_counts_once,
            a_reaped_delivery_is_ambiguous,
            a_restarted_host_reaps_its_own_leases,
            another_host_keeps_its_leases,
            lost_leases_end_in_a_dead_letter,
            a_released_lease_leaves_no_trace,
        );
        $crate::store_contract!($fresh, order:
            a_lead_has_one_disposition_in_flight,
            a_waiting_disposition_blocks_later_ones,
            a_do_not_call_overtakes,
            a_leased_disposition_blocks_do_not_calls,
            order_is_per_tenant_and_kind,
            claims_follow_rank_then_due_time,
            blocked_deliveries_are_not_due,
        );
        $crate::store_contract!($fresh, replay:
            a_replay_keeps_only_the_key,
            a_replay_keeps_the_ambiguity,
            replays_are_spaced,
            only_stopped_deliveries_are_replayed,
            a_discarded_delivery_stays_discarded,
            a_settled_delivery_is_done,
            an_edit_replaces_the_payload_of_a_review,
            a_refused_lead_is_replayed_once_named,
        );
        $crate::store_contract!($fresh, listings:
            pages_contain_each_delivery_once,
            a_wrong_cursor_is_an_error,
            deliveries_are_filtered,
            an_unknown_delivery_is_none,
            pulled_leads_come_most_urgent_first,
            pulling_skips_no_lead,
            an_updated_lead_is_pulled_again,
            depth_and_states_count_every_delivery,
            suppressions_are_listed_by_lead,
        );
        $crate::store_contract!($fresh, adapters:
            pushing_an_adapter_twice_changes_nothing,
            a_reference_means_one_component,
            a_version_is_written_once,
            a_version_is_replaced_by_order,
            one_of_concurrent_pushes_gets_the_name,
        );
        $crate::store_contract!($fresh, admin:
            releases_count_up_and_become_active,
            an_earlier_release_can_be_activated,
            secrets_are_stored_separately,
            tokens_are_live_until_revoked,
            the_revision_follows_releases_and_tokens,
            a_store_is_ready,
        );
        $crate::store_contract!($fresh, alerts:
            alerts_are_unannounced_until_marked,
            unannounced_alerts_are_read_in_batches,
            alerts_are_announced_oldest_first,
            an_alert_may_have_no_delivery,
            a_tenant_has_one_alert_of_its_kind,
            a_decision_closes_its_alerts,
        );
        $crate::store_contract!($fresh, secrets:
            a_secret_replaces_the_previous_one,
            a_removed_secret_is_gone,
            secrets_are_listed_by_name,
            resealing_changes_only_the_key,
        );
        $crate::store_contract!($fresh, audit:
            events_are_chained_in_order,
            concurrent_events_form_one_chain,
        );
        $crate::store_contract!($fresh, breaker:
            an_opening_is_recorded_until_it_closes,
            an_override_is_stored,
            expired_dispositions_become_dead_letters,
            held_dispositions_expire_in_order,
            a_claim_is_limited_to_its_kinds,
            last_deliveries_are_claimed_last,
        );
        $crate::store_contract!($fresh, model:
            random_operations_agree_with_the_model,
        );
    };
    ($fresh:path, $theme:ident: $($test:ident),+ $(,)?) => {
        mod $theme {
            $(
                #[tokio::test]
                async fn $test() {
                    let fresh = $fresh().await;
                    $crate::contract::$theme::$test(fresh.store).await;
                    drop(fresh.guard);
                }
            )+
        }
    };
}
