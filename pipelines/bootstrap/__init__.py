"""What the first `pulumi up` of an environment needs, in an account of AWS or in a cluster."""
