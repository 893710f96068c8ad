"""SLURM on this machine alone, from what `apt-get install slurm-wlm munge` brings; needs to be root.

Everything lies in one folder, and only the three daemons started here are ended. Accounting needs a database, so
`sacct`, by which a launcher learns that a job was killed, is a script here that asks the scheduler itself.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
CONF = """
ClusterName=one
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""

SACCT = r"""#!/bin/sh
echo 'JobID|State|NodeList'
while [ $# -gt 0 ]; do [ "$1" = -j ] && scontrol -o show job "$2" | sed -nE \
  -e 's/^JobId=[0-9]+ ArrayJobId=([0-9]+) ArrayTaskId=([0-9]+) .* JobState=([A-Z]+) .*/\1_\2|\3|all/p' \
  -e 's/^JobId=([0-9]+) JobName=.* JobState=([A-Z]+) .*/\1|\2|all/p'; shift; done
"""


class NotUpError(Exception):
    """A daemon that this machine does not let come up."""


def there() -> bool:
    """Whether this machine can have such a cluster."""
    return os.geteuid() == 0 and all(shutil.which(daemon) for daemon in (*DAEMONS, "sbatch", "sinfo"))


@contextmanager
def one_node(folder: Path) -> Iterator[dict[str, str]]:
    """The environment variables with which SLURM's commands find it."""
    for inner in ("munge", "state", "spool"):
        (folder / inner).mkdir(parents=True)
    folder.chmod(0o755)
    munge, conf = folder / "munge", folder / "slurm.conf"
    (munge / "key").write_bytes(os.urandom(1024))
    (munge / "key").chmod(0o400)
    conf.write_text(
        CONF.format(
            folder=folder,
            host=socket.gethostname().split(".")[0],
            ports=free_ports(2),
            cpus=os.cpu_count(),
            memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 - 500,
        )
    )
    (folder / "bin").mkdir()
    (folder / "bin/sacct").write_text(SACCT)
    (folder / "bin/sacct").chmod(0o755)
    where = {"SLURM_CONF": str(conf), "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    files = (f"--{name}-file={munge / name}" for name in ("key", "log", "pid", "seed"))
    with ExitStack() as daemons:
        daemons.enter_context(running("munged", "-F", "--force", f"--socket={munge / 'socket'}", *files))
        wait_for(lambda: (munge / "socket").exists(), "munged")
        daemons.enter_context(running("slurmctld", "-D", "-c", "-L", str(folder / "slurmctld.log"), **where))
        daemons.enter_context(running("slurmd", "-D", "-c", "-L", str(folder / "slurmd.log"), **where))
        wait_for(lambda: "idle" in said(["sinfo", "-h", "-o", "%t"], where), "slurmd")
        try:
            yield where
        finally:  # a job's result is there before its processes are gone
            if not waited(lambda: not said(["squeue", "-h"], where), 20):
                said(["scancel", "--me"], where)
                waited(lambda: not said(["squeue", "-h"], where), 20)


@contextmanager
def running(*words: str, **environment: str) -> Iterator[None]:
    """A daemon in the foreground, ended at the end."""
    process = subprocess.Popen(words, env=os.environ | environment, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def said(words: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(words, env=os.environ | environment, capture_output=True, text=True)
    return done.stdout


def wait_for(ready: Callable[[], bool], name: str, seconds: float = 60) -> None:
    if not waited(ready, seconds):
        raise NotUpError(f"{name} does not come up here")


def waited(ready: Callable[[], bool], seconds: float) -> bool:
    """Whether it was so within these seconds."""
    end = time.monotonic() + seconds
    while not (done := ready()) and time.monotonic() < end:
        time.sleep(0.2)
    return done


def free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
