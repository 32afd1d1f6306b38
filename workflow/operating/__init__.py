"""What operators and admins do: dead rows and publishing a policy."""
