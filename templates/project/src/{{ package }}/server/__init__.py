"""A server of one package, in the words of the Open Inference Protocol, version 2."""
