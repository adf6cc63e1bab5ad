//! The tests that do not run on Windows, each told as skipped with its reason. `tests/architecture/skipped_test.ts` finds one that is missing here.
#![cfg(windows)]

mod common {
    #[path = "../../../skipped.rs"]
    pub mod told;
}

use common::told::not_here;

not_here! { "folders are private by access lists on Windows (`os/windows.rs` tests that), and files have no modes":
    home::the_first_start_unpacks_private_files_and_later_ones_find_them_untouched,
    home::a_file_that_is_missing_a_link_or_of_another_mode_is_replaced,
    home::files_that_were_only_touched_are_hashed_and_kept,
    home::a_folder_that_others_could_write_is_unpacked_anew_and_a_base_that_others_can_write_is_refused,
    home::versions_unused_for_30_days_and_old_leftovers_are_removed,
    home::what_is_not_ultras_is_never_removed_however_old_and_whatever_its_name,
    home::a_cache_below_a_folder_that_others_control_is_refused,
    home::a_cache_through_a_link_is_used_where_the_link_led_when_it_was_checked,
    home::a_stamp_that_is_no_file_is_replaced_with_all_that_stands_beside_it,
    home::a_name_that_deno_could_not_read_is_passed_over,
}

not_here! { "paths, folders and arguments that are no UTF-8 are others on Windows (`os/windows.rs`)":
    start::absolute_paths_alone_have_permissions_of_their_own,
    start::t30_an_argument_that_is_no_utf8_is_named_by_its_place,
    start::places_are_tried_from_the_users_cache_to_a_temporary_folder,
}
