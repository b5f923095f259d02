SELECT version, settings::text FROM heed_data.policy ORDER BY version DESC LIMIT 1;
