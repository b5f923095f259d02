heed_test(config LINKS heed_cli)
heed_test(terminal LINKS heed_cli)
heed_fuzz(config LINKS heed_cli SEEDS ${PROJECT_SOURCE_DIR}/heed.conf.example)
