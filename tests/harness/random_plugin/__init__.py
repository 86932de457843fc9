"""A provider plugin that stands in for `pulumi-random`."""
