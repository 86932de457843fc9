"""What the first `pulumi up` of an environment needs, as one CloudFormation template."""
