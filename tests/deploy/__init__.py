"""What docs/deploying.md uses is whole: the image, the compose file, the units, and the script that makes the roles."""
