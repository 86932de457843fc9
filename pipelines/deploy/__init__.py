"""How an environment is made to serve a package: one file a flavor of model deployer."""
