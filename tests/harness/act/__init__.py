"""Executes the workflows of a scaffolded project, as its host would, with no network but loopback.

`act` runs the files in host mode. A test takes the fixture `delivery` of tests/delivery/conftest.py:

    def test_something(delivery: Site) -> None:
        run = delivery.hand("train", model="churn")              # a person starts a workflow; inputs by name
        assert run.green, run.log                                # nothing was red
        number = delivery.open("stackwright/pin/dev/churn")      # the one open pull request of a branch
        delivery.settle()                                        # runs what that has started, until nothing is left
        delivery.merge(number)                                   # a person merges; CI has to be green on it
        delivery.settle()

`Site` (site.py) is one project at one host with three environments. Every test has its own.
- `site.hand(workflow, **inputs)`, `site.schedule(workflow)`, `site.alarm(**payload)`: start workflows.
- `site.propose(branch, edit)`: a person's pull request, by its number; `edit` gets the folder of a clone.
- `site.approve(number)`, `site.merge(number)`: what people do, noted in `site.approvals` where an automation opened it.
- `site.deliver()`: runs what the host has started, through; `site.settle()`: merges, too, what merges by itself.
- `site.later(hours=30)`: lets time pass. `site.serving()`: environment -> digest that its server says it serves.
- `site.runs`: every `Run` (runner.py): `workflow`, `event`, `green`, `jobs` (name -> success or failure, if it ran),
  `steps`, `red` (names of steps), `summary`, `calls` (of the doubles of actions), `log`, `seconds`.
- `site.github`: the double of the host (tests/harness/github_delivery.py): pulls, issues, comments, calls.
- `site.host`: `pushes` (who moved which reference; merges are not among them), `claims` (of the tokens of jobs).

`started_by` (triggers.py) says which files an event starts. `Network` (network.py) is a namespace with loopback only;
`network.listening()` is a socket in it for a server of this process. `Act` (runner.py) runs one file.

What `act` does not emulate, and what is done about it:
- permissions: the host lets the workflow's own token do what the job says that runs now, and for a fork only read.
- environment: the tokens of jobs name it (`site.host.claims`), and so do the calls of configure-aws-credentials.
- concurrency: jobs run one after the other, those of a matrix, too.
- approvals, branch protection, auto-merge: by the host and by `Site`.
- actions: doubles (doubles.py). `actions/checkout` clones over HTTP with the token and the depth that are asked for;
  `astral-sh/setup-uv` brings `.venv` and `.stackwright` back, as a cache would, and `make setup` finds little to do;
  `aws-actions/configure-aws-credentials` takes the role by the token of the job. Any other action cannot be fetched.
"""
