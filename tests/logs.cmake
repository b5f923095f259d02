heed_test(log_time LINKS heed_logs)
heed_test(log_golden LINKS heed_logs)
heed_test(log_json LINKS heed_logs)
heed_test(log_reader LINKS heed_logs)
heed_test(log_state LINKS heed_logs)

heed_fuzz(log LINKS heed_logs SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/fixtures/log)
