"""One part of gpu.py as a process of its own: a line for each row, as soon as there is one."""

import importlib
import json
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

if __name__ == "__main__":
    for row in importlib.import_module(f"gpu_{sys.argv[1]}").rows():
        if "without" in row:
            print(f"WITHOUT {row['without']}", flush=True)
        else:
            print(f"ROW {json.dumps(row)}", flush=True)
