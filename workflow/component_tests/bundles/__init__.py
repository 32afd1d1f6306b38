"""Reading the bundles of web plugins: a bundle is parsed in a process of its own, and never run."""
