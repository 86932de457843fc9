"""A provider plugin that stands in for AWS: moto where it is faithful, schemas elsewhere."""
