# What every room uses.
heed_test(log LINKS heed_base)
