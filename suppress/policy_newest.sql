SELECT max(version) FROM heed_data.policy;
