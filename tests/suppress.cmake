add_library(heed_test_history STATIC support/history.c)
target_link_libraries(heed_test_history PUBLIC heed_suppress heed_test_database PRIVATE heed_flags)
target_compile_definitions(heed_test_history PRIVATE HEED_SOURCE_DIR="${PROJECT_SOURCE_DIR}")

heed_database_test(policy LINKS heed_test_history)
heed_test(clean LINKS heed_suppress)
