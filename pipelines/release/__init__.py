"""How a package gets from a working tree to production: pin, gate, promotion, deployment, rollback."""
