"""What a partner builds: Components, their tests, and the evidence on the launch checklist."""
