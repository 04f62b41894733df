"""A simulated Kubernetes cluster: its API server, a kubelet, and the External Secrets Operator."""
