"""Unpacks an archive from a stranger: tar may read the archive and write into the directory, and nothing else. After 10 seconds it is ended.
Usage: unpack.py ARCHIVE DIRECTORY, both absolute"""

import sys

import gaol

archive, directory = sys.argv[1:]
profile = gaol.Profile(
    system=True,
    process=True,  # tar starts gzip
    read=[gaol.literal(archive), directory],
    write=[directory],
    limits=gaol.Limits(wall=10),
)
try:
    gaol.run(["tar", "-xf", archive, "-C", directory, "--no-same-owner"], profile=profile, check=True)
except (gaol.CalledProcessError, gaol.Error) as error:  # tar failed; or what this host cannot enforce, or why tar never ran
    sys.exit(str(error))
