"""The pages, one file each. Each has `routes`, which takes the client of the API and what renders templates."""
