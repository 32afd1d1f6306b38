"""The shapes of requests and answers, shared by the routes."""
