"""Where jobs run that touch a stack."""
