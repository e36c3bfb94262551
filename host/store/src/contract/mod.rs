//! What every [`Store`](crate::Store) must do, whatever its database: one function for each test, given a
//! fresh store. [`store_contract!`](crate::store_contract!) runs them all.

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    reason = "these are the parts of tests: a panic is a failed one, and what one makes is what it is about"
)]

pub mod accept;
pub mod admin;
pub mod audit;
pub mod breaker;
pub mod fixture;
pub mod lease;
pub mod listings;
pub mod model;
pub mod order;
pub mod replay;
pub mod secrets;
pub mod together;
pub mod work;

use std::any::Any;

use crate::SharedStore;

/// A store without a row, and what has to live as long as it.
pub struct Fresh {
    /// The store.
    pub store: SharedStore,
    /// A folder, a server: dropped after the test.
    pub keep: Box<dyn Any + Send>,
}

/// Runs the whole contract on the stores that an `async fn() -> Fresh` makes.
#[macro_export]
macro_rules! store_contract {
    ($fresh:path) => {
        $crate::store_contract!($fresh, accept:
            a_lead_is_stored_with_its_delivery,
            the_same_request_gets_the_first_receipt,
            key_with_another_body_is_a_conflict,
            any_of_several_keys_makes_a_repeat,
            tenants_do_not_share_keys,
            a_key_is_new_again_after_its_window,
            a_lead_for_an_agent_that_pulls_is_done_at_once,
            a_webhook_to_be_parsed_is_kept_as_it_came,
            a_call_id_is_remembered_for_ever,
            of_a_hundred_at_once_one_is_new,
            a_do_not_call_is_known_once_it_is_accepted,
            a_delivery_waits_for_its_first_rung,
            refusals_are_counted,
        );
        $crate::store_contract!($fresh, work:
            a_claim_is_a_lease_and_an_attempt,
            a_claim_takes_what_is_due_and_no_more_than_its_share,
            nothing_is_claimed_twice,
            success_is_recorded,
            a_retry_waits_and_remembers,
            a_dead_letter_its_alert_and_the_flag_come_together,
            a_review_flags_only_for_dispositions,
            the_last_stopped_delivery_clears_the_flag,
            refused_credentials_alert_once_an_hour,
            a_parsed_webhook_becomes_leads,
            what_is_due_is_told,
            attempts_are_counted_by_time,
        );
        $crate::store_contract!($fresh, together:
            dispositions_at_once_are_each_what_they_are_alone,
            leads_at_once_are_each_what_they_are_alone,
            attempts_that_end_at_once_end_each_as_alone,
        );
        $crate::store_contract!($fresh, lease:
            a_lost_lease_changes_nothing_but_the_attempt,
            a_finish_counts_once,
            a_reaped_delivery_is_ambiguous,
            a_former_self_is_reaped_at_once,
            another_host_keeps_its_leases,
            workers_lost_again_and_again_end_in_a_dead_letter,
            a_released_lease_leaves_no_trace,
        );
        $crate::store_contract!($fresh, order:
            dispositions_of_one_lead_go_one_by_one,
            an_earlier_one_that_waits_holds_back_the_later,
            a_do_not_call_overtakes,
            nothing_goes_beside_a_leased_one,
            tenants_and_directions_do_not_wait_for_each_other,
            the_most_urgent_goes_first_then_the_longest_due,
            what_cannot_go_is_not_due,
        );
        $crate::store_contract!($fresh, replay:
            a_replay_keeps_the_key_and_clears_the_rest,
            what_may_have_landed_stays_ambiguous,
            replays_are_spaced,
            only_stopped_deliveries_are_replayed,
            a_discarded_delivery_is_over,
            a_settled_delivery_is_done,
            an_edit_replaces_the_payload_of_a_review,
        );
        $crate::store_contract!($fresh, listings:
            pages_hold_everything_once,
            a_wrong_cursor_is_told,
            deliveries_are_filtered,
            an_unknown_delivery_is_none,
            pulled_leads_come_most_urgent_first,
            no_lead_is_skipped_however_they_come_in,
            a_renewed_lead_is_seen_again,
            depth_and_states_count_every_delivery,
            suppressions_are_listed_by_lead,
        );
        $crate::store_contract!($fresh, admin:
            pushing_an_adapter_twice_changes_nothing,
            a_reference_means_the_newest_push,
            releases_count_up_and_become_active,
            an_earlier_release_can_be_made_active,
            secrets_are_kept_apart,
            tokens_open_until_they_are_revoked,
            the_revision_counts_active_releases_and_live_tokens,
            alerts_are_unannounced_until_marked,
            unannounced_alerts_come_in_parts,
            alerts_are_announced_in_order_and_acknowledged,
            an_alert_may_be_about_no_delivery,
            a_store_is_ready,
        );
        $crate::store_contract!($fresh, secrets:
            a_secret_takes_the_place_of_the_one_before,
            a_forgotten_secret_is_gone,
            secrets_are_listed_by_name,
            sealing_anew_changes_the_key_and_nothing_else,
        );
        $crate::store_contract!($fresh, audit:
            events_are_chained_in_order,
            a_hundred_at_once_make_one_chain,
        );
        $crate::store_contract!($fresh, breaker:
            an_opening_is_told_once_and_kept_until_it_is_over,
            what_an_operator_forces_is_kept,
            what_was_held_for_too_long_is_given_up_with_alert_and_flag,
            what_is_given_up_comes_in_batches_and_in_order,
            a_claim_takes_the_kinds_of_its_share,
            what_goes_last_goes_when_nothing_else_can,
        );
        $crate::store_contract!($fresh, model:
            any_order_of_operations_agrees_with_a_simple_model,
        );
    };
    ($fresh:path, $theme:ident: $($test:ident),+ $(,)?) => {
        mod $theme {
            $(
                #[tokio::test]
                async fn $test() {
                    let fresh = $fresh().await;
                    $crate::contract::$theme::$test(fresh.store).await;
                    drop(fresh.keep);
                }
            )+
        }
    };
}
