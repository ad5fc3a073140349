"""Unpacks an archive from a stranger: tar may read it and write into the directory, nothing else, and is ended after 10 seconds."""

import sys

import gaol


def unpack(archive: str, directory: str) -> None:
    profile = gaol.Profile(
        system=True,
        process=True,  # tar starts gzip
        read=[gaol.literal(archive), directory],
        write=[directory],
        limits=gaol.Limits(wall=10),
    )
    gaol.run(["tar", "-xf", archive, "-C", directory, "--no-same-owner"], profile=profile, check=True)


if len(sys.argv) != 3:
    sys.exit("usage: unpack.py ARCHIVE DIRECTORY, both absolute")
try:
    unpack(*sys.argv[1:])
except (gaol.Error, gaol.CalledProcessError) as error:  # the fault, or what this host cannot enforce; or tar failed
    sys.exit(str(error))
