heed_test(address LINKS heed_address)
heed_fuzz(address LINKS heed_address)
