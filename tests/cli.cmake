heed_test(config LINKS heed_cli)
heed_test(terminal LINKS heed_cli)
heed_fuzz(config LINKS heed_cli SEEDS ${PROJECT_SOURCE_DIR}/heed.conf.example)

add_test(NAME e2e/cli_basic COMMAND /usr/bin/python3 -m unittest tests.e2e.test_cli_basic
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
set_tests_properties(e2e/cli_basic PROPERTIES LABELS e2e TIMEOUT 280 PROCESSORS 1
    ENVIRONMENT "HEED_PROGRAM=$<TARGET_FILE:heed>;PYTHONDONTWRITEBYTECODE=1")
