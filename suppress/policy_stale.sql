SELECT EXISTS (
    SELECT FROM heed_data.address_state
    WHERE policy_version <> (SELECT max(version) FROM heed_data.policy)
);
