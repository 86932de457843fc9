"""What is provisioned, and the contract in which a stack tells a project about itself."""
