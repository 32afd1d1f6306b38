"""The schemas of requests and answers that routes share."""
