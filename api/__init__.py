"""HTTP for partners, services, reviewers and the public catalog. Rules live in `workflow`, composition in `main`."""
