"""Access of companies and their people: requests, decisions, invitations, and the people of an organization."""
