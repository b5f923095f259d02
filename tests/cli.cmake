heed_test(clean_lines LINKS heed_cli)
heed_test(config LINKS heed_cli)
heed_test(config_policy LINKS heed_cli)
heed_test(terminal LINKS heed_cli)
heed_test(html LINKS heed_cli)
# libFuzzer takes folders of seeds.
file(COPY ${PROJECT_SOURCE_DIR}/heed.conf.example DESTINATION ${CMAKE_CURRENT_BINARY_DIR}/config-seeds)
heed_fuzz(config LINKS heed_cli SEEDS ${CMAKE_CURRENT_BINARY_DIR}/config-seeds
    ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/seeds/config)
heed_fuzz(html LINKS heed_cli SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/seeds/html)

heed_end_to_end(cli_basic)
heed_end_to_end(explain test_explain.Explain)
heed_end_to_end(explain_cache test_explain.Cache)
set_tests_properties(e2e/explain_cache PROPERTIES LABELS "e2e;slow")
