#!/bin/sh
# Makes the database and its roles: the owner, which migrates, the role of the processes, and that of `tracking`; and
# takes functions from them that they do not need. Run it once, as a superuser of Postgres, with DATABASE_OWNER_PASSWORD,
# DATABASE_PASSWORD and TRACKING_DATABASE_PASSWORD in the environment. Run again, it makes what is missing, sets the
# passwords anew and keeps everything else.
set -eu
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'SQL'
\getenv owner_password DATABASE_OWNER_PASSWORD
\getenv password DATABASE_PASSWORD
\getenv tracking_password TRACKING_DATABASE_PASSWORD
SELECT 'CREATE ROLE devcenter_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'devcenter_owner') \gexec
SELECT 'CREATE ROLE devcenter_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'devcenter_app') \gexec
SELECT 'CREATE ROLE devcenter_tracking' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'devcenter_tracking') \gexec
ALTER ROLE devcenter_owner LOGIN NOSUPERUSER PASSWORD :'owner_password';
ALTER ROLE devcenter_app LOGIN NOSUPERUSER PASSWORD :'password';
ALTER ROLE devcenter_app SET lc_messages = 'C';
ALTER ROLE devcenter_tracking LOGIN NOSUPERUSER PASSWORD :'tracking_password';
GRANT devcenter_tracking TO devcenter_owner;
SELECT 'CREATE DATABASE devcenter OWNER devcenter_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'devcenter') \gexec
REVOKE ALL ON DATABASE devcenter FROM PUBLIC;
GRANT CONNECT ON DATABASE devcenter TO devcenter_owner, devcenter_app, devcenter_tracking;
\connect devcenter
DO $do$
DECLARE
    unneeded regprocedure;
BEGIN
    FOR unneeded IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND proname IN ('lo_close', 'lo_creat', 'lo_create', 'lo_export', 'lo_from_bytea', 'lo_get', 'lo_import', 'lo_lseek', 'lo_lseek64', 'lo_open', 'lo_put', 'lo_tell', 'lo_tell64', 'lo_truncate', 'lo_truncate64', 'lo_unlink', 'loread', 'lowrite', 'pg_export_snapshot', 'pg_logical_emit_message')
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', unneeded);
    END LOOP;
END
$do$;
SQL
