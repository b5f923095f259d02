heed_test(report LINKS heed_report)
heed_test(fields LINKS heed_parsers)
heed_test(parser LINKS heed_parsers)
heed_test(golden LINKS heed_parsers)
heed_test(verp LINKS heed_parsers)
heed_test(about LINKS heed_parsers)
add_test(NAME unit/golden_schema
    COMMAND /usr/bin/python3 ${CMAKE_CURRENT_SOURCE_DIR}/lint/golden_schema.py ${PROJECT_SOURCE_DIR})
set_tests_properties(unit/golden_schema PROPERTIES LABELS unit)

heed_fuzz(message LINKS heed_parsers SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/fixtures)
heed_fuzz(dsn LINKS heed_parsers SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/fixtures/dsn)
heed_fuzz(arf LINKS heed_parsers SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/fixtures/arf)
heed_fuzz(report_json LINKS heed_report SEEDS ${CMAKE_CURRENT_SOURCE_DIR}/fixtures)
