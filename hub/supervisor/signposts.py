"""Where to look once the hub runs, and how to sign in: what the last lines of `make run` say."""

import sys
from pathlib import Path

from hub.supervisor.options import Options

PASSWORD_FILE = "demonstration.password"  # noqa: S105 - a file name; made below STATE with the demonstration firm
OTHER_PASSWORDS = "demonstration.other-passwords"  # below STATE/run, where that password opens nothing
PAGES_ALONE = "no workers and no clock (WORKERS=none): nothing is read or sent, and nothing happens by itself"
SIGN_INS = {  # of the demonstration's staff: user name → what they are
    "farid": "finance",
    "clara": "controller",
    "ingrid": "integration admin",
    "viktor": "viewer, HP-GB only",
    "olga": "operator",
}


def signposts(url: str, options: Options, logs: Path) -> dict[str, str]:
    """Return what is worth opening or knowing, by its name; `url` is the hub's address and ends with a slash."""
    return {
        "Overview": f"{url}  what waits, and what it amounts to",
        "Exceptions": f"{url}queue/  what is stopped, why, what helps",
        "Runs": f"{url}runs/  what was read and became of it",
        "Administration": f"{url}admin/  connections, mappings, routes",
        "Sign in": _sign_in(options),
        "Guides": "docs/finance.md, docs/admin.md, docs/operator.md",
        "Logs": str(logs),
        "Health": _command(options, "doctor"),
    }


def _sign_in(options: Options) -> str:
    file = options.state / PASSWORD_FILE
    people = ", ".join(f"{name} ({role})" for name, role in SIGN_INS.items())
    if options.demonstration and (options.state / "run" / OTHER_PASSWORDS).exists():
        return (
            f"as {people}, with the passwords that they had in the hub that this database comes from; an account of "
            f"your own is made with: {_command(options, 'createsuperuser')}"
        )
    if not options.demonstration or not file.exists():
        return (
            f"with your account; the first one is made with: {_command(options, 'createsuperuser')}  For people whose "
            f"password you set and who then chose their own: {_command(options, 'vouch USER --reason …')}"
        )
    return f"as {people}; the password of all is {file.read_text().strip()}"


def _command(options: Options, name: str) -> str:
    return f"STATE={options.state} {sys.executable} manage.py {name}"
