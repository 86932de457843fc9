"""`pulumi up`: build what the stack file says."""

from stacks.environment.config import from_engine
from stacks.environment.program import program

program(from_engine())
