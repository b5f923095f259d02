# End to end, with a real Dovecot and PostgreSQL (tests/e2e/harness.py). The label "slow" is for what a sanitizer's run
# leaves out.
foreach(name IN ITEMS smoke report views poll complaints policy token forgery forget left watch export bad_input database kill_loop killed logs logs_following mtas)
    heed_end_to_end(${name})
endforeach()
# The longest begin first, so that nothing is left to run alone at the end.
set_tests_properties(e2e/kill_loop e2e/killed PROPERTIES LABELS "e2e;slow" COST 1000)
set_tests_properties(e2e/bad_input e2e/logs PROPERTIES COST 500)
# Most of them is waiting, for servers and for files to change.
set_tests_properties(e2e/watch e2e/logs_following PROPERTIES LABELS "e2e;slow" COST 500)
# Most of its work is the servers'; what is ours of it, unit/cluster and unit/connection do under the sanitizers too.
set_tests_properties(e2e/database PROPERTIES LABELS "e2e;slow" COST 500)
heed_end_to_end(throttle test_throttle.Throttle)
heed_end_to_end(throttle_mtas test_throttle.MailServers)
set_tests_properties(e2e/throttle_mtas PROPERTIES LABELS "e2e;slow")
# The same of the unit tests of suppress/.
set_tests_properties(e2e/export e2e/forgery e2e/forget e2e/left e2e/policy PROPERTIES LABELS "e2e;slow")
# Most of it is Postfix and Exim, of whom sanitizers know nothing.
set_tests_properties(e2e/mtas PROPERTIES LABELS "e2e;slow")
