"""`infra-secrets set`: put a value into a container that code has made. Nothing here makes or deletes one."""
