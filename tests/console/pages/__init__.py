"""The addresses of the pages, one file for each module of console/pages: ADDRESSES by name, for whoever opens them."""
