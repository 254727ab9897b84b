"""Which forms put something in the place of what somebody else decided, and why the others cannot.

`PROVEN` names the test that tries it; `WAYS_IN` in the test beside this tries the others itself.
"""

BY_STATE = "goes from one named state to another; where it stands in another by now, the verb refuses it"
ADDS = "adds something of its own, and changes nothing that is there"
OWN = "one's own, which nobody else changes"
TRIES = "works something out, and keeps nothing"
FIXED = "is about what was fixed when it was planned or asked; what has changed since ends it, or is left out"
MEMBERS = "takes what stopped further; members that came later are not reached, see tests/exceptions_queue/test_seen.py"

PROVEN = {  # address → the test that sends it unseen and with an older mark
    "queue/order/": "tests/exceptions_queue/test_order.py::test_the_firm_tries_other_measures_before_it_keeps_them",
    "queue/views/*/": "tests/exceptions_queue/test_views.py::test_page_keeps_marks_and_resets_a_list",
    "queue/views/*/sharings/": "tests/exceptions_queue/test_views.py::test_page_keeps_marks_and_resets_a_list",
    "queue/views/*/deletions/": "tests/exceptions_queue/test_views.py::test_page_keeps_marks_and_resets_a_list",
    "queue/*/handling/hints/": "tests/exceptions_queue/test_hints.py::"
    "test_hint_is_not_put_aside_by_a_form_that_has_seen_none",
    "queue/edits/": "tests/exceptions_queue/test_sheets_come_back.py::"
    "test_what_somebody_else_has_corrected_meanwhile_is_shown_and_kept",
    "queue/*/row-approvals/": "tests/exceptions_queue/test_seen.py::test_row_that_nobody_saw_is_not_decided",
    "queue/*/row-refusals/": "tests/exceptions_queue/test_seen.py::test_row_that_nobody_saw_is_not_decided",
    "changes/*/draft/": "tests/changes/test_meanwhile.py::"
    "test_draft_is_not_overwritten_by_what_does_not_say_what_it_was_made_of",
    "mappings/*/versions/*/discards/": "tests/hub/test_mapping_steps.py::test_draft_is_thrown_away_as_it_was_shown",
    "changes/*/discards/": "tests/changes/test_meanwhile.py::"
    "test_draft_is_not_thrown_away_from_a_page_that_shows_an_older_state",
    "changes/*/approvals/": "tests/changes/test_getting_round.py::test_step_is_not_taken_by_who_has_seen_nothing",
    "changes/*/publications/": "tests/changes/test_getting_round.py::test_step_is_not_taken_by_who_has_seen_nothing",
    "changes/*/publications-after-approval/": "tests/changes/test_getting_round.py::"
    "test_step_is_not_taken_by_who_has_seen_nothing",
    "changes/*/publications-at-once/": "tests/changes/test_getting_round.py::"
    "test_step_is_not_taken_by_who_has_seen_nothing",
    "mappings/*/draft/": "tests/hub/test_mapping_pages.py::"
    "test_somebody_elses_change_is_said_and_nothing_is_overwritten",
    "mappings/*/technical/": "tests/hub/test_mapping_pages.py::"
    "test_technical_tab_holds_the_same_and_has_the_same_lock",
    "mappings/*/versions/*/approvals/": "tests/hub/test_mapping_pages.py::"
    "test_draft_made_in_the_table_goes_all_the_way_by_two_people",
    "tables/*/definition/": "tests/governance/test_two_windows.py::"
    "test_second_person_of_a_table_stays_as_it_was_chosen",
    "tables/*/sheets/": "tests/hub/test_sheet_shown_earlier.py::"
    "test_sheet_that_was_shown_earlier_puts_nobody_elses_row_aside",
}  # fmt: skip
HARMLESS = {  # address → why nothing that somebody else decided is put aside
    "queue/*/taking/": "carries whose it was; asks `take`, which refuses where somebody else has it",
    "queue/*/watchers/": OWN, "queue/columns/": OWN, "queue/views/": ADDS,
    "queue/*/inquiries/": "asks the target, and decides by its answer", "queue/*/outcomes/": BY_STATE,
    "queue/*/records/*/inquiries/": TRIES, "queue/*/records/*/checks/": TRIES,
    "queue/*/trials/": TRIES, "queue/*/configurations/": TRIES, "queue/merges/": ADDS,
    "queue/*/handling/comments/": ADDS, "queue/*/handling/merges/": ADDS,
    "queue/*/handling/separations/": BY_STATE, "queue/*/handling/reopenings/": BY_STATE,
    "queue/*/look-ups/": "keeps what the target says, where nothing is known yet", "queue/*/approvals/": MEMBERS,
    "queue/*/sign-ins/": "is tried first; where the sign-in works by now, the exception is closed and offers none",
    "queue/*/probes/": BY_STATE, "queue/*/tries/": TRIES, "queue/*/readings/": ADDS, "queue/*/links/": BY_STATE,
    "queue/*/run-refusals/": FIXED,
    "queue/*/resubmissions/": MEMBERS, "queue/*/fetches/": ADDS, "queue/*/source-returns/": BY_STATE,
    "queue/*/source-notices/": BY_STATE,
    "queue/*/period-moves/": "a correction: `overlays.correct` refuses to follow one that was not seen",
    "queue/*/rule-waivers/": MEMBERS, "queue/*/reversals/": BY_STATE, "queue/*/splits/": ADDS,
    "queue/*/waivers/": MEMBERS, "queue/grouping-rules/new/": ADDS,
    "queue/grouping-rules/*/removals/": "rules are never changed, only made and removed; removed is removed",
    "bulk-runs/new/": ADDS, "bulk-runs/*/starts/": FIXED, "bulk-runs/*/approvals/": FIXED,
    "bulk-runs/*/refusals/": FIXED, "bulk-runs/*/pauses/": BY_STATE, "bulk-runs/*/resumptions/": BY_STATE,
    "bulk-runs/*/cancellations/": BY_STATE, "bulk-runs/*/plans/": ADDS,
    "approvals/*/approvals/": FIXED, "approvals/*/refusals/": FIXED, "approvals/*/withdrawals/": FIXED,
    "approvals/policies/*/agreements/": "each loosening is a row of its own, which never changes",
    "emergency/openings/": ADDS, "emergency/*/endings/": BY_STATE, "emergency/deeds/*/confirmations/": BY_STATE,
    "emergency/deeds/*/objections/": BY_STATE, "emergency/deeds/*/questions/": ADDS,
    "corrections/*/withdrawals/": "a correction never changes: another one takes its place, and this one is ended then",
    "transactions/*/questions/": BY_STATE, "transactions/*/resubmissions/": BY_STATE,
    "connections/*/pauses/": BY_STATE, "connections/*/releases/": BY_STATE, "connections/*/probes/": BY_STATE,
    "events-out/*/redeliveries/": ADDS, "events-out/*/drops/": BY_STATE,
    "changes/*/tests/": TRIES, "changes/*/previews/": TRIES, "changes/*/trials/": TRIES,
    "changes/*/submissions/": BY_STATE, "changes/*/take-ups/": BY_STATE, "changes/*/withdrawals/": BY_STATE,
    "changes/*/returns/": BY_STATE, "changes/*/rollbacks/": "makes a draft, and refuses where there is one",
    "mappings/new/": ADDS, "mappings/new/fields/": ADDS, "mappings/new/trials/": TRIES,
    "mappings/*/draft/trials/": TRIES, "mappings/*/versions/*/submissions/": BY_STATE,
    "mappings/*/versions/*/returns/": BY_STATE, "mappings/*/versions/*/withdrawals/": BY_STATE,
    "mappings/*/versions/*/retirements/": "is about the version in force; where another one is, it is refused",
    "cross-references/*/removals/": "carries the mark of what was shown; of another one nothing is taken out",
    "tables/new/": ADDS, "tables/*/agreements/": "carries the approval that was shown, which the verb compares",
    "tables/*/deletions/": "rows and what is said of them stay readable; it is refused where a mapping reads it",
    "tables/*/deletion-approvals/": BY_STATE, "tables/*/deletion-refusals/": BY_STATE,
    "tables/*/rows/*/ends/": "a row never changes; one that does not count any more is refused",
    "tables/*/rows/*/withdrawals/": "a row never changes; of one that does not count any more nothing is taken",
    "tables/*/rows/*/approvals/": "a row never changes; one that does not wait any more is refused",
    "tables/*/rows/*/refusals/": "a row never changes; one that does not wait any more is refused",
    "login/": OWN, "login/code/": OWN, "logout/": OWN, "confirmation/": OWN, "confirmation/code/": OWN,
    "confirmation/anew/": OWN, "second-factor/enrolment/": OWN, "second-factor/removal/": OWN,
    "second-factor/recovery-codes/renewal/": OWN, "sessions/*/ending/": OWN, "sessions/others/ending/": OWN,
    "sessions/programs/*/ending/": OWN, "password/": OWN, "vouchers/": BY_STATE, "oauth/authorize/": OWN,
    "oauth/token/": "for programs", "oauth/revoke_token/": "for programs", "hooks/*/*": "for programs",
    "oidc/*/login/": OWN, "oidc/*/login/callback/": OWN,
}  # fmt: skip
DEEDS = {  # pages of the administration for a deed → why, or the test
    "governance_apiclient_renew_secret": "no secret that was is kept or shown: another one is made",
    "governance_legalentity_ask": BY_STATE, "governance_legalentity_ask_no_more": BY_STATE,
    "governance_legalentity_agree": BY_STATE, "governance_user_close_account": BY_STATE,
    "governance_user_open_account": BY_STATE, "governance_user_give_role": ADDS, "governance_user_take_role": BY_STATE,
    "governance_user_reset_second_factor": BY_STATE, "governance_user_unlink_providers": BY_STATE,
    "auth_user_password_change": "no password that was is kept or shown; whoever's it is has to choose their own",
    "connectors_connection_test_connection": TRIES, "connectors_connection_show_sample": TRIES,
    "connectors_connection_trial": TRIES, "exceptions_queue_cutoff_dates": TRIES,
    "exceptions_queue_routingrule_trial": TRIES, "governance_user_show_rights": TRIES,
    "governance_businesscalendar_show_year": TRIES,
    "routes_subscription_edit": "tests/governance/test_two_windows.py::"
    "test_address_of_a_subscription_is_not_put_back",
    "routes_subscription_try_out": TRIES, "routes_subscription_rotate": BY_STATE,
    "routes_subscription_pause": BY_STATE, "routes_subscription_resume": BY_STATE,
    "routes_subscription_send_again": ADDS, "routes_subscription_end": BY_STATE, "routes_route_run_now": ADDS,
    "routes_route_preview_run": TRIES, "routes_route_switch_on": BY_STATE, "routes_route_switch_off": BY_STATE,
    "routes_route_set_schedule": "tests/intake/test_schedule_pages.py::"
    "test_schedule_is_not_kept_by_who_does_not_say_what_they_have_seen",
}  # fmt: skip
