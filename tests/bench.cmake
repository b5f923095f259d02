# What Heed is measured against (scripts/bench); not part of an ordinary build.
add_executable(bench_gmime EXCLUDE_FROM_ALL bench/gmime_baseline.c)
target_link_libraries(bench_gmime PRIVATE PkgConfig::GMIME heed_flags)
add_executable(bench_fetch EXCLUDE_FROM_ALL bench/fetch_baseline.c)
target_link_libraries(bench_fetch PRIVATE heed_ingest heed_flags)
set_target_properties(bench_gmime bench_fetch PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
add_executable(bench_guard EXCLUDE_FROM_ALL bench/bench_guard.c)
target_link_libraries(bench_guard PRIVATE heed_test_outage heed_flags)
set_target_properties(bench_guard PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
