"""A pod's environment: from the stack's config (`EscEnv`, `EscDeployment`) or from containers (`ExternalEnv`)."""
