#!/bin/sh
# Makes the database and its two roles: the owner, which migrates, and the role of the processes. Run it once, as a
# superuser of Postgres, with DATABASE_OWNER_PASSWORD and DATABASE_PASSWORD in the environment. Run again, it sets the
# passwords anew and keeps everything else.
set -eu
psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres <<'END'
\getenv owner_password DATABASE_OWNER_PASSWORD
\getenv password DATABASE_PASSWORD
SELECT 'CREATE ROLE devcenter_owner' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'devcenter_owner') \gexec
SELECT 'CREATE ROLE devcenter_app' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'devcenter_app') \gexec
ALTER ROLE devcenter_owner LOGIN NOSUPERUSER PASSWORD :'owner_password';
ALTER ROLE devcenter_app LOGIN NOSUPERUSER PASSWORD :'password';
SELECT 'CREATE DATABASE devcenter OWNER devcenter_owner'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'devcenter') \gexec
REVOKE ALL ON DATABASE devcenter FROM PUBLIC;
GRANT CONNECT ON DATABASE devcenter TO devcenter_owner, devcenter_app;
END
