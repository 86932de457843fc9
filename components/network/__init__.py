"""The addresses that everything else of an environment stands on."""
