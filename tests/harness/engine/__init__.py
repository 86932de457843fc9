"""The real Pulumi engine, with provider plugins of ours."""
