"""Which tool of others is tried with which verb, and by which tests: the rows of docs/interoperability.md."""

from typing import Final, NamedTuple


class Proof(NamedTuple):
    """A verb that a program of a tool does with a DICOM Server, and the test (file::name in tests/) that shows it."""

    tool: str
    program: str
    verb: str
    test: str


PROOFS: Final[tuple[Proof, ...]] = (
    Proof("dcmtk", "echoscu", "C-ECHO", "interop/test_dcmtk.py::test_echoscu_is_answered"),
    Proof("Orthanc", "", "C-ECHO", "interop/test_senders.py::test_orthanc_sends_a_study"),
    Proof("dcmtk", "echoscu", "wrong called AE title", "interop/test_dcmtk.py::test_wrong_called_ae_title_is_refused"),
    Proof("dcmtk", "storescu", "C-STORE", "interop/test_storing.py::test_every_option_to_propose_is_tried"),
    Proof(
        "dcmtk",
        "storescu",
        "C-STORE",
        "interop/test_storing.py::test_storescu_sends_with_every_option_and_its_bytes_are_kept",
    ),
    Proof("dcmtk", "storescu", "C-STORE", "interop/test_storing.py::test_storescu_is_served_however_it_negotiates"),
    Proof(
        "dcmtk",
        "storescu",
        "C-STORE",
        "interop/test_storing.py::test_storescu_that_aborts_leaves_what_was_acknowledged",
    ),
    Proof("dcmtk", "storescu", "C-STORE", "interop/test_storing.py::test_a_study_that_was_sent_stands_in_the_portal"),
    Proof(
        "dcmtk",
        "dcmsend",
        "C-STORE",
        "interop/test_storing.py::test_dcmsend_sends_what_it_knows_of_all_transfer_syntaxes",
    ),
    Proof(
        "dcmtk",
        "dcmsend",
        "C-STORE",
        "interop/test_storing.py::test_an_unknown_storage_class_is_stored_where_the_operator_named_it",
    ),
    Proof("GDCM", "gdcmscu", "C-STORE", "interop/test_senders.py::test_gdcmscu_stores_a_study"),
    Proof("Orthanc", "", "C-STORE", "interop/test_senders.py::test_orthanc_sends_a_study"),
    Proof("dcmtk", "findscu", "C-FIND", "interop/test_finding.py::test_findscu_walks_down_every_level_of_every_model"),
    Proof("dcmtk", "findscu", "C-FIND", "interop/test_finding.py::test_findscu_matches_by_each_kind_of_key"),
    Proof("GDCM", "gdcmscu", "C-FIND", "interop/test_finding.py::test_gdcmscu_finds"),
    Proof("Orthanc", "", "C-FIND", "interop/test_retrieving.py::test_orthanc_finds_and_retrieves_a_study"),
    Proof(
        "dcmtk",
        "findscu",
        "C-FIND: character sets",
        "interop/test_finding.py::test_findscu_asks_with_names_of_real_files_in_their_own_character_sets",
    ),
    Proof("dcmtk", "findscu", "C-FIND: bad queries", "interop/test_finding.py::test_findscu_is_told_what_is_wrong"),
    Proof("dcmtk", "movescu", "C-MOVE", "interop/test_retrieving.py::test_movescu_has_a_study_sent_to_storescp"),
    Proof("GDCM", "gdcmscu", "C-MOVE", "interop/test_retrieving.py::test_gdcmscu_has_a_study_sent_to_itself"),
    Proof("Orthanc", "", "C-MOVE", "interop/test_retrieving.py::test_orthanc_finds_and_retrieves_a_study"),
    Proof(
        "dcmtk",
        "storescp",
        "C-MOVE destination",
        "interop/test_retrieving.py::test_movescu_has_a_study_sent_to_storescp",
    ),
    Proof("Orthanc", "", "C-MOVE destination", "interop/test_retrieving.py::test_orthanc_is_sent_a_study"),
    Proof(
        "dcmtk",
        "storescp",
        "C-MOVE: other transfer syntax",
        "interop/test_retrieving.py::test_a_destination_without_the_stored_syntax_gets_the_right_pixels",
    ),
    Proof(
        "dcmtk",
        "movescu",
        "C-MOVE: partial failure",
        "interop/test_retrieving.py::test_instances_that_the_destination_refuses_are_told",
    ),
    Proof(
        "dcmtk",
        "movescu",
        "C-MOVE: unknown or failing destination",
        "interop/test_retrieving.py::test_an_unknown_destination_is_told",
    ),
    Proof(
        "dcmtk",
        "storescp",
        "C-MOVE: unknown or failing destination",
        "interop/test_retrieving.py::test_a_destination_that_aborts_fails_everything",
    ),
    Proof("dcmtk", "getscu", "C-GET", "interop/test_retrieving.py::test_getscu_gets_a_study"),
    Proof("dcmtk", "getscu", "C-GET", "interop/test_retrieving.py::test_what_was_retrieved_stands_in_the_audit"),
    Proof("dcmtk", "findscu", "C-CANCEL", "interop/test_finding.py::test_findscu_cancels"),
    Proof("dcmtk", "movescu", "C-CANCEL", "interop/test_retrieving.py::test_cancelling_a_move_in_the_middle"),
    Proof("dcmtk", "echoscu", "access by peer", "interop/test_peers.py::test_who_may_store_may_echo_too"),
    Proof("dcmtk", "storescu", "access by peer", "interop/test_peers.py::test_a_known_title_from_elsewhere_is_refused"),
    Proof(
        "dcmtk",
        "storescu",
        "access by peer",
        "interop/test_peers.py::test_a_peer_may_have_a_title_of_its_own_for_the_server",
    ),
    Proof(
        "dcmtk",
        "findscu",
        "access by peer",
        "interop/test_peers.py::test_who_was_given_nothing_but_queries_asks_and_does_nothing_else",
    ),
    Proof("dcmtk", "getscu", "access by peer", "interop/test_peers.py::test_who_stores_cannot_ask_or_retrieve"),
    Proof("dcmtk", "movescu", "access by peer", "interop/test_peers.py::test_who_was_given_everything_gets_it"),
    Proof(
        "dcmtk",
        "echoscu",
        "access by peer",
        "interop/test_peers.py::test_a_peer_that_is_removed_is_a_stranger_within_seconds",
    ),
    Proof("dcmtk", "findscu", "access by peer", "interop/test_finding.py::test_whoever_is_no_peer_finds_nothing"),
    Proof("dcmtk", "getscu", "access by peer", "interop/test_retrieving.py::test_a_stranger_may_not_retrieve"),
    Proof(
        "dicomweb-client",
        "",
        "access by peer",
        "interop/test_dicomweb_client.py::test_a_machine_without_the_services_gets_nothing",
    ),
    Proof(
        "dcmtk", "echoscu", "TLS", "interop/test_tls.py::test_echoscu_and_storescu_with_a_good_certificate_are_served"
    ),
    Proof(
        "dcmtk", "storescu", "TLS", "interop/test_tls.py::test_echoscu_and_storescu_with_a_good_certificate_are_served"
    ),
    Proof(
        "dcmtk",
        "echoscu",
        "TLS",
        "interop/test_tls.py::test_without_asking_for_certificates_everybody_is_served_who_believes_the_server",
    ),
    Proof("dcmtk", "echoscu", "TLS", "interop/test_tls.py::test_a_peer_is_known_by_its_certificate"),
    Proof("dcmtk", "storescp", "TLS", "interop/test_tls.py::test_what_dcmtk_moves_is_sent_to_a_storescp_by_tls"),
    Proof(
        "dcmtk",
        "echoscu",
        "TLS: none, wrong, expired certificate",
        "interop/test_tls.py::test_dcmtk_with_no_wrong_or_expired_certificate_is_refused",
    ),
    Proof(
        "dcmtk",
        "echoscu",
        "TLS: none, wrong, expired certificate",
        "interop/test_tls.py::test_dcmtk_refuses_a_server_that_its_own_authority_did_not_sign",
    ),
    Proof("dcmtk", "echoscu", "TLS: profiles", "interop/test_tls.py::test_the_profiles_of_bcp_195_are_served"),
    Proof("dcmtk", "echoscu", "TLS: profiles", "interop/test_tls.py::test_the_retired_profiles_are_refused"),
    Proof(
        "others", "openssl", "TLS: profiles", "interop/test_tls.py::test_openssl_gets_no_old_version_and_no_weak_cipher"
    ),
    Proof(
        "dcmtk",
        "echoscu",
        "TLS: certificate replaced",
        "interop/test_tls.py::test_a_certificate_replaced_on_the_disk_is_served_to_the_next_association",
    ),
    Proof(
        "dcmtk", "findscu", "modality worklist", "interop/test_worklist.py::test_findscu_lists_what_was_ordered_by_rest"
    ),
    Proof("dcmtk", "findscu", "modality worklist", "interop/test_worklist.py::test_findscu_lists_what_came_by_hl7"),
    Proof(
        "dcmtk",
        "findscu",
        "modality worklist",
        "interop/test_worklist.py::test_a_name_corrected_by_hl7_outlives_the_next_change_by_rest",
    ),
    Proof(
        "dcmtk", "wlmscpfs", "modality worklist", "interop/test_worklist.py::test_dcmtks_own_worklist_answers_the_same"
    ),
    Proof(
        "others", "pynetdicom", "MPPS", "interop/test_worklist.py::test_what_a_modality_reports_out_of_order_is_refused"
    ),
    Proof(
        "others",
        "pynetdicom",
        "MPPS",
        "interop/test_worklist.py::test_a_study_is_complete_with_the_last_instance_that_its_modality_announced",
    ),
    Proof(
        "Orthanc",
        "",
        "storage commitment, of us",
        "interop/test_commitment.py::test_orthanc_asks_this_server_and_hears_on_an_association_of_our_own",
    ),
    Proof(
        "Orthanc",
        "",
        "storage commitment, of us",
        "interop/test_commitment.py::test_a_study_is_complete_with_the_last_instance_that_orthanc_asked_about",
    ),
    Proof(
        "Orthanc",
        "",
        "storage commitment, by us",
        "interop/test_commitment.py::test_this_server_asks_orthanc_and_sends_again_what_it_does_not_keep",
    ),
    Proof(
        "dcmtk",
        "storescp",
        "forwarding",
        "interop/test_forwarding.py::test_what_a_rule_names_arrives_at_storescp_byte_for_byte_and_nothing_else",
    ),
    Proof(
        "Orthanc",
        "",
        "forwarding",
        "interop/test_forwarding.py::test_a_destination_that_is_down_gets_all_when_it_is_up_and_others_do_not_wait",
    ),
    Proof(
        "Orthanc",
        "",
        "forwarding",
        "interop/test_forwarding.py::test_a_complete_study_and_one_that_is_asked_for_go_to_orthanc",
    ),
    Proof(
        "others",
        "pynetdicom",
        "forwarding",
        "interop/test_forwarding.py::test_a_killed_worker_loses_nothing_and_repeats_next_to_nothing",
    ),
    Proof(
        "dcmtk",
        "storescp",
        "forwarding by TLS",
        "dicomserver/forwarding/test_secure.py::test_what_is_forwarded_by_tls_arrives",
    ),
    Proof(
        "dcmtk",
        "dcmqrscp",
        "C-FIND, by us",
        "interop/test_elsewhere.py::test_both_are_searched_at_once_and_a_study_is_fetched_from_each",
    ),
    Proof(
        "dcmtk", "dcmqrscp", "C-FIND, by us", "interop/test_elsewhere.py::test_names_in_other_letters_are_found_in_both"
    ),
    Proof(
        "Orthanc",
        "",
        "C-FIND, by us",
        "interop/test_elsewhere.py::test_both_are_searched_at_once_and_a_study_is_fetched_from_each",
    ),
    Proof("Orthanc", "", "C-FIND, by us", "interop/test_elsewhere.py::test_names_in_other_letters_are_found_in_both"),
    Proof(
        "Orthanc",
        "",
        "C-FIND, by us",
        "interop/test_elsewhere.py::test_an_archive_that_is_down_says_so_while_the_other_answers",
    ),
    Proof(
        "dcmtk",
        "dcmqrscp",
        "C-MOVE, by us",
        "interop/test_elsewhere.py::test_both_are_searched_at_once_and_a_study_is_fetched_from_each",
    ),
    Proof(
        "Orthanc",
        "",
        "C-MOVE, by us",
        "interop/test_elsewhere.py::test_both_are_searched_at_once_and_a_study_is_fetched_from_each",
    ),
    Proof("Orthanc", "", "C-MOVE, by us", "e2e/test_elsewhere.py::test_a_study_is_found_elsewhere_fetched_and_opened"),
    Proof("Orthanc", "", "C-CANCEL, by us", "interop/test_elsewhere.py::test_a_retrieval_is_stopped_in_the_middle"),
    Proof(
        "Orthanc",
        "",
        "C-CANCEL, by us",
        "interop/test_elsewhere.py::test_a_retrieval_by_c_get_is_stopped_in_the_middle",
    ),
    Proof(
        "Orthanc",
        "",
        "C-GET, by us",
        "interop/test_elsewhere.py::test_a_study_is_fetched_by_c_get_from_an_archive_that_cannot_reach_us",
    ),
    Proof(
        "dcmtk",
        "dcmqrscp",
        "C-GET, by us",
        "interop/test_elsewhere.py::test_a_study_is_fetched_by_c_get_from_an_archive_that_cannot_reach_us",
    ),
    Proof(
        "dcmtk",
        "dcmqrscp",
        "C-GET, by us",
        "interop/test_elsewhere.py::test_an_archive_that_does_not_know_us_is_asked_by_c_get_by_itself",
    ),
    Proof("dcmtk", "dcmdump", "reads the archive", "interop/test_dcmtk.py::test_dcmtk_reads_what_the_archive_holds"),
    Proof("Orthanc", "DICOMweb", "QIDO-RS", "interop/test_orthanc_dicomweb.py::test_orthanc_searches_ours"),
    Proof("dicomweb-client", "", "QIDO-RS", "interop/test_finding.py::test_dicomweb_client_searches_for_studies"),
    Proof("dicomweb-client", "", "QIDO-RS", "interop/test_finding.py::test_dicomweb_client_searches_for_series"),
    Proof("dicomweb-client", "", "QIDO-RS", "interop/test_finding.py::test_dicomweb_client_searches_for_instances"),
    Proof("dicomweb-client", "", "QIDO-RS", "interop/test_finding.py::test_dicomweb_client_is_told_what_is_wrong"),
    Proof("dicomweb-client", "", "QIDO-RS", "interop/test_dicomweb_client.py::test_search_for_studies"),
    Proof("dicomweb-client", "", "QIDO-RS", "interop/test_dicomweb_client.py::test_search_for_series"),
    Proof("dicomweb-client", "", "QIDO-RS", "interop/test_dicomweb_client.py::test_search_for_instances"),
    Proof(
        "dicomweb-client", "", "QIDO-RS", "interop/test_dicomweb_client.py::test_search_with_limit_offset_and_fields"
    ),
    Proof("OHIF", "", "QIDO-RS", "interop/test_ohif.py::test_ohif_lists_a_study_of_ours_and_draws_it"),
    Proof(
        "dcmtk",
        "dcmmkdir",
        "DICOMDIR, exported",
        "interop/test_media.py::test_dcmtk_reads_an_exported_medium_and_makes_the_same_of_it",
    ),
    Proof("GDCM", "gdcmdump", "DICOMDIR, exported", "interop/test_media.py::test_gdcm_reads_an_exported_medium"),
    Proof(
        "dicom3tools",
        "dciodvfy",
        "DICOMDIR, exported",
        "interop/test_media.py::test_dicom3tools_finds_no_error_in_an_exported_medium",
    ),
    Proof(
        "dcmtk",
        "dcmdump",
        "PDF, pictures and video as DICOM",
        "interop/test_media.py::test_dicom3tools_finds_no_error_in_a_wrapped_document",
    ),
    Proof(
        "dcmtk",
        "dcm2pdf",
        "PDF, pictures and video as DICOM",
        "interop/test_media.py::test_dcmtk_takes_out_what_was_wrapped",
    ),
    Proof(
        "dcmtk",
        "dcmj2pnm",
        "PDF, pictures and video as DICOM",
        "interop/test_media.py::test_dcmtk_takes_out_what_was_wrapped",
    ),
    Proof(
        "GDCM",
        "gdcmdump",
        "PDF, pictures and video as DICOM",
        "interop/test_media.py::test_dicom3tools_finds_no_error_in_a_wrapped_document",
    ),
    Proof(
        "dicom3tools",
        "dciodvfy",
        "PDF, pictures and video as DICOM",
        "interop/test_media.py::test_dicom3tools_finds_no_error_in_a_wrapped_document",
    ),
    Proof(
        "dcmtk", "dcmmkdir", "DICOMDIR, imported", "interop/test_media.py::test_media_that_other_tools_made_are_read"
    ),
    Proof(
        "GDCM", "gdcmgendir", "DICOMDIR, imported", "interop/test_media.py::test_media_that_other_tools_made_are_read"
    ),
    Proof("others", "unzip", "ZIP, exported", "interop/test_media.py::test_unzip_and_python_open_an_exported_zip"),
    Proof(
        "others", "Python zipfile", "ZIP, exported", "interop/test_media.py::test_unzip_and_python_open_an_exported_zip"
    ),
    Proof(
        "others", "curl", "ZIP: resumed download", "interop/test_media.py::test_curl_takes_up_a_download_that_broke_off"
    ),
    Proof("others", "tus-js-client", "uploads", "e2e/test_import.py::test_files_and_a_zip_with_junk_are_dropped"),
    Proof(
        "others",
        "tus-js-client",
        "uploads",
        "e2e/test_import.py::test_a_page_that_was_lost_in_mid_upload_goes_on_where_it_stopped",
    ),
    Proof(
        "dcmtk",
        "movescu",
        "round trip of real files",
        "interop/test_round_trips.py::test_every_file_comes_back_by_every_way_as_it_went_in",
    ),
    Proof(
        "others",
        "pynetdicom",
        "round trip of real files",
        "interop/test_round_trips.py::test_every_file_comes_back_by_every_way_as_it_went_in",
    ),
    Proof("Orthanc", "DICOMweb", "STOW-RS", "interop/test_orthanc_dicomweb.py::test_orthanc_stores_into_ours"),
    Proof("dicomweb-client", "", "STOW-RS", "interop/test_dicomweb_client.py::test_store_instances"),
    Proof(
        "Orthanc", "DICOMweb", "WADO-RS", "interop/test_orthanc_dicomweb.py::test_orthanc_retrieves_a_study_from_ours"
    ),
    Proof(
        "Orthanc",
        "DICOMweb",
        "WADO-RS",
        "interop/test_orthanc_dicomweb.py::test_orthanc_retrieves_one_instance_from_ours",
    ),
    Proof("dicomweb-client", "", "WADO-RS", "interop/test_dicomweb_client.py::test_retrieve_study_and_iter_study"),
    Proof("dicomweb-client", "", "WADO-RS", "interop/test_dicomweb_client.py::test_retrieve_series_and_iter_series"),
    Proof("dicomweb-client", "", "WADO-RS", "interop/test_dicomweb_client.py::test_retrieve_instance"),
    Proof(
        "dicomweb-client",
        "",
        "WADO-RS: other transfer syntax",
        "interop/test_dicomweb_client.py::test_retrieve_instance_in_another_transfer_syntax",
    ),
    Proof(
        "dicomweb-client",
        "",
        "WADO-RS: other transfer syntax",
        "interop/test_dicomweb_client.py::test_retrieve_instance_frames_in_another_transfer_syntax",
    ),
    Proof(
        "Orthanc", "DICOMweb", "WADO-RS: metadata", "interop/test_orthanc_dicomweb.py::test_orthanc_reads_our_metadata"
    ),
    Proof("dicomweb-client", "", "WADO-RS: metadata", "interop/test_dicomweb_client.py::test_retrieve_study_metadata"),
    Proof("dicomweb-client", "", "WADO-RS: metadata", "interop/test_dicomweb_client.py::test_retrieve_series_metadata"),
    Proof(
        "dicomweb-client", "", "WADO-RS: metadata", "interop/test_dicomweb_client.py::test_retrieve_instance_metadata"
    ),
    Proof("OHIF", "", "WADO-RS: metadata", "interop/test_ohif.py::test_ohif_lists_a_study_of_ours_and_draws_it"),
    Proof(
        "dicomweb-client",
        "",
        "WADO-RS: frames, bulk data",
        "interop/test_dicomweb_client.py::test_retrieve_and_iter_instance_frames",
    ),
    Proof(
        "dicomweb-client",
        "",
        "WADO-RS: frames, bulk data",
        "interop/test_dicomweb_client.py::test_retrieve_and_iter_bulkdata",
    ),
    Proof(
        "dicomweb-client",
        "",
        "WADO-RS: frames, bulk data",
        "interop/test_dicomweb_client.py::test_retrieve_bulkdata_of_a_whole_study",
    ),
    Proof(
        "OHIF", "", "WADO-RS: frames, bulk data", "interop/test_ohif.py::test_ohif_lists_a_study_of_ours_and_draws_it"
    ),
    Proof(
        "dicomweb-client", "", "WADO-RS: rendered", "interop/test_dicomweb_client.py::test_retrieve_instance_rendered"
    ),
    Proof(
        "dicomweb-client",
        "",
        "WADO-RS: rendered",
        "interop/test_dicomweb_client.py::test_retrieve_instance_frames_rendered",
    ),
    Proof("dicomweb-client", "", "WADO-RS: rendered", "interop/test_dicomweb_client.py::test_retrieve_series_rendered"),
    Proof("dicomweb-client", "", "DELETE", "interop/test_dicomweb_client.py::test_delete_instance_series_and_study"),
    Proof(
        "dcmtk",
        "dcm2xml",
        "WADO-RS: metadata as XML",
        "interop/test_dicomweb_xml.py::test_metadata_are_what_dcm2xml_makes_of_the_file",
    ),
    Proof(
        "others", "curl", "WADO-RS: metadata as XML", "interop/test_dicomweb_xml.py::test_curl_searches_and_reads_xml"
    ),
    Proof(
        "others",
        "curl",
        "Retrieve Capabilities",
        "interop/test_dicomweb_xml.py::test_curl_is_told_what_the_service_can_do",
    ),
)
