"""What partners build: Apps, Components and their tests, and the evidence on the launch checklist."""
