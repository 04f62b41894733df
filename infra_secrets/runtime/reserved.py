"""Environment variables that mean something to every process, so that none of them can hold a setting.

They are set where nobody meant a secret: a field `user` would be the login's name, silently. `*` at the end of a name
stands for any end.
"""

from collections.abc import Sequence

# POSIX.1-2024, Base Definitions, 8.3, and login(1), bash(1), sshd(8), environ(7): what a shell, a login, a desktop, a
# container runtime or a service manager sets. Not all that POSIX lists: nobody sets FC or GET.
LOGIN = (
    *("PATH", "HOME", "USER", "USERNAME", "LOGNAME", "SHELL", "PWD", "OLDPWD", "TERM", "COLORTERM"),
    *(
        "LANG",
        "LANGUAGE",
        "LC_*",
        "TZ",
        "HOST",
        "HOSTNAME",
        "TMPDIR",
        "TMP",
        "TEMP",
        "MAIL",
        "EDITOR",
    ),
    *(
        "VISUAL",
        "PAGER",
        "BROWSER",
        "IFS",
        "ENV",
        "SHLVL",
        "UID",
        "EUID",
        "PPID",
        "RANDOM",
        "SECONDS",
    ),
    *(
        "LINES",
        "COLUMNS",
        "DISPLAY",
        "CDPATH",
        "MANPATH",
        "PS1",
        "PS2",
        "PS4",
        "BASH*",
        "HIST*",
        "_",
    ),
    *("SSH_AUTH_SOCK", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "XDG_*", "CI"),
)
# cmdline of CPython, ld.so(8), and what Python's urllib, requests, curl and gRPC take for a proxy.
LOADING = (
    *("PYTHON*", "VIRTUAL_ENV", "LD_*", "DYLD_*"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *(
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "FTP_PROXY",
        "ALL_PROXY",
        "SOCKS_PROXY",
        "GRPC_PROXY",
        "NO_PROXY",
    ),
)
# kubernetes.io/docs/concepts/containers/container-environment: in every pod, whatever enableServiceLinks says.
POD = ("KUBERNETES_SERVICE_*", "KUBERNETES_PORT*")
OURS = ("INFRA_SECRETS_*",)


def is_reserved(variable: str) -> bool:
    """Whether a variable has a meaning of its own, to the system, to a cloud's client, or to this package."""
    from infra_secrets import clouds  # to import this module leads to no cloud

    names: Sequence[str] = (*LOGIN, *LOADING, *POD, *OURS)
    return _among(variable, names) or any(
        _among(variable, clouds.load(each).OWN_VARIABLES) for each in clouds.available()
    )


def _among(variable: str, names: Sequence[str]) -> bool:
    return any(
        variable.startswith(each[:-1]) if each.endswith("*") else variable == each for each in names
    )
