heed_test(config LINKS heed_cli)
heed_test(config_policy LINKS heed_cli)
heed_test(terminal LINKS heed_cli)
# libFuzzer takes folders of seeds.
file(COPY ${PROJECT_SOURCE_DIR}/heed.conf.example DESTINATION ${CMAKE_CURRENT_BINARY_DIR}/config-seeds)
heed_fuzz(config LINKS heed_cli SEEDS ${CMAKE_CURRENT_BINARY_DIR}/config-seeds
    ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/seeds/config)

add_test(NAME e2e/cli_basic COMMAND /usr/bin/python3 -m unittest tests.e2e.test_cli_basic
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties(e2e/cli_basic PROPERTIES LABELS e2e TIMEOUT 280 PROCESSORS 1
    ENVIRONMENT "HEED_PROGRAM=$<TARGET_FILE:heed>;PYTHONDONTWRITEBYTECODE=1")

add_test(NAME e2e/explain COMMAND /usr/bin/python3 -m unittest tests.e2e.test_explain
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties(e2e/explain PROPERTIES LABELS e2e TIMEOUT 280 PROCESSORS 1
    ENVIRONMENT "HEED_PROGRAM=$<TARGET_FILE:heed>;PYTHONDONTWRITEBYTECODE=1")
