"""A real Kubernetes control plane on loopback, without machines: the plane.

etcd, the API server, the controller manager and the scheduler are the real ones, built by `make tools`. kwok plays the
kubelets, and what cloud controllers and operators would do: pods become ready, Jobs end, load balancers get addresses,
custom resources become ready. No container runs and no traffic flows.

Which plane a test takes (fixtures of tests/conftest.py):

- `plane`: one for the whole run, shared by all workers. Tests keep to namespaces of their own
  (`with plane.namespace("web") as name`), and to names of their own where no namespace holds a kind.
- `new_plane`: makes planes of a test's own, in 3 s and 0.5 GB each. For whoever needs fixed namespaces (the
  environment of the `kubernetes` shape), changes how people sign in, or restarts programs.

How pods and custom resources behave is said on them, by annotations:

- `plane.test/waiting: ImagePullBackOff`: never ready, with that reason (`plane.test/message` says more); an image with
  `/broken` in its name does the same.
- `plane.test/slow: 5s`: ready after that time.
- `plane.test/exit: "1"`: the containers of a Job end with that code.
- `plane.test/never: "true"`, on a custom resource, a Service or an Ingress: nobody ever writes its status.
"""
