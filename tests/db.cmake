add_library(heed_test_database STATIC support/arrivals.c support/database.c)
target_link_libraries(heed_test_database PUBLIC heed_db PRIVATE heed_flags)

heed_test(keys LINKS heed_db)
heed_database_test(connection LINKS heed_test_database)
heed_database_test(migrate LINKS heed_test_database)
heed_database_test(store LINKS heed_test_database)
heed_database_test(cluster LINKS heed_test_database)
heed_database_test(checkpoint LINKS heed_test_database)

add_executable(bench_store EXCLUDE_FROM_ALL bench/bench_store.c)
target_link_libraries(bench_store PRIVATE heed_test_database heed_flags)
