//! Stores from outside: one suite over a store given to it, run for each kind of store; and what only one
//! kind has.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

mod accounts;
mod alias_use;
mod directory;
mod journal;
mod long_senders;
mod many;
mod memory;
mod moving;
mod place;
mod postgres;
mod queue;
mod sessions;
mod spool;
mod sqlite;
mod standing;
mod tokens;
mod told;
mod traffic;
mod used_up;

/// Runs the suite of stores over places that `$place` makes, or that of journals; none is made where there is no server for
/// it. What is forgotten here is dead code.
macro_rules! run_suite {
    (store $place:expr) => {
        crate::run_suite! { $place;
            directory:
                changes_of_another_process_are_seen_within_a_second
                what_one_changed_oneself_is_known_at_once
                the_stores_own_writes_do_not_empty_its_cache
                what_is_refused_changes_nothing
                pages_of_aliases
                a_list_is_applied_whole_or_planned
                a_list_that_removes_most_aliases_is_refused
                an_alias_takes_the_place_of_another
                where_an_alias_leads
                the_owners_rules_are_kept_amended_and_seen_within_a_second
                aliases_that_end_are_over_at_once_and_all_their_words_are_kept
                postmaster;
            alias_use:
                counters_stay_with_their_alias_and_go_with_it
                counters_change_no_version_and_no_look_up
                what_came_on_each_day_is_kept_for_thirty_days
                an_alias_that_is_brought_back_is_what_it_was
                aliases_are_found_by_what_is_in_them
                a_search_goes_on_where_it_was_whatever_changes
                among_many_aliases_nothing_is_missed;
            used_up:
                an_alias_that_took_its_messages_takes_no_more
                another_number_of_messages_counts_from_the_first
                however_an_alias_is_written_its_messages_count
                an_alias_that_goes_takes_what_it_took_along_and_brings_it_back;
            standing:
                blocks_of_another_process_are_seen_within_a_second
                many_blocks_come_and_go_as_one_change
                of_what_stands_only_what_changed_is_read_again
                with_a_domain_goes_what_stands_for_it
                an_address_without_an_alias_leads_where_its_domain_says;
            accounts:
                what_another_process_changes_counts_with_the_next_question
                what_is_an_accounts_to_send_as
                with_a_domain_goes_what_accounts_send_as_in_it
                what_is_refused_of_an_account_changes_nothing
                of_many_logins_in_a_minute_one_is_written_down
                pages_of_accounts
                what_accounts_have_used_outlives_the_process_and_goes_with_them;
            tokens:
                where_they_lead_follows_a_new_destination
                what_another_process_revokes_is_gone_with_the_next_question
                no_token_passes_its_limit
                with_a_domain_go_its_tokens;
            sessions:
                a_link_makes_one_session
                with_a_domain_goes_what_its_owners_see
                a_link_ends_the_session_that_was_there_before
                a_session_ends_with_its_tokens_or_leaves_them
                there_are_so_many_and_what_has_ended_makes_room;
            long_senders:
                long_srs_addresses
                a_client_has_a_hundredth_of_the_long_senders_and_its_own_oldest_go
                long_senders_that_no_client_has_are_half_of_the_table
                of_a_full_table_the_long_sender_that_was_used_longest_ago_goes
                strangers_that_fill_the_table_make_nobodys_long_senders_stay
                a_long_sender_that_two_clients_bring_is_neithers;
            many:
                while_aliases_are_made_to_be_found_others_make_theirs
                what_is_only_planned_does_not_begin_anew_when_others_change_aliases
                what_a_change_of_many_leaves_unfinished_is_found_after_others
                one_mailbox_takes_the_place_of_another_everywhere_or_nowhere
                a_plan_changes_nothing_and_tells_each
                words_for_many
                what_mail_makes_follows_a_new_destination
                aliases_come_whole_or_not_at_all
                what_others_change_meanwhile_stays;
            memory:
                what_was_delivered_outlives_the_process
                of_what_senders_were_told_outlives_the_process
                a_refusal_is_answered_once_and_outlives_the_process_until_then
                many_writers_at_once_each_get_their_own_answer
                tls_policies_and_results;
            spool:
                all_messages_of_a_call_are_kept_or_none
                what_is_asked_of_dsns_is_kept
                a_delay_is_told_once
                beyond_each_bound_nothing_is_kept
                totals_follow_whatever_goes
                states_only_move_forward
                an_uncertain_leg_stays_uncertain_and_what_was_cut_off_waits_again
                an_attempt_that_was_left_out_begins_before_its_end_of_data_or_not_at_all
                of_500_at_once_only_the_impossible_one_is_not_kept;
            queue:
                what_is_being_sent_is_not_dropped_while_somebody_serves
                the_administrator_tells_the_daemon_what_was_changed
                what_waits_page_by_page_by_id_and_in_numbers
                what_an_account_sent_is_held_while_it_must_not_send;
            told:
                an_alias_that_is_made_is_an_event_whoever_makes_it
                events_take_bounded_room
                an_alias_expires_once
                a_digest_is_spooled_once
                whose_owners_are_told_and_which_alias_answers;
        }
    };
    (journal $place:expr) => {
        crate::run_suite! { $place;
            journal:
                what_is_recorded_is_read_back_whole_and_survives_reopening
                filters
                many_records_come_back_in_order_page_by_page
                old_records_are_deleted
                the_oldest_records_make_room
                what_was_refused_is_deleted_first
                a_record_takes_the_place_of_another
                failures_count_from_when_they_failed_not_from_when_the_message_came
                a_late_first_record_does_not_undo_an_end
                a_bounce_is_joined_to_its_message_and_stays
                a_bounce_may_be_faster_than_the_record_of_its_message
                a_journal_that_keeps_nothing;
            traffic:
                each_message_is_counted_once_as_what_became_of_it
                an_owner_sees_the_figures_of_the_own_domain
                counts_of_long_ago_go_and_those_of_domains_have_bounded_room
                the_slowest_hosts_of_late;
        }
    };
    ($place:expr; $($suite:ident: $($test:ident)*;)*) => {
        $(mod $suite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                if let Some(place) = $place {
                    crate::$suite::$test(&place).await;
                }
            })*
        })*
    };
}
use run_suite;
