# Sources and what they need. The tests that talk to a real Dovecot run under support/with-dovecot.
foreach(module IN ITEMS paths)
    heed_test(${module} LINKS heed_ingest)
endforeach()

# The processes and what they say to each other.
foreach(module IN ITEMS digest frame sandbox)
    heed_test(${module} LINKS heed_ingest)
endforeach()
