"""What all provider plugins of ours share."""
