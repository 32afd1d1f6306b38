"""How a company gets in, and who may act for it: requests, their decision, invitations, people. No App is touched."""
