# What every room uses.
heed_test(log LINKS heed_base)
heed_test(atomic_file LINKS heed_base PkgConfig::SECCOMP)
