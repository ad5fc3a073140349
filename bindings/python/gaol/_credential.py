"""The user that a program runs as: subprocess's user=, group= and extra_groups=, and one that nothing else has."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Optional, Union

#: for user=: a user and a group that nothing else has
DYNAMIC = "\0dynamic"  # no account can be called so

_LARGEST = 0xFFFFFFFE  # the next is setresuid(2)'s "leave it"


def credential(
    user: Union[str, int, None],
    group: Union[str, int, None],
    extra_groups: Optional[Iterable[Union[str, int]]],
) -> Optional[tuple[int, int, list[int], bool]]:
    """Return uid, gid, groups, and whether the user is a new one; None where all is this process's already, which takes no right.

    Who is not named stays as this process has it, but for one thing: a user= without group= brings that user's own group, and one
    without extra_groups= none. subprocess leaves it those of root.
    """
    if user == DYNAMIC:
        if group is not None or extra_groups is not None:
            raise ValueError("gaol.DYNAMIC brings a group of its own: give no group= and extra_groups=")
        return 0, 0, [], True
    if user is None:
        uid, gid, groups = os.geteuid(), os.getegid(), os.getgroups()
    else:
        uid, gid, groups = _user(user, group)
    if group is not None:
        gid = _group("group", group)
    if extra_groups is not None:
        if isinstance(extra_groups, str):
            raise ValueError("extra_groups must be a list, not a string")
        groups = [_group("extra_groups", one) for one in extra_groups]
    same = extra_groups is None or set(groups) == set(os.getgroups())
    if same and (uid, gid) == (os.geteuid(), os.getegid()):
        return None
    return uid, gid, groups, False


def _user(user: Union[str, int], group: Union[str, int, None]) -> tuple[int, int, list[int]]:
    import pwd

    if not isinstance(user, (str, int)) or isinstance(user, bool):
        raise TypeError(f"user must be a string or an integer, not {type(user).__name__}")
    if isinstance(user, str):
        entry = pwd.getpwnam(user)  # KeyError, as from subprocess
        return entry.pw_uid, entry.pw_gid, []
    _check("user", user)
    if group is not None:
        return user, 0, []
    try:
        return user, pwd.getpwuid(user).pw_gid, []
    except KeyError:
        raise ValueError(f"user={user} has no account that would tell its group: give group=") from None


def _group(keyword: str, group: Union[str, int]) -> int:
    import grp

    if isinstance(group, str):
        return grp.getgrnam(group).gr_gid
    if not isinstance(group, int) or isinstance(group, bool):
        raise TypeError(f"{keyword} takes strings and integers, not {type(group).__name__}")
    return _check(keyword, group)


def _check(keyword: str, number: int) -> int:
    if not 0 <= number <= _LARGEST:
        raise ValueError(f"{keyword}={number} is out of range")
    return number
