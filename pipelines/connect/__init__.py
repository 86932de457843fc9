"""How a project is connected to its environments: contracts are pulled and checked, platform documents exported."""
