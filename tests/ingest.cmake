# Sources and what they need. The tests that talk to a real Dovecot run under support/with-dovecot.
foreach(module IN ITEMS mailbox secret maildir mbox paths imap_guard hostile)
    heed_test(${module} LINKS heed_ingest)
endforeach()

# The processes and what they say to each other.
foreach(module IN ITEMS digest frame sandbox belief streams)
    heed_test(${module} LINKS heed_ingest)
endforeach()
heed_needs_rules(unit/belief)
heed_fuzz(digest LINKS heed_ingest SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/fixtures)
heed_fuzz(frame LINKS heed_ingest SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/seeds/frame)

# Mail makes its parser misbehave, the environment its source.
add_library(heed_test_pipeline STATIC support/pipeline.c)
target_link_libraries(heed_test_pipeline PUBLIC heed_ingest PRIVATE heed_flags)
target_link_options(heed_test_pipeline INTERFACE -Wl,--wrap=heed_parser_read -Wl,--wrap=heed_source_new)
foreach(module IN ITEMS pipeline pipeline_harm pipeline_stop pipeline_watch)
    heed_test(${module} LINKS heed_test_pipeline)
    heed_needs_rules(unit/${module})
endforeach()

# heed_dovecot_test(NAME): tests/unit/test_NAME.c beside a Dovecot of its own.
function(heed_dovecot_test name)
    add_executable(test_${name} unit/test_${name}.c)
    target_link_libraries(test_${name} PRIVATE heed_ingest heed_flags)
    target_compile_definitions(test_${name} PRIVATE HEED_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_test(NAME unit/${name}
        COMMAND ${PROJECT_SOURCE_DIR}/tests/support/with-dovecot $<TARGET_FILE:test_${name}>)
    set_tests_properties(unit/${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()

foreach(module IN ITEMS imap imap_acknowledge pop3 login)
    heed_dovecot_test(${module})
endforeach()

foreach(module IN ITEMS mailbox_url mbox imap_guard)
    heed_fuzz(${module} LINKS heed_ingest SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/seeds/${module})
endforeach()

# Logs.
foreach(module IN ITEMS log_set log_lines log_frames log_collect)
    heed_test(${module} LINKS heed_ingest)
endforeach()
heed_needs_rules(unit/log_collect)
# A line makes the process that reads it die.
heed_test(log_clerk LINKS heed_ingest)
target_link_options(test_log_clerk PRIVATE -Wl,--wrap=heed_log_reader_line)
heed_needs_rules(unit/log_clerk)
heed_fuzz(log_state LINKS heed_ingest SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/seeds/log_state)
heed_fuzz(log_lines LINKS heed_ingest SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/seeds/log_lines)
