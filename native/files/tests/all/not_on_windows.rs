//! The tests that do not run on Windows, each told as skipped with its reason. `tests/architecture/skipped_test.ts` finds one that is missing here.
#![cfg(windows)]

use crate::common::told::not_here;

not_here! { "wine 8 makes no symbolic links; junctions and links as an attack are tested with a fake in `stand_ins.rs`":
    clean::t45_what_only_looks_like_ours_is_never_touched,
    links::t42_links_that_stay_inside_are_made_with_their_targets_and_times,
    links::t42_a_target_through_a_link_that_was_there_before_is_outside,
    links::t42_a_link_through_one_that_an_earlier_run_made_is_made,
    links::t42_a_link_that_appears_on_the_way_during_the_transfer_is_not_led_through,
    links::t42_all_links_are_made_last_and_never_followed_when_the_receiver_wants_all,
    links::t42_what_is_in_the_way_of_a_link_is_replaced_only_with_leave_and_never_a_folder,
    links::t42_what_appears_in_the_way_of_a_link_is_not_replaced,
    links::d16_a_hard_link_to_what_was_put_in_the_place_of_its_file_is_not_made,
    requests::h8_a_shared_folder_is_the_one_that_was_opened_whatever_has_its_name_now,
    requests::h8_a_folder_that_becomes_a_link_while_it_is_asked_for_is_not_followed,
    requests::h7_a_file_of_which_a_link_has_taken_the_name_has_changed,
    resume::d17_names_that_others_planted_are_not_written_to,
    sink::d16_a_folder_fifo_device_or_link_in_the_way_is_never_touched,
    sink::f17_a_link_of_the_same_name_counts_as_something_in_the_way,
    sink::f18_a_folder_that_is_a_link_to_the_outside_is_refused,
    sink::f18_a_folder_that_becomes_a_link_after_the_check_is_not_followed,
    sink::d20_planted_names_are_in_nobodys_way,
    sink::d7_a_parent_that_is_swapped_for_a_link_never_leads_outside,
    source::e9_a_fifo_socket_or_device_argument_is_refused_by_name_and_never_blocks,
    source::e10_no_link_in_a_tree_is_followed_unasked,
    source::e10_a_link_argument_is_followed_under_its_own_name,
    source::e10_a_folder_swapped_for_a_link_after_the_walk_is_not_followed,
    source::t1_what_is_unreadable_is_counted_and_named_behind_a_thousand_links,
    replace_if::a_link_that_leads_nowhere_is_told_as_such_and_nothing_is_made_there,
    state_file::files_that_others_may_read_or_change_links_and_pipes_are_refused,
    ticket_file::i16_a_link_to_a_file_is_replaced_and_not_followed,
    walk_links::t42_links_that_stay_inside_are_sent_as_links_and_others_are_left_out,
    walk_links::t42_all_links_are_sent_when_the_user_wants_all,
    walk_links::t42_links_that_the_user_does_not_want_are_left_out_by_choice,
    walk_links::t42_followed_links_are_what_they_lead_to_and_nothing_outside_or_in_circles_is_sent,
    walk_links::other_names_of_a_file_are_hard_links_to_it_also_where_a_followed_link_to_it_comes_first,
    walk_links::t1_a_followed_link_to_what_cannot_be_read_is_not_called_one_that_leads_outside,
    walk_links::t42_a_followed_link_that_leads_outside_later_opens_nothing,
    walk_links::t42_a_link_whose_target_is_not_utf_8_or_that_leads_nowhere_is_not_called_one_that_leads_outside,
}

