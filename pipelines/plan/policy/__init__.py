"""What an environment must keep to, each rule with its reason, its source and examples."""
