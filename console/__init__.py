"""Web pages for partners, reviewers and admins: a client of the HTTP API, and of nothing below it."""
