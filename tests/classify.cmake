heed_test(address LINKS heed_address)
heed_test(reply LINKS heed_classify)
heed_fuzz(address LINKS heed_address)
heed_fuzz(reply LINKS heed_classify)