not_here! { "Windows keeps no modes, owners and access lists of POSIX":
    policies::t26_closed_folders_of_this_user_are_topped_up_and_closed_again,
    policies::t26_an_interrupted_transfer_closes_its_folders_and_leaves_no_part,
    policies::t26_a_closed_folder_of_another_user_stays_closed,
    policies::new_folders_in_a_setgid_folder_are_setgid_and_all_in_it_belongs_to_its_group,
    policies::a_default_acl_counts_for_what_is_created_and_takes_the_place_of_the_umask,
    policies::t26_folders_that_two_threads_make_at_once_all_get_their_modes,
    preserve::owners_attributes_and_acls_arrive_when_both_sides_want_them,
    preserve::nothing_is_kept_that_one_side_does_not_want,
    preserve::what_a_user_without_rights_cannot_keep_is_told_and_the_rest_arrives,
    preserve::no_right_like_setuid_comes_as_an_attribute,
    preserve::names_of_owners_come_before_numbers_and_what_cannot_be_is_told,
    preserve::attributes_that_do_not_fit_an_entry_are_told_by_the_sender,
    replace::t12_mode_and_time_are_set_before_the_sync_that_makes_them_durable,
    replace_if::a_file_is_made_once_and_changed_only_from_what_it_holds,
    replace_if::a_file_that_is_locked_or_open_to_others_or_gone_is_left_alone,
    resume::a_clean_interruption_is_taken_up_without_reading_anything_again,
    run_records::t20_folders_get_their_modes_and_times_whatever_run_made_them_and_hidden_names_pass_below_them,
    run_records::d3_t20_a_folder_that_a_full_disk_has_no_room_to_note_is_not_made,
    run_records::d3_a_transfer_without_room_for_its_record_leaves_nothing,
    run_records::t45_t20_with_a_record_go_the_empty_folders_of_its_run_and_the_others_become_usual_ones,
    run_records::t45_t20_a_folder_that_is_younger_than_the_record_is_the_users_whatever_number_it_has,
    run_records::small_parts_of_a_killed_run_are_replaced_by_the_next,
    sink::folders_on_the_way_that_are_no_entries_get_the_usual_mode,
    sink::d5_a_folder_that_cannot_be_written_is_refused_at_once,
    source::e7_an_opened_file_is_read_on_after_its_permission_is_gone,
    source::e8_unreadable_files_and_folders_are_left_out_and_readable_ones_are_not,
    unreadable::a_file_that_its_owner_may_read_is_synced_by_its_group,
    unreadable::a_file_that_its_owner_may_not_read_is_synced_at_its_close,
    unreadable::an_acl_that_takes_what_the_mode_gives_does_not_keep_a_file_from_being_synced,
    unreadable::a_part_file_that_somebody_locks_meanwhile_gets_no_name,
}

not_here! { "it cuts the power of a disk of Linux":
    power_cut::d24_a_power_cut_at_each_step_of_a_large_files_commit_leaves_no_name_or_the_whole_file,
    power_cut::d24_t5_a_power_cut_at_each_step_of_overwriting_leaves_the_old_file_or_the_whole_new_one,
    power_cut::d24_without_the_syncs_these_power_cuts_find_files_of_zeros,
    power_cut::d24_syncfs_is_trusted_on_ext4_and_not_on_ext2_and_ext3_which_have_the_same_number,
    power_cut::d24_t47_a_power_cut_in_a_group_of_1_000_files_on_ext4_leaves_whole_files_and_all_that_was_told,
    power_cut::d24_t47_a_power_cut_in_a_group_of_1_000_files_on_xfs_leaves_whole_files_and_all_that_was_told,
    power_cut::d24_t47_a_power_cut_in_a_group_of_1_000_files_on_btrfs_leaves_whole_files_and_all_that_was_told,
    power_cut::d25_a_power_cut_in_the_middle_of_a_transfer_leaves_no_block_that_counts_unread_and_is_not_on_the_disk,
}

not_here! { "wine 8 replaces no file that is open (FileRenameInformationEx)":
    replace::t5_who_has_the_previous_file_open_goes_on_with_it_and_the_new_one_is_another,
}

not_here! { "a lock of Windows keeps others from reading":
    run_records::c2_a_record_that_a_killed_run_has_open_for_another_moment_is_waited_for_and_removed_in_the_end,
}

not_here! { "names of other systems: bytes that are no UTF-8, or two that differ in case":
    source::a_folder_precedes_its_content_in_the_order_of_bytes,
    source::t29_each_name_that_cannot_travel_is_left_out_for_its_own_reason,
    source::t29_an_argument_whose_name_cannot_travel_is_refused_with_what_helps,
}

not_here! { "Windows has no FIFOs, sockets and devices in folders":
    source::e9_special_files_in_a_tree_are_left_out_by_name,
    source::e9_a_file_that_becomes_a_fifo_after_the_walk_does_not_block,
}

not_here! { "Windows has no /proc":
    source::e9_a_file_of_proc_is_not_sent_as_an_empty_one,
    source::e9_a_pipe_without_a_name_is_refused_as_what_it_is,
}

not_here! { "descriptors have no names on Windows":
    ticket_file::t30_open_descriptors_are_written_into_and_read_from,
    ticket_file::t30_a_link_to_an_open_descriptor_stays_a_link,
    ticket_file::t30_a_ticket_in_shared_memory_is_written_and_read,
}

not_here! { "the engine holds both files while it exchanges them on Windows, and no other program can replace or write one":
    replace::t5_a_file_that_is_saved_again_before_it_is_put_back_loses_no_version,
    replace::t5_a_file_whose_name_is_removed_before_it_is_put_back_stays_as_the_previous_version,
}

not_here! { "Windows refuses to move a folder that a program has open":
    moved_folders::d6_a_folder_that_stays_is_finished,
    moved_folders::d6_a_root_that_is_moved_or_replaced_is_no_success,
    moved_folders::d6_of_folders_that_went_together_the_one_that_was_moved_is_named,
    moved_folders::d6_a_folder_of_the_transfer_that_is_moved_or_replaced_is_no_success,
}
