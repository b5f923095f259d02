-- The roles, as far as they are missing; their names are in the settings heed.owner, heed.ingest and heed.reader. Runs as
-- the user who connected. Whoever may not do what is missing gets an error that says what to ask an administrator for.
DO $body$
DECLARE
    owner text := current_setting('heed.owner');
    name text;
    kind_of_membership text := CASE WHEN current_setting('server_version_num')::integer >= 160000
        THEN 'SET' ELSE 'MEMBER' END;
    schema_owner text := (SELECT pg_get_userbyid(nspowner) FROM pg_catalog.pg_namespace WHERE nspname = 'heed_data');
BEGIN
    IF schema_owner <> owner THEN
        RAISE EXCEPTION 'the tables belong to the role %, and not to %: name it as the owner, or migrate without roles',
            schema_owner, owner USING ERRCODE = 'insufficient_privilege';
    END IF;
    FOREACH name IN ARRAY ARRAY[owner, current_setting('heed.ingest'), current_setting('heed.reader')] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name) THEN
            IF NOT (SELECT rolsuper OR rolcreaterole FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
                RAISE EXCEPTION 'the role % is missing, and % may not make it: have it made (CREATE ROLE), or migrate'
                    ' without roles', name, current_user USING ERRCODE = 'insufficient_privilege';
            END IF;
            BEGIN
                EXECUTE format('CREATE ROLE %I %s', name, CASE WHEN name = owner THEN 'NOLOGIN' ELSE 'LOGIN' END);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                -- Somebody migrates another database of this server.
                NULL;
            END;
        END IF;
        IF NOT pg_has_role(current_user, name, kind_of_membership) THEN
            EXECUTE format('GRANT %I TO %I', name, current_user);
        END IF;
    END LOOP;
    IF NOT has_database_privilege(owner, current_database(), 'CREATE') THEN
        EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), owner);
    END IF;
END
$body$;
