# End to end, with a real Dovecot and PostgreSQL (tests/e2e/harness.py). The label "slow" is for what a sanitizer's run
# leaves out.
foreach(name IN ITEMS smoke poll complaints policy token forgery forget left watch export bad_input database kill_loop killed)
    heed_end_to_end(${name})
endforeach()
# The longest begin first, so that nothing is left to run alone at the end.
set_tests_properties(e2e/kill_loop e2e/killed PROPERTIES LABELS "e2e;slow" COST 1000)
set_tests_properties(e2e/bad_input e2e/database PROPERTIES COST 500)
