"""`pulumi up`: build what the stack file says, in the environment that the platform document describes."""

from stacks.project.config import from_engine
from stacks.project.program import program

program(*from_engine())
