add_library(heed_test_history STATIC support/history.c)
target_link_libraries(heed_test_history PUBLIC heed_suppress heed_test_database PRIVATE heed_flags)

heed_database_test(policy LINKS heed_test_history)
heed_test(clean LINKS heed_suppress)
heed_database_test(policy_histories LINKS heed_test_history)
heed_database_test(decide LINKS heed_test_history)
heed_database_test(export LINKS heed_test_history)
heed_fuzz(clean LINKS heed_suppress SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/seeds/clean)
